"""A bed or an effect under the film: which file, from when to when, how loud, and how it makes room for speech."""

from __future__ import annotations

from typing import Any, cast

from dialogue.scene.files import recording
from dialogue.scene.kinds import Key, Kind, Reading, by_form, list_of, mismatch, number, record, whole
from dialogue.scene.line import SECONDS, YES_NO, YES_NO_WORDS, time
from dialogue.scene.scene import LinePlace, Sound
from dialogue.scene.source import Keys, Node, Text

DUCKED = 9.0  # dB that `duck: yes` turns down: clearly out of the way, and not gone
_MOST_DUCK = 40.0


def _build_place(fields: dict[str, Any], node: Keys, reading: Reading) -> LinePlace | None:
    if "before" in fields and "after" in fields:
        reading.report(node, "before and after both say when it is", "before a line begins, or after it ends")
        return None
    return LinePlace(**fields)


_PLACE_KEYS = {
    "line": Key(whole("a line's number from 1", 1, 100_000), "An item of `lines`, counted from 1.", required=True),
    "before": Key(SECONDS, "So many seconds before that line begins."),
    "after": Key(time("a number of seconds", signed=True), "So many seconds after that line ends; below 0: before."),
}
_MOMENT: Kind[float | LinePlace] = by_form(
    "seconds of the film or {line: …}",
    text=cast("Kind[float | LinePlace]", SECONDS),
    keys=record("{line: …, after: …}", _PLACE_KEYS, _build_place, {"not": {"required": ["before", "after"]}}),
)


_DUCK_NUMBER = number("dB", 0, _MOST_DUCK)
_DUCK_WORDS = f"yes, no or a number of dB from 0 to {_MOST_DUCK:g}"


def _read_duck(node: Node, reading: Reading) -> float | None:
    if isinstance(node, Text) and node.value in YES_NO_WORDS:
        return DUCKED if YES_NO_WORDS[node.value] else 0.0
    quiet = Reading(reading.file, reading.folder)
    found = _DUCK_NUMBER.read(node, quiet)
    if found is None:
        mismatch(_DUCK_WORDS, node, reading)
    return found


_DUCK: Kind[float] = Kind(_DUCK_WORDS, {"anyOf": [_DUCK_NUMBER.schema, YES_NO.schema]}, _read_duck)
_FADE_SECONDS = time("a number of seconds")
_FADE: Kind[tuple[float, float]] = by_form(
    "seconds, or [in, out]",
    text=Kind(
        "seconds",
        _FADE_SECONDS.schema,
        lambda node, reading: None if (length := _FADE_SECONDS.read(node, reading)) is None else (length, length),
    ),
    items=list_of(_FADE_SECONDS, "seconds in and out, as in [0.5, 2]", 2, 2),  # type: ignore[arg-type]
)
SOUND_KEYS = {
    "file": Key(recording("a recording"), "The sound: a file, or a channel or stream of one.", required=True),
    "from": Key(
        _MOMENT,
        "When it begins: seconds of the film, or {line: 3}, where that line begins; at the film's start when absent.",
        argument="start",
    ),
    "to": Key(
        _MOMENT,
        "When it ends: seconds of the film, or {line: 3}, where that line ends; absent: with its file, or the film.",
        argument="end",
    ),
    "gain": Key(
        number("a number of dB from -60 to 60", -60, 60), "How much it is turned up or down, in dB; 0 when absent."
    ),
    "fade": Key(_FADE, "Seconds in which it comes and goes, or [in, out]; 0 when absent."),
    "duck": Key(
        _DUCK,
        f"How far it is turned down while anybody speaks: yes ({DUCKED:g} dB), or a number of dB; not when absent.",
    ),
    "loop": Key(YES_NO, "Whether it begins again when its file ends; without, it is heard once."),
}


def _build_sound(fields: dict[str, Any], node: Keys, reading: Reading) -> Sound | None:
    start, end = fields.get("start", 0.0), fields.get("end")
    if isinstance(start, float) and isinstance(end, float) and end <= start:
        reading.report(node.get("to") or node, f"the sound ends at {end:g} s, not after its start at {start:g} s")
        return None
    return Sound.model_validate(fields)


SOUND: Kind[Sound] = record("{file: …, from: …, to: …, gain: …, fade: …, duck: …}", SOUND_KEYS, _build_sound)
