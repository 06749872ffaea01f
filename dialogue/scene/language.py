"""The scene language, version 1, declared once: every key, the kind of value it holds, and what it means.

The reader reads by it and the JSON Schema is made from it, so the two cannot drift apart.
"""

from __future__ import annotations

from typing import Any, get_args

from dialogue.scene.face import FACE, one_of
from dialogue.scene.files import file_or, font, picture, placed_recording, sound
from dialogue.scene.generators import GENERATORS
from dialogue.scene.kinds import (
    Key,
    Kind,
    Reading,
    by_form,
    choice,
    found,
    list_of,
    map_of,
    mismatch,
    number,
    record,
    scalar,
    whole,
)
from dialogue.scene.line import (
    AUTO,
    GAIN,
    LINE,
    LINE_KEYS,
    SECONDS,
    STRENGTH,
    YES_NO,
    known_speaker,
    text,
    time,
    valid_name,
)
from dialogue.scene.scene import (
    DraftVoice,
    EmotionReference,
    Labels,
    Member,
    Output,
    ShotSpec,
    Voice,
)
from dialogue.scene.sounds import SOUND
from dialogue.scene.source import Keys, Node, Text
from dialogue.scene.values import parse_color, parse_fps, parse_language, parse_size

VERSION = 1


def _member_name(name: Text, reading: Reading) -> bool:
    if name.value in (*LINE_KEYS, "pause"):
        reading.report(name, f"{name.value!r} cannot name a cast member", "it is a key of lines")
        return False
    return bool(valid_name("a cast member")(name, reading))


# The cast


def _build_voice(fields: dict[str, Any], node: Keys, reading: Reading) -> Voice | None:
    return Voice(**fields) if one_of("speaker or enroll", fields, node, reading) else None


def _read_no_voice(node: Node, reading: Reading) -> Voice | None:
    if isinstance(node, Text) and node.value == "none":
        return Voice()
    mismatch(_VOICE_WORDS, node, reading)
    return None


_REFERENCE_KEYS = {
    "image": Key(picture("a picture"), "A picture of this person in the emotion.", required=True),
    "strength": Key(STRENGTH, "How strongly it shows: 0 to 1.5; 1 when absent."),
}
_picture_path = picture("a picture")
EMOTION_REFERENCE: Kind[EmotionReference] = by_form(
    "a picture or {image: …, strength: …}",
    text=Kind(
        "a picture",
        _picture_path.schema,
        lambda node, reading: EmotionReference(image=path) if (path := _picture_path.read(node, reading)) else None,
    ),
    keys=record("{image: …, strength: …}", _REFERENCE_KEYS, lambda fields, node, reading: EmotionReference(**fields)),
)
_VOICE_KEYS = {
    "speaker": Key(text("a label"), "The label of this voice in the diarization, such as SPEAKER_01."),
    "enroll": Key(sound("a recording of this voice alone"), "A recording of this voice alone, to know it by."),
}
_VOICE_WORDS = "{speaker: …}, {enroll: …} or none"
VOICE: Kind[Voice] = by_form(
    _VOICE_WORDS,
    text=Kind(_VOICE_WORDS, {"const": "none"}, _read_no_voice),
    keys=record("{speaker: …} or {enroll: …}", _VOICE_KEYS, _build_voice, {"minProperties": 1, "maxProperties": 1}),
)
_DRAFT_KEYS = {
    "voice": Key(text("a draft voice"), "Its name, as `dialogue voices drafts` lists it."),
    "rate": Key(number("a pace from 0.5 to 2", 0.5, 2), "How fast, times the voice's own pace; 1 when absent."),
    "pitch": Key(number("semitones from -12 to 12", -12, 12), "How much higher, in semitones; 0 when absent."),
}
_TRACK_START = Key(
    time("a number of seconds", signed=True),
    "When the recording begins, in seconds of the scene; below 0: its beginning is left out. 0 when absent.",
)
MEMBER_KEYS = {
    "name": Key(text("a name"), "The name shown in captions, plan and report; the key itself when absent."),
    "face": Key(FACE, "Their face where a shot gives no faces: a box or a point in pixels, {detect: …} or {like: …}."),
    "track": Key(
        placed_recording("a recording", {"start": _TRACK_START, "gain": GAIN}),
        "Their own microphone: a file, a channel of it (file#left, #right, #2), another of its sound streams "
        "(file#stream2, file#stream2#left), or {file: …, start: …, gain: …}.",
    ),
    "voice": Key(VOICE, "Who this is in the mixed recording; none: they are not heard, and only listen."),
    "emotions": Key(
        map_of(EMOTION_REFERENCE, "emotions by name", valid_name("an emotion")),
        "Pictures of this person by emotion; `neutral` is used where a line names none.",
    ),
    "emotion": Key(AUTO, "auto: where a line names none, it is told from words and voice; off; absent: as the scene."),
    "draft": Key(
        record("{voice: …, rate: …, pitch: …}", _DRAFT_KEYS, lambda fields, node, reading: DraftVoice(**fields)),
        "The draft voice that speaks their lines while there are no recordings.",
    ),
    "color": Key(
        scalar("a colour", {"type": "string", "pattern": "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"}, parse_color),
        'Their colour in plan, captions and report, as "#e66"; quoted, for # begins a comment.',
    ),
}
MEMBER: Kind[Member] = record("a cast member's keys", MEMBER_KEYS, lambda fields, node, reading: Member(**fields))
CAST = map_of(
    MEMBER,
    "cast members by name",
    _member_name,
    {"minProperties": 1, "propertyNames": {"pattern": r"^[^\s#]+$", "not": {"enum": ["pause"]}}},
)


