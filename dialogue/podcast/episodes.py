"""The recordings of a batch: found in files and folders, named apart, with what they say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dialogue.ground.errors import InputError, Problem

SOUNDS = frozenset(  # what folders are read for
    (".wav", ".mp3", ".flac", ".m4a", ".aac", ".ogg", ".opus", ".wma", ".aif", ".aiff", ".mka")
    + (".mp4", ".mov", ".mkv", ".webm")
)
TURNS = (".rttm", ".vtt", ".srt")  # beside the recording, under its name: who speaks when


@dataclass(frozen=True)
class Chapter:
    """A stretch of an episode with a title of its own; seconds."""

    title: str
    start: float
    end: float


@dataclass(frozen=True)
class Episode:
    """A recording and the name of its folder in the output. `turns`: a file beside it that says who speaks when."""

    name: str
    path: Path
    turns: Path | None = None


@dataclass(frozen=True)
class Tags:
    """What the file says of itself."""

    title: str
    chapters: tuple[Chapter, ...]


def find_episodes(places: Sequence[Path]) -> tuple[Episode, ...]:
    """Files as they are given; of folders every recording in them, by name. InputError names what is not there.

    Two recordings of one name get the name of their folder before theirs, or their suffix behind it.
    """
    paths: dict[Path, None] = {}
    problems = []
    for place in places:
        if place.is_dir():
            inside = sorted(p for p in place.iterdir() if p.suffix.lower() in SOUNDS and p.name[0] != ".")
            paths.update(dict.fromkeys(inside))
            if not inside:
                problems.append(Problem("no recording in this folder", str(place), hint=" ".join(sorted(SOUNDS))))
        elif place.exists():
            paths[place] = None
        else:
            problems.append(Problem("no such file or folder", str(place)))
    if problems:
        raise InputError(problems)
    return tuple(Episode(name, path, _turns_beside(path)) for path, name in _named(list(paths)).items())


def _named(paths: Sequence[Path]) -> dict[Path, str]:
    """A name of its own for each: the stem, with more of the path where stems are the same."""
    ways = (lambda p: p.stem, lambda p: f"{p.absolute().parent.name}-{p.stem}", lambda p: p.name)
    found: dict[Path, str] = {}
    for path in paths:
        choices = [way(path) for way in ways]
        alone = [c for i, c in enumerate(choices) if sum(ways[i](p).casefold() == c.casefold() for p in paths) == 1]
        name = alone[0] if alone else "-".join(path.absolute().parts[1:])
        taken = {other.casefold() for other in found.values()}
        found[path] = name if name.casefold() not in taken else "-".join(path.absolute().parts[1:])
    return found


def _turns_beside(path: Path) -> Path | None:
    return next((path.with_suffix(suffix) for suffix in TURNS if path.with_suffix(suffix).is_file()), None)


def tags_of(path: Path) -> Tags:
    """Title and chapters as the container has them; the file's name where it has none."""
    import av

    try:
        with av.open(str(path), metadata_errors="replace") as container:
            title = next((value for key, value in container.metadata.items() if key.lower() == "title"), "")
            chapters = tuple(
                Chapter(
                    str(chapter["metadata"].get("title", f"Chapter {number}")),
                    float(chapter["start"] * chapter["time_base"]),
                    float(chapter["end"] * chapter["time_base"]),
                )
                for number, chapter in enumerate(container.chapters(), 1)
            )
    except (av.FFmpegError, OSError, ValueError):  # what is wrong with the sound itself is reported where it is read
        return Tags(path.stem, ())
    return Tags(" ".join(title.split()) or path.stem.replace("_", " "), chapters)
