"""A rectangle in pixels: x and y of the top left corner, width and height, y down."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Box:
    """Half-open: covers x … x+width, y … y+height. Sizes may be fractional; they are never negative."""

    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        if self.width < 0 or self.height < 0:
            raise ValueError(f"a box of {self.width} x {self.height} pixels: sizes are 0 or more")

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def center(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def intersection(self, other: Box) -> Box:
        """The part both cover; of area 0 when they do not meet."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        return Box(x, y, max(0.0, min(self.right, other.right) - x), max(0.0, min(self.bottom, other.bottom) - y))

    def overlap(self, other: Box) -> float:
        """Intersection over union, 0 … 1."""
        shared = self.intersection(other).area
        union = self.area + other.area - shared
        return shared / union if union else 0.0

    def padded(self, fraction: float) -> Box:
        """Grown on every side by `fraction` of its own width and height."""
        dx, dy = self.width * fraction, self.height * fraction
        return Box(self.x - dx, self.y - dy, self.width + 2 * dx, self.height + 2 * dy)

    def scaled(self, sx: float, sy: float) -> Box:
        return Box(self.x * sx, self.y * sy, self.width * sx, self.height * sy)

    def moved(self, dx: float, dy: float) -> Box:
        return Box(self.x + dx, self.y + dy, self.width, self.height)

    def inside(self, width: float, height: float) -> bool:
        """Whether the whole box lies in a picture of this size."""
        return self.x >= 0 and self.y >= 0 and self.right <= width and self.bottom <= height

    def contains(self, x: float, y: float) -> bool:
        return self.x <= x < self.right and self.y <= y < self.bottom

    def to_list(self) -> list[float]:
        return [self.x, self.y, self.width, self.height]
