"""Files that are there whole or not at all: written under another name beside their place, then renamed into it."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _draft(place: Path, mark: str) -> str:
    return f".{place.stem}.{mark}.part{place.suffix}"


@contextmanager
def appearing(place: Path) -> Iterator[Path]:
    """A name to write to; when the body has ended well the file appears at `place`, else nothing is left of it."""
    draft = place.with_name(_draft(place, str(os.getpid())))
    draft.unlink(missing_ok=True)
    try:
        yield draft
        with draft.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(draft, place)
    finally:
        draft.unlink(missing_ok=True)


def sweep(place: Path) -> None:
    """Remove what killed processes left behind of `place`. Only for the one who holds its lock."""
    for leftover in place.parent.glob(_draft(Path(glob.escape(place.name)), "*")):
        leftover.unlink(missing_ok=True)


def write_text(place: Path, text: str) -> None:
    """`text` as UTF-8 at `place`, in one step."""
    with appearing(place) as draft:
        draft.write_text(text, encoding="utf-8")
