"""The ready characters: drawn people with emotion references and a few words of their own, for a scene to start with.

They lie in dialogue/characters/, which scripts/make_cast.py makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from dialogue.ground.errors import Problem, SceneError
from dialogue.scene.emotions import EMOTIONS
from dialogue.scene.kinds import did_you_mean
from dialogue.scene.source import Items, Node, Text, compose

if TYPE_CHECKING:
    from PIL.Image import Image

LIBRARY = Path(__file__).parent
MOST = 4  # people side by side: more would have faces too small to act
_SLOT, _NARROW = 384, 256  # pixels of the picture for each of one or two, and of more


class Character(BaseModel):
    """A ready character. `face` and `figure` are x, y, width, height of the face in portrait.png and figure.png."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    looks: str
    voice: str
    place: str
    face: tuple[int, int, int, int]
    figure: tuple[int, int, int, int]
    hello: str
    line: str
    emotion: str


@lru_cache(maxsize=1)
def characters() -> Mapping[str, Character]:
    """All of them, by name."""
    root, _ = compose((LIBRARY / "cast.yaml").read_text(encoding="utf-8"), "cast.yaml")
    entries = _plain(root)
    assert isinstance(entries, dict)
    return {name: Character.model_validate(entry) for name, entry in entries.items()}


def _plain(node: Node) -> object:
    if isinstance(node, Text):
        return node.value
    if isinstance(node, Items):
        return [_plain(item) for item in node.items]
    return {key.value: _plain(value) for key, value in node.entries}


def chosen(names: Sequence[str]) -> dict[str, Character]:
    """The characters of these names, in this order. SceneError for a name there is not, twice one, too many or none."""
    known = characters()
    problems = [
        Problem(f"there is no ready character {name!r}", hint=did_you_mean(name, known))
        for name in dict.fromkeys(names)
        if name not in known
    ]
    problems += [
        Problem(f"{name} is named twice", hint="each character once")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if not 1 <= len(names) <= MOST:
        hint = f"name 1 to {MOST} of {', '.join(known)}"
        problems.append(Problem(f"{len(names)} characters for one picture", hint=hint))
    if problems:
        raise SceneError(problems)
    return {name: known[name] for name in names}


def together(people: Mapping[str, Character], place: str) -> tuple[Image, dict[str, tuple[int, int, int, int]]]:
    """A picture of them side by side in a place, and the box of each face: x, y, width, height in its pixels."""
    from PIL import Image

    ground = Image.open(LIBRARY / "places" / f"{place}.png").convert("RGBA")
    slot = _SLOT if len(people) <= 2 else _NARROW
    width = max(ground.height, slot * len(people))
    left = (ground.width - width) // 2
    picture = ground.crop((left, 0, left + width, ground.height))
    faces = {}
    for number, (name, person) in enumerate(people.items()):
        figure = Image.open(LIBRARY / name / "figure.png")
        x = round(width * (number + 0.5) / len(people) - figure.width / 2)
        layer = Image.new("RGBA", picture.size)
        layer.paste(figure, (x, 0))
        picture = Image.alpha_composite(picture, layer)
        faces[name] = (person.figure[0] + x, *person.figure[1:])
    return picture.convert("RGB"), faces


def starter(names: Sequence[str]) -> dict[str, bytes]:
    """The files of a scene with these characters, by their paths in its folder. SceneError as `chosen`."""
    from dialogue.scene.template import fill

    people = chosen(names)
    place = next(iter(people.values())).place
    picture, faces = together(people, place)
    png = BytesIO()
    picture.save(png, "PNG", optimize=True)
    variables = {
        "people": [
            {**person.model_dump(), "id": name, "name": name.capitalize(), "face": list(faces[name])}
            for name, person in people.items()
        ],
        "emotions": EMOTIONS,
        "picture": f"{place}.png",
        "prompt": f"{'; '.join(person.looks for person in people.values())}, {place} background, talking",
    }
    template = Path(__file__).with_name("starter.yaml.j2").read_text(encoding="utf-8")
    written = {
        "scene.yaml": fill(template, "starter.yaml.j2", variables).text.encode(),
        f"{place}.png": png.getvalue(),
    }
    for name, person in people.items():
        for file in (*(f"{emotion}.png" for emotion in EMOTIONS), "hello.flac", f"{person.emotion}.flac"):
            written[f"{name}/{file}"] = (LIBRARY / name / file).read_bytes()
    return written
