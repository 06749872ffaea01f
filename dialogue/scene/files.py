"""Files a scene names: that they are there, where they may be, and which part of a recording is meant."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from dialogue.ground.errors import SceneError, quoted
from dialogue.media.fonts import face_of
from dialogue.scene.kinds import Key, Kind, NamedMedia, Reading, by_form, choice, mismatch, near, record
from dialogue.scene.scene import AudioRef
from dialogue.scene.source import Keys, Node, Text

_CHANNELS = {"left": 1, "right": 2}
_COMMENTED_PART = re.compile(r"\s+#((?:stream)?\d+|left|right)\b")
_STREAM = re.compile(r"stream([1-9][0-9]?)")


def file(words: str) -> Kind[str]:
    """The path of a file that exists, relative to the scene; kept as written."""

    def read(node: Node, reading: Reading) -> str | None:
        if not isinstance(node, Text) or node.empty or not node.value.strip():
            mismatch(words, node, reading)
            return None
        return node.value if _stands(node.value, node, reading) else None

    return Kind(words, {"type": "string", "minLength": 1}, read)


def picture(words: str) -> Kind[str]:
    """The path of a picture that exists."""
    return _media(words, "picture")


def sound(words: str) -> Kind[str]:
    """The path of a recording that exists, all of it."""
    return _media(words, "recording")


def _media(words: str, kind: Literal["picture", "recording"]) -> Kind[str]:
    there = file(words)

    def read(node: Node, reading: Reading) -> str | None:
        path = there.read(node, reading)
        if path is not None:
            reading.media.append(NamedMedia(path, kind, node.place))
        return path

    return Kind(words, there.schema, read)


def font(words: str) -> Kind[str]:
    """The file of a font that can be read."""
    there = file(words)

    def read(node: Node, reading: Reading) -> str | None:
        path = there.read(node, reading)
        if path is None:
            return None
        try:
            face_of(reading.folder / path)
        except SceneError as error:
            reading.report(node, f"{path}: {error.problems[0].message}")
            return None
        return path

    return Kind(words, there.schema, read)


def recording(words: str) -> Kind[AudioRef]:
    """A recording; after a `#` one of its sound streams, one of its channels, or both: `obs.mkv#stream2#left`."""

    def read(node: Node, reading: Reading) -> AudioRef | None:
        if not isinstance(node, Text) or node.empty or not node.value.strip():
            mismatch(words, node, reading)
            return None
        lost = _COMMENTED_PART.match(node.rest) if not node.quoted else None
        if lost:
            message = f"#{lost[1]} is a comment here, because of the space before it"
            reading.report(node, message, f"write {node.value}#{lost[1]}", "warning")
        path, marks = node.value, list[str]()
        while len(marks) < 2 and "#" in path and not _exists(reading.folder / path):  # a # may be part of a name
            path, _, mark = path.rpartition("#")
            marks.insert(0, mark)
        part = _part(marks)
        if part is not None:
            if not _stands(path, node, reading):
                return None
            reading.media.append(NamedMedia(path, "recording", node.place, part.get("stream"), part.get("channel")))
            return AudioRef(path=path, **part)
        if not _exists(reading.folder / path):
            _stands(node.value, node, reading)
            return None
        shown = "".join(f"#{mark}" for mark in marks)
        meant = near(marks[-1], _CHANNELS)
        hint = f"did you mean '#{meant}'?" if meant else "both: #stream2#left"
        message = f"expected #left, #right, a channel's number from 1, or #stream2 and the like, found '{shown}'"
        reading.report(node, message, hint)
        return None

    examples = ["call.wav", "call.wav#left", "call.wav#2", "obs.mkv#stream2", "obs.mkv#stream2#left"]
    return Kind(words, {"type": "string", "minLength": 1, "examples": examples}, read)


def placed_recording(words: str, keys: Mapping[str, Key]) -> Kind[AudioRef]:
    """A recording, or {file: …} with `keys` that say how it is heard: `start`, `gain`."""
    known = {"file": Key(recording(words), "The recording.", required=True), **keys}
    form = "{" + ", ".join(f"{name}: …" for name in known) + "}"

    def build(fields: dict[str, Any], node: Keys, reading: Reading) -> AudioRef:
        plain: AudioRef = fields.pop("file")
        return plain.model_copy(update=fields)

    return by_form(f"{words} or {form}", text=recording(words), keys=record(form, known, build))


def file_or(words: str, options: tuple[str, ...], suffixes: tuple[str, ...]) -> Kind[str]:
    """One of a few words, or a file with one of these endings."""

    def read(node: Node, reading: Reading) -> str | None:
        if isinstance(node, Text) and node.value.lower().endswith(suffixes):
            return node.value if _stands(node.value, node, reading) else None
        return named.read(node, reading)

    pattern = "|".join(re.escape(suffix) for suffix in suffixes)
    schema: dict[str, Any] = {"anyOf": [{"enum": list(options)}, {"type": "string", "pattern": rf"({pattern})$"}]}
    named = choice(words, {option: option for option in options}, schema)
    return Kind(words, schema, read)


def _part(marks: Sequence[str]) -> dict[str, int] | None:
    """Stream and channel, in this order, either of which may be absent; None where it is something else."""
    part: dict[str, int] = {}
    for mark in marks:
        stream, channel = _STREAM.fullmatch(mark), _channel(mark)
        if stream is not None and not part:
            part["stream"] = int(stream[1])
        elif channel is not None and "channel" not in part:
            part["channel"] = channel
        else:
            return None
    return part


def _channel(text: str) -> int | None:
    return _CHANNELS.get(text) or (int(text) if re.fullmatch(r"[1-9][0-9]{0,2}", text) else None)


def _exists(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, a NUL in it
        return False


def _stands(written: str, node: Text, reading: Reading) -> bool:
    """Whether the file is there and may be used; what is wrong is reported."""
    path = reading.folder / written
    if reading.reach is not None and not _within(path, written, reading):
        hint = "paths stay in the folders of the template and of its episode"
        reading.report(node, f"the path {quoted(written)} leads outside the folders this scene may use", hint)
        return False
    if _exists(path):
        return True
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError):
        is_folder = False
    if is_folder:
        reading.report(node, f"{quoted(written)} is a folder", "name a file in it")
    else:
        reading.report(node, f"no file {quoted(written)}", missing_hint(reading.folder, written))
    return False


def _within(path: Path, written: str, reading: Reading) -> bool:
    """Whether the path, links followed, leads into one of the folders it may use."""
    assert reading.reach is not None
    try:
        real = path.resolve()
    except (OSError, ValueError):
        return False
    return any(real.is_relative_to(folder.resolve()) for folder in reading.reach)


def missing_hint(folder: Path, written: str) -> str | None:
    """The nearest name beside where the file was looked for (first one that differs in its ending alone), or the
    folder that is missing."""
    parent, name = os.path.split(written)
    try:
        names = sorted(entry.name for entry in (folder / parent).iterdir())
    except (OSError, ValueError):
        return f"there is no folder {parent!r}" if parent and "\0" not in parent else None
    stem, ending = (part.casefold() for part in os.path.splitext(name))
    # Of names with the same ending, the endings say nothing of how alike they are.
    stems = {os.path.splitext(other)[0].casefold(): other for other in reversed(names)}
    alike = {part: other for part, other in stems.items() if other.casefold().endswith(ending)}
    if name in names:
        return "it is a link that leads nowhere"
    meant = stems.get(stem) or alike.get(near(stem, alike, 0.7) or "") or near(name, names, 0.85)
    return f"did you mean {os.path.join(parent, meant)!r}?" if meant else None
