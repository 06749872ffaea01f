"""The line between the lips: a mouth that ends too early goes on, one beside the line goes there, a sure one stays."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dialogue.media.face_points import mean_face
from dialogue.media.lip_line import corners_by_the_line


def face(left: float, right: float, y: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A picture with a dark line from `left` to `right` of the mean mouth's corners (-1 … 1), `y` mouth widths lower,
    and the mean face's points in it."""
    points = mean_face() * 100 + (160, 120, 0)
    corners = points[[61, 291], :2]
    middle, half = corners.mean(0), (corners[1] - corners[0]) / 2
    picture = np.full((340, 320, 3), (205, 160, 135), np.uint8)
    along = np.linspace(left, right, 60)[:, None]
    bow = float(points[13, 1] - corners[0, 1])
    path = middle + along * half + np.array((0.0, 1.0)) * (bow * (1 - along**2) + y * 2 * half[0])
    cv2.polylines(picture, [np.rint(path * 16).astype(np.int32)], False, (90, 40, 40), 3, cv2.LINE_AA, 4)
    return picture, points.astype(np.float32)


def moved(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
    """By how many mouth widths each corner moved, (2, 2)."""
    corners = points[[61, 291], :2]
    found = np.array(corners_by_the_line(picture, points))
    return np.asarray((found - corners) / np.linalg.norm(corners[1] - corners[0]))


def test_a_mouth_on_its_line_stays() -> None:
    np.testing.assert_allclose(moved(*face(-1, 1)), 0, atol=0.03)


def test_a_corner_follows_the_line_but_no_moustache() -> None:
    longer = moved(*face(-1.15, 1))
    assert longer[0, 0] == pytest.approx(-0.075, abs=0.03) and abs(longer[1, 0]) < 0.03
    assert moved(*face(-1.8, 1.8))[0, 0] > -0.14


def test_a_mouth_beside_its_line_goes_there() -> None:
    np.testing.assert_allclose(moved(*face(-1, 1, -0.13))[:, 1], -0.13, atol=0.035)


def test_where_there_is_no_line_the_mouth_stays() -> None:
    picture, points = face(-1, 1)
    np.testing.assert_allclose(moved(np.full_like(picture, 150), points), 0, atol=1e-6)
