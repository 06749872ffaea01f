"""The recordings of a batch: found in files and folders, named apart, with what they say of themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from unicodedata import normalize

from dialogue.ground.errors import InputError, Problem
from dialogue.media.container import open_container

SOUNDS = frozenset(  # what folders are read for
    (".wav", ".mp3", ".flac", ".m4a", ".aac", ".ogg", ".opus", ".wma", ".aif", ".aiff", ".mka")
    + (".mp4", ".mov", ".mkv", ".webm")
)
_OURS = ("manifest.json", ".dialogue")  # what a batch itself keeps beside the episodes
_LONGEST = 80  # letters of a name, which is to fit in a path with others
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
    """A folder's name of its own for each: the stem, with more of the path where stems are the same."""
    offered = {path: [_folder_name(told) for told in _ways(path)] for path in paths}
    counts = Counter((way, _folded(name)) for names in offered.values() for way, name in enumerate(names))
    found: dict[Path, str] = {}
    taken = {_folded(name) for name in _OURS}
    for path, names in offered.items():
        alone = [name for way, name in enumerate(names) if counts[way, _folded(name)] == 1]
        numbered = (f"{names[-1]}-{number}" for number in count(2))
        free = (name for name in chain(alone, names[-1:], numbered) if _folded(name) not in taken)
        found[path] = next(free)
        taken.add(_folded(found[path]))
    return found


def _ways(path: Path) -> tuple[str, ...]:
    whole = path.absolute()
    return path.stem, f"{whole.parent.name}-{path.stem}", path.name, "-".join(whole.parts[1:])


def _folder_name(told: str) -> str:
    """`told` as the name of a folder in the output, on any system: it leads nowhere else and is not hidden."""
    try:
        told.encode()
    except UnicodeEncodeError:
        hint = "rename it, as to letters, digits and -"
        raise InputError(Problem(f"the name {told!r} is not UTF-8 text", hint=hint)) from None
    plain = "".join("-" if letter in '<>:"/\\|?*' or not letter.isprintable() else letter for letter in told)
    return plain.strip(". ")[:_LONGEST].rstrip(". ") or "episode"


def _folded(name: str) -> str:
    """Equal where a system that knows no case, or composes letters, takes two names for one."""
    return normalize("NFC", name).casefold()


def _turns_beside(path: Path) -> Path | None:
    return next((path.with_suffix(suffix) for suffix in TURNS if path.with_suffix(suffix).is_file()), None)


def tags_of(path: Path) -> Tags:
    """Title and chapters as the container has them; the file's name where it has none."""
    import av

    try:
        with open_container(path) as container:
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
