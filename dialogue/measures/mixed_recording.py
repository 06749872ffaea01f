"""Who speaks when in a recording of several people, found automatically: the door to `dialogue.diarization`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.ground.times import format_time

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Diarization
    from dialogue.diarization.diarizer import Diarizer
    from dialogue.diarization.people import Match
    from dialogue.media.recordings import Sound

_SHOWN = 3  # places of possible overlap named


@dataclass(frozen=True)
class Doubt:
    """A member whose sample is not clearly one voice of the recording; the figures, and what to decide."""

    member: str
    message: str
    hint: str


@dataclass(frozen=True)
class WhoSpeaks:
    """Turns sorted by start, what a writer should know of them, and what only a writer can decide."""

    segments: tuple[LabelledSegment, ...]
    notes: tuple[str, ...]
    doubts: tuple[Doubt, ...]


def hear(diarizer: Diarizer, path: Path, channel: int | None, speakers: int | None) -> Diarization:
    """Turns, cleaned up, and voices of a recording. `speakers`: how many there are; None to guess.

    Decoded once, while voice activity is found in what was decoded before; 230 MB an hour are held.
    """
    import numpy as np

    from dialogue.diarization.tidy import tidy
    from dialogue.media.ahead import ahead
    from dialogue.media.recordings import Samples
    from dialogue.media.speech import BLOCK, listen_to, speech_segments

    heard: list[Sound] = []

    def decoded() -> Iterator[Sound]:
        for block in Samples(path, channel).blocks(BLOCK):
            heard.append(block)
            yield block

    speech = speech_segments(listen_to(ahead(decoded())))
    samples = np.concatenate(heard) if heard else np.zeros(0, np.float32)
    heard.clear()
    return tidy(diarizer.label(samples, speech, speakers), speech)


def diarize(
    path: Path,
    channel: int | None,
    speakers: int | None,
    enrolled: Mapping[str, Path],
    taken: Collection[str] = (),
    hop: float | None = None,
) -> WhoSpeaks:
    """Who speaks when, by the best way this machine has.

    A voice that is surely that of a member's sample in `enrolled` has the member for its label; the others keep the
    diarizer's own. Labels in `taken` are somebody else's. `hop`: see `choose_diarizer`. InputError when this machine
    cannot diarize.
    """
    from dialogue.diarization.diarizer import choose_diarizer
    from dialogue.diarization.people import match_voices
    from dialogue.media.recordings import read_samples

    diarizer = choose_diarizer(hop)
    found = hear(diarizer, path, channel, speakers)
    voices = {member: diarizer.voice_of(read_samples(sample)) for member, sample in enrolled.items()}
    matches = match_voices(found, voices, taken)
    sure = {match.label: match for match in matches if match.sure}
    segments = (_told(segment, sure.get(segment.label), found) for segment in found.segments)
    notes = [f"{match}" for match in matches if match.sure] + list(found.warnings) + overlap_notes(found.unsure)
    return WhoSpeaks(tuple(sorted(segments)), tuple(notes), tuple(_doubts(matches, found.labels)))


def _told(segment: LabelledSegment, match: Match | None, found: Diarization) -> LabelledSegment:
    """The segment with its member, and an origin that says how it was found, why so, and how surely it is theirs."""
    way = f"{found.method}, for {found.reason}"
    if match is None:
        return replace(segment, origin=way)
    return replace(segment, label=match.member, origin=f"{way}; {match}")


def _doubts(matches: Sequence[Match], labels: Sequence[str]) -> list[Doubt]:
    return [
        Doubt(
            match.member,
            f"not sure which voice is {match.member}'s; the nearest: {match}",
            f"decide: voice: {{speaker: {match.label}}}, or another of {', '.join(labels)}",
        )
        for match in matches
        if not match.sure
    ]


def overlap_notes(unsure: Sequence[Segment]) -> list[str]:
    """One sentence on the stretches where two voices are about equally likely; none when there are none."""
    if not unsure:
        return []
    places = ", ".join(format_time(segment.start) for segment in unsure[:_SHOWN])
    more = "" if len(unsure) <= _SHOWN else ", …"
    seconds = sum(segment.duration for segment in unsure)
    places_count = f"{len(unsure)} place{'s' * (len(unsure) > 1)}"
    return [
        f"two voices are about equally likely in {places_count} ({seconds:.1f} s in all), perhaps both: {places}{more}"
    ]
