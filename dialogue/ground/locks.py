"""Whether somebody holds the lock of a file, by which processes tell each other that they are at work."""

from __future__ import annotations

from pathlib import Path


def held(path: Path) -> bool:
    """Whether a process has this lock now; a lock that cannot be tried, in a folder that is gone, is nobody's."""
    from filelock import FileLock, Timeout

    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False
