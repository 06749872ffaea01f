"""A scene from nothing: pictures and recordings brought in by the page, a script pasted, or ready characters."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import dialogue
from dialogue.ground.atomic import write_text
from dialogue.ground.errors import Problem, SceneError
from dialogue.scene.edit import Set, edited

PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".avif", ".bmp", ".tif", ".tiff"}
RECORDINGS = {
    ".wav",
    ".flac",
    ".mp3",
    ".m4a",
    ".aac",
    ".ogg",
    ".opus",
    ".mp4",
    ".mov",
    ".mkv",
    ".webm",
    ".aif",
    ".aiff",
}
SAMPLE = ("asha", "leon")  # who play in it
LARGEST = 8_000_000_000  # bytes of a file that is brought in
_NEW = "scene: 1\n"


def upload_place(folder: Path, name: str) -> Path:
    """Where a file is put that was brought into the page: in the film's own folder, beside none of that name.

    SceneError for what is neither a picture nor a recording.
    """
    plain = unicodedata.normalize("NFC", Path(name.replace("\\", "/")).name)
    plain = re.sub(r"[^\w.() -]+", "_", plain).strip(" .") or "file"
    stem, suffix = os.path.splitext(plain)
    if suffix.lower() not in PICTURES | RECORDINGS or not stem.strip("."):
        raise SceneError(Problem(f"{plain} is neither a picture nor a recording", hint="PNG, JPEG, WAV, FLAC, MP3, …"))
    place = folder / f"{stem[:80]}{suffix.lower()}"
    number = 2
    while place.exists():
        place = folder / f"{stem[:80]}-{number}{suffix.lower()}"
        number += 1
    return place


@contextmanager
def brought_in(folder: Path, name: str) -> Iterator[tuple[BinaryIO, list[Path]]]:
    """A file to write what comes in to, and a list that holds its place once the body has ended well; nothing is left
    of it else. Nothing is ever written over, not even what appears while the body runs.

    SceneError for what is neither a picture nor a recording.
    """
    first = upload_place(folder, name)
    handle, draft = tempfile.mkstemp(prefix=".bringing-", suffix=first.suffix, dir=folder)
    placed: list[Path] = []
    try:
        with os.fdopen(handle, "wb") as file:
            yield file, placed
        os.chmod(draft, 0o666 & ~_umask())
        placed.append(_new_place(Path(draft), folder, name))
    finally:
        Path(draft).unlink(missing_ok=True)


def _new_place(draft: Path, folder: Path, name: str) -> Path:
    """Give a file that is there a name that nothing has."""
    while True:
        place = upload_place(folder, name)
        try:
            os.link(draft, place)
        except FileExistsError:
            continue
        except OSError:  # a file system without links
            with place.open("xb") as new, draft.open("rb") as old:
                shutil.copyfileobj(old, new)
        return place


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def begin(path: Path, asked: dict[str, Any]) -> None:
    """Write the scene that was asked for, where there is none. SceneError where that cannot be.

    `sample`: a scene to try, in a new folder of that name beside it. `characters`: names of ready ones. Else `pictures`
    and `recordings`, which lie in the folder, and `script`: a line per turn, the name first.
    """
    if path.exists():
        raise SceneError(Problem(f"{path.name} is there already", str(path)))
    if asked.get("sample") is not None:
        dialogue.start(sample_folder(path.parent, str(asked["sample"])), SAMPLE)
        return
    characters = asked.get("characters")
    if characters:
        dialogue.start(path.parent, [str(one) for one in characters], beside=True)
        return
    pictures = _named(path.parent, asked.get("pictures"), PICTURES)
    recordings = _named(path.parent, asked.get("recordings"), RECORDINGS)
    lines = lines_of(str(asked.get("script") or ""))
    people = list(dict.fromkeys(who for who, _ in lines)) or people_of(recordings)
    text = scene_text(pictures, recordings, lines, people, tracks=_alike_long(path.parent, recordings))
    write_text(path, text)


def sample_folder(folder: Path, name: str) -> Path:
    """A new folder for the sample. SceneError for a name that leads elsewhere, or is taken."""
    plain = unicodedata.normalize("NFC", name.strip())
    if not re.fullmatch(r"[\w][\w() .-]{0,79}", plain) or plain.endswith((".", " ")):
        raise SceneError(Problem(f"{name[:80]!r} cannot name a folder here", hint="letters, digits, blanks, _ . and -"))
    place = folder / plain
    if os.path.lexists(place):
        raise SceneError(Problem(f"{plain} is there already", hint="another name"))
    return place


def _named(folder: Path, asked: object, kinds: set[str]) -> list[str]:
    """The files of these names that lie in the folder itself."""
    names = [str(name) for name in asked] if isinstance(asked, list) else []
    return [name for name in names if Path(name).name == name and Path(name).suffix.lower() in kinds
            and (folder / name).is_file()]  # fmt: skip


def lines_of(script: str) -> list[tuple[str, str]]:
    """`Name: words`, a line each; a line without a name goes on with the one before."""
    found: list[tuple[str, str]] = []
    for row in script.splitlines():
        match = re.match(r"\s*([^\W\d_][\w .'-]{0,30}?)\s*[:：]\s*(\S.*)", row)
        if match:
            found.append((match[1], match[2].strip()))
        elif row.strip() and found:
            found[-1] = (found[-1][0], f"{found[-1][1]} {row.strip()}")
        elif row.strip():
            found.append(("Ana", row.strip()))
    return found


def people_of(recordings: Sequence[str]) -> list[str]:
    """A name for whoever is in each recording, from its file's name; two for one of everybody talking."""
    if len(recordings) < 2:
        return ["Ana", "Ben"]
    common = os.path.commonprefix([Path(name).stem for name in recordings])
    cut = common.rfind("_") + 1 or common.rfind("-") + 1
    names = [Path(name).stem[cut:].strip("_- ") or Path(name).stem for name in recordings]
    return [name[:1].upper() + name[1:] for name in names]


