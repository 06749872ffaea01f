"""The line between the lips, by the picture itself: where a mesh's mouth ends too early or lies beside it, it is moved.

Between lips there is a dark line, on photographs and drawings alike. Along the mesh's mouth it is looked for near the
mesh; where hardly any is there and a clear one runs beside it, the mouth goes there. Then both corners follow the line
outwards for as long as it goes on.

Shapes: strips are (rows, columns): columns along the mouth, rows down the head. Points are (468, 3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from dialogue.media.pictures import Pixels

    Points = NDArray[np.float32]
    Strip = NDArray[np.float32]
    Corner = tuple[float, float]

REACH = 1.7  # half mouth widths along which a strip looks, from the middle
HIGH = 0.24  # mouth widths above and below
COLUMNS, ROWS = 171, 97
NEAR = 0.07  # mouth widths: a line within it is the mesh's own
CLEARER = 2.2  # times: how much clearer a line beside the mesh's mouth must be than any on it
FAINT = 5.0  # of 255: a fainter line is none
GOES_ON = 0.45  # of the line's clearness in the mouth, which it must keep beyond a corner
FURTHEST = 0.12  # mouth widths that a corner is moved outwards: further on there are moustaches and folds
TURNED = 0.78  # of the mouth's width in space: a mouth that looks narrower is turned away, and its corners are surer
FURTHEST_TURNED = 0.24  # mouth widths that such a mouth's corner is moved
_ACROSS = np.linspace(-REACH, REACH, COLUMNS, dtype=np.float32)
_DOWN = np.linspace(-HIGH, HIGH, ROWS, dtype=np.float32)


def corners_by_the_line(pixels: Pixels, points: Points) -> tuple[Corner, Corner]:
    """The corners of the mouth of these points, moved to the line between the picture's lips; viewer's left first."""
    left, right = points[61, :2].astype(np.float64), points[291, :2].astype(np.float64)
    across = right - left
    wide = float(np.hypot(*across))
    if wide < 8:
        return (float(left[0]), float(left[1])), (float(right[0]), float(right[1]))
    down = np.array((-across[1], across[0])) / wide
    upper, lower = (points[list(indices), :2].mean(0) for indices in ((82, 13, 312), (87, 14, 317)))
    gap = float((lower - upper) @ down) / wide
    bow = [(point - left) @ down / wide for point in (points[[81, 178], :2].mean(0), (upper + lower) / 2)]
    rest = np.interp(np.abs(_ACROSS), [0, 0.55, 1, REACH], [bow[1], bow[0], 0, 0]).astype(np.float32)
    valley = _valley(pixels, (left + right) / 2, across / 2, down * wide, rest)
    shift = 0.0 if gap > 0.05 else _beside(valley)
    line = _line(valley, shift)
    turned = wide < TURNED * float(np.linalg.norm(points[291] - points[61]))
    furthest = FURTHEST_TURNED if turned else FURTHEST
    ends = [_end(valley, line, side, gap, furthest) for side in (-1, 1)]
    found = []
    for end, side in zip(ends, (-1, 1), strict=True):
        column = int(np.argmin(np.abs(_ACROSS - end)))
        moved = abs(end) > 1.001 or shift
        t = float(rest[column] + _DOWN[line[column]]) if moved else 0.0
        place = (left + right) / 2 + end * across / 2 + t * wide * down
        old = left if side < 0 else right
        found.append(place if moved else old)
    return (float(found[0][0]), float(found[0][1])), (float(found[1][0]), float(found[1][1]))


def _valley(
    pixels: Pixels, middle: NDArray[Any], half: NDArray[Any], down: NDArray[Any], rest: NDArray[np.float32]
) -> Strip:
    """How much darker each place is than above and below it, in levels of lightness."""
    import cv2

    t = rest[None, :] + _DOWN[:, None]
    x = middle[0] + _ACROSS[None, :] * half[0] + t * down[0]
    y = middle[1] + _ACROSS[None, :] * half[1] + t * down[1]
    top, left = max(0, int(y.min()) - 3), max(0, int(x.min()) - 3)
    part = pixels[top : int(y.max()) + 4, left : int(x.max()) + 4]
    if not part.size:
        return np.zeros((ROWS, COLUMNS), np.float32)
    light = cv2.cvtColor(np.ascontiguousarray(part), cv2.COLOR_RGB2LAB)[..., 0].astype(np.float32)
    light = cv2.GaussianBlur(light, (0, 0), max(0.5, 0.008 * float(np.hypot(*down))))
    seen = cv2.remap(
        light, (x - left).astype(np.float32), (y - top).astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    best = np.zeros_like(seen)
    per_row = 2 * HIGH / (ROWS - 1)
    for step in (0.03, 0.05, 0.08):
        rows = max(1, round(step / per_row))
        padded = np.pad(seen, ((rows, rows), (0, 0)), mode="edge")
        best = np.maximum(best, np.minimum(padded[: -2 * rows], padded[2 * rows :]) - seen)
    return np.asarray(cv2.GaussianBlur(best, (5, 1), 0), np.float32)


def _beside(valley: Strip) -> float:
    """By how many mouth widths the mouth lies beside the mesh's: 0 where the mesh's own line is clear enough."""
    inside = valley[:, np.abs(_ACROSS) < 0.8]
    strength = np.array([_along(inside, row) for row in range(ROWS)])
    near = np.abs(_DOWN) <= NEAR
    best = int(np.argmax(strength * np.exp(-((_DOWN / 0.2) ** 2))))
    if near[best] or strength[best] < FAINT or strength[best] < CLEARER * strength[near].max():
        return 0.0
    return float(_DOWN[best])


def _along(inside: Strip, row: int) -> float:
    """The lower third of the clearness of a line that keeps within two rows of a row: all of it must be there."""
    low, high = max(0, row - 4), min(len(inside), row + 5)
    return float(np.percentile(inside[low:high].max(0), 30))


def _line(valley: Strip, shift: float) -> NDArray[np.int64]:
    """The row of the clearest smooth line at every column, begun in the middle."""
    middle = COLUMNS // 2
    start = int(np.argmin(np.abs(_DOWN - shift)))
    rows = np.arange(ROWS)
    line = np.full(COLUMNS, start, np.int64)
    home = np.exp(-(((_DOWN - shift) / 0.09) ** 2))
    line[middle] = int(np.argmax(valley[:, middle - 3 : middle + 4].mean(1) * home))
    for step in (-1, 1):
        row = float(line[middle])
        for column in range(middle + step, -1 if step < 0 else COLUMNS, step):
            near = np.exp(-(((rows - row) / 2.5) ** 2)) * (0.4 + 0.6 * home)
            weight = (valley[:, column] + 0.5) * near
            row = 0.6 * row + 0.4 * float((weight * rows).sum() / weight.sum())
            line[column] = round(row)
    return line


def _end(valley: Strip, line: NDArray[np.int64], side: int, gap: float, furthest: float) -> float:
    """Where the line ends on one side, in half mouth widths from the middle: at the mesh's corner or beyond it."""
    clear = np.array([valley[max(0, row - 2) : row + 3, column].max() for column, row in enumerate(line)])
    own = clear[(side * _ACROSS > (0.5 if gap < 0.05 else 0.8)) & (side * _ACROSS <= 1)]
    least = max(FAINT, GOES_ON * float(np.median(own)))
    end = float(side)
    for column in np.flatnonzero(side * _ACROSS > 1)[:: 1 if side > 0 else -1]:
        if clear[column] < least or abs(_ACROSS[column]) > 1 + 2 * furthest:
            break
        end = float(_ACROSS[column])
    return end
