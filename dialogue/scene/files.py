"""Files a scene names: that they are there, where they may be, and which channel of a recording is meant."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from dialogue.ground.errors import InputError
from dialogue.media.fonts import face_of
from dialogue.scene.kinds import Kind, Reading, choice, mismatch, near
from dialogue.scene.scene import AudioRef
from dialogue.scene.source import Node, Text

_CHANNELS = {"left": 1, "right": 2}
_COMMENTED_CHANNEL = re.compile(r"\s+#(left|right|\d+)\b")


def file(words: str) -> Kind[str]:
    """The path of a file that exists, relative to the scene; kept as written."""

    def read(node: Node, reading: Reading) -> str | None:
        if not isinstance(node, Text) or node.empty or not node.value.strip():
            mismatch(words, node, reading)
            return None
        return node.value if _stands(node.value, node, reading) else None

    return Kind(words, {"type": "string", "minLength": 1}, read)


def font(words: str) -> Kind[str]:
    """The file of a font that can be read."""
    there = file(words)

    def read(node: Node, reading: Reading) -> str | None:
        path = there.read(node, reading)
        if path is None:
            return None
        try:
            face_of(reading.folder / path)
        except InputError as error:
            reading.report(node, f"{path}: {error.problems[0].message}")
            return None
        return path

    return Kind(words, there.schema, read)


def recording(words: str) -> Kind[AudioRef]:
    """A recording, or one channel of it after a `#`."""

    def read(node: Node, reading: Reading) -> AudioRef | None:
        if not isinstance(node, Text) or node.empty or not node.value.strip():
            mismatch(words, node, reading)
            return None
        lost = _COMMENTED_CHANNEL.match(node.rest) if not node.quoted else None
        if lost:
            reading.report(
                node,
                f"#{lost[1]} is a comment here, because of the space before it",
                f"write {node.value}#{lost[1]}",
                "warning",
            )
        path, mark, channel = node.value.rpartition("#")
        if not mark or _exists(reading.folder / node.value):  # a # may be part of a file's name
            return AudioRef(path=node.value) if _stands(node.value, node, reading) else None
        number = _channel(channel)
        if number is not None:
            return AudioRef(path=path, channel=number) if _stands(path, node, reading) else None
        if not _exists(reading.folder / path):
            _stands(node.value, node, reading)
        else:
            meant = near(channel, _CHANNELS)
            hint = f"did you mean '#{meant}'?" if meant else None
            reading.report(node, f"expected #left, #right or a channel's number from 1, found '#{channel}'", hint)
        return None

    return Kind(words, {"type": "string", "minLength": 1}, read)


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
        reading.report(node, f"the path {written!r} leads outside the folders this scene may use", hint)
        return False
    if _exists(path):
        return True
    try:
        is_folder = path.is_dir()
    except (OSError, ValueError):
        is_folder = False
    if is_folder:
        reading.report(node, f"{written!r} is a folder", "name a file in it")
    else:
        reading.report(node, f"no file {written!r}", missing_hint(reading.folder, written))
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
    stem = os.path.splitext(name)[0].casefold()
    meant = next((other for other in names if os.path.splitext(other)[0].casefold() == stem), None) or near(
        name, names, 0.7
    )
    return f"did you mean {os.path.join(parent, meant)!r}?" if meant else None
