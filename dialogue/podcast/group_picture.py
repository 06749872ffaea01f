"""Pictures the cast has not: all who speak side by side or one above the other, and somebody alone from nearer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.ground.box import Box
from dialogue.ground.outputs import replacing

_GUTTER = 4  # pixels between two panels
_FACE_SHARE = 0.42  # of a panel's height that a face takes at the most
_NEARER = 0.8  # of what the frame shows of a picture: what shows more is no other framing
_EYE_LINE = 0.46  # of a panel's height at which the middle of a face is


@dataclass(frozen=True)
class PlacedFace:
    """A face in pixels of a picture; `mouth`: its middle or both corners, where the cast gives it."""

    box: Box
    mouth: tuple[tuple[float, float], ...] = ()

    def shown(self, view: Box, panel: Box) -> PlacedFace:
        """The same face where `view` of its picture fills `panel` of another."""
        scale = panel.width / view.width

        def there(x: float, y: float) -> tuple[float, float]:
            return panel.x + (x - view.x) * scale, panel.y + (y - view.y) * scale

        box = Box(*there(self.box.x, self.box.y), self.box.width * scale, self.box.height * scale)
        return PlacedFace(box, tuple(there(*point) for point in self.mouth))

    def written(self) -> list[float] | dict[str, Any]:
        """As a scene writes it: `[x, y, width, height]`, or `{box: …, mouth: …}`."""
        box = [round(side, 1) for side in self.box.to_list()]
        if not self.mouth:
            return box
        points = [[round(x, 1), round(y, 1)] for x, y in self.mouth]
        return {"box": box, "mouth": points[0] if len(points) == 1 else points}


@dataclass(frozen=True)
class Portrait:
    """A person's picture and their face in it."""

    person: str
    picture: Path
    face: PlacedFace


def put_together(portraits: Sequence[Portrait], size: tuple[int, int], place: Path) -> dict[str, PlacedFace]:
    """Write the picture to `place`; whose face is where in it. Landscape: side by side; portrait: above each other."""
    import numpy as np
    from PIL import Image

    from dialogue.media.pictures import open_picture

    canvas = Image.new("RGB", size, (16, 16, 18))
    faces = {}
    for portrait, panel in zip(portraits, panels(size, len(portraits)), strict=True):
        pixels = open_picture(portrait.picture)
        view = crop_around(portrait.face.box, (pixels.shape[1], pixels.shape[0]), panel)
        part = Image.fromarray(np.ascontiguousarray(pixels)).resize(
            (round(panel.width), round(panel.height)),
            Image.Resampling.LANCZOS,
            box=(view.x, view.y, view.right, view.bottom),
        )
        canvas.paste(part, (round(panel.x), round(panel.y)))
        faces[portrait.person] = portrait.face.shown(view, panel)
    with replacing(place) as draft:
        canvas.save(draft, format="PNG")
    return faces


def nearer(portrait: Portrait, size: tuple[int, int], place: Path) -> PlacedFace | None:
    """Write what is around the face, in the shape of the frame, to `place`: a second framing of somebody seen alone.

    The face in it; None, and nothing written, where it would show hardly less than the picture does.
    """
    from dialogue.media.pictures import open_picture

    height, width = open_picture(portrait.picture).shape[:2]
    frame = Box(0, 0, *size)
    near = crop_around(portrait.face.box, (width, height), frame)
    if near.height > _NEARER * min(height, width * frame.height / frame.width):
        return None
    return put_together([portrait], size, place)[portrait.person]


def panels(size: tuple[int, int], count: int) -> list[Box]:
    """`count` equal panels with gutters, along the longer side of the frame."""
    width, height = size
    along = max(size)
    edges = [round(i * (along + _GUTTER) / count) for i in range(count + 1)]
    spans = [(start, end - _GUTTER) for start, end in zip(edges, edges[1:], strict=False)]
    if width >= height:
        return [Box(start, 0, end - start, height) for start, end in spans]
    return [Box(0, start, width, end - start) for start, end in spans]


def crop_around(face: Box, picture: tuple[int, int], panel: Box) -> Box:
    """The part of a picture, of the panel's shape, with the face on the eye line as far as the picture reaches."""
    width, height = picture
    shape = panel.width / panel.height
    high = min(height, width / shape, max(face.height / _FACE_SHARE, face.width / 0.7 / shape))
    wide = high * shape
    x = min(max(face.center[0] - wide / 2, 0), width - wide)
    y = min(max(face.center[1] - _EYE_LINE * high, 0), height - high)
    return Box(x, y, wide, high)
