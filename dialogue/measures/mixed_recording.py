"""Who speaks when in a recording of several people, found automatically: the door to `dialogue.diarization`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.ground.times import format_time
from dialogue.measures.two_channels import by_channels

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Diarization, Voice
    from dialogue.diarization.diarizer import Diarizer
    from dialogue.diarization.people import Match, Matches
    from dialogue.measures.looking import Look
    from dialogue.media.recordings import Sound

RATE = 16_000  # Hz
MOST_HEARD = 90.0  # seconds of a label that its voice is taken from
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


def hear(
    diarizer: Diarizer, path: Path, channel: int | None, speakers: int | None, stream: int | None = None,
    clean: bool = False,
) -> Diarization:  # fmt: skip
    """Turns, cleaned up, and voices of a recording. `speakers`: how many there are; None to guess.

    `clean`: listened to without noise and music.

    Two channels that hold different people are taken for what they are. All else is decoded once, while voice activity
    is found in what was decoded before; 230 MB an hour are held.
    """
    import numpy as np

    from dialogue.diarization.tidy import tidy
    from dialogue.media.ahead import ahead
    from dialogue.media.recordings import Samples
    from dialogue.media.speech import BLOCK, listen_again, listen_to, speech_segments

    apart = by_channels(diarizer, path, stream, clean) if channel is None and speakers in (None, 2) else None
    if apart is not None:
        return apart
    heard: list[Sound] = []

    def decoded() -> Iterator[Sound]:
        for block in Samples(path, channel, stream, clean=clean).blocks(BLOCK):
            heard.append(block)
            yield block

    speech = speech_segments(listen_again(listen_to(ahead(decoded())), lambda: list(heard)))
    samples = np.concatenate(heard) if heard else np.zeros(0, np.float32)
    heard.clear()
    return tidy(diarizer.label(samples, speech, speakers), speech)


def voices_in(
    diarizer: Diarizer, path: Path, channel: int | None, turns: Sequence[LabelledSegment], clean: bool = False
) -> dict[str, Voice]:
    """The voice of each label of `turns`, from where it speaks alone; labels that never do for a second have none."""
    import numpy as np

    from dialogue.media.recordings import read_samples

    samples = read_samples(path, channel, clean=clean)
    speaking = {label: np.zeros(len(samples), bool) for label in dict.fromkeys(turn.label for turn in turns)}
    for turn in turns:
        speaking[turn.label][round(turn.start * RATE) : round(turn.end * RATE)] = True
    alone = np.sum(list(speaking.values()), axis=0) == 1
    own = {label: samples[heard & alone][: round(MOST_HEARD * RATE)] for label, heard in speaking.items()}
    return {label: diarizer.voice_of(sound) for label, sound in own.items() if len(sound) >= RATE}


def comparable(look: Look, members: list[str]) -> bool:
    """Whether voices can be compared here; if not, a problem at each sample."""
    from dialogue.diarization.diarizer import available
    from dialogue.diarization.voice_encoder import INSTALL

    if not available()[0]:
        message = "a sample of a voice cannot be compared here, for there is no voice encoder"
        look.problems += [look.file.problem(("cast", m, "voice", "enroll"), message, INSTALL) for m in members]
    return bool(available()[0])


def diarize(
    path: Path,
    channel: int | None,
    speakers: int | None,
    enrolled: Mapping[str, Path],
    taken: Collection[str] = (),
    hop: float | None = None,
    turns: tuple[LabelledSegment, ...] | None = None,
    stream: int | None = None,
    clean: bool = False,
) -> WhoSpeaks:
    """Who speaks when, by the best way this machine has, or as `turns` say, and who of the `enrolled` that is.

    A voice that is surely that of a member's sample in `enrolled` has the member for its label; the others keep their
    own. Labels in `taken` are somebody else's. `hop`: see `choose_diarizer`. SceneError when this machine cannot.
    """
    from dialogue.diarization.diarization import Diarization
    from dialogue.diarization.diarizer import choose_diarizer
    from dialogue.diarization.people import match_voices, scale_of
    from dialogue.media.recordings import read_samples

    diarizer = choose_diarizer(hop)
    if turns is None:
        found = hear(diarizer, path, channel, speakers, stream, clean)
    else:
        origin = turns[0].origin if turns else ""
        found = Diarization(turns, origin, diarizer.reason, voices_in(diarizer, path, channel, turns, clean))
    people = {member: diarizer.voice_of(read_samples(sample, clean=clean)) for member, sample in enrolled.items()}
    matches = match_voices(found.voices, people, scale_of(diarizer.name), taken)
    sure = {match.label: match for match in matches.labels if match.verdict == "sure"}
    way = f"{found.method}, for {found.reason}" if turns is None else found.method
    segments = (_told(segment, sure.get(segment.label), way) for segment in found.segments)
    notes = [  # who is surely somebody is told by the origins of the turns
        f"{match.person} is not heard: the nearest is {match.label}, {match.figures}"
        for match in matches.unheard
        if match.verdict == "nobody"
    ]
    notes += [*found.warnings, *overlap_notes(found.unsure)]
    return WhoSpeaks(tuple(sorted(segments)), tuple(notes), tuple(_doubts(matches, found)))


def _told(segment: LabelledSegment, match: Match | None, way: str) -> LabelledSegment:
    """The segment with its member, and an origin that says how it was found, why so, and how surely it is theirs."""
    if match is None:
        return replace(segment, origin=way)
    return replace(segment, label=match.person, origin=f"{way}; {match}")


def _doubts(matches: Matches, found: Diarization) -> list[Doubt]:
    """One for each member who may be heard and is not surely. The hint names nobody's label for them: they listen."""
    asked = [match for match in (*matches.unheard, *matches.labels) if match.verdict == "ask"]
    sure = {match.label for match in matches.labels if match.verdict == "sure"}
    places = places_of(found, [label for label in found.labels if label in found.voices and label not in sure])
    hint = (
        f"listen: {places}; then write voice: {{speaker: LABEL}} with the label that is theirs, "
        "or voice: none if they are not heard (--speakers N, if another number of people is)"
    )
    return [
        Doubt(member, f"not sure whether {member} is heard; the nearest, {_nearest(asked, member)}", hint)
        for member in dict.fromkeys(match.person for match in asked)
    ]


def _nearest(asked: Sequence[Match], member: str) -> str:
    match = max((m for m in asked if m.person == member), key=lambda m: m.similarity)
    return f"{match.label}: {match.figures}"


def places_of(found: Diarization, labels: Sequence[str]) -> str:
    """Where to listen for each label: its longest turn."""
    longest = {
        label: max((s for s in found.segments if s.label == label), key=lambda s: s.duration) for label in labels
    }
    return ", ".join(f"{label} at {format_time(s.start)}-{format_time(s.end)}" for label, s in longest.items())


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
