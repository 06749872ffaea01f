"""Where the mouth and the eyes of a face are, found in any picture by its own edges and colours, without weights.

The box says about where; OpenCV's eye cascade says how the head is tilted; the lip line is the dark, lip-coloured
arc that best fits that expectation. Photographs, paintings, drawings and 3D cartoons all have one.

Everything is found in a crop scaled so that the face box is `WIDE` pixels wide, so that no figure depends on size.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dialogue.ground.box import Box

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]

WIDE = 120  # pixels the box is wide in the crop
SIDE = 18  # pixels of surroundings on each side of it
EYE_TO_MOUTH = 0.60  # of the way from the eyes to the chin; 0.49 … 0.72 over 23 faces, human and drawn
NOTHING = 0.02  # evidence everywhere: where there is no other, the expectation decides
TEETH_WHITE = 14.0  # of 255, lighter and less red than the face
HALF_MOUTH = 0.19  # half a mouth's width, of the box's width
EYE_LINE_RATIO = 0.54  # the pupil in the cascade's square, from its top


@dataclass(frozen=True)
class LipLine:
    """The lip line: an arc through (x, y), `half_width` to each corner, tilted by `angle` radians (clockwise).

    `curve` is how far the corners lie above the middle, in half widths.
    """

    x: float
    y: float
    half_width: float
    angle: float
    curve: float


@dataclass(frozen=True)
class Eye:
    """An open eye: its middle, half its width, how far its lids are above and below the middle, and its tilt."""

    x: float
    y: float
    half_width: float
    half_height: float
    angle: float


@dataclass(frozen=True)
class EdgePoints:
    """Pixels of the picture that was searched. `eyes` is empty where none were found.

    `evidence`: how far the lip line stands out of its surroundings, 0 where there is nothing at all.
    """

    mouth: LipLine
    eyes: tuple[Eye, ...]
    evidence: float


@dataclass(frozen=True)
class _Expected:
    """Where the lip line should be, in pixels of the crop, and how sure that is."""

    x: float
    y: float
    angle: float
    spread: tuple[float, float, float]  # standard deviations of x, y, angle
    half_width: float


@lru_cache(maxsize=1)
def _eye_cascade() -> Any:
    import cv2

    return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / "haarcascade_eye.xml"))


def _crop(picture: Frame, box: Box) -> tuple[Frame, float]:
    """The face (rows, WIDE + 2 SIDE, 3), and pixels of the crop per pixel of the picture."""
    import cv2

    scale = WIDE / box.width
    rows = math.ceil(box.height * scale * 1.1)
    matrix = np.array([[scale, 0, SIDE - box.x * scale], [0, scale, -box.y * scale]], np.float32)
    source = picture if scale >= 1 else cv2.GaussianBlur(picture, (0, 0), 0.4 / scale)
    size, edge = (WIDE + 2 * SIDE, rows), cv2.BORDER_REPLICATE
    return np.asarray(cv2.warpAffine(source, matrix, size, flags=cv2.INTER_LINEAR, borderMode=edge)), scale


def _eye_squares(grey: Frame, height: float) -> list[tuple[float, float, float]]:
    """(x, y, size) of the eyes: the best pair the cascade finds in the upper face, else the best one, else none."""
    top = grey[: int(0.68 * height)]
    limits = {"minSize": (int(0.12 * WIDE),) * 2, "maxSize": (int(0.48 * WIDE),) * 2}
    found, _, scores = _eye_cascade().detectMultiScale3(top, 1.06, 4, outputRejectLevels=True, **limits)
    eyes = [
        (float(x + w / 2), float(y + h * EYE_LINE_RATIO), float(w), float(score))
        for (x, y, w, h), score in zip(found, scores, strict=True)
    ]
    pairs = [
        (a[3] + b[3], a, b)
        for a in eyes
        for b in eyes
        if 0.25 * WIDE < b[0] - a[0] < 0.8 * WIDE
        and abs(b[1] - a[1]) < 0.45 * (b[0] - a[0])
        and 0.55 < a[2] / b[2] < 1.8
    ]
    if pairs:
        _, a, b = max(pairs)
        return [a[:3], b[:3]]
    return [max(eyes, key=lambda eye: eye[3])[:3]] if eyes else []


def _expected(eyes: list[tuple[float, float, float]], height: float) -> _Expected:
    if len(eyes) == 2:
        (ax, ay, _), (bx, by, _) = eyes
        between, angle = math.hypot(bx - ax, by - ay), math.atan2(by - ay, bx - ax)
        x, y = (ax + bx) / 2, (ay + by) / 2
        down = min(max(EYE_TO_MOUTH * (height - y), 0.5 * between), 1.4 * between)
        spread = (0.06 * WIDE, 0.05 * height, math.radians(7))
        half = 0.5 * (HALF_MOUTH * WIDE + 0.40 * between)
        return _Expected(x - down * math.sin(angle), y + down * math.cos(angle), angle, spread, half)
    if eyes:  # seen from the side, or one eye hidden: it still says how high the face's middle is
        _, y, _ = eyes[0]
        spread = (0.2 * WIDE, 0.06 * height, math.radians(10))
        y_mouth = y + EYE_TO_MOUTH * (height - y)
        return _Expected(SIDE + 0.5 * WIDE, y_mouth, 0.0, spread, 0.9 * HALF_MOUTH * WIDE)
    spread = (0.12 * WIDE, 0.06 * height, math.radians(8))
    return _Expected(SIDE + 0.5 * WIDE, 0.75 * height, 0.0, spread, 0.9 * HALF_MOUTH * WIDE)


def _lip_evidence(crop: Frame, height: float) -> Plane:
    """How much each pixel looks like the line between lips: darker than above and below, and redder than the skin."""
    import cv2

    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float32)
    light = cv2.GaussianBlur(lab[..., 0], (0, 0), 1.0)
    red = cv2.GaussianBlur(lab[..., 1], (0, 0), 1.5)
    face = (slice(int(0.3 * height), int(0.95 * height)), slice(SIDE + WIDE // 5, SIDE + 4 * WIDE // 5))
    valley = np.zeros_like(light)
    for step in (4, 7, 10):  # lips of any thickness
        above, below = np.roll(light, step, 0), np.roll(light, -step, 0)
        valley = np.maximum(valley, np.minimum(above, below) - light)
    contrast = float(light[face].std()) + 4
    lips = cv2.blur(np.clip((red - np.median(red[face])) / 6, 0, 1.5), (9, 13))
    return np.asarray(np.clip(valley / contrast, 0, 1.2) + 0.35 * lips + NOTHING, np.float32)


def _whiteness(crop: Frame, height: float) -> Plane:
    """How much lighter and less red each pixel is than the face around it: teeth are, lips and skin are not."""
    import cv2

    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float32)
    plane = cv2.GaussianBlur(lab[..., 0] - 1.5 * lab[..., 1], (0, 0), 0.8)
    face = plane[int(0.35 * height) : int(0.95 * height), SIDE + WIDE // 4 : SIDE + 3 * WIDE // 4]
    return np.asarray(plane - np.median(face), np.float32)


def _under_teeth(white: Plane, mouth: LipLine) -> LipLine:
    """Where the picture shows upper teeth below the line, the mouth opens below them: they stay with the head."""
    import cv2

    down = np.linspace(0, 0.7, 36)[:, None]
    along = np.linspace(-0.4, 0.4, 17)
    cos, sin = math.cos(mouth.angle), math.sin(mouth.angle)
    below = down - mouth.curve * along**2
    columns = mouth.x + mouth.half_width * (along * cos - below * sin)
    rows = mouth.y + mouth.half_width * (along * sin + below * cos)
    profile = np.median(cv2.remap(white, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR), 1)
    teeth = np.flatnonzero(profile > TEETH_WHITE)
    if not len(teeth) or down[teeth[0], 0] > 0.3 or teeth[-1] - teeth[0] + 1 > 1.2 * len(teeth) or len(teeth) < 4:
        return mouth
    shift = float(down[teeth[-1], 0] + 0.02) * mouth.half_width
    if teeth[-1] == len(down) - 1:  # no lip below: a light chin, no teeth
        return mouth
    return LipLine(mouth.x - shift * sin, mouth.y + shift * cos, mouth.half_width, mouth.angle, mouth.curve)


def _arc_kernel(half_width: float, angle: float, curve: float) -> Plane:
    """A soft arc of weight 1 in all, heaviest in the middle."""
    import cv2

    reach = int(half_width * 1.4)
    along = np.linspace(-1.15, 1.15, 160)
    x, y = along * half_width, curve * half_width * (0.33 - along**2)
    columns = np.rint(x * math.cos(angle) - y * math.sin(angle) + reach).astype(int)
    rows = np.rint(x * math.sin(angle) + y * math.cos(angle) + reach).astype(int)
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    inside = (rows >= 0) & (rows <= 2 * reach) & (columns >= 0) & (columns <= 2 * reach)
    np.add.at(kernel, (rows[inside], columns[inside]), np.exp(-((along[inside] / 0.8) ** 2)))
    kernel = cv2.GaussianBlur(kernel, (0, 0), 1.2)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _lip_line(evidence: Plane, expected: _Expected) -> LipLine:
    """The arc with the most evidence under it, weighed by how near it is to what is expected."""
    import cv2

    rows, columns = np.mgrid[: evidence.shape[0], : evidence.shape[1]].astype(np.float32)
    sx, sy, sa = expected.spread
    near = np.exp(-(((columns - expected.x) / sx) ** 2 + ((rows - expected.y) / sy) ** 2) / 2)
    best, mouth = -1.0, None
    for tilt in np.radians((-15, -10, -5, 0, 5, 10, 15)):
        for curve in (0.0, 0.15, 0.3, 0.45):
            kernel = _arc_kernel(expected.half_width, expected.angle + tilt, curve)
            fit = cv2.filter2D(evidence, -1, kernel) * near
            fit *= math.exp(-((tilt / sa) ** 2) / 2 - (curve / 0.6) ** 2 / 2)
            row, column = np.unravel_index(fit.argmax(), fit.shape)
            if fit[row, column] > best:
                best, angle = float(fit[row, column]), expected.angle + tilt
                mouth = LipLine(float(column), float(row), expected.half_width, float(angle), curve)
    assert mouth is not None  # there are candidates
    drop = 0.33 * mouth.curve * mouth.half_width  # from the arc's mean height to its middle
    x, y = mouth.x - drop * math.sin(mouth.angle), mouth.y + drop * math.cos(mouth.angle)
    return _between_corners(evidence, LipLine(x, y, mouth.half_width, mouth.angle, mouth.curve))


def _between_corners(evidence: Plane, mouth: LipLine) -> LipLine:
    """The same line, slid and stretched to end where the evidence along it ends, as far as that is plausible."""
    import cv2

    along = np.linspace(-1.8, 1.8, 73)
    cos, sin = math.cos(mouth.angle), math.sin(mouth.angle)
    across = np.linspace(-0.12, 0.12, 5)[:, None]
    down = across - mouth.curve * along**2
    columns = mouth.x + mouth.half_width * (along * cos - down * sin)
    rows = mouth.y + mouth.half_width * (along * sin + down * cos)
    band = cv2.remap(evidence, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
    strength = cv2.GaussianBlur(band.max(0)[None], (5, 1), 0)[0]
    line = strength > 0.45 * np.median(strength[np.abs(along) < 0.5])
    left = next((u for u, on in zip(along[36::-1], line[36::-1], strict=True) if not on), along[0])
    right = next((u for u, on in zip(along[36:], line[36:], strict=True) if not on), along[-1])
    slide = min(max((left + right) / 2, -0.4), 0.4)
    stretch = min(max(0.5 + 0.25 * (right - left), 0.8), 1.1)  # halfway between the expected and the found
    return LipLine(
        mouth.x + slide * mouth.half_width * cos, mouth.y + slide * mouth.half_width * sin,
        mouth.half_width * stretch, mouth.angle, mouth.curve,
    )  # fmt: skip


def _eye(crop: Frame, square: tuple[float, float, float], angle: float) -> Eye:
    """How wide and high the eye is open: the extent of what is not skin around its middle, within reason."""
    import cv2

    x, y, size = square
    half = int(0.42 * size)
    top, left = max(0, int(y) - half), max(0, int(x) - half)
    patch = cv2.cvtColor(crop[top : int(y) + half + 1, left : int(x) + half + 1], cv2.COLOR_RGB2LAB).astype(np.float32)
    ring = np.concatenate([patch[-3:].reshape(-1, 3), patch[:, :2].reshape(-1, 3), patch[:, -2:].reshape(-1, 3)])
    unlike = np.abs(patch - np.median(ring, 0)).sum(-1)
    weight = np.clip(unlike - 0.35 * np.percentile(unlike, 95), 0, None)
    rows, columns = np.mgrid[: patch.shape[0], : patch.shape[1]]
    weight = weight * np.exp(-(((rows - (y - top)) / (0.2 * size)) ** 2 + ((columns - (x - left)) / (0.4 * size)) ** 2))
    total = float(weight.sum()) + 1e-6
    middle = float((weight * rows).sum()) / total
    spread = math.sqrt(float((weight * (rows - middle) ** 2).sum()) / total)
    half_height = min(max(1.8 * spread, 0.11 * size), 0.3 * size)
    return Eye(x, top + middle, 0.46 * size, half_height, angle)


def edge_points(picture: Frame, box: Box) -> EdgePoints:
    """The mouth and eyes of the face in `box` of `picture` (rows, columns, 3) uint8 RGB, in its pixels.

    There is always a mouth: where nothing looks like one, it is where faces have it.
    """
    import cv2

    crop, scale = _crop(picture, box)
    height = box.height * scale
    squares = _eye_squares(np.asarray(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)), height)
    expected = _expected(squares, height)
    evidence = _lip_evidence(crop, height)
    mouth = _under_teeth(_whiteness(crop, height), _lip_line(evidence, expected))
    eyes = tuple(_eye(crop, square, expected.angle) for square in squares) if len(squares) == 2 else ()

    def x(column: float) -> float:
        return float(box.x + (column + 0.5 - SIDE) / scale - 0.5)

    def y(row: float) -> float:
        return float(box.y + (row + 0.5) / scale - 0.5)

    return EdgePoints(
        LipLine(x(mouth.x), y(mouth.y), mouth.half_width / scale, mouth.angle, mouth.curve),
        tuple(Eye(x(e.x), y(e.y), e.half_width / scale, e.half_height / scale, e.angle) for e in eyes),
        float(evidence.max()) - NOTHING,
    )
