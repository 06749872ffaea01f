"""Files that are there whole or not at all: written under another name beside their place, then renamed into it."""

from __future__ import annotations

import glob
import hashlib
import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 120  # bytes of a name that its draft keeps
_drafts = itertools.count()  # of this process: two threads may write to one place


def _draft(place: Path) -> tuple[str, str]:
    """What the name of a draft begins and ends with; long names are shortened, for a draft's is longer."""
    stem, suffix = os.fsencode(place.stem), os.fsencode(place.suffix)
    if len(stem) + len(suffix) > _LONGEST:
        return f".{hashlib.blake2b(stem + suffix, digest_size=10).hexdigest()}.", f".part{place.suffix[:20]}"
    return f".{place.stem}.", f".part{place.suffix}"


@contextmanager
def appearing(place: Path) -> Iterator[Path]:
    """A name to write to; when the body has ended well the file appears at `place`, else nothing is left of it."""
    begin, end = _draft(place)
    draft = place.with_name(f"{begin}{os.getpid()}-{next(_drafts)}{end}")
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
    begin, end = map(glob.escape, _draft(place))
    for leftover in place.parent.glob(f"{begin}*{end}"):
        leftover.unlink(missing_ok=True)


def write_text(place: Path, text: str) -> None:
    """`text` as UTF-8 at `place`, in one step."""
    with appearing(place) as draft:
        draft.write_text(text, encoding="utf-8")