# Shots


def _build_shot(fields: dict[str, Any], node: Keys, reading: Reading) -> ShotSpec | None:
    if "until" in fields and "lines" in fields:
        reading.report(node.get("lines") or node, "until and lines both say how far the shot goes", "one of the two")
        return None
    return ShotSpec(**fields)


SHOT_KEYS = {
    "picture": Key(picture("a picture"), "The picture of this shot; the scene's picture when absent."),
    "prompt": Key(text("a description"), "What is to be seen, in words, for generators that read it."),
    "until": Key(SECONDS, "When the shot ends, from the scene's start."),
    "lines": Key(
        list_of(whole("a line's number from 1", 1, 100_000), "numbers of lines, as in [1, 2]", 1),
        "The items of `lines`, counted from 1, that are in this shot.",
    ),
    "faces": Key(
        map_of(FACE, "faces by cast member", known_speaker),
        "Whose faces are in this shot's picture; whoever is not named is off screen.",
    ),
    "framing": Key(
        choice("whole or close", {"whole": "whole", "close": "close"}),
        "whole: its picture, or the part of it with all its faces; close: cut to whoever speaks, each seen close.",
    ),
    "seed": Key(whole("a whole number from 0", 0, 2**53), "The shot's own seed, in place of the scene's."),
    "take": Key(
        whole("a take's number from 1", 1, 1000), "Which try of the shot the film shows; each has a seed of its own."
    ),
    "locked": Key(
        YES_NO,
        "The shot's clip stays as it is, whatever changes; it is never made again.",
    ),
}
SHOT: Kind[ShotSpec] = record("a shot's keys", SHOT_KEYS, _build_shot, {"not": {"required": ["until", "lines"]}})


# The whole


def _one_or_more(kind: Kind[Any], words: str, all_words: str) -> Kind[Any]:
    """A value or a list of them, as a tuple."""

    def read_one(node: Node, reading: Reading) -> tuple[Any, ...] | None:
        one = kind.read(node, reading)
        return None if one is None else (one,)

    return by_form(all_words, text=Kind(words, kind.schema, read_one), items=list_of(kind, all_words))