def _alike_long(folder: Path, recordings: Sequence[str]) -> bool:
    """Whether recordings are of one talk: microphones that ran together are as long, lines of their own are not."""
    lengths = [dialogue.length(folder / name) for name in recordings]
    return max(lengths, default=0.0) - min(lengths, default=0.0) <= max(0.5, 0.02 * max(lengths, default=0.0))


def scene_text(
    pictures: Sequence[str],
    recordings: Sequence[str],
    lines: Sequence[tuple[str, str]],
    people: Sequence[str],
    tracks: bool = True,
) -> str:
    """The text of the scene. Whose face is whose is never guessed: the page asks.

    As many recordings as people: a track each where `tracks`, else a line each, one after the other.
    """
    ids = ids_of(people)
    cast: dict[str, Any] = {}
    own = tracks and len(recordings) == len(people) and len(recordings) > 1
    spoken: list[dict[str, str]] = [{ids[who]: words} for who, words in lines]
    apart = not tracks and len(recordings) == len(spoken or people)
    if apart:
        spoken = spoken or [{ids[name]: ""} for name in people]
        spoken = [{**line, "audio": name} for line, name in zip(spoken, recordings, strict=True)]
    for number, name in enumerate(people):
        member = {"name": name}
        if own:
            member["track"] = _near(recordings, name, number)
        cast[ids[name]] = member
    rows = [f"  {key}: {_flow(member)}" for key, member in cast.items()]
    text = _NEW + "cast:\n" + "\n".join(rows) + "\n"
    if pictures:
        text = edited(text, [Set(("picture",), pictures[0])])
    if recordings and not own and not apart:
        text = edited(text, [Set(("audio",), recordings[0])])
    if spoken:
        text = edited(text, [Set(("lines",), spoken)])
    if len(pictures) > 1:
        text = edited(text, [Set(("shots",), [{"picture": name} for name in pictures])])
    return text


def _flow(member: dict[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in member.items()) + "}"


def _near(recordings: Sequence[str], name: str, number: int) -> str:
    """The recording that bears a person's name, else the one at their place in the order."""
    alike = [file for file in recordings if name.lower().replace(" ", "") in file.lower().replace("_", "")]
    return alike[0] if len(alike) == 1 else recordings[number]


def ids_of(people: Sequence[str]) -> dict[str, str]:
    """A short name for each, as a scene wants them: no blanks, none twice, none that is a key of lines."""
    taken: set[str] = {"audio", "from", "to", "after", "gap", "together", "emotion", "pause"}
    found: dict[str, str] = {}
    for name in people:
        plain = re.sub(r"[^\w-]+", "_", name.lower()).strip("_-") or "somebody"
        key, number = plain, 2
        while key in taken:
            key, number = f"{plain}{number}", number + 1
        taken.add(key)
        found[name] = key
    return found
