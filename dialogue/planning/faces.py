"""Whose face is where in a picture: boxes given, found by the detector, or alike to a photograph.

Left-to-right is never assumed. A choice among found faces that could mean two of them is an error that lists what
was found, so that the writer can settle it with a number or a box.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialogue.ground.box import Box
from dialogue.measures.measures import Measures
from dialogue.media.media import FoundFace, Mouth
from dialogue.scene.scene import Face as WrittenFace
from dialogue.scene.scene import FaceBox, FaceDetect, FaceLike, FacePoint

_CLEARLY_LARGER = 1.25  # times the area of the next: else `largest` could be either
_GIVE_A_BOX = "give a box: face: [x, y, width, height]"
_SAME_FACE = 0.3  # intersection over union


@dataclass(frozen=True)
class PlacedFace:
    """A speaker's face in pixels of the upright picture, and how it was settled."""

    speaker: str
    box: Box
    origin: str
    mouth: Mouth | None = None


class UnclearFace(ValueError):
    """A face that cannot be settled. `hint` says what would settle it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def box_text(box: Box) -> str:
    """`[120, 80, 180, 200]`, ready to be written into a scene."""
    return "[" + ", ".join(f"{round(side)}" for side in box.to_list()) + "]"


def found_text(found: Sequence[FoundFace]) -> str:
    """`1 [120, 80, 180, 200], 2 [420, 90, 170, 190]`: left to right, as `detect` counts."""
    return ", ".join(f"{index} {box_text(face.box)}" for index, face in enumerate(found, 1))


def _detected(written: FaceDetect, picture: str, found: Sequence[FoundFace]) -> tuple[FoundFace, str]:
    """The face that is meant, and its origin. UnclearFace when none or more than one could be."""
    which = written.detect
    count = len(found)
    if not count:
        raise UnclearFace(f"no face was found in {picture}", "give a box: face: [x, y, width, height]")
    numbers = f"1 to {count}" if count > 1 else "1"
    settle = f"found {found_text(found)}; write detect: {numbers}, or a box"
    if isinstance(which, int):
        if which > count:
            raise UnclearFace(f"detect: {which}, but {picture} has {count} face{'s' * (count > 1)}", settle)
        index = which - 1
    elif which == "largest":
        by_area = sorted(range(count), key=lambda i: (-found[i].box.area, i))
        if count > 1 and found[by_area[0]].box.area < _CLEARLY_LARGER * found[by_area[1]].box.area:
            raise UnclearFace(f"detect: largest, but two faces of {picture} are about as large", settle)
        index = by_area[0]
    else:
        if count != 2:
            raise UnclearFace(f"detect: {which} needs two faces, but {picture} has {count}", settle)
        index = 0 if which == "left" else 1
    return found[index], f"detect: {which}, {index + 1} of {count} found ({found[index].origin})"


def known(written: WrittenFace, picture: str, measures: Measures) -> bool:
    """Whether the picture was looked at for this face; a likeness never is before there is a plan."""
    if isinstance(written, FaceDetect):
        return picture in measures.faces
    if isinstance(written, FacePoint):
        return (picture, written) in measures.placed
    return isinstance(written, FaceBox)


def place_face(speaker: str, written: WrittenFace, picture: str, measures: Measures) -> PlacedFace:
    """The face that a speaker's `face` means in a picture. UnclearFace when it could be another, or none."""
    if isinstance(written, FaceBox):
        return _in_box(speaker, written, picture, measures)
    if isinstance(written, FacePoint):
        face = measures.placed.get((picture, written))
        if face is None:
            x, y = written.point
            raise UnclearFace(f"no face was found at [{x:g}, {y:g}] in {picture}", _GIVE_A_BOX)
        return PlacedFace(speaker, face.box, f"at a given point ({face.origin})", face.mouth)
    if isinstance(written, FaceLike):
        face = measures.likes.get((picture, written.like))
        if face is None:
            raise UnclearFace(f"no face in {picture} is like {written.like}", _GIVE_A_BOX)
        return PlacedFace(speaker, face.box, f"like {written.like}", face.mouth)
    face, origin = _detected(written, picture, measures.faces.get(picture, ()))
    return PlacedFace(speaker, face.box, origin, face.mouth)


def _in_box(speaker: str, written: FaceBox, picture: str, measures: Measures) -> PlacedFace:
    box = Box(*written.box)
    if (picture, written) not in measures.placed:  # not looked at
        return PlacedFace(speaker, box, "given box")
    face = measures.placed[picture, written]
    if face is None:
        raise UnclearFace(
            f"the box {box_text(box)} holds nothing like a face in {picture}",
            "give the face's box, or its mouth as well: face: {box: …, mouth: [x, y]}",
        )
    return PlacedFace(speaker, box, "given box" + (", given mouth" if written.mouth else ""), face.mouth)


def clashes(faces: Sequence[PlacedFace]) -> list[tuple[PlacedFace, PlacedFace]]:
    """Pairs whose boxes overlap: two people cannot have one mouth."""
    return [
        (first, second)
        for index, first in enumerate(faces)
        for second in faces[index + 1 :]
        if first.box.intersection(second.box).area > 0
    ]


def unowned(faces: Sequence[PlacedFace], found: Sequence[FoundFace]) -> tuple[Box, ...]:
    """Faces found in the picture that are nobody's."""
    return tuple(face.box for face in found if all(not _same(face.box, placed.box) for placed in faces))


def _same(found: Box, placed: Box) -> bool:
    """Whether a found face is the one that was placed; a given box may be the head or the whole person."""
    inside = found.intersection(placed).area >= 0.6 * found.area
    return inside or found.overlap(placed) >= _SAME_FACE


def faces_in_shot(cast: Mapping[str, WrittenFace | None], shot: Mapping[str, WrittenFace]) -> dict[str, WrittenFace]:
    """The faces of a shot as written: its own `faces` when it names any, for they name everybody in that picture;
    else the faces of the cast. Who has none is off screen."""
    return dict(shot) if shot else {speaker: face for speaker, face in cast.items() if face is not None}
