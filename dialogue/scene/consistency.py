"""What a scene says, held against itself, before any media is opened: who has a voice, what has an order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from dialogue.scene.emotions import emotion_meant, emotion_named
from dialogue.scene.kinds import did_you_mean
from dialogue.scene.scene import AudioRef, Line, LinePlace, Member, Pause, ShotSpec, Sound, SpokenLine


@dataclass(frozen=True)
class Finding:
    """A contradiction, at a path of keys and indices from 0."""

    keys: tuple[str | int, ...]
    message: str
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True)
class Draft:
    """What could be read. Lines and shots that could not are None, so that numbers stay what was written.

    `cast` is None, and a key of the scene is in `unread`, when its value was wrong: nothing is concluded from it then.
    """

    cast: Mapping[str, Member] | None
    lines: Sequence[Line | None]
    shots: Sequence[ShotSpec | None]
    fields: Mapping[str, Any]
    unread: frozenset[str] = field(default_factory=frozenset)

    @property
    def spoken(self) -> list[tuple[int, SpokenLine]]:
        return [(index, line) for index, line in enumerate(self.lines) if isinstance(line, SpokenLine)]


def contradictions(draft: Draft) -> Iterator[Finding]:
    """Everything that cannot be meant, and (as warnings) what is probably not meant."""
    yield from _pictures(draft)
    yield from _sound(draft)
    yield from _voices(draft)
    yield from _line_order(draft)
    yield from _shot_order(draft)
    yield from _emotions(draft)
    yield from _sounds(draft)


def _pictures(draft: Draft) -> Iterator[Finding]:
    if "picture" in draft.fields or "picture" in draft.unread or "shots" in draft.unread:
        pass
    elif not draft.shots:
        yield Finding((), "the scene has no picture", "write picture: and a file")
    else:
        for index, shot in enumerate(draft.shots):
            if shot is not None and shot.picture is None:
                yield Finding(
                    ("shots", index), "this shot has no picture, and the scene has none", "write picture: here"
                )
    if draft.cast is None or None in draft.shots or "shots" in draft.unread:
        return
    faces = any(member.face for member in draft.cast.values()) or any(shot.faces for shot in draft.shots if shot)
    if not faces:
        hint = "write face: for each, as a box or {detect: left}"
        yield Finding(("cast",), "nobody has a face, so nobody will be seen to speak", hint, "warning")


def _sound(draft: Draft) -> Iterator[Finding]:
    if draft.cast is None or "audio" in draft.unread or "lines" in draft.unread:
        return
    tracks: dict[AudioRef, str] = {}
    for name, member in draft.cast.items():
        if member.track is None:
            continue
        heard = member.track.heard
        if heard in tracks:
            hint = "one microphone each; for a mixed recording use audio: and voice:"
            yield Finding(("cast", name, "track"), f"{name} has the same track as {tracks[heard]}", hint)
        tracks.setdefault(heard, name)
    if not tracks and "audio" not in draft.fields and not draft.lines:
        yield Finding(
            (), "nothing is heard", "give cast members a track:, or the scene an audio: or lines: with audio:"
        )
    if "audio" in draft.fields and not tracks and not draft.lines and draft.fields.get("diarization") == "off":
        hint = "give members a track:, write lines:, or let diarization be auto or a file"
        yield Finding(("diarization",), "nothing says who speaks in the mix", hint)
    if draft.lines or (tracks and len(tracks) < len(draft.cast) and "audio" not in draft.fields):
        speaking = {line.speaker for _, line in draft.spoken} | (set() if draft.lines else set(tracks.values()))
        if None not in draft.lines:
            for name in (name for name in draft.cast if name not in speaking):
                yield Finding(("cast", name), f"{name} never speaks, and only listens", None, "warning")


def _voices(draft: Draft) -> Iterator[Finding]:
    """Mixed recordings and who is who in them."""
    if draft.cast is None or "audio" in draft.unread:
        return
    labels: dict[str, str] = {}
    for name, member in draft.cast.items():
        if member.voice is None:
            continue
        if "audio" not in draft.fields:
            yield Finding(("cast", name, "voice"), "voice: is for a mixed recording, and the scene has no audio:")
        label = member.voice.speaker
        if label is not None and label in labels:
            yield Finding(("cast", name, "voice", "speaker"), f"{name} and {labels[label]} are both {label!r}")
        elif label is not None:
            labels[label] = name
    given = draft.fields.get("diarization", "auto")
    if given in ("auto", "off"):
        return
    if "audio" not in draft.fields:
        yield Finding(("diarization",), "the diarization is of no recording", "write audio: and the mix it describes")
    elif draft.lines or all(member.track for member in draft.cast.values()):
        reason = "there are lines" if draft.lines else "every cast member has a track"
        yield Finding(("diarization",), f"{given!r} is not used, because {reason}", None, "warning")


def _line_order(draft: Draft) -> Iterator[Finding]:
    """Lines stand in the order they start, and each says that once."""
    pause: int | None = None
    placed: tuple[int, float] | None = None  # the last line whose start in the scene is written
    for index, line in enumerate(draft.lines):
        if isinstance(line, Pause):
            pause = index
            continue
        if line is not None:
            yield from _start_of_line(draft, index, line, pause)
            fixed = line.start + _begin_of(draft, line.speaker) if line.start is not None and not line.audio else None
            if fixed is not None and placed is not None and fixed < placed[1]:
                message = f"this line starts at {fixed:g} s, before line {placed[0] + 1} at {placed[1]:g} s"
                yield Finding(("lines", index, "from"), message, "write lines in the order they start")
            placed = placed if fixed is None else (index, fixed)
        pause = None
    yield from _double_speech(draft)


def _begin_of(draft: Draft, speaker: str) -> float:
    """The second of the scene at which the recording begins that `from` and `to` of the speaker's lines count in."""
    member = (draft.cast or {}).get(speaker)
    track = member.track if member is not None else None
    return (track.start if track is not None else None) or 0.0


