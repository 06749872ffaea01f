"""Who speaks when in a recording of several people, found automatically: the door to `dialogue.diarization`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dialogue.measures.measures import LabelledSegment


def diarize(
    path: Path, channel: int | None, speakers: int, enrolled: Mapping[str, Path]
) -> tuple[tuple[LabelledSegment, ...], tuple[str, ...]]:
    """The turns, sorted by start, and what a writer should know of them.

    `speakers` is how many people are heard. A voice that is surely that of a member's sample in `enrolled`
    has the member for its label; the others keep the diarizer's own. InputError when this machine cannot diarize.
    """
    from dialogue.diarization.diarizer import choose_diarizer
    from dialogue.diarization.people import match_voices, named
    from dialogue.measures.recordings import Samples, read_samples
    from dialogue.measures.speech import listen, speech_segments

    diarizer = choose_diarizer()
    speech = speech_segments(listen(Samples(path, channel)))
    found = diarizer.label(read_samples(path, channel), speech, speakers)
    voices = {member: diarizer.voice_of(read_samples(sample)) for member, sample in enrolled.items()}
    matches = match_voices(found, voices)
    doubts = tuple(f"not sure enough to be taken: {match}" for match in matches if not match.sure)
    return tuple(sorted(named(found, matches))), (*found.warnings, *doubts)
