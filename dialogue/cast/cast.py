"""cast.yaml: who may be heard in a podcast, and how they look. Read with the same pointing errors as a scene.

People are the hosts and regular guests, known by voice; `guests` are spare faces for voices nobody knows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from dialogue.ground.errors import Problem, SceneError, quoted
from dialogue.scene.face import FACE
from dialogue.scene.files import file
from dialogue.scene.kinds import Key, Kind, Reading, did_you_mean, list_of, map_of, mismatch, read_fields, record
from dialogue.scene.language import MEMBER_KEYS
from dialogue.scene.line import known_speaker, valid_name
from dialogue.scene.named_files import files_named
from dialogue.scene.scene import EmotionReference, Face, FaceDetect, Voice
from dialogue.scene.source import Keys, Node, Place, Text, compose, decode, place_of

VERSION = 1


class _Written(BaseModel):
    """Frozen; a key nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Person(_Written):
    """Somebody who may be heard: their own picture, the face in it, and the voice they are known by."""

    picture: str
    face: Face = FaceDetect(detect="largest")
    name: str | None = None
    voice: Voice | None = None
    emotions: Mapping[str, EmotionReference] = {}
    color: str | None = None


class WidePicture(_Written):
    """A picture of several of the people together, and whose face is where in it."""

    picture: str
    faces: Mapping[str, Face]


class Cast(_Written):
    """The whole cast.yaml. `episodes` settles, for one episode by its name, which person a label is."""

    cast: Literal[1]
    people: Mapping[str, Person]
    guests: tuple[Person, ...] = ()
    wide: tuple[WidePicture, ...] = ()
    episodes: Mapping[str, Mapping[str, str]] = {}


@dataclass(frozen=True)
class CastFile:
    """A cast that could be read; its paths are relative to `folder`, where its `voices/` are kept too."""

    cast: Cast
    path: Path
    folder: Path
    root: Node

    @property
    def voices(self) -> Path:
        """The folder of the voices its people are known by."""
        return self.folder / "voices"

    @property
    def reads(self) -> tuple[Path, ...]:
        """The cast itself, every file it names, and the voices kept beside it."""
        kept = sorted(self.voices.glob("*")) if self.voices.is_dir() else []
        return (self.path, *(self.folder / name for name in files_named(self.root, self.folder)), *kept)

    def problem(self, keys: tuple[str | int, ...], message: str, hint: str | None = None) -> Problem:
        """A problem at the value under these keys, or at its nearest parent that was written."""
        place = place_of(self.root, keys)
        return Problem(message, str(self.path), place.line, place.column, hint)


_PICTURE = Key(file("a picture"), "The picture of this person: what close shots of them show.", required=True)
_PERSON_KEYS = {"picture": _PICTURE, **{key: MEMBER_KEYS[key] for key in ("name", "face", "emotions", "color")}}
_GUEST = record("a spare face's keys", _PERSON_KEYS, lambda fields, node, reading: Person(**fields))
_PERSON = record(
    "a person's keys",
    {**_PERSON_KEYS, "voice": MEMBER_KEYS["voice"]},
    lambda fields, node, reading: Person(**fields),
)
_WIDE_KEYS = {
    "picture": Key(file("a picture"), "A picture of several people together.", required=True),
    "faces": Key(
        map_of(FACE, "faces by person", known_speaker, {"minProperties": 2}), "Whose face is where.", required=True
    ),
}


def _build_wide(fields: dict[str, Any], node: Keys, reading: Reading) -> WidePicture | None:
    if len(fields["faces"]) < 2:
        reading.report(node.get("faces") or node, "a wide picture shows two people or more", "name every face in it")
        return None
    return WidePicture(**fields)


def _any_name(name: Text, reading: Reading) -> bool:
    return True


def _read_person_name(node: Node, reading: Reading) -> str | None:
    if not isinstance(node, Text) or node.empty:
        mismatch("one of the people", node, reading)
        return None
    if node.value not in (*reading.cast, "guest"):
        reading.report(node, f"unknown person {node.value!r}", did_you_mean(node.value, (*reading.cast, "guest")))
        return None
    return node.value


def _read_version(node: Node, reading: Reading) -> int | None:
    if isinstance(node, Text) and node.value == str(VERSION):
        return VERSION
    mismatch("1", node, reading, "the version of cast.yaml: `cast: 1`")
    return None


_NAMED_PERSON: Kind[str] = Kind("one of the people", {"type": "string"}, _read_person_name)
CAST_KEYS = {
    "cast": Key(Kind("1", {"const": VERSION}, _read_version), "The version of this file's language.", required=True),
    "people": Key(
        map_of(_PERSON, "people by a short name", valid_name("a person"), {"minProperties": 1}),
        "Hosts and regular guests, by a short name.",
        required=True,
    ),
    "guests": Key(list_of(_GUEST, "a list of spare faces"), "Faces for voices nobody knows, used in this order."),
    "wide": Key(
        list_of(record("a wide picture", _WIDE_KEYS, _build_wide), "a list of pictures"), "Pictures of several people."
    ),
    "episodes": Key(
        map_of(map_of(_NAMED_PERSON, "people by label", _any_name), "labels by episode", _any_name),
        "Decisions for one episode, by its name: which person a label is, or guest for nobody of them.",
    ),
}


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise SceneError(Problem(f"no cast file {quoted(path)}", hint="docs/podcast.md shows one")) from None
    except OSError as error:
        raise SceneError(
            Problem(f"cannot read the cast file {quoted(path)}: {(error.strerror or '').lower()}")
        ) from None


def _is_something_else(root: Keys) -> bool:
    """Whether no key says that this was meant as a cast: neither `people` nor a version (a scene has `cast:`, too)."""
    return root.get("people") is None and not isinstance(root.get("cast"), Text)


def _no_cast(root: Keys, path: Path) -> Problem:
    """One sentence for the whole file, instead of one for each of its keys."""
    what = "this is a scene, no cast" if root.get("scene") is not None else "this is no cast: it has no `people`"
    ready = path.with_name("podcast.yaml")
    beside = f"did you mean {str(ready)!r}? " if ready.is_file() and ready != path else ""
    hint = f"{beside}A cast begins with `cast: 1`; docs/podcast.md shows one"
    return Problem(what, str(path), root.place.line, root.place.column, hint)


def read_cast(path: Path) -> CastFile:
    """Read cast.yaml. SceneError with every problem found, each at its line and column."""
    root, problems = compose(decode(_read_bytes(path), str(path)), str(path))
    reading = Reading(str(path), path.parent, problems=problems)
    cast: Cast | None = None
    if isinstance(root, Keys) and _is_something_else(root):
        raise SceneError(_no_cast(root, path))
    if isinstance(root, Keys):
        people = root.get("people")
        reading.cast = tuple(name.value for name, _ in people.entries) if isinstance(people, Keys) else ()
        fields = read_fields(root, CAST_KEYS, reading)
        if fields is not None and not fields["people"]:
            reading.report(people or root, "nobody is in the cast", "people: {ana: {picture: ana.png}}")
        elif fields is not None:
            cast = Cast(**fields)
    else:
        reading.report(Place(1, 1), "expected the keys of a cast", "begin the file with `cast: 1`")
    if cast is None or reading.problems:
        raise SceneError(sorted(reading.problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    return CastFile(cast, path, path.parent, root)