def _start_of_line(draft: Draft, index: int, line: SpokenLine, pause: int | None) -> Iterator[Finding]:
    """`pause` is the index of the pause just before the line."""
    given = {"after": line.after is not None, "gap": line.gap is not None, "together": line.together}
    moved = next((key for key, present in given.items() if present), None)
    if line.after is not None and all(isinstance(item, Pause) for item in draft.lines[:index]):
        yield Finding(("lines", index, "after"), "the first line has no line before it", "use gap: for silence first")
    if pause is not None and moved and not line.together:
        hint = f"leave out one of pause: and {moved}:"
        yield Finding(("lines", index, moved), "the pause before it already says when this line starts", hint)
    if line.together and all(isinstance(item, Pause) for item in draft.lines[:index]):
        yield Finding(("lines", index, "together"), "the first line has no line before it", "leave out together:")
    if pause is not None and line.together:
        hint = "leave out one of pause: and together:"
        yield Finding(("lines", index, "together"), "the pause before it already says when this line starts", hint)
    if line.audio is not None:
        return
    if pause is not None and line.start is not None:
        hint = "leave out the pause, or from:"
        yield Finding(
            ("lines", pause), f"the line after this pause starts at {line.start:g} s, as its from: says", hint
        )
    elif (moved or pause is not None) and _recorded(draft, line):
        where = ("lines", index, moved) if moved else ("lines", pause or 0)
        message = f"{moved or 'the pause'} moves nothing: line {index + 1} is where it is heard in the recording"
        yield Finding(where, message, "only a line with its own audio: can be moved", "warning")


def _recorded(draft: Draft, line: SpokenLine) -> bool:
    """Whether the line is heard in a track or the mix; if not, and without audio:, a draft voice speaks it."""
    if "audio" in draft.fields or "audio" in draft.unread or draft.cast is None:
        return True
    return draft.cast[line.speaker].track is not None


