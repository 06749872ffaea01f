"""When each line of the script is spoken, and which piece of which recording it is.

Three kinds of lines: with a recording of its own (placed one after another, by `after`, `gap` and pauses), with times
in the speaker's track or the mix (which run from the scene's start), and with neither (laid over the speech heard).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from dialogue.ground.segments import Segment
from dialogue.ground.times import format_time
from dialogue.hearing.heard import HeardLine
from dialogue.planning.alignment import share_out, stretches_of, words_by_share
from dialogue.planning.plan import AudioSlice
from dialogue.scene.scene import AudioRef, Line, Pause, SpokenLine

_STRETCH_PAUSE = 0.6  # seconds of silence within a line at which the mouth is at rest
_SHORTEST = 0.04  # seconds: below a frame there is nothing to say


@dataclass(frozen=True)
class Hearing:
    """Where a speaker without recordings of their own is heard: their track, or the mix.

    It begins at second `begin` of the scene and lasts `duration` seconds. `speech` is when they speak in it, in seconds
    of the scene, sorted and disjoint, and `heard` by what that was found.
    """

    ref: AudioRef
    duration: float
    speech: tuple[Segment, ...]
    alone: bool  # nobody else is in the recording
    heard: str
    begin: float = 0.0

    @property
    def end(self) -> float:
        """The second of the scene at which it ends."""
        return self.begin + self.duration

    def slice(self, start: float, end: float) -> AudioSlice:
        """What is heard in it between two seconds of the scene."""
        return _slice(self.ref, start - self.begin, end - self.begin)


@dataclass(frozen=True)
class Said:
    """A piece of a line, or all of it: [start, end) in seconds of the film. `item` counts `lines` from 0."""

    item: int
    line: SpokenLine
    start: float
    end: float
    audio: AudioSlice
    text: str
    source: Literal["own", "given", "heard", "laid"]  # own recording; from and to; words heard; laid over
    origin: str


@dataclass(frozen=True)
class Misplaced:
    """A line that cannot be placed, or is placed with doubt."""

    item: int
    message: str
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True)
class Script:
    """The lines in time."""

    said: tuple[Said, ...]
    findings: tuple[Misplaced, ...]


def place_lines(
    lines: Sequence[Line], durations: Mapping[str, float], hearings: Mapping[str, Hearing], duration: float | None,
    heard: Mapping[int, HeardLine] | None = None,
) -> Script:  # fmt: skip
    """All lines, placed. `durations` of recordings by path; `hearings` by speaker; `duration` of the mix, if any.

    `heard`: where lines without times were heard, by their index; the others of their run were not.
    """
    said: dict[int, list[Said]] = {}
    findings: list[Misplaced] = []
    spoken = [(item, line) for item, line in enumerate(lines) if isinstance(line, SpokenLine)]
    for speaker, hearing in hearings.items():
        theirs = [(item, line) for item, line in spoken if line.speaker == speaker and line.audio is None]
        others = _others(speaker, hearings)
        for run in _runs(theirs, hearing):
            if not _place_heard(run, hearing, heard or {}, said, findings):
                _place_run(run, lines, hearing, others, said, findings)
    _place_recordings(lines, durations, said, findings)
    findings += _doubts(spoken, said, duration)
    return Script(tuple(piece for item in sorted(said) for piece in said[item]), tuple(findings))


@dataclass(frozen=True)
class _Run:
    """Neighbouring lines of one speaker that share [start, end) of the scene; one line, where it gives times."""

    lines: tuple[tuple[int, SpokenLine], ...]
    start: float
    end: float
    given: bool


def _runs(theirs: Sequence[tuple[int, SpokenLine]], hearing: Hearing) -> list[_Run]:
    """The lines parted by the times some of them give: a `from` begins a run, a `to` ends one."""
    runs: list[_Run] = []
    held: list[tuple[int, SpokenLine]] = []
    left = max(0.0, hearing.begin)
    for item, line in theirs:
        start, end = (None if time is None else time + hearing.begin for time in (line.start, line.end))
        if start is not None:
            if held:
                runs.append(_Run(tuple(held), left, max(left, start), False))
                held = []
            left = start
        held.append((item, line))
        if end is not None:
            given = len(held) == 1 and start is not None
            runs.append(_Run(tuple(held), left, max(left, end), given))
            held, left = [], end
    if held:
        runs.append(_Run(tuple(held), left, max(left, hearing.end), False))
    return runs


def _others(speaker: str, hearings: Mapping[str, Hearing]) -> list[Segment]:
    return sorted(segment for other, hearing in hearings.items() if other != speaker for segment in hearing.speech)


def _place_heard(
    run: _Run, hearing: Hearing, heard: Mapping[int, HeardLine], said: dict[int, list[Said]], findings: list[Misplaced]
) -> bool:
    """The lines of a run where they were heard; False where none of them was listened for."""
    if run.given or not any(item in heard for item, _ in run.lines):
        return False
    path = PurePath(hearing.ref.path).name
    for item, line in run.lines:
        found = heard.get(item)
        if found is None:
            continue  # told of among the differences
        start, end = max(run.start, found.start), min(run.end, found.end)
        if end - start < _SHORTEST:
            message = f"this line is heard at {format_time(found.start)} in {path}, outside the times around it"
            findings.append(Misplaced(item, message, "check from and to"))
            continue
        audio = hearing.slice(start, end)
        said[item] = [Said(item, line, start, end, audio, line.text, "heard", f"line {item + 1}: {found.way}")]
    return True


def _place_run(
    run: _Run,
    lines: Sequence[Line],
    hearing: Hearing,
    others: Sequence[Segment],
    said: dict[int, list[Said]],
    findings: list[Misplaced],
) -> None:
    path = PurePath(hearing.ref.path).name
    if run.given:
        item, line = run.lines[0]
        if run.start < 0:
            message = f"this line is heard {-run.start:g} s before the scene begins, for {path} begins before it"
            findings.append(Misplaced(item, message, "a later from, or another start of the track"))
            return
        origin = f"line {item + 1}: from and to in {path}"
        if run.end - run.start < _SHORTEST:
            message = f"from {line.start or 0:g} to {line.end:g} s there is no time to say anything"
            findings.append(Misplaced(item, message, f"a line lasts {_SHORTEST:g} s at least"))
            return
        audio = hearing.slice(run.start, run.end)
        said[item] = [Said(item, line, run.start, run.end, audio, line.text, "given", origin)]
        return
    speech = [
        Segment(max(part.start, run.start), min(part.end, run.end))
        for part in hearing.speech
        if part.start < run.end and part.end > run.start
    ]
    if not speech:
        where = f"from {format_time(run.start)} to {format_time(run.end)}"
        for item, line in run.lines:
            message = f"no speech of {line.speaker} was found in {path} {where} for this line"
            findings.append(Misplaced(item, message, "give it from and to"))
        return
    replies = [
        _has_reply(lines, first, second) for (first, _), (second, _) in zip(run.lines, run.lines[1:], strict=False)
    ]
    shares = share_out([line.text for _, line in run.lines], speech, others, replies)
    how = "by the length of its text" if len(run.lines) > 1 else "over the speech found"
    for (item, line), segments in zip(run.lines, shares, strict=True):
        stretches = stretches_of(segments, _STRETCH_PAUSE, () if hearing.alone else others)
        texts = words_by_share(line.text, [stretch.duration for stretch in stretches])
        said[item] = [
            Said(
                item, line, part.start, part.end, hearing.slice(part.start, part.end), text, "laid",
                f"line {item + 1}: laid over {hearing.heard} {how}",
            )
            for part, text in zip(stretches, texts, strict=True)
        ]  # fmt: skip


def _has_reply(lines: Sequence[Line], first: int, second: int) -> bool:
    """Whether somebody else has a line between these two items."""
    speaker = lines[first]
    between = [line for line in lines[first + 1 : second] if isinstance(line, SpokenLine)]
    return isinstance(speaker, SpokenLine) and any(line.speaker != speaker.speaker for line in between)


def _place_recordings(
    lines: Sequence[Line], durations: Mapping[str, float], said: dict[int, list[Said]], findings: list[Misplaced]
) -> None:
    """Lines with recordings of their own, each after what is before it in the script."""
    previous_start = previous_end = everything_end = pause = 0.0
    for item, line in enumerate(lines):
        if isinstance(line, Pause):
            pause += line.pause
            continue
        if line.audio is not None:
            drafted = line.draft is not None  # whose times are the scene's
            first = 0.0 if drafted else line.start or 0.0
            last = line.end if line.end is not None and not drafted else durations[line.audio.sound]
            base = previous_start if line.together else previous_end if line.after is not None else everything_end
            start = round(base + (line.after or 0.0) + (line.gap or 0.0) + pause, 6)
            if drafted and line.start is not None:
                start = line.start
            if start < 0:
                message = f"this line would start {-start:g} s before the film"
                findings.append(Misplaced(item, message, "a smaller interruption"))
                start = 0.0
            if last - first < _SHORTEST:
                message = f"{line.audio.path} from {first:g} to {last:g} s holds no line"
                findings.append(Misplaced(item, message, "give a recording with sound in it"))
                continue
            end = round(start + last - first, 6)
            own = f"its own recording {PurePath(line.audio.path).name}"
            origin = f"line {item + 1}: {own if line.draft is None else f'draft voice, {line.draft}'}"
            said[item] = [Said(item, line, start, end, _slice(line.audio, first, last), line.text, "own", origin)]
        if item in said:
            previous_start, previous_end = said[item][0].start, said[item][-1].end
            everything_end = max(everything_end, previous_end)
        pause = 0.0


def _doubts(
    spoken: Sequence[tuple[int, SpokenLine]], said: Mapping[int, Sequence[Said]], duration: float | None
) -> list[Misplaced]:
    """What is odd about the times as they came out."""
    found: list[Misplaced] = []
    last: Said | None = None
    last_of: dict[str, Said] = {}
    for item, line in spoken:
        if not said.get(item):
            continue
        first, final = said[item][0], said[item][-1]
        own = last_of.get(line.speaker)
        if own is not None and first.start < own.end - 1e-6 and final.end > own.start + 1e-6:
            message = f"{line.speaker} is still speaking line {own.item + 1}, until {format_time(own.end)}"
            found.append(Misplaced(item, message, "nobody speaks two lines at once"))
        elif last is not None and first.source != "heard" and first.start < last.start - 0.5:
            message = f"this line is heard at {format_time(first.start)}, before line {last.item + 1}"
            found.append(Misplaced(item, message, "check the order of the lines, or give from and to", "warning"))
        if duration is not None and final.end > duration + 0.05:
            message = (
                f"this line ends at {format_time(final.end)}, after the end of the audio at {format_time(duration)}"
            )
            found.append(Misplaced(item, message, "check after and gap, or leave out audio:"))
        last, last_of[line.speaker] = first, final
    return found


def _slice(ref: AudioRef, start: float, end: float) -> AudioSlice:
    return AudioSlice(ref.path, round(start, 6), round(end, 6), ref.channel, ref.stream)
