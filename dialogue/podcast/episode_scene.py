"""An episode's scene: who is heard in it and how they look, the pictures of its shots, and the template filled."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from dialogue.cast.cast import CastFile, Person
from dialogue.cast.recognition import Heard
from dialogue.diarization.people import is_name
from dialogue.ground.box import Box
from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment
from dialogue.measures.measures import Measures
from dialogue.media.cache import Cache
from dialogue.media.media import FoundFace
from dialogue.planning.faces import UnclearFace, place_face
from dialogue.podcast.episodes import Episode, Tags
from dialogue.podcast.group_picture import PlacedFace, Portrait, nearer, put_together
from dialogue.podcast.shots import Angle, Rule, cut_episode, fixed_cuts
from dialogue.scene.scene import Face
from dialogue.scene.values import SIZES

_MOST_TOGETHER = 4  # faces in one picture made of their own
_WIDE_SIZE = (1280, 720)


@dataclass(frozen=True)
class Role:
    """Somebody heard in the episode: `id` in the scene, and their looks; without `person` they are heard, not seen."""

    id: str
    name: str
    person: Person | None
    heard: Heard
    keys: tuple[str | int, ...] = ()  # where the cast describes them


@dataclass(frozen=True)
class Look:
    """A picture (absolute) and whose face is where in it."""

    picture: Path
    faces: Mapping[str, PlacedFace]


def roles_of(heard: Sequence[Heard], cast: CastFile) -> tuple[tuple[Role, ...], list[str]]:
    """Everybody heard, strangers by the name in their label or as Guest 1, Guest 2, …, with the cast's spare faces in
    order; and what to know."""
    roles: dict[str, Role] = {}
    warnings = []
    people, spares = cast.cast.people, cast.cast.guests
    numbers = (number for number in count(1) if f"guest_{number}" not in people)
    guests = 0
    for one in heard:
        if one.person is not None:
            person = people[one.person]
            roles.setdefault(
                one.person, Role(one.person, person.name or one.person, person, one, ("people", one.person))
            )
            continue
        number = next(numbers)
        spare = spares[guests] if guests < len(spares) else None
        name = (
            (one.label if is_name(one.label) else None)
            or (spare.name if spare is not None else None)
            or f"Guest {number}"
        )
        roles[f"guest_{number}"] = Role(f"guest_{number}", name, spare, one, ("guests", guests))
        seen = "a spare face of the cast" if spare is not None else "no spare face left: heard, not seen"
        renamed = "" if name == one.label else f" {name},"
        warnings.append(f"{one.label} is{renamed} {one.how}; {seen}")
        guests += 1
    return tuple(roles.values()), warnings


def face_in(face: Face, picture: Path, cast: CastFile, keys: tuple[str | int, ...], cache: Cache) -> PlacedFace:
    """The face in pixels of the picture; SceneError at its place in the cast when it is unclear."""
    from dataclasses import asdict

    from dialogue.media.faces import around, detect, like, models_files
    from dialogue.scene.scene import FaceBox, FaceLike, FacePoint

    name = picture.name
    if isinstance(face, FaceBox):
        return PlacedFace(Box(*face.box), face.mouth)
    if isinstance(face, FacePoint):
        measures = Measures(placed={(name, face): around(picture, face.point)})
    elif isinstance(face, FaceLike):
        alike = like(picture, cast.folder / face.like)
        measures = Measures(likes={(name, face.like): FoundFace(alike, 1.0)} if alike is not None else {})
    else:
        kept = cache.remembered(["faces"], [picture, *models_files()], lambda: [asdict(f) for f in detect(picture)])
        found = tuple(FoundFace(Box(**each["box"]), each["score"], each["origin"]) for each in kept)
        measures = Measures(faces={name: found})
    try:
        return PlacedFace(place_face("", face, name, measures).box)
    except UnclearFace as unclear:
        raise SceneError(cast.problem((*keys, "face"), str(unclear), unclear.hint)) from None


def close_looks(roles: Sequence[Role], cast: CastFile, cache: Cache) -> dict[str, Look]:
    """Each person's own picture."""
    found = {}
    for role in roles:
        if role.person is not None:
            picture = cast.folder / role.person.picture
            found[role.id] = Look(picture, {role.id: face_in(role.person.face, picture, cast, role.keys, cache)})
    return found


def wide_look(
    close: Mapping[str, Look], cast: CastFile, size: tuple[int, int], folder: Path, cache: Cache
) -> Look | None:
    """A picture of the cast that shows all of them, else their own put together; None for one person alone."""
    if len(close) < 2:
        return None
    for index, wide in enumerate(cast.cast.wide):
        if set(close) <= set(wide.faces):
            picture = cast.folder / wide.picture
            keys = ("wide", index, "faces")
            boxes = {p: face_in(wide.faces[p], picture, cast, (*keys, p), cache) for p in close}
            return Look(picture, boxes)
    shown = dict(list(close.items())[:_MOST_TOGETHER])
    portraits = [Portrait(person, look.picture, look.faces[person]) for person, look in shown.items()]
    place = folder / "together.png"
    return Look(place, put_together(portraits, size, place))


