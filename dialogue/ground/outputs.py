"""What a command may write over: never what it reads, and without --force only what an earlier run wrote.

Every file that a command has written for somebody is noted by its digest, in a folder of the user's own and in the
cache where there is one, so nothing is added beside the files. A file that was changed since, by hand or by another
program, is somebody's again.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shlex
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from dialogue.ground.atomic import appearing, sweep, write_text
from dialogue.ground.digests import file_digest, text_digest
from dialogue.ground.errors import DialogueError, Problem, SceneError, quoted
from dialogue.ground.places import data_folder

CACHE = ".dialogue"  # the folder beside a scene, or in a batch's output, in which what was made is kept
ELSEWHERE = "choose another with -o"
_LONGEST = 200  # bytes of a name, beside which other names of the same beginning have room
_MARKED = 1 << 24  # bytes of a file's beginning in which its mark is looked for
# Of a disk that takes no more.
_FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "it is larger than this disk or account may hold",
}
# What files of ours say of themselves, for those that another machine or an emptied folder has no note of.
_MARKS = {
    ".json": re.compile(rb'\A\{\s*"(version": \d+,\s*"(media|episodes)"|\$schema": "[^"]*",\s*"title": "dialogue )'),
    ".mp4": re.compile(rb"Synthetic media: faces moved by a program \(dialogue "),
}


def check_outputs(
    written: Sequence[Path], read: Iterable[Path], force: bool = False, made: bool = False, hint: str = ELSEWHERE
) -> None:
    """SceneError with everything that keeps `written` from being written, before any work.

    `read` are the files that the command reads, whoever names them: they are never replaced, whatever `force` says.
    `made`: folders that are not there will be made. `hint`: how another place is named.
    """
    problems = folder_problems([place.parent for place in written], made, hint) or refusals(written, read, force)
    if problems:
        raise SceneError(problems)


def refusals(written: Sequence[Path], read: Iterable[Path], force: bool = False) -> list[Problem]:
    """As `check_outputs`, as a list, without a look at the folders."""
    standing = {place: status for place in dict.fromkeys(written) if (status := _status(place)) is not None}
    inputs = _identities(read) if any(isinstance(status, os.stat_result) for status in standing.values()) else {}
    found = []
    for place, status in standing.items():
        problem = status if isinstance(status, Problem) else _refusal(place, status, inputs, force)
        if problem is not None:
            found.append(problem)
    return found


def folder_problems(folders: Iterable[Path], made: bool = False, hint: str = ELSEWHERE) -> list[Problem]:
    """What keeps files from being written in these folders; once for folders that are to be made in the same one."""
    found: dict[tuple[str, str], Problem] = {}
    for folder in dict.fromkeys(folders):
        try:
            nearest = folder
            nearest = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
            if not nearest.is_dir():
                problem = Problem("is a file, where a folder is needed", str(nearest), hint=hint)
            elif not made and nearest != folder.absolute():
                ways = f"mkdir -p {shlex.quote(str(folder))}, or another with -o"
                problem, nearest = Problem("no such folder", str(folder), hint=ways), folder
            else:
                with tempfile.TemporaryFile(dir=nearest):
                    continue
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            problem = Problem(f"cannot write there: {reason}", str(folder), hint=hint)
        found.setdefault((problem.message, str(nearest)), problem)
    return list(found.values())


def folder_for(path: Path) -> Path:
    """The folder, made when it is not there; SceneError where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SceneError(Problem(f"cannot write to {quoted(path)}: {reason}", hint="-o names a folder")) from None
    return path


def _status(place: Path) -> os.stat_result | Problem | None:
    """What stands at the place: nothing, a file or folder, or what makes the place one where nothing can be."""
    if not place.name or place.name == "..":
        return Problem("is a folder, where a file is to be written", str(place), hint="name the file in it")
    if len(os.fsencode(place.name)) > _LONGEST:
        return Problem("the name is too long", str(place)[:80] + "…", hint="choose a shorter one")
    try:
        found = place.lstat()
        return place.stat() if stat.S_ISLNK(found.st_mode) else found
    except FileNotFoundError:
        if place.is_symlink():
            return Problem("is a link to nothing", str(place), hint="remove the link, or choose another name")
        return None
    except OSError as error:
        return Problem(f"cannot be written: {(error.strerror or str(error)).lower()}", str(place))
    except ValueError:
        return Problem("is no name of a file", quoted(place))


def _identities(read: Iterable[Path]) -> dict[tuple[int, int], Path]:
    found = {}
    for file in read:
        with suppress(OSError, ValueError):
            status = file.stat()
            found[status.st_dev, status.st_ino] = file
    return found


