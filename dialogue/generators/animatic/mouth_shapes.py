"""Shapes of a mouth: what the jaw, the corners and both lips do for a sound. From a few shapes, any between them.

Lengths are shares of the mouth's width, or of its unit (the mouth's width, but at most .42 of the face's) for the jaw.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from dialogue.generators.animatic.lips import ALONG, Curve, Lips


@dataclass(frozen=True)
class MouthShape:
    """`jaw`: how far the lower lip drops in the middle; `rise`: the upper lip's rise, of the jaw's drop; `drop`: the
    corners', of the jaw's; `out`: how far each corner moves out; `lift`: how far it rises; `roundness`: the exponent of
    the opening; `bow`: the power of s in it; `thick`: of the lips, 0 as they are; `tuck`: how far the lower lip rises
    under the teeth; `sneer`: how far the upper lip is drawn up; `teeth`: how far they may show.
    """

    jaw: float = 0.0
    rise: float = 0.25
    drop: float = 0.35
    out: float = 0.0
    lift: float = 0.0
    roundness: float = 0.75
    bow: float = 2.2
    thick: float = 0.0
    tuck: float = 0.0
    sneer: float = 0.0
    teeth: float = 0.0


OPENS = 0.93  # of the way to the corners: as far as lips part
REST = MouthShape()
CLOSED = MouthShape(thick=-0.30)
WIDE = MouthShape(jaw=0.15, rise=0.25, drop=0.30, out=0.05, roundness=0.88, teeth=0.6)
OPEN = MouthShape(jaw=0.36, rise=0.20, drop=0.42, out=-0.045, roundness=0.68, bow=2.6, teeth=0.9)
ROUND = MouthShape(jaw=0.24, rise=0.36, drop=0.45, out=-0.115, roundness=0.60, bow=2.9, thick=0.18)
ON_LIP = MouthShape(jaw=0.035, rise=0.6, drop=0.34, roundness=0.85, tuck=0.03, teeth=1.0)
SHAPES = {"rest": REST, "closed": CLOSED, "wide": WIDE, "open": OPEN, "round": ROUND, "teeth on lip": ON_LIP}


def mixed(weights: dict[str, float]) -> MouthShape:
    """The mean of shapes by their weights; what is missing to 1 is rest. Ratios to the jaw are weighed by the jaw."""
    rest = max(0.0, 1.0 - sum(weights.values()))
    parts = [(SHAPES[name], weight) for name, weight in weights.items() if weight > 0] + [(REST, rest)]
    total = sum(weight for _, weight in parts) or 1.0
    by_jaw = sum(weight * shape.jaw for shape, weight in parts)
    values = {}
    for field in fields(MouthShape):
        if field.name in ("rise", "drop", "roundness", "bow") and by_jaw > 1e-6:
            values[field.name] = sum(w * s.jaw * getattr(s, field.name) for s, w in parts) / by_jaw
        else:
            values[field.name] = sum(w * getattr(s, field.name) for s, w in parts) / total
    return MouthShape(**values)


@dataclass(frozen=True)
class Edges:
    """The inner edges of both lips in a pose, as t along the mouth, and how far each lip's edge has moved, in pixels.

    `corner`: pixels by which each corner moves out. The curves are by s of the pose, whose corners are at -1 and 1.
    """

    upper: Curve
    lower: Curve
    moved_upper: Curve
    moved_lower: Curve
    corner: tuple[float, float]
    thick: float
    teeth: float


def edges_of(lips: Lips, shape: MouthShape) -> Edges:
    """Where the lips are in a shape."""
    jaw = shape.jaw * lips.unit
    inside = np.clip(np.abs(ALONG) / OPENS, 0, 1)
    opening = np.asarray((1 - inside**shape.bow) ** shape.roundness, np.float32)
    beyond = np.exp(-((np.clip(np.abs(ALONG) - 1, 0, None) / 0.45) ** 2))
    if lips.side:  # seen from the side a mouth is widest at the outline of the face
        opening = _from_the_side(lips.side, shape)
    corner = shape.drop * jaw * np.clip(np.abs(ALONG), 0, 1) ** 3.6 * beyond
    corner = corner - shape.lift * lips.width * np.clip(np.abs(ALONG), 0, 1) ** 2.2 * beyond
    rest = lips.rest
    upper = rest + corner - (shape.rise * jaw + shape.sneer * lips.width) * opening
    lower = rest + corner + jaw * opening - shape.tuck * lips.width * opening
    lower = np.maximum(lower, upper)
    out = shape.out * lips.width
    out = out * (0.4 if lips.side else 1.0)
    turned = lips.left / (lips.left + lips.right) * 2, lips.right / (lips.left + lips.right) * 2
    return Edges(
        np.asarray(upper, np.float32), np.asarray(lower, np.float32),
        np.asarray(upper - lips.upper, np.float32), np.asarray(lower - lips.lower, np.float32),
        (out * min(turned[0], 1.0), out * min(turned[1], 1.0)), shape.thick, shape.teeth,
    )  # fmt: skip


def _from_the_side(side: int, shape: MouthShape) -> Curve:
    """From the corner that is seen to the outline of the face, beyond which there is no mouth."""
    toward = np.clip((ALONG * side + 1) / 1.15, 0, 1)
    return np.asarray((1 - (1 - toward) ** shape.bow) ** (1.2 * shape.roundness), np.float32)
