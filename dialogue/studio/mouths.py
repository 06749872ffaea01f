"""What each mouth of a film does, kept for the page; looked at in a process of its own, once for every film.

CACHE/mouths/NAME.json    the film's stamp, and every mouth frame by frame        NAME.lock    while one looks
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import dialogue
from dialogue.ground.atomic import write_text
from dialogue.ground.errors import DialogueError
from dialogue.studio.jobs import environment, keep_child


def place_of(cache: Path, movie: Path) -> Path:
    """The file of a film's mouths."""
    return cache / "mouths" / f"{movie.stem}.json"


def known_stamp(cache: Path, movie: Path) -> str | None:
    """The stamp of what is known of a film's mouths; None where nobody has looked at this very film."""
    try:
        known = json.loads(place_of(cache, movie).read_text(encoding="utf-8"))
        return str(known["stamp"]) if known["stamp"] == movie.stat().st_mtime_ns else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def note(movie: Path, source: dialogue.PlannedFilm | Path, cache: Path) -> None:
    """Look, and keep it: a film that cannot be looked at is a film all the same."""
    try:
        stamp = movie.stat().st_mtime_ns
        known = {"stamp": stamp, "mouths": [asdict(mouth) for mouth in dialogue.mouths(movie, source)]}
        if movie.stat().st_mtime_ns != stamp:
            return  # it was made anew meanwhile, and whoever made it looks at it
    except (DialogueError, OSError):
        return
    place = place_of(cache, movie)
    place.parent.mkdir(parents=True, exist_ok=True)
    write_text(place, json.dumps(known))


def start(movie: Path, source: Path, cache: Path) -> None:
    """Have a film looked at beside everything else, by the least urgent of processes."""
    command = [sys.executable, "-m", "dialogue.studio.mouths", *map(str, (movie.resolve(), source.resolve(), cache))]
    none = subprocess.DEVNULL
    keep_child(subprocess.Popen(command, stdin=none, stdout=none, stderr=none, env=environment()))


def main(movie: Path, source: Path, cache: Path) -> None:
    """Look at a film unless another process is at it."""
    from filelock import FileLock, Timeout

    os.nice(15)
    place = place_of(cache, movie)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(place.with_suffix(".lock"), timeout=0):
            if known_stamp(cache, movie) is None:
                note(movie, source, cache)
    except Timeout:
        return


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
