"""The lips of a face in one picture: the mouth's own axes, and where both lips end along them.

Along the mouth, s runs from -1 at the viewer's left corner over 0 in the middle to 1 at the right one; a half that is
turned away is shorter in pixels. Across it, t is pixels from the line between the corners, down the head.

Shapes: `n` places along the mouth; points are (468, 3) as of the published face mesh, in pixels of the crop.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialogue.media.face_mesh import (
    CHIN,
    CORNERS,
    EARS,
    FOREHEAD,
    INNER_LOWER,
    INNER_UPPER,
    NOSE_BASE,
    OUTER_LOWER,
    OUTER_UPPER,
)

Frame = NDArray[np.uint8]
Plane = NDArray[np.float32]
Curve = NDArray[np.float32]  # (n,), along the mouth

REACH = 2.0  # of s: how far beyond the corners curves go
PLACES = 257  # of curves along the mouth
ALONG: Curve = np.linspace(-REACH, REACH, PLACES, dtype=np.float32)
OPEN = 0.066  # of the mouth's width: a larger gap between the lips is an open mouth
DOUBT = 0.045  # of the mouth's width: a smaller one is none; between the two what is seen there decides
SIDEWAYS = 0.16  # of the mouth's width: the least a half that is turned away has
TEETH = 0.72  # of the skin's chroma: less is teeth
DARK = 0.42  # of the skin's brightness: less is the inside of a mouth
PARTED = 0.85  # of the pixels between parted lips that look like teeth or dark: an open mouth
SEARCH = 0.075  # of the mouth's width: how far from the mesh's line the lip line is looked for
PROFILE = 0.36  # of the longer half: a shorter one belongs to a face seen from the side


@dataclass(frozen=True)
class Lips:
    """The mouth of one face. `middle` is where s and t are 0; `across` and `down` are unit vectors in the picture.

    `left`, `right`: pixels from the middle to the corners. `width`: of the mouth as from the front, in pixels.
    `upper`, `lower`: t of the inner edges of the lips, the same where they touch; `outer_upper`, `outer_lower`: of the
    outer ones. `jaw`: where the jaw goes when it drops, of one pixel down, as (along, down). `side`: -1 or 1 where the
    face is seen from the side and looks to that end of the mouth, else 0.
    """

    middle: tuple[float, float]
    across: tuple[float, float]
    down: tuple[float, float]
    left: float
    right: float
    width: float
    unit: float
    face: float
    chin: float
    nose: float
    upper: Curve
    lower: Curve
    outer_upper: Curve
    outer_lower: Curve
    jaw: tuple[float, float]
    side: int = 0
    open: bool = False

    def plane(self, x: Plane, y: Plane) -> tuple[Plane, Plane]:
        """s and t of pixels."""
        (ax, ay), (dx, dy) = self.across, self.down
        px, py = x - self.middle[0], y - self.middle[1]
        scale = 1 / (ax * dy - ay * dx)
        along = (px * dy - py * dx) * scale
        s = np.where(along < 0, along / self.left, along / self.right)
        return np.asarray(s, np.float32), np.asarray((py * ax - px * ay) * scale, np.float32)

    def pixels(self, s: Any, t: Any) -> tuple[Plane, Plane]:
        """Where s and t are in the picture."""
        s, t = np.asarray(s, np.float32), np.asarray(t, np.float32)
        along = np.where(s < 0, s * self.left, s * self.right)
        x = self.middle[0] + along * self.across[0] + t * self.down[0]
        y = self.middle[1] + along * self.across[1] + t * self.down[1]
        return np.asarray(x, np.float32), np.asarray(y, np.float32)

    @property
    def rest(self) -> Curve:
        """The line on which the lips meet: the upper one comes down a third of an open mouth's gap."""
        return np.asarray(self.upper + 0.34 * (self.lower - self.upper), np.float32)