def _refusal(place: Path, status: os.stat_result, inputs: dict[tuple[int, int], Path], force: bool) -> Problem | None:
    if stat.S_ISDIR(status.st_mode):
        return Problem("a folder has this name", str(place), hint="choose another name")
    if not stat.S_ISREG(status.st_mode):
        return Problem("is no plain file", str(place), hint="choose another name")
    if (status.st_dev, status.st_ino) in inputs:
        return Problem("would be written over, and it is read here", str(place), hint="choose another name with -o")
    if force or is_ours(place):
        return None
    changed = "was changed since it was written" if _noted(place) else "is there, and no earlier run wrote it"
    return Problem(changed, str(place), hint="--force replaces it, -o chooses another name")


def is_ours(place: Path) -> bool:
    """Whether an earlier run wrote the file as it is now: by the note of it, else by what it says of itself."""
    digests = _noted(place)
    try:
        if digests:
            return file_digest(place) in digests
        mark = _MARKS.get(place.suffix.lower())
        with place.open("rb") as file:
            return mark is not None and mark.search(file.read(_MARKED)) is not None
    except OSError:
        return False


@contextmanager
def replacing(place: Path) -> Iterator[Path]:
    """As `appearing`, for a file that somebody asked for: it is noted, so that a later run may replace it.

    DialogueError where the disk has no room for it.
    """
    try:
        with appearing(place) as draft:
            yield draft
            _note(place, file_digest(draft))
    except OSError as error:
        full = _FULL.get(error.errno or 0)
        if full is None:
            raise
        hint = "free some room there, or choose another place"
        raise DialogueError(Problem(f"cannot be written: {full}", str(place), hint=hint)) from error


@contextmanager
def whole_folder(folder: Path) -> Iterator[None]:
    """When the body fails, the folders that it made on the way to `folder` are gone again, with what it put there."""
    absent = [place for place in (folder.absolute(), *folder.absolute().parents) if not place.exists()]
    try:
        yield
    except BaseException:
        if absent:
            shutil.rmtree(absent[0], ignore_errors=True)
        for place in absent[1:]:
            with suppress(OSError):
                place.rmdir()
        raise


def put_text(place: Path, text: str) -> None:
    """`text` as UTF-8 at `place`, in one step, noted as written by us."""
    with replacing(place) as draft:
        draft.write_text(text, encoding="utf-8")


def put_bytes(place: Path, data: bytes) -> None:
    """As `put_text`, with the folder it lies in; that is gone again where it was made and nothing could be written."""
    with whole_folder(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        with replacing(place) as draft:
            draft.write_bytes(data)


@contextmanager
def held(place: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """The one lock of this place, whoever writes there; `waiting` is called when another process has it.

    The system ends it with the process. What killed processes left beside the place is cleared away.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(_own_folder() / f"{_name_of(place)}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()
    try:
        sweep(place)
        yield
    finally:
        lock.release()


def _name_of(place: Path) -> str:
    real = os.path.join(os.path.realpath(place.parent), place.name)
    return text_digest(os.fsencode(real).hex())[:32]


def _own_folder() -> Path:
    """Where notes and locks are kept; in the system's folder for what is passing where the user has none."""
    person = os.getuid() if hasattr(os, "getuid") else "all"
    for folder in (data_folder() / "written", Path(tempfile.gettempdir()) / f"dialogue-{person}" / "written"):
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if os.access(folder, os.W_OK):
                return folder
    raise SceneError(Problem("no folder can be written where it is noted what was made", hint="set XDG_DATA_HOME"))


def _notes_of(place: Path) -> list[Path]:
    """The notes of a place: the user's own, and one in the nearest cache, which all machines of a batch see."""
    caches = (folder / CACHE for folder in (place.parent, place.parent.parent))
    near = [cache / "written" / f"{place.parent.name}-{place.name}.json" for cache in caches if cache.is_dir()]
    return [_own_folder() / f"{_name_of(place)}.json", *near[:1]]


def _noted(place: Path) -> list[str]:
    """The digests of what was last written there, and of what it was before: a kill may come between the two."""
    known: list[str] = []
    for note in _notes_of(place):
        with suppress(OSError, ValueError):
            found = json.loads(note.read_text(encoding="utf-8"))
            known += [digest for digest in found if isinstance(digest, str)] if isinstance(found, list) else []
    return known


def _note(place: Path, digest: str) -> None:
    text = json.dumps([digest, *[known for known in _noted(place) if known != digest][:1]])
    for note in _notes_of(place):
        with suppress(OSError):  # a cache that cannot be written; the note is then the user's alone
            note.parent.mkdir(exist_ok=True)
            write_text(note, text)
