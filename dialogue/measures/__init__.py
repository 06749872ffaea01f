"""The one look at the media before planning."""

from dialogue.measures.look import measure, probe
from dialogue.measures.measures import (
    FoundFace,
    LabelledSegment,
    Measures,
    Picture,
    Recording,
    Segment,
)

__all__ = ["FoundFace", "LabelledSegment", "Measures", "Picture", "Recording", "Segment", "measure", "probe"]