def looks_alone(
    close: Mapping[str, Look], size: tuple[int, int], folder: Path
) -> tuple[dict[str, Look], Look | None]:
    """Close and wide for one person: a nearer part of their picture, and all of it; no wide where that is the same."""
    ((person, whole),) = close.items()
    place = folder / "nearer.png"
    face = nearer(Portrait(person, whole.picture, whole.faces[person]), size, place)
    return (dict(close), None) if face is None else ({person: Look(place, {person: face})}, whole)


def usual_size(generator: str | None) -> str:
    """The size of films that nobody has given one: 16:9, smaller for a generator that is made for small pictures."""
    from dialogue.generators import GENERATORS
    from dialogue.generators import generator as generator_named
    from dialogue.planning.framing import output_size

    width, height = SIZES["16:9"]
    canvas = generator_named(generator).CANVAS if generator in GENERATORS and generator is not None else None
    if canvas is None or canvas.area > width * height / 2:
        return "16:9"
    width, height = output_size((width, height), canvas.area, canvas.multiple)
    return f"{width}x{height}"


def frame_size(written: str | None) -> tuple[int, int]:
    """The size for a picture put together, from the variable `size`; the template has the last word on the film's."""
    if written in SIZES:
        width, height = SIZES[written or ""]
        scale = max(_WIDE_SIZE) / max(width, height)
        return round(width * scale), round(height * scale)
    parts = (written or "").lower().replace("×", "x").split("x")
    if len(parts) == 2 and all(part.strip().isdigit() for part in parts):
        width, height = (int(part) for part in parts)
        if 64 <= min(width, height) <= max(width, height) <= 4096:
            return width, height
    return _WIDE_SIZE


def variables_of(
    episode: Episode,
    tags: Tags,
    roles: Sequence[Role],
    turns: Sequence[LabelledSegment],
    duration: float,
    close: Mapping[str, Look],
    wide: Look | None,
    turns_file: Path,
    cast: CastFile,
    folder: Path,
    given: Mapping[str, str],
) -> dict[str, Any]:
    """What a template may use; paths relative to the episode's folder. `shots` cuts the episode by the rule."""

    def near(path: Path) -> str:
        return _near(path, folder)

    people = [
        {
            "id": role.id,
            "name": role.name,
            "color": role.person.color if role.person is not None else None,
            "picture": near(cast.folder / role.person.picture) if role.person is not None else None,
            "emotions": {
                name: {"image": near(cast.folder / reference.image), "strength": reference.strength}
                for name, reference in (role.person.emotions if role.person is not None else {}).items()
            },
            "seconds": round(sum(turn.duration for turn in turns if turn.label == role.id), 3),
        }
        for role in roles
    ]
    chapters = [{"title": c.title, "start": c.start, "end": c.end} for c in tags.chapters]
    return {
        **given,
        "episode": {
            "name": episode.name,
            "path": near(episode.path),
            "title": tags.title,
            "duration": round(duration, 3),
            "turns": near(turns_file),
            "words": any(turn.text for turn in turns),
            "chapters": chapters,
        },
        "people": people,
        "turns": [{"who": t.label, "start": t.start, "end": t.end, "text": t.text} for t in turns],
        "shots": _Shots(turns, duration, [c.start for c in tags.chapters], close, wide, folder),
    }


def _near(path: Path, folder: Path) -> str:
    return os.path.relpath(path.absolute(), folder.absolute()).replace(os.sep, "/")


@dataclass(frozen=True)
class _Shots:
    """`shots(hold=4, longest=16, cutaway=3)`, or `shots(length=20)` for shots of about one length.

    A value and not a closure, for templates are filled in another process.
    """

    turns: Sequence[LabelledSegment]
    duration: float
    chapters: Sequence[float]
    close: Mapping[str, Look]
    wide: Look | None
    folder: Path

    def __call__(self, length: float | None = None, **rule: float) -> list[dict[str, Any]]:
        seen = [turn for turn in self.turns if turn.label in self.close]
        if self.wide is None:
            cuts = [Angle("close", next(iter(self.close)), 0.0, round(self.duration, 3))]
        elif length is not None:
            cuts = fixed_cuts(seen, self.duration, float(length))
        else:
            unknown = sorted(set(rule) - set(Rule.__dataclass_fields__))
            if unknown:
                raise ValueError(
                    f"shots() has no {unknown[0]!r}; it has length, {', '.join(Rule.__dataclass_fields__)}"
                )
            wanted = replace(Rule(), **{k: float(v) for k, v in rule.items()})
            cuts = cut_episode(seen, self.duration, self.chapters, wanted)
        looks = [self.close[cut.person] if cut.person is not None else self.wide for cut in cuts]
        return [_shot(cut, look, self.folder) for cut, look in zip(cuts, looks, strict=True)]


def _shot(cut: Angle, look: Look | None, folder: Path) -> dict[str, Any]:
    if look is None:  # a wide cut is only made where there is a wide picture
        raise ValueError("a wide shot without a wide picture")
    faces = {person: face.written() for person, face in look.faces.items()}
    return {
        "kind": cut.kind,
        "who": cut.person,
        "start": cut.start,
        "until": cut.until,
        "picture": _near(look.picture, folder),
        "faces": faces,
    }
