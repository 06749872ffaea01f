"""Beds and effects of a scene on the film's seconds. They never make a film longer: what is left over is cut off."""

from __future__ import annotations

from collections.abc import Mapping

from dialogue.ground.segments import Segment
from dialogue.ground.times import format_time
from dialogue.measures.measures import Measures
from dialogue.planning.plan import LEAST_LOOP, AudioSlice, PlacedSound
from dialogue.planning.turns import Findings, Speech
from dialogue.scene.reader import SceneFile
from dialogue.scene.scene import LinePlace, Sound

_SHORTEST = 0.02  # seconds: less of a sound is a click
_EFFECT = 10.0  # seconds: a longer sound is a bed, which goes on under the film as long as that lasts
_UNNOTICED = 0.05  # seconds that may be cut off without a word


def placed_sounds(file: SceneFile, measures: Measures, speech: Speech, findings: Findings) -> tuple[PlacedSound, ...]:
    """Every sound of the scene, sorted by start; those that cannot be placed are problems at their places."""
    found = []
    for index, sound in enumerate(file.scene.sound):
        placed = _placed(file, index, sound, measures, speech, findings)
        if placed is not None:
            found.append(placed)
    return tuple(sorted(found, key=lambda sound: (sound.start, sound.audio.source)))


def _placed(
    file: SceneFile, index: int, sound: Sound, measures: Measures, speech: Speech, findings: Findings
) -> PlacedSound | None:
    where = ("sound", index)
    start = _moment(file, index, "from", sound.start, speech.items, findings)
    told = None if sound.end is None else _moment(file, index, "to", sound.end, speech.items, findings)
    if start is None or (told is None and sound.end is not None):
        return None
    length, ends, name = measures.recordings[sound.file.sound].duration, speech.duration, sound.file
    if told is not None and told <= start:
        message = f"the sound ends at {_shown(told)}, not after its start at {_shown(start)}"
        findings.problems.append(file.problem((*where, "to"), message))
        return None
    if start > ends - _SHORTEST:
        message = f"this sound begins at {format_time(start)}, and the film ends at {format_time(ends)}"
        hint = "a pause: at the end of lines, or until: of the last shot, makes it longer"
        findings.problems.append(file.problem((*where, "from"), message, hint))
        return None
    if sound.loop and length < LEAST_LOOP:
        message = f"{name} lasts {length:.2f} s, too short to begin again and again"
        findings.problems.append(file.problem((*where, "loop"), message, f"{LEAST_LOOP:g} s are the least"))
        return None
    own = ends if sound.loop else start + length
    end = min(own, ends if told is None else told, ends)
    begin = max(start, 0.0)
    if end - begin < _SHORTEST:
        message = f"nothing of {name} is left between {format_time(begin)} and {format_time(max(end, 0.0))}"
        findings.problems.append(file.problem(where, message))
        return None
    _tell(sound, start, told, own, ends, findings)
    first = 0.0 if sound.loop else begin - start  # what comes before the film does is left out
    last = length if sound.loop else first + end - begin
    audio = AudioSlice(sound.file.path, round(first, 6), round(last, 6), sound.file.channel, sound.file.stream)
    return PlacedSound(audio, round(begin, 6), round(end, 6), sound.gain, *sound.fade, sound.duck, sound.loop)


def _shown(when: float) -> str:
    return format_time(when) if when >= 0 else f"{-when:g} s before the film"


def _moment(
    file: SceneFile,
    index: int,
    key: str,
    written: float | LinePlace,
    items: Mapping[int, Segment],
    findings: Findings,
) -> float | None:
    """Seconds of the film; below 0 where it is so long before a line."""
    if not isinstance(written, LinePlace):
        return written
    line = items.get(written.line - 1)
    if line is None:
        message = f"line {written.line} is not heard in the film, so nothing can begin or end with it"
        findings.problems.append(file.problem(("sound", index, key, "line"), message, "another line, or seconds"))
        return None
    if written.after is not None:
        return line.end + written.after
    if written.before is not None:
        return line.start - written.before
    return line.start if key == "from" else line.end


def _tell(sound: Sound, start: float, told: float | None, own: float, ends: float, findings: Findings) -> None:
    """What is cut off, and what is over before it was to be."""
    if told is not None and own < min(told, ends) - _UNNOTICED:
        findings.warnings.append(
            f"{sound.file} ends at {format_time(own)}, before its to: at {format_time(told)}; loop: yes repeats it"
        )
    if told is not None and told > ends + _UNNOTICED:
        findings.warnings.append(f"{sound.file} was to be heard until {format_time(told)}: the film ends before")
    elif told is None and not sound.loop and own > ends + _UNNOTICED and own - start < _EFFECT:
        findings.warnings.append(
            f"{sound.file} is cut off after {ends - start:.2f} of its {own - start:.2f} s, where the film ends; a "
            "pause: at the end of lines holds the picture longer"
        )
