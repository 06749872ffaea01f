"""The recordings of a batch: found in files and folders, named apart, with what they say of themselves."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from glob import escape
from itertools import chain, count
from pathlib import Path
from unicodedata import normalize

from dialogue.ground.errors import Problem, SceneError
from dialogue.media.container import open_container

SOUNDS = frozenset(  # what folders are read for
    (".wav", ".mp3", ".flac", ".m4a", ".aac", ".ogg", ".opus", ".wma", ".aif", ".aiff", ".mka")
    + (".mp4", ".mov", ".mkv", ".webm")
)
_OURS = ("manifest.json", ".dialogue")  # what a batch itself keeps beside the episodes
_LONGEST = 80  # letters of a name, which is to fit in a path with others
_UNLIKE = 0.02  # of their length, by which the microphones of one talk may differ
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
    """Files as they are given; of folders every recording in them, by name. SceneError names what is not there.

    Two recordings of one name get the name of their folder before theirs, or their suffix behind it.
    """
    paths: dict[Path, None] = {}
    problems = []
    for place in places:
        if place.is_dir():
            inside = sorted(p for p in place.iterdir() if p.suffix.lower() in SOUNDS and p.name[0] != ".")
            if asked := _microphones(place, inside):
                problems.append(asked)
            paths.update(dict.fromkeys(inside))
            if not inside:
                problems.append(Problem("no recording in this folder", str(place), hint=" ".join(sorted(SOUNDS))))
        elif place.exists():
            paths[place] = None
        else:
            problems.append(Problem("no such file or folder", str(place)))
    if problems:
        raise SceneError(problems)
    return tuple(Episode(name, path, _turns_beside(path)) for path, name in _named(list(paths)).items())


def _microphones(folder: Path, inside: Sequence[Path]) -> Problem | None:
    """What to ask of a folder that looks like one talk of several microphones, as recorders write it: `1-ana.flac`,
    `2-ben.flac`, each as long as the others; None for a folder of episodes."""
    numbers = [re.match(r"(?:track|tr|ch|mic)?[ _-]?0*(\d{1,2})[ _.-]", path.name, re.IGNORECASE) for path in inside]
    if len(inside) < 2 or [int(n[1]) for n in numbers if n] != list(range(1, len(inside) + 1)):
        return None
    from dialogue.media.recordings import probe_recording

    try:
        lengths = [probe_recording(path, path.name).duration for path in inside]
    except SceneError:
        return None  # told when its turn comes
    if max(lengths) - min(lengths) > max(1.0, _UNLIKE * max(lengths)):
        return None
    names = ", ".join(path.name for path in inside[:4])
    message = f"{names} are as long as each other: the microphones of one talk, or {len(inside)} episodes?"
    hint = "one talk: a scene with a `track:` for each; episodes: name the files instead of the folder"
    return Problem(message, str(folder), hint=hint)


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
        raise SceneError(Problem(f"the name {told!r} is not UTF-8 text", hint=hint)) from None
    plain = "".join("-" if letter in '<>:"/\\|?*' or not letter.isprintable() else letter for letter in told)
    return plain.strip(". ")[:_LONGEST].rstrip(". ") or "episode"


def _folded(name: str) -> str:
    """Equal where a system that knows no case, or composes letters, takes two names for one."""
    return normalize("NFC", name).casefold()


def _turns_beside(path: Path) -> Path | None:
    """The file of turns under the recording's name: `talk.vtt`, else `talk.en.vtt` or `talk.transcript.vtt`."""
    exact = (path.with_suffix(suffix) for suffix in TURNS)
    try:
        others = sorted(path.parent.glob(f"{escape(path.stem)}.*"))
    except OSError:
        others = []
    said = (p for p in others if p.suffix.lower() in TURNS and p.name[len(path.stem) + 1 :].count(".") == 1)
    return next((place for place in (*exact, *said) if place.is_file()), None)


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