def _double_speech(draft: Draft) -> Iterator[Finding]:
    """Nobody speaks two lines at once."""
    last: dict[str, tuple[int, float]] = {}
    for index, line in draft.spoken:
        if line.audio is not None or line.start is None:
            continue
        before = last.get(line.speaker)
        if before is not None and line.start < before[1]:
            message = f"{line.speaker} is still speaking line {before[0] + 1}, until {before[1]:g} s"
            yield Finding(("lines", index, "from"), message)
        if line.end is not None:
            last[line.speaker] = (index, line.end)


def _shot_order(draft: Draft) -> Iterator[Finding]:
    """Shots go forward through the film, and no line is in two of them."""
    last_until: float | None = None
    shown: dict[int, int] = {}
    for index, shot in enumerate(draft.shots):
        if shot is None:
            continue
        if shot.until is not None:
            if shot.until <= (last_until or 0.0):
                before = f"the shot before it ends at {last_until:g} s" if last_until else "it would have no length"
                yield Finding(("shots", index, "until"), f"this shot cannot end at {shot.until:g} s: {before}")
            last_until = max(last_until or 0.0, shot.until)
        for position, number in enumerate(shot.lines or ()):
            where = ("shots", index, "lines", position)
            if number > len(draft.lines):
                if "lines" not in draft.unread:
                    count = f"the scene has {len(draft.lines)}" if draft.lines else "the scene has no lines"
                    yield Finding(where, f"there is no line {number}", count)
            elif number in shown:
                yield Finding(where, f"line {number} is already in shot {shown[number] + 1}")
            elif shown and number < max(shown):
                message = f"line {number} comes before line {max(shown)}, which is in shot {shown[max(shown)] + 1}"
                yield Finding(where, message, "shots show the lines in order")
            shown.setdefault(number, index)


def _emotions(draft: Draft) -> Iterator[Finding]:
    """Emotions a line asks for and its speaker has no picture of."""
    if draft.cast is None:
        return
    told: set[tuple[str, str]] = set()
    for index, line in draft.spoken:
        known = draft.cast[line.speaker].emotions
        for name in line.emotion.weights if line.emotion else ():
            if name in known or name == "neutral" or (line.speaker, name) in told:
                continue
            told.add((line.speaker, name))
            message = f"{line.speaker} has no picture of {name!r}"
            if emotion_named(name) is None:
                message = f"{name!r} is no known emotion, and {line.speaker} has no picture of it"
                hint = emotion_meant(name, known)
            else:
                hint = did_you_mean(name, known) or "add one to their emotions:"
            yield Finding(("lines", index, "emotion"), message, hint, "warning")


def _sounds(draft: Draft) -> Iterator[Finding]:
    """Beds and effects: on lines there are, and no recording of somebody's speech."""
    sounds: Sequence[Sound] = draft.fields.get("sound", ())
    speech = [(member.track, f"{name}'s track") for name, member in (draft.cast or {}).items() if member.track]
    if "audio" in draft.fields:
        speech.append((draft.fields["audio"], "the mix"))
    for index, sound in enumerate(sounds):
        twice = next((whose for ref, whose in speech if _overlap(ref, sound.file)), None)
        if twice is not None:
            message = f"{sound.file} is {twice}, and would be heard twice"
            yield Finding(("sound", index, "file"), message, "sound: is for what nobody says")
        for key, moment in (("from", sound.start), ("to", sound.end)):
            if not isinstance(moment, LinePlace) or "lines" in draft.unread:
                continue
            where = ("sound", index, key, "line")
            if moment.line > len(draft.lines):
                count = f"the scene has {len(draft.lines)}" if draft.lines else "the scene has no lines"
                yield Finding(where, f"there is no line {moment.line}", count)
            elif isinstance(draft.lines[moment.line - 1], Pause):
                hint = "name the line before it, with after:, or the one that follows, with before:"
                yield Finding(where, f"line {moment.line} is a pause", hint)


def _overlap(one: AudioRef, other: AudioRef) -> bool:
    """Whether they have a channel in common."""
    return one.sound == other.sound and (one.channel == other.channel or None in (one.channel, other.channel))
