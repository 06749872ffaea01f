"""Digests of media: of a file's bytes, and of slices of a recording by the sound that is in them.

A slice is known by its samples, so a recording may be replaced, trimmed or renamed and only the shots whose speech
changed are made again. Digests are remembered by path, size, both times of change and number on the disk, which a
file that takes another's place has not: hours of sound are decoded once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from dialogue.ground.atomic import write_text
from dialogue.ground.digests import file_digest
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.sealed import value_of, value_text
from dialogue.planning.plan import AudioSlice

PREFIX = "sha256:"
_WHOLE = "bytes"


class Digests:
    """Digests of the media under `media`, remembered in the file `memory`: {path: {stamp: {what: digest}}}."""

    def __init__(self, media: Path, memory: Path) -> None:
        self._media, self._memory = media, memory
        self._known: dict[str, dict[str, dict[str, str]]] = {}
        with suppress(OSError, ValueError):  # never written, or not as it was written: everything is looked at again
            self._known = value_of(memory.read_text(encoding="utf-8"))

    def file(self, source: str) -> str:
        """Of the bytes of a file."""
        known = self._of(source)
        if _WHOLE not in known:
            known[_WHOLE] = PREFIX + file_digest(self._media / source)
        return known[_WHOLE]

    def slices(self, wanted: Iterable[AudioSlice]) -> dict[AudioSlice, str]:
        """Of the samples of every slice; each recording is decoded at most once."""
        parts = list(dict.fromkeys(wanted))
        for source, stream in dict.fromkeys((part.source, part.stream) for part in parts):
            known = self._of(source)
            of_this = (part for part in parts if (part.source, part.stream) == (source, stream))
            unknown = [part for part in of_this if _key(part) not in known]
            if unknown:
                digests = _digest_slices(self._media / source, stream, unknown)
                known.update(zip(map(_key, unknown), digests, strict=True))
        return {part: self._of(part.source)[_key(part)] for part in parts}

    def save(self) -> None:
        """Remember all that is known for the next run."""
        write_text(self._memory, value_text(self._known))

    def _of(self, source: str) -> dict[str, str]:
        """What is known of the file as it is now; what was known of it as it was before is forgotten."""
        try:
            status = (self._media / source).stat()
        except OSError as error:
            raise SceneError(Problem(error.strerror or str(error), file=str(self._media / source))) from error
        stamp = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} {status.st_ino}"
        if stamp not in self._known.get(source, {}):
            self._known[source] = {stamp: {}}
        return self._known[source][stamp]


def _key(part: AudioSlice) -> str:
    stream = "" if part.stream is None else f"stream {part.stream} "
    return f"{stream}{part.channel or 'all'} {part.start:.6f} {part.end:.6f}"


def _digest_slices(file: Path, stream: int | None, parts: Sequence[AudioSlice]) -> list[str]:
    """One pass over the recording at its own rate, with a running hash for each slice."""
    from dialogue.media.recordings import sound_blocks

    hashes = [hashlib.sha256() for _ in parts]
    waiting = sorted(range(len(parts)), key=lambda index: parts[index].start, reverse=True)
    heard: list[int] = []
    position = 0
    for block, rate in sound_blocks(file, stream=stream):
        until = position + block.shape[1]
        while waiting and round(parts[waiting[-1]].start * rate) < until:
            heard.append(waiting.pop())
        for index in heard:
            part = parts[index]
            first, last = round(part.start * rate) - position, round(part.end * rate) - position
            voice = block if part.channel is None else block[part.channel - 1 : part.channel]
            hashes[index].update(voice[:, max(0, first) : max(0, last)].tobytes())
        heard = [index for index in heard if round(parts[index].end * rate) > until]
        position = until
        if not waiting and not heard:
            break
    return [PREFIX + running.hexdigest() for running in hashes]