_CAPTION = choice("srt or vtt", {"srt": "srt", "vtt": "vtt"})
_TRANSCRIPT = choice("txt, json or vtt", {"txt": "txt", "json": "json", "vtt": "vtt"})
OUTPUT_KEYS = {
    "size": Key(
        scalar(
            "a size as in 704x704 or 16:9",
            {"type": "string", "pattern": r"^(\d+\s*[xX×]\s*\d+|16:9|9:16|1:1)$"},
            parse_size,
        ),
        "Width x height in pixels, or 16:9 (1024x576), 9:16 (576x1024), 1:1 (704x704); absent: as the first picture.",
    ),
    "fps": Key(
        scalar(
            "frames per second",
            {"anyOf": [{"type": "number", "minimum": 1, "maximum": 120}, {"type": "string"}]},
            parse_fps,
        ),
        "Frames per second, as in 25, 29.97 or 30000/1001; 25 when absent.",
    ),
    "captions": Key(_one_or_more(_CAPTION, "srt or vtt", "srt, vtt or both"), "Caption files beside the film."),
    "transcript": Key(
        _one_or_more(_TRANSCRIPT, "txt, json or vtt", "txt, json, vtt or several"),
        "Transcripts beside the film: text, data with word times, or WebVTT word by word.",
    ),
    "burn_in": Key(
        YES_NO,
        "Captions drawn into the picture, each speaker in their colour.",
    ),
    "draft_marks": Key(YES_NO, "Captions and report mark what a draft voice says: [draft]."),
    "labels": Key(
        choice(
            "none, names or all",
            {**{name: name for name in get_args(Labels)}, "off": "none"},
            {"anyOf": [{"enum": [*get_args(Labels), "off"]}, {"const": False}]},  # off is false to some editors
        ),
        "What the animatic writes on the picture: none, names, or all (the default): a rim, names and emotions.",
    ),
    "loudness": Key(
        number("a loudness from -40 to -5 LUFS", -40, -5),
        "How loud the film is as a whole, in LUFS, its true peak at -1 dBTP at most; absent: as it comes.",
    ),
    "font": Key(
        font("a font's file"),
        "A TrueType or OpenType font for captions and names, where this machine's own lack letters or look wrong.",
    ),
}
OUTPUT: Kind[Output] = record("output keys", OUTPUT_KEYS, lambda fields, node, reading: Output(**fields))


def _read_version(node: Node, reading: Reading) -> int | None:
    if isinstance(node, Text) and node.value == str(VERSION):
        return VERSION
    reading.report(
        node, f"scene language {found(node)} is not known", f"this program reads version {VERSION}: `scene: 1`"
    )
    return None


SCENE_KEYS = {
    "scene": Key(
        Kind("1", {"const": VERSION}, _read_version), "The version of the scene language; the first key.", required=True
    ),
    "title": Key(text("a title"), "The film's title."),
    "language": Key(
        scalar("a language", {"type": "string", "pattern": "^[a-z]{2,3}(-[a-zA-Z0-9]+)*$"}, parse_language),
        "The language that is spoken, as in en, de or cmn; absent, told from the words.",
    ),
    "clean": Key(
        YES_NO,
        "Whether recordings are cleaned of noise and music to be listened to; the film has them as they are.",
    ),
    "generator": Key(
        choice("a generator", {name: name for name in GENERATORS}),
        "What makes the pictures move; absent: the best this machine can run, and the plan says which and why.",
    ),
    "seed": Key(whole("a whole number from 0", 0, 2**53), "Another seed, another take; 0 when absent."),
    "output": Key(OUTPUT, "What the film is like."),
    "cast": Key(CAST, "Who is in the scene, by a short name used everywhere below.", required=True),
    "picture": Key(picture("a picture"), "The picture of the scene, and of every shot that has none of its own."),
    "prompt": Key(text("a description"), "What is to be seen, in words, where a shot has no prompt of its own."),
    "audio": Key(
        placed_recording("a recording", {}),
        "The mix that is heard, untouched: a file, or one of its sound streams (file#stream2); absent, tracks and "
        "lines are mixed.",
    ),
    "emotion": Key(AUTO, "auto: the emotions of lines that name none are told from words and voices; off when absent."),
    "diarization": Key(
        file_or(
            "auto, off or a file .rttm, .vtt, .srt, .json, .txt",
            ("auto", "off"),
            (".rttm", ".vtt", ".srt", ".json", ".txt"),
        ),
        "Who speaks when in the mix: auto, off, or a file; used where members have no track and there are no lines.",
    ),
    "lines": Key(list_of(LINE, "a list of lines"), "The script; absent, turns come from tracks or the diarization."),
    "sound": Key(
        list_of(SOUND, "a list of sounds, as in [{file: rain.wav, gain: -18, loop: yes}]"),
        "Beds and effects under the film: heard, and never taken for somebody's speech.",
    ),
    "shots": Key(list_of(SHOT, "a list of shots", 1), "Pictures in order; absent, one shot of `picture`."),
}