def lips_of(picture: Frame, points: NDArray[np.float32]) -> Lips:
    """The lips of the face with these points in `picture` (rows, columns, 3) uint8 RGB."""
    lips = _by_mesh(points)
    gap = float((lips.lower - lips.upper).max())
    if gap > OPEN * lips.width or _shows_inside(picture, lips):
        return replace(_parted(picture, lips), open=True)
    return _mended(picture, lips)


def _axes(points: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Right, down and forward of the head, unit vectors in 3D, as the viewer sees them."""
    far = points.astype(np.float64)
    right = far[EARS[1]] - far[EARS[0]]
    right /= np.linalg.norm(right) + 1e-9
    down = far[CHIN] - far[FOREHEAD]
    down -= right * (down @ right)
    down /= np.linalg.norm(down) + 1e-9
    return right, down, np.cross(down, right)


def _by_mesh(points: NDArray[np.float32]) -> Lips:
    flat = points[:, :2].astype(np.float64)
    _, down3, forward = _axes(points)
    left, right = flat[CORNERS[0]], flat[CORNERS[1]]
    across = right - left
    wide = max(float(np.linalg.norm(across)), 2.0)
    across = across / wide
    down = down3[:2] / (np.linalg.norm(down3[:2]) + 1e-9)
    if abs(across[0] * down[1] - across[1] * down[0]) < 0.5:  # a mesh gone wrong: straight down, then
        down = np.array((-across[1], across[0]))
    lip = flat[[13, 14]].mean(0)
    scale = across[0] * down[1] - across[1] * down[0]

    def along_of(point: Any) -> Any:
        px, py = point[..., 0] - left[0], point[..., 1] - left[1]
        return (px * down[1] - py * down[0]) / scale

    half = min(max(float(along_of(lip)), SIDEWAYS * wide), (1 - SIDEWAYS) * wide)
    middle = left + across * half
    true = float(np.linalg.norm(points[CORNERS[1]] - points[CORNERS[0]]))
    face = max(float(np.linalg.norm(points[EARS[1]] - points[EARS[0]])), 4.0)
    width = min(max(true, wide), 0.6 * face)
    base = Lips(
        (float(middle[0]), float(middle[1])), (float(across[0]), float(across[1])), (float(down[0]), float(down[1])),
        half, wide - half, width, min(width, 0.42 * face), face, 0.0, 0.0, ALONG, ALONG, ALONG, ALONG, (0.0, 1.0),
    )  # fmt: skip

    def t_of(index: int) -> float:
        _, t = base.plane(np.float32(flat[index, 0]), np.float32(flat[index, 1]))  # type: ignore[arg-type]
        return float(t)

    def contour(indices: tuple[int, ...]) -> Curve:
        s, t = base.plane(flat[list(indices), 0].astype(np.float32), flat[list(indices), 1].astype(np.float32))
        order = np.argsort(s)
        return np.asarray(_smoothed(np.interp(ALONG, s[order], t[order], left=0.0, right=0.0)), np.float32)

    upper, lower = contour(INNER_UPPER), contour(INNER_LOWER)
    middle_line = (upper + lower) / 2
    crossed = lower < upper
    upper, lower = np.where(crossed, middle_line, upper), np.where(crossed, middle_line, lower)
    upper, lower = _meeting(upper, lower)
    back = -0.30 * forward[:2]
    jaw = (across[0] * back[0] + across[1] * back[1], 1.0)
    shorter, longer = sorted((half, wide - half))
    side = 0 if shorter > PROFILE * longer else (-1 if half < wide - half else 1)
    return replace(
        base, upper=upper.astype(np.float32), lower=lower.astype(np.float32), outer_upper=contour(OUTER_UPPER),
        outer_lower=contour(OUTER_LOWER), chin=max(t_of(CHIN), 0.3 * width), nose=min(t_of(NOSE_BASE), -0.12 * width),
        jaw=(float(jaw[0]), 1.0), side=side,
    )  # fmt: skip


def _smoothed(curve: NDArray[Any]) -> NDArray[Any]:
    """A contour of eleven points is a polygon: rounded."""
    reach = 12
    kernel = np.hanning(2 * reach + 1)
    return np.convolve(np.pad(curve, reach, mode="edge"), kernel / kernel.sum(), "valid")


def seen_at(picture: NDArray[Any], lips: Lips, s: Curve, t: NDArray[np.float32]) -> Any:
    """The picture at places (t, s): rows go down, columns along the mouth."""
    import cv2

    x, y = lips.pixels(s[None, :], t)
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _shows_inside(picture: Frame, lips: Lips) -> bool:
    """Whether what lies between parted lips looks like teeth or like the dark of a mouth."""
    import cv2

    gap = lips.lower - lips.upper
    if float(gap.max()) < DOUBT * lips.width:
        return False
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    lab[..., 1:] -= 128
    s = np.linspace(-0.7, 0.7, 33, dtype=np.float32)
    upper, lower = np.interp(s, ALONG, lips.upper), np.interp(s, ALONG, lips.lower)
    share = np.linspace(0.15, 0.85, 7)[:, None]
    inside = seen_at(lab, lips, s, (upper + (lower - upper) * share).astype(np.float32)).reshape(-1, 3)
    skin = skin_around(lab, lips)
    light, chroma = inside[:, 0], np.hypot(inside[:, 1], inside[:, 2])
    teeth = (chroma < TEETH * np.hypot(skin[1], skin[2])) & (light > 0.6 * skin[0])
    dark = light < DARK * skin[0]
    return bool((teeth | dark).mean() > PARTED)


def skin_around(picture: NDArray[Any], lips: Lips) -> NDArray[np.float32]:
    """The median colour of the cheeks beside the mouth and of the chin, (3,)."""
    s = np.concatenate([np.linspace(-1.5, -1.2, 6), np.linspace(-0.5, 0.5, 12), np.linspace(1.2, 1.5, 6)])
    t = np.linspace(-0.1, 0.1, 5)[:, None] * lips.width + np.where(np.abs(s) < 1, 0.75 * lips.chin, 0.0)
    if lips.side:
        keep = s * lips.side < 0.3
        s, t = s[keep], t[:, keep]
    seen = seen_at(picture, lips, s.astype(np.float32), t.astype(np.float32))
    return np.asarray(np.median(seen.reshape(-1, 3), axis=0), np.float32)


def _mended(picture: Frame, lips: Lips) -> Lips:
    """Closed lips: the line between them is the darkest path near the mesh's, smooth from corner to corner."""
    import cv2

    light = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[..., 0].astype(np.float32)
    light = cv2.GaussianBlur(light, (0, 0), max(0.6, 0.008 * lips.width))
    s = np.linspace(-0.98, 0.98, 49, dtype=np.float32)
    guess = np.interp(s, ALONG, (lips.upper + lips.lower) / 2).astype(np.float32)
    steps = np.linspace(-1, 1, 41, dtype=np.float32)[:, None]
    strip = seen_at(light, lips, s, guess[None, :] + steps * (SEARCH * lips.width))
    far = cv2.GaussianBlur(strip, (0, 0), 6, borderType=cv2.BORDER_REPLICATE)
    cost = (strip - far) / (float(np.abs(strip - far).std()) + 2.0) + 0.9 * steps**2
    path = _least_path(cost, 0.35)
    offset = steps[path, 0] * (SEARCH * lips.width)
    weight = np.clip(-(strip - far)[path, np.arange(len(s))], 0.5, None)
    shape = np.polynomial.Polynomial.fit(s, offset, 5, w=np.sqrt(weight))
    ends = np.clip((1.25 - np.abs(ALONG)) / 0.3, 0, 1)
    line = np.interp(ALONG, s, guess) + shape(np.clip(ALONG, -0.98, 0.98)) * ends
    line = np.asarray(line, np.float32)
    return replace(lips, upper=line, lower=line)


def _parted(picture: Frame, lips: Lips) -> Lips:
    """Open lips: the edge of each is where what looks like lip goes over into what looks like the inside."""
    import cv2

    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32) * np.array((0.6, 1.4, 0.7), np.float32)
    lab = cv2.GaussianBlur(lab, (0, 0), max(0.5, 0.006 * lips.width))
    s = np.linspace(-0.92, 0.92, 47, dtype=np.float32)
    core = np.abs(s) < 0.65

    def at(curve: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.interp(s, ALONG, curve), np.float32)

    upper, lower = at(lips.upper), at(lips.lower)
    gap = lower - upper
    reds = [upper + (at(lips.outer_upper) - upper) * share for share in (0.35, 0.6)]
    reds += [lower + (at(lips.outer_lower) - lower) * share for share in (0.35, 0.6)]
    lip = np.median(seen_at(lab, lips, s, np.stack(reds))[:, core].reshape(-1, 3), 0)
    inside = seen_at(lab, lips, s, np.stack([upper + gap * share for share in (0.3, 0.5, 0.7)]))[:, core].reshape(-1, 3)
    order = np.argsort(inside[:, 0])
    ends = [np.median(inside[order[: len(order) // 3]], 0), np.median(inside[order[-len(order) // 3 :]], 0)]
    steps = np.linspace(-1, 1, 45, dtype=np.float32)[:, None]
    reach, near = SEARCH * lips.width, max(1.0, 0.02 * lips.width)

    def insideness(t: NDArray[np.float32]) -> NDArray[Any]:
        seen = seen_at(lab, lips, s, t)
        nearest = np.minimum(*(np.linalg.norm(seen - end, axis=-1) for end in ends))
        return np.asarray(np.clip((np.linalg.norm(seen - lip, axis=-1) - nearest) / 25, -1, 1))

    def edge(guess: NDArray[Any], toward: float) -> NDArray[Any]:
        t = (guess[None, :] + steps * reach).astype(np.float32)
        step = insideness(t + toward * near) - insideness(t - toward * near)
        path = _least_path(-step + 0.8 * steps**2, 0.04)
        clear = 0.15 + np.clip(step[path, np.arange(len(s))], 0, 2)
        shape = np.polynomial.Polynomial.fit(s, steps[path, 0] * reach, 6, w=clear)
        ends = np.clip((1.15 - np.abs(ALONG)) / 0.2, 0, 1)
        return np.asarray(shape(np.clip(ALONG, -0.92, 0.92)) * ends)

    new_upper, new_lower = lips.upper + edge(upper, 1.0), lips.lower + edge(lower, -1.0)
    middle = (new_upper + new_lower) / 2
    wrong = new_lower < new_upper
    new_upper, new_lower = _meeting(np.where(wrong, middle, new_upper), np.where(wrong, middle, new_lower))
    return replace(lips, upper=new_upper.astype(np.float32), lower=new_lower.astype(np.float32))


def _meeting(upper: NDArray[Any], lower: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Two edges that come together at the corners."""
    middle, half = (upper + lower) / 2, (lower - upper) / 2
    half = half * np.sqrt(np.clip((1 - np.abs(ALONG)) / 0.2, 0, 1))
    return middle - half, middle + half


def _least_path(cost: NDArray[Any], stiff: float) -> NDArray[np.int64]:
    """The row of each column (rows, columns) such that the costs and the squared steps between rows are least."""
    rows, columns = cost.shape
    jump = stiff * (np.arange(rows)[:, None] - np.arange(rows)[None, :]) ** 2
    total, back = cost[:, 0].astype(np.float64), np.zeros((columns, rows), np.int64)
    for column in range(1, columns):
        ways = total[None, :] + jump
        back[column] = ways.argmin(1)
        total = ways.min(1) + cost[:, column]
    path = [int(total.argmin())]
    for column in range(columns - 1, 0, -1):
        path.append(int(back[column][path[-1]]))
    return np.array(path[::-1])


def head_tilt(lips: Lips) -> float:
    """Of the mouth's line, in radians, clockwise."""
    return math.atan2(lips.across[1], lips.across[0])
