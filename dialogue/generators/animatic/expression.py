"""Emotions on any face: what brows, lids and the corners of the mouth do, and how far, in shares of the face's width.

The table holds for every face. Where a speaker has a picture of the emotion, their own brows, lids and corners in it
say how far, held against their neutral picture; the table keeps a part, so that a stiff picture shows something too.

Shapes: `r` rows and `c` columns of the crop; points are (468, 3) as of the published face mesh.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dialogue.media.face_mesh import EARS, LEFT_BROW, RIGHT_BROW
from dialogue.scene.emotions import emotion_named

Points = NDArray[np.float32]
Plane = NDArray[np.float32]

WINGS = (98, 327)  # of the nose, in the mesh: the viewer's left one first
BROW_REACH = (0.11, 0.085)  # of the face's width: how far around it a brow takes the skin along
UNDER_BROW = 0.62  # of the way from a brow to its lid: how far the skin between them goes along
OWN = 0.7  # of an emotion's movement is as in the speaker's own picture of it
FURTHEST = 0.07  # of the face's width: no point goes further


@dataclass(frozen=True)
class Expression:
    """Up is positive. `inner`, `mid`, `outer`: points of the brows; `together`: the inner ones toward each other;
    `upper_lid`, `lower_lid`; `lift`, `out`: the corners of the mouth, and `jaw`, in shares of the mouth's width."""

    inner: float = 0.0
    mid: float = 0.0
    outer: float = 0.0
    together: float = 0.0
    upper_lid: float = 0.0
    lower_lid: float = 0.0
    lift: float = 0.0
    out: float = 0.0
    jaw: float = 0.0
    nose: float = 0.0  # how far the wings of the nose and the upper lip are drawn up, of the mouth's width


EXPRESSIONS = {
    "neutral": Expression(),
    "joy": Expression(0.007, 0.014, 0.014, 0, -0.004, 0.020, 0.085, 0.06),
    "sadness": Expression(0.044, 0.010, -0.017, 0.010, -0.012, 0, -0.054, 0),
    "anger": Expression(-0.048, -0.024, 0.010, 0.027, -0.006, 0.008, -0.036, -0.01),
    "fear": Expression(0.044, 0.037, 0.017, 0.012, 0.017, 0, -0.02, 0.06),
    "surprise": Expression(0.051, 0.061, 0.048, 0, 0.020, 0, 0, -0.02, 0.12),
    "disgust": Expression(-0.034, -0.022, -0.007, 0.014, -0.010, 0.016, -0.045, 0.01, 0, 0.055),
}


def known(name: str) -> Expression | None:
    """The expression of an emotion, by any of its names; None for one nobody has described."""
    return EXPRESSIONS.get(emotion_named(name) or "")


def mixed(weights: Mapping[str, float], of: Mapping[str, Expression]) -> Expression:
    """The sum of expressions by their weights, which go to 1.5."""
    values = {
        field.name: sum(weight * getattr(of[name], field.name) for name, weight in weights.items() if name in of)
        for field in fields(Expression)
    }
    return Expression(**values)


def seen(points: Points, neutral: Points) -> Expression:
    """What a face does in one picture against another of the same person, both looking about the same way."""
    here, there = _measured(points), _measured(neutral)
    moved = {name: float(np.clip(here[name] - there[name], -FURTHEST, FURTHEST)) for name in here}
    ratio = 1 / 0.42  # of the face's width in mouth widths
    for name in ("lift", "out"):
        moved[name] = float(np.clip(moved[name] * ratio, -0.12, 0.12))
    return Expression(**moved)


def _measured(points: Points) -> dict[str, float]:
    """Heights above the line of the eyes, in face widths, of a face turned upright; both sides' mean."""
    flat = points[:, :2].astype(np.float64)
    eyes = flat[[33, 263]]
    middle, turn = eyes.mean(0), complex(*(eyes[1] - eyes[0]))
    turn /= abs(turn) + 1e-9
    wide = float(np.linalg.norm(points[EARS[1]] - points[EARS[0]])) + 1e-6
    z = ((flat[:, 0] - middle[0]) + 1j * (flat[:, 1] - middle[1])) / turn / wide
    up = -z.imag

    def height(*indices: int) -> float:
        return float(np.mean(up[list(indices)]))

    return {
        "inner": height(107, 336), "mid": height(105, 334), "outer": height(70, 300),
        "together": -float(abs(z[336].real - z[107].real)) / 2,
        "upper_lid": height(159, 386), "lower_lid": height(145, 374),
        "lift": height(61, 291) - height(2), "out": float(abs(z[291].real - z[61].real)) / 2,
    }  # fmt: skip


def own(name: str, picture: Points | None, neutral: Points | None) -> Expression | None:
    """The expression of an emotion for somebody who has a picture of it; the table's where they have none."""
    table = known(name)
    if picture is None or neutral is None:
        return table
    theirs = seen(picture, neutral)
    if table is None:
        return theirs
    return mixed({"theirs": OWN, "table": 1 - 0.6 * OWN}, {"theirs": theirs, "table": table})


def brow_field(points: Points, expression: Expression, x: Plane, y: Plane) -> Plane:
    """Where the pixels (x, y) of a crop look for this expression of the brows: displacements (2, r, c), x and y."""
    right = points[EARS[1]].astype(np.float64) - points[EARS[0]]
    wide = float(np.linalg.norm(right)) + 1e-6
    axis = right[:2] / wide  # shorter where the face is turned away
    eyes = points[263, :2] - points[33, :2]
    level = eyes / (np.hypot(*eyes) + 1e-9)
    up = np.array((level[1], -level[0]))
    field = np.zeros((2, *x.shape), np.float32)
    total = np.full(x.shape, 1e-3, np.float32)
    for brow, side in ((LEFT_BROW, 1.0), (RIGHT_BROW, -1.0)):
        outer, mid, inner = (points[index, :2] for index in (brow[0], brow[2], brow[4]))
        lid = points[159 if side > 0 else 386, :2]
        clear = float((lid - mid) @ np.array((-level[1], level[0])))  # from the brow to the lid: eyes stay in shape
        below = min(BROW_REACH[1] * wide, max(UNDER_BROW * clear, 0.02 * wide))
        wing = points[WINGS[0] if side > 0 else WINGS[1], :2]
        ways = [(outer, expression.outer, 0.0), (mid, expression.mid, 0.4), (inner, expression.inner, 1.0)]
        ways += [(wing, 0.42 * expression.nose, 0.0)] if expression.nose else []
        for index, (place, amount, inward) in enumerate(ways):
            moved = (amount * up + inward * side * expression.together * axis) * wide
            along = (x - place[0]) * level[0] + (y - place[1]) * level[1]
            across = (y - place[1]) * level[0] - (x - place[0]) * level[1]
            reach = np.where((across > 0) & (index < 3), below, BROW_REACH[1] * wide)
            weight = np.exp(-((along / (BROW_REACH[0] * wide)) ** 2 + (across / reach) ** 2))
            field -= weight * moved.astype(np.float32)[:, None, None]
            total += weight
    return np.asarray(field / np.maximum(total, 1), np.float32)
