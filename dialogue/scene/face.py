"""A face as a scene writes it: a box, a point in it, a box with its mouth, or a way to find it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dialogue.scene.files import picture
from dialogue.scene.kinds import Key, Kind, Reading, by_form, choice, list_of, number, record
from dialogue.scene.scene import Face, FaceBox, FaceDetect, FaceLike, FacePoint
from dialogue.scene.source import Items, Keys, Node


def _build_box(values: tuple[float, ...]) -> FaceBox:
    return FaceBox(box=(values[0], values[1], values[2], values[3]))


def _read_box(node: Node, reading: Reading) -> FaceBox | None:
    values = _BOX_NUMBERS.read(node, reading)
    if values is None:
        return None
    if values[2] <= 0 or values[3] <= 0:
        reading.report(node, f"a face {values[2]:g} wide and {values[3]:g} high", "[x, y, width, height] in pixels")
        return None
    return _build_box(values)


def _read_place(node: Node, reading: Reading) -> Face | None:
    """Two numbers are a point in the face, four its box."""
    if isinstance(node, Items) and len(node.items) == 2:
        point = _POINT.read(node, reading)
        return None if point is None else FacePoint(point=(point[0], point[1]))
    return _read_box(node, reading)


def _read_mouth(node: Node, reading: Reading) -> tuple[tuple[float, float], ...] | None:
    """Its middle, or its two corners: the one further left first, however they were written."""
    if isinstance(node, Items) and len(node.items) == 2 and all(isinstance(item, Items) for item in node.items):
        corners = [_POINT.read(item, reading) for item in node.items]
        if any(corner is None for corner in corners):
            return None
        if corners[0] == corners[1]:
            reading.report(node, "both corners of the mouth are the same point", "the left one and the right one")
            return None
        return tuple(sorted((corner[0], corner[1]) for corner in corners if corner is not None))
    middle = _POINT.read(node, reading)
    return None if middle is None else ((middle[0], middle[1]),)


def one_of(words: str, fields: Mapping[str, Any], node: Keys, reading: Reading) -> bool:
    """Whether just one of the keys stands there; reports it where not."""
    if len(fields) != 1:
        reading.report(node, f"expected {words}, found {' and '.join(fields) or 'neither'}", "one of the two")
    return len(fields) == 1


def _build_face(fields: dict[str, Any], node: Keys, reading: Reading) -> Face | None:
    if "mouth" in fields and "box" not in fields:
        reading.report(node, "a mouth without the box of its face", "{box: [x, y, width, height], mouth: [x, y]}")
        return None
    if not one_of("box, detect or like", {name: fields[name] for name in fields if name != "mouth"}, node, reading):
        return None
    if "box" in fields:
        box: FaceBox = fields["box"]
        return FaceBox(box=box.box, mouth=fields.get("mouth", ()))
    return FaceDetect(detect=fields["detect"]) if "detect" in fields else FaceLike(like=fields["like"])


_BOX_NUMBERS = list_of(number("a number of pixels"), "four numbers [x, y, width, height]", 4, 4)
_POINT = list_of(number("a number of pixels"), "two numbers [x, y]", 2, 2)
_MOUTH = Kind(
    "a point [x, y] or two corners [[x, y], [x, y]]",
    {"anyOf": [_POINT.schema, {"type": "array", "items": _POINT.schema, "minItems": 2, "maxItems": 2}]},
    _read_mouth,
)
_DETECT = choice(
    "left, right, largest or the face's number from the left",
    {"left": "left", "right": "right", "largest": "largest", **{str(n): n for n in range(1, 100)}},
    {"anyOf": [{"enum": ["left", "right", "largest"]}, {"type": "integer", "minimum": 1, "maximum": 99}]},
)
_FACE_KEYS = {
    "box": Key(
        Kind(_BOX_NUMBERS.words, _BOX_NUMBERS.schema, _read_box), "The face's box, where its mouth is given beside it."
    ),
    "mouth": Key(_MOUTH, "Where the mouth is, set by hand: its middle [x, y], or its corners [[x, y], [x, y]]."),
    "detect": Key(
        _DETECT, "Which of the faces found in the picture: left, right, largest, or its number from the left."
    ),
    "like": Key(picture("a picture of them"), "A picture of this person: the face that looks like it is theirs."),
}
_FACE_WORDS = "a box [x, y, width, height], a point [x, y], {box: …, mouth: …}, {detect: …} or {like: …}"
_PLACE = {"anyOf": [_POINT.schema, _BOX_NUMBERS.schema]}
FACE: Kind[Face] = by_form(
    _FACE_WORDS,
    items=Kind(_FACE_WORDS, _PLACE, _read_place),
    keys=record(
        _FACE_WORDS,
        _FACE_KEYS,
        _build_face,
        {"oneOf": [{"required": [key]} for key in ("box", "detect", "like")], "dependencies": {"mouth": ["box"]}},
    ),
)
