"""What has been measured is kept in the user's cache folder, by the bytes of the files, the way of measuring and
the code that measures.

A file that changes has other bytes and so another key, as has other code: nothing kept is ever wrong, only unused.
Nothing here is needed: a folder that cannot be written, or a damaged entry, means that it is measured again.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialogue.ground.digests import file_digest, text_digest
from dialogue.ground.own_code import digest_of_code
from dialogue.ground.sealed import value_of, value_text

# The code that measures: when it is another, everything is measured again.
_MEASURING = ("dialogue/media", "dialogue/measures", "dialogue/diarization", "dialogue/cast", "model/grid.py")


def cache_folder() -> Path:
    """Where the system keeps what can be made again: $XDG_CACHE_HOME, else the platform's own place."""
    home = os.environ.get("XDG_CACHE_HOME") or (os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None)
    if home:
        return Path(home) / "dialogue"
    return Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "dialogue"


@dataclass(frozen=True)
class Cache:
    """Entries are JSON values. `digests` remembers the files of one look, so that each is read once for its hash."""

    folder: Path = field(default_factory=lambda: cache_folder() / "measures")
    digests: dict[Path, str] = field(default_factory=dict)

    def digest(self, path: Path) -> str:
        """A hash of the file's bytes; '' for what cannot be read, which is then never kept."""
        if path not in self.digests:
            try:
                self.digests[path] = file_digest(path)
            except OSError:
                self.digests[path] = ""
        return self.digests[path]

    def remembered(self, way: Sequence[Any], paths: Sequence[Path], make: Callable[[], Any]) -> Any:
        """The value of `make()`, kept under `way` (plain values) and the bytes of the files at `paths`."""
        entry = self._entry(way, paths)
        if entry is None:
            return make()
        with suppress(OSError, ValueError):
            return value_of(entry.read_text("utf-8"))
        value = make()
        _write(entry, value_text(value))
        return value

    def knows(self, way: Sequence[Any], paths: Sequence[Path]) -> bool:
        """Whether `remembered` would not have to make it."""
        entry = self._entry(way, paths)
        try:
            if entry is not None:
                value_of(entry.read_text("utf-8"))
            return entry is not None
        except (OSError, ValueError):
            return False

    def _entry(self, way: Sequence[Any], paths: Sequence[Path]) -> Path | None:
        """Where a value is kept; None where a file cannot be read, whose value is never kept."""
        digests = [self.digest(path) for path in paths]
        if "" in digests:
            return None
        told = json.dumps([digest_of_code(*_MEASURING), *way, digests])
        key = text_digest(told)[:40]
        return self.folder / key[:2] / f"{key}.json"


def _write(entry: Path, text: str) -> None:
    """Atomically: a reader sees the whole entry or none."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=entry.parent, suffix=".part")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(name, entry)
        except OSError:
            os.unlink(name)
    except OSError:  # a full disk or a read-only home: it is measured again next time
        return
