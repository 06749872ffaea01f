"""Where in a face a film moves while somebody speaks: whether it is the mouth that opens, or another part of the face.

What moves in speech more than in silence is gathered on a grid over the face. The place that moves most is held against
the mouth of the plan. Shapes: `g` x `g` cells of the grid.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dialogue.planning.plan import Face, Mouth

    Gray = NDArray[np.uint8]  # (h, w)
    Grid = NDArray[np.float32]  # (g, g)

CELLS = 48  # a side
AROUND = 0.15  # of the face's box, on every side, that the grid looks at
ABOVE, BELOW, BESIDE = 0.6, 1.0, 0.85  # mouth widths around the mouth's middle that opening it may move
LARGER = 1.25  # times: how much more another part moves before it is said to open
CLEAR = 0.4  # grey levels per frame: a part that moves less has nothing to say
ENOUGH = 12  # frames of speech and of silence


class OpeningMap:
    """Gathers the frames of one face; `elsewhere` says where its mouth opens when not at its place."""

    def __init__(self, face: Face) -> None:
        import numpy as np

        self._mouth, self._box = face.own_mouth, face.box.padded(AROUND)
        self._before: Gray | None = None
        self._sums = {spoken: np.zeros((CELLS, CELLS), np.float64) for spoken in (True, False)}
        self._counts = {True: 0, False: 0}

    def add(self, frame: Gray, spoken: bool) -> None:
        """The next frame (h, w) of the shot; `spoken`: whether the face's speaker speaks in it."""
        import cv2

        if self._mouth is None:
            return
        box, (height, width) = self._box, frame.shape
        left, top = max(0, int(box.x)), max(0, int(box.y))
        part = frame[top : min(height, int(box.bottom)), left : min(width, int(box.right))]
        if part.size == 0:
            return
        now = cv2.resize(part, (CELLS, CELLS), interpolation=cv2.INTER_AREA)
        if self._before is not None:
            self._sums[spoken] += cv2.absdiff(now, self._before)
            self._counts[spoken] += 1
        self._before = now

    def elsewhere(self, size: tuple[int, int]) -> tuple[float, float] | None:
        """The middle of what opens in a frame of `size`, where it is not the mouth; None where it is, or is unclear."""
        import cv2
        import numpy as np

        if self._mouth is None or self._counts[True] < ENOUGH:
            return None
        moves = self._sums[True] / self._counts[True]
        if self._counts[False] >= ENOUGH:
            moves = moves - self._sums[False] / self._counts[False]
        x, y, wide = self._cells(size)
        own = self._window(self._mouth, x, y, wide)
        reach = max(1, round(0.5 * wide)) | 1
        blurred = cv2.blur(np.clip(moves, 0, None).astype(np.float32), (reach, reach), borderType=cv2.BORDER_REFLECT)
        if not own.any() or own.all():
            return None
        other = np.where(own, 0, blurred)
        row, column = (int(place) for place in np.unravel_index(other.argmax(), other.shape))
        if other[row, column] < max(CLEAR, LARGER * float(blurred[own].max())):
            return None
        (left, top, right, bottom), n = self._seen(size), CELLS
        return left + (column + 0.5) / n * (right - left), top + (row + 0.5) / n * (bottom - top)

    def _seen(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        box = self._box
        return max(0, int(box.x)), max(0, int(box.y)), min(size[0], int(box.right)), min(size[1], int(box.bottom))

    def _cells(self, size: tuple[int, int]) -> tuple[float, float, float]:
        """The mouth's middle and width in cells, by their mean size."""
        assert self._mouth is not None
        left, top, right, bottom = self._seen(size)
        (ax, ay), (bx, by) = self._mouth.left, self._mouth.right
        sx, sy = CELLS / max(1, right - left), CELLS / max(1, bottom - top)
        return ((ax + bx) / 2 - left) * sx, ((ay + by) / 2 - top) * sy, math.hypot((bx - ax) * sx, (by - ay) * sy)

    @staticmethod
    def _window(mouth: Mouth, x: float, y: float, wide: float) -> NDArray[np.bool_]:
        """The cells that a mouth at x, y may move: its lips, its chin and its jaw, along its own line."""
        import numpy as np

        turn = math.atan2(mouth.right[1] - mouth.left[1], mouth.right[0] - mouth.left[0])
        rows, columns = np.mgrid[:CELLS, :CELLS] + 0.5
        along = (columns - x) * math.cos(turn) + (rows - y) * math.sin(turn)
        down = (rows - y) * math.cos(turn) - (columns - x) * math.sin(turn)
        reach = max(wide, 0.12 * CELLS)  # a mouth seen from the side is narrow, and opens as high as another
        inside = (np.abs(along) < BESIDE * reach) & (down > -ABOVE * reach) & (down < BELOW * reach)
        return np.asarray(inside)
