"""Voices to people: which label of a diarization each enrolled member of the cast is.

Labels that the scene gives by name, and what is left by elimination, are the planner's business
(`dialogue.planning.voices`); here voices are compared.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Diarization, Voice
    from dialogue.ground.segments import LabelledSegment

LEAST_MARGIN = (
    0.04  # cosine by which a voice must be nearer to its label than to the next; the same voice gives .1 … .3
)
LEAST_SIMILARITY = 0.6  # cosine under which a sample is nobody's in the recording; strangers give .5 … .65


@dataclass(frozen=True)
class Match:
    """A member of the cast and the label nearest to their sample. `margin` is None when there is one label only."""

    member: str
    label: str
    similarity: float
    margin: float | None

    @property
    def sure(self) -> bool:
        """Whether it may be taken without asking."""
        return self.similarity >= LEAST_SIMILARITY and (self.margin is None or self.margin >= LEAST_MARGIN)

    def __str__(self) -> str:
        margin = "" if self.margin is None else f", {self.margin:.2f} nearer than the next voice"
        return f"{self.member} is {self.label}: voices {self.similarity:.2f} alike{margin}"


def match_voices(
    diarization: Diarization, enrolled: Mapping[str, Voice], taken: Collection[str] = ()
) -> tuple[Match, ...]:
    """The pairing of members with labels that has the highest sum of cosines, in the order of `enrolled`.

    `enrolled` are voices in the diarization's own vectors; labels in `taken` are somebody else's. With more members
    than labels some get none; with more labels some stay strangers.
    """
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    labels = [label for label in diarization.labels if label in diarization.voices and label not in taken]
    if not labels or not enrolled:
        return ()
    members = list(enrolled)
    alike = np.stack([enrolled[m] for m in members]) @ np.stack([diarization.voices[label] for label in labels]).T
    found = []
    for row, column in zip(*linear_sum_assignment(-alike), strict=True):
        others = np.delete(alike[row], column)
        margin = float(alike[row, column] - others.max()) if others.size else None
        found.append(Match(members[row], labels[column], float(alike[row, column]), margin))
    return tuple(found)


def named(diarization: Diarization, matches: Collection[Match]) -> tuple[LabelledSegment, ...]:
    """The segments with the labels of sure matches replaced by the member's key in the cast."""
    names = {match.label: match.member for match in matches if match.sure}
    return tuple(replace(s, label=names.get(s.label, s.label)) for s in diarization.segments)
