"""One line of the script: who says what, with which recording, when, and in which emotion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dialogue.ground.times import parse_signed_time, parse_time
from dialogue.scene.files import placed_recording
from dialogue.scene.kinds import (
    Key,
    Kind,
    Reading,
    by_form,
    choice,
    did_you_mean,
    map_of,
    mismatch,
    number,
    read_fields,
    record,
    record_schema,
    scalar,
)
from dialogue.scene.scene import Line, LineEmotion, Pause, SpokenLine
from dialogue.scene.source import Keys, Node, Text


def text(words: str) -> Kind[str]:
    schema = {"type": ["string", "number", "boolean"]}  # editors read 1984 as a number; it is text all the same
    return scalar(words, schema, lambda text: text)


def time(words: str, signed: bool = False) -> Kind[float]:
    minus = "-?" if signed else ""
    number_schema: dict[str, Any] = {"type": "number"} if signed else {"type": "number", "minimum": 0}
    pattern = {"type": "string", "pattern": rf"^{minus}(\d+:)?\d+:[0-5]\d(\.\d+)?$"}
    return scalar(words, {"anyOf": [number_schema, pattern]}, parse_signed_time if signed else parse_time)


YES_NO_WORDS = {
    word: value for words, value in ((("yes", "true", "on"), True), (("no", "false", "off"), False)) for word in words
}
YES_NO: Kind[bool] = choice("yes or no", YES_NO_WORDS, {"anyOf": [{"type": "boolean"}, {"enum": list(YES_NO_WORDS)}]})
STRENGTH = number("a strength from 0 to 1.5", 0, 1.5)
SECONDS = time("a number of seconds")


def valid_name(what: str) -> Any:
    """A checker of names of cast members and emotions: they go into file formats that part by blanks."""

    def check(name: Text, reading: Reading) -> bool:
        good = re.fullmatch(r"\w[\w.-]{0,63}", name.value) is not None
        if not good:
            hint = "letters, digits, _ . and -, no blanks; the name shown is `name:`"
            reading.report(name, f"{name.value!r} cannot name {what}", hint)
        return good

    return check


def known_speaker(name: Text, reading: Reading) -> bool:
    """Whether it is one of the cast; reported when not."""
    if name.value not in reading.cast:
        reading.report(name, f"unknown speaker {name.value!r}", did_you_mean(name.value, reading.cast))
    return name.value in reading.cast


def _build_emotion(fields: dict[str, Any], node: Keys, reading: Reading) -> LineEmotion | None:
    named = fields.pop("name", None)
    if (named is None) == ("weights" not in fields):
        reading.report(node, "expected name or blend", "one of the two")
        return None
    weights = {named: 1.0} if named is not None else fields.pop("weights")
    if not weights or abs(sum(weights.values()) - 1) > 1e-3:
        total = f"{sum(weights.values()):g}"
        reading.report(node.get("blend") or node, f"the weights of a blend add up to 1, not {total}")
        return None
    return LineEmotion(weights=weights, **fields)


_BLEND = map_of(
    number("a weight from 0 to 1", 0, 1), "weights by emotion", valid_name("an emotion"), {"minProperties": 1}
)
_EMOTION_KEYS = {
    "name": Key(text("an emotion's name"), "The emotion, where only its strength is to be set."),
    "blend": Key(_BLEND, "Emotions with weights that add up to 1.", argument="weights"),
    "strength": Key(STRENGTH, "How strongly: 0 to 1.5; 1 when absent."),
}
_emotion_name = text("an emotion's name")
AUTO: Kind[str] = choice("auto or off", {"auto": "auto", "off": "off"})


def _named(node: Node, reading: Reading) -> LineEmotion | None:
    name = _emotion_name.read(node, reading)
    if name == "auto":
        return LineEmotion(weights={}, auto=True)
    if name == "off":  # none is told: that of a face at rest
        return LineEmotion(weights={})
    return LineEmotion(weights={name: 1.0}) if name else None


EMOTION: Kind[LineEmotion] = by_form(
    "an emotion's name or {blend: {…}, strength: …}",
    text=Kind("an emotion's name", {"type": "string"}, _named),
    keys=record("{blend: {…}, strength: …}", _EMOTION_KEYS, _build_emotion),
)
GAIN = Key(
    number("a number of dB from -60 to 60", -60, 60),
    "How much it is turned up or down in a mix of ours, in dB; 0: as it was recorded.",
)
_LINE_RECORDING = placed_recording("a recording", {"gain": GAIN})
LINE_KEYS = {
    "audio": Key(_LINE_RECORDING, "This line's own recording: a file, or a part of it as in file#left, file#stream2."),
    "from": Key(
        SECONDS, "Where it begins: in its own recording, else in the speaker's track or the mix.", argument="start"
    ),
    "to": Key(SECONDS, "Where it ends, in the same recording as `from`.", argument="end"),
    "emotion": Key(
        EMOTION, "The emotion of the line: a name, a blend, or auto: told from the words and the voice; off: none is."
    ),
    "after": Key(
        time("a number of seconds", signed=True),
        "Starts this long after the previous line ends; negative: an interruption.",
    ),
    "gap": Key(SECONDS, "Silence before this line, after everything said so far has ended."),
    "together": Key(YES_NO, "Whether it starts when the previous line starts: both speak at once."),
}
_PAUSE_KEYS = {"pause": Key(SECONDS, "Silence between two lines, in seconds.", required=True)}
_SPOKEN = scalar("what is said", {"type": ["string", "number", "boolean"]}, lambda text: text)
_LINE_WORDS = 'a line as in `- ana: "Hello."`, or {pause: 0.8}'


def _read_line(node: Node, reading: Reading) -> Line | None:
    if not isinstance(node, Keys):
        mismatch(_LINE_WORDS, node, reading)
        return None
    if node.get("pause") is not None:
        fields = read_fields(node, _PAUSE_KEYS, reading)
        return None if fields is None else Pause(**fields)
    speaker = _speaker(node, reading)
    rest = Keys(node.place, tuple(entry for entry in node.entries if speaker is None or entry[0] is not speaker[0]))
    fields = read_fields(rest, LINE_KEYS, reading)
    if speaker is None:
        reading.report(node, "this line has no speaker", f"expected {_LINE_WORDS}")
        return None
    known, said = known_speaker(speaker[0], reading), _SPOKEN.read(speaker[1], reading)
    if fields is None or not known or said is None or not _consistent(fields, node, reading):
        return None
    return SpokenLine.model_validate({"speaker": speaker[0].value, "text": said, **fields})


def _speaker(node: Keys, reading: Reading) -> tuple[Text, Node] | None:
    """The entry that says who speaks: one of the cast, else the first key that no line has."""
    others = [(name, value) for name, value in node.entries if name.value not in LINE_KEYS]
    return next((entry for entry in others if entry[0].value in reading.cast), others[0] if others else None)


def _consistent(fields: Mapping[str, Any], node: Keys, reading: Reading) -> bool:
    """What one line says about its time, all by itself."""
    start, end = fields.get("start"), fields.get("end")
    if end is not None and end <= (start or 0.0):
        reading.report(node.get("to") or node, f"the line ends at {end:g} s, not after its start at {start or 0:g} s")
        return False
    if "after" in fields and "gap" in fields:
        hint = "after counts from the previous line's end, gap from the end of everything said"
        reading.report(node.get("gap") or node, "after and gap both say when the line starts", hint)
        return False
    moved = next((key for key in ("after", "gap") if key in fields), None)
    if moved and fields.get("together"):
        hint = "together: starts with the line before it"
        reading.report(node.get("together") or node, f"together and {moved} both say when the line starts", hint)
        return False
    if moved and "audio" not in fields and start is not None:
        hint = "from and to without a recording of its own are times of the scene"
        reading.report(node.get(moved) or node, f"from and {moved} both say when the line starts", hint)
        return False
    return True


_LINE_SCHEMA: dict[str, Any] = {
    **record_schema(LINE_KEYS),
    "additionalProperties": {"description": "The speaker, and what they say.", "type": ["string", "number", "boolean"]},
    "propertyNames": {"not": {"enum": ["pause"]}},
    "minProperties": 1,
    "maxProperties": len(LINE_KEYS) - 1,  # the speaker, and all keys but two of after, gap and together
    "not": {"required": ["after", "gap"]},
}
LINE: Kind[Line] = Kind(_LINE_WORDS, {"anyOf": [_LINE_SCHEMA, record_schema(_PAUSE_KEYS)]}, _read_line)
