"""The cache of a scene: finished clips by what they are made of, in a folder `.dialogue` beside the scene.

    shots/KEY.mp4    a clip                     work/KEY/        a generator's own state, to resume a shot from
    burnt/KEY.mp4    a clip with captions       films/NAME.json  what the shots of that film were last made of
    sound/KEY.m4a    a mix of tracks            digests.json     what the media's bytes come to

An entry is there whole or not at all, and trusted by the digest beside it (KEY.mp4.sha256). Any number of processes
may share a cache: an entry is made under a lock that ends with its process, and what a killed process left behind is
cleared by the next one that makes the same entry.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dialogue.ground.atomic import appearing, sweep, write_text
from dialogue.ground.sealed import SUFFIX, is_sealed, remove, seal, value_of, value_text
from dialogue.rendering.clip_key import Inputs, changes, key_of, told_briefly

FOLDER = ".dialogue"
LIMIT = "DIALOGUE_CACHE_GB"
_DEFAULT_LIMIT = 20.0  # GB
_SAFE = 3600.0  # seconds since its last use in which no entry is removed: another process may be about to read it
_ABANDONED = 86_400.0  # seconds after which an unfinished file is nobody's any more
NEW = "it is new"
_KEPT = ("shots", "burnt", "sound")


@dataclass(frozen=True)
class Cache:
    """The folder of one scene's clips."""

    folder: Path

    def prepare(self) -> None:
        """Make the folder, out of the sight of git."""
        for name in (*_KEPT, "work", "films", "locks"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            write_text(ignore, "*\n")

    @property
    def digests(self) -> Path:
        return self.folder / "digests.json"

    def entry(self, kind: str, key: str, suffix: str = ".mp4") -> Path:
        return self.folder / kind / f"{key}{suffix}"

    def work(self, key: str) -> Path:
        return self.folder / "work" / key

    def clear_work(self, key: str) -> None:
        shutil.rmtree(self.work(key), ignore_errors=True)

    @contextmanager
    def making(self, entry: Path, waiting: Callable[[], None], anew: bool = False) -> Iterator[Path | None]:
        """A name to write the entry to, or None when it is there already, whole: made meanwhile by another process.

        `anew`: whatever is there is made again.

        `waiting` is called when another process is making it: this one waits until that has finished or died.
        """
        with self.locked(f"{entry.parent.name}-{entry.stem}", waiting):
            if not anew and is_sealed(entry):
                yield None
                return
            sweep(entry)
            with appearing(entry) as draft:
                yield draft
                seal(draft, entry)

    @contextmanager
    def locked(self, name: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the lock of that name. The system ends it with the process, however that ends."""
        from filelock import FileLock, Timeout

        lock = FileLock(self.folder / "locks" / f"{name}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def last(self, film: str) -> dict[int, Inputs]:
        """What each shot of the film, by its number from 1, was last made of; empty for a film never made."""
        try:
            stored = value_of((self.folder / "films" / f"{film}.json").read_text(encoding="utf-8"))
            return {int(number): dict(inputs) for number, inputs in stored.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def remember(self, film: str, made: Mapping[int, Inputs]) -> None:
        text = value_text({str(number): dict(made[number]) for number in sorted(made)})
        write_text(self.folder / "films" / f"{film}.json", text)

    def touch(self, entry: Path) -> None:
        """Mark as used now: what was not used for the longest time is removed first."""
        os.utime(entry)

    def trim(self, limit: float | None = None) -> int:
        """Remove what was not used for the longest time until the clips take `limit` bytes at most; how many went.

        Without `limit`: DIALOGUE_CACHE_GB of the environment, else 20 GB. Nothing used within the last hour goes.
        """
        most = limit if limit is not None else _limit()
        for leftover in (file for kind in _KEPT for file in (self.folder / kind).glob(".*")):
            if leftover.stat().st_mtime < time.time() - _ABANDONED:
                leftover.unlink(missing_ok=True)
        kept = (file for kind in _KEPT for file in (self.folder / kind).glob("[!.]*") if file.suffix != SUFFIX)
        entries = [(file.stat(), file) for file in kept]
        size, removed = sum(status.st_size for status, _ in entries), 0
        for status, file in sorted(entries, key=lambda entry: entry[0].st_mtime):
            if size <= most or status.st_mtime > time.time() - _SAFE:
                break
            remove(file)
            (self.folder / "locks" / f"{file.parent.name}-{file.stem}.lock").unlink(missing_ok=True)
            size, removed = size - status.st_size, removed + 1
        return removed


def _limit() -> float:
    try:
        return float(os.environ.get(LIMIT, _DEFAULT_LIMIT)) * 1e9
    except ValueError:
        return _DEFAULT_LIMIT * 1e9


def why(inputs: Inputs, number: int, last: Mapping[int, Inputs], present: Iterable[str]) -> str:
    """Why shot `number` has to be made, against what the film's shots were last made of.

    `present` are the keys of the film as it is now. A shot that is not among the last ones is compared with the one
    it differs least from, of those no longer in the film.
    """
    key, now = key_of(inputs), set(present)
    if any(key_of(before) == key for before in last.values()):
        return "its clip is gone from the cache"
    gone = {index: before for index, before in last.items() if key_of(before) not in now}
    if not gone:
        return NEW
    nearest = min(gone, key=lambda index: (len(changes(gone[index], inputs)), abs(index - number)))
    return told_briefly(changes(gone[nearest], inputs))
