"""A matte: the head moves, the wall behind it and things before it do not; where nothing shows, all moves as before."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dialogue.generators.animatic import face_warp
from dialogue.generators.animatic.face_warp import FaceWarp, Pose
from dialogue.generators.animatic.in_front import in_front
from dialogue.generators.animatic.matte import head_window
from dialogue.ground.box import Box
from dialogue.media.face_mesh import OVAL
from dialogue.media.face_points import FacePoints, mean_face
from dialogue.planning.plan import Face

BOX = Box(80, 60, 160, 215)


def points() -> np.ndarray:
    found = mean_face().copy()
    found[:, :2] = 100 * found[:, :2] + (160, 120)
    found[:, 2] *= 100
    return found


def head_before_a_wall(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A head of skin with hair before a wall of blue tiles, (340, 320, 3), and where the head is."""
    dice = np.random.default_rng(seed)
    tiles = ((np.mgrid[:340, :320] // 14).sum(0) % 2).astype(bool)
    picture = np.where(tiles[..., None], (60, 90, 150), (90, 130, 190)).astype(np.uint8)
    mask = np.zeros((340, 320), np.uint8)
    oval = points()[list(OVAL), :2]
    middle = oval.mean(0)
    cv2.fillPoly(mask, [np.rint(middle + (oval - middle) * 1.12 - (0, 12)).astype(np.int32)], 1)
    mask[280:, 125:195] = 1
    picture[mask > 0] = (70, 45, 30)
    cv2.fillPoly(picture, [np.rint(oval).astype(np.int32)], (205, 160, 135))
    picture[280:, 125:195] = (190, 145, 120)
    left, right = points()[61, :2], points()[291, :2]
    cv2.line(picture, tuple(map(int, left)), tuple(map(int, right)), (120, 50, 55), 3)
    noisy = np.clip(picture + dice.normal(0, 3, picture.shape), 0, 255)
    return noisy.astype(np.uint8), mask.astype(bool)


def test_the_head_moves_and_the_wall_behind_it_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, head = head_before_a_wall()
    monkeypatch.setattr(face_warp, "points_of", lambda still, face: FacePoints(points(), 1.0, "test"))
    far = cv2.dilate(head.astype(np.uint8), np.ones((37, 37))) == 0

    def moved(pose: Pose) -> tuple[float, float]:
        frame = picture.copy()
        FaceWarp(picture, Face("a", BOX, Box(0, 0, 320, 340))).draw(pose, frame)
        off = np.abs(frame.astype(int) - picture).max(-1)
        return float(off[far].mean()), float(off[head].mean())

    for pose in (Pose(nod=1.5), Pose(sway=2.0), Pose({"round": 1.0}), Pose({"open": 1.0}, nod=1.0)):
        beside, inside = moved(pose)
        assert beside < 0.02 * inside
    monkeypatch.setattr(face_warp, "head_window", lambda crop, at: (np.ones(crop.shape[:2], np.float32), False))
    beside, inside = moved(Pose(nod=1.5))
    assert beside > 0.1 * inside


def test_the_window_is_whole_in_the_head_and_fades_beside_it() -> None:
    picture, head = head_before_a_wall()
    window, clear = head_window(picture, points())
    assert clear and window.shape == picture.shape[:2]
    assert window[cv2.erode(head.astype(np.uint8), np.ones((9, 9))) > 0].mean() > 0.98
    assert np.abs(np.diff(window, axis=1)).max() < 0.25  # no step that would tear the picture


@pytest.mark.parametrize("kind", ["one colour", "noise"])
def test_where_no_outline_shows_everything_moves(kind: str) -> None:
    picture = np.full((300, 280, 3), 128, np.uint8)
    if kind == "noise":
        picture = np.random.default_rng(3).integers(0, 255, picture.shape).astype(np.uint8)
    window, clear = head_window(picture, points() - (20, 30, 0))
    assert not clear and (window == 1).all()


def test_a_small_face_and_one_at_the_border_have_a_window_too() -> None:
    picture, _ = head_before_a_wall()
    small = cv2.resize(picture, (32, 34), interpolation=cv2.INTER_AREA)
    assert head_window(small, (points() * 0.1).astype(np.float32))[0].shape == (34, 32)
    cut = np.ascontiguousarray(picture[60:, 110:])
    assert head_window(cut, points() - (110, 60, 0))[0].shape == cut.shape[:2]


def with_microphone(picture: np.ndarray, side: float) -> tuple[np.ndarray, np.ndarray]:
    """A dark ball on a stand before one corner of the mouth, and where it is."""
    picture, mask = picture.copy(), np.zeros(picture.shape[:2], np.uint8)
    corner = points()[291 if side > 0 else 61, :2]
    x, y = (int(v) for v in corner + (8 * side, 14))
    cv2.circle(mask, (x, y), 24, 1, -1)
    cv2.line(mask, (x, y), (x + int(70 * side), 339), 1, 16)
    picture[mask > 0] = (28, 30, 34)
    return picture, mask.astype(bool)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_microphone_stays_where_it_is_before_a_moving_mouth(side: float, monkeypatch: pytest.MonkeyPatch) -> None:
    picture, there = with_microphone(head_before_a_wall()[0], side)
    monkeypatch.setattr(face_warp, "points_of", lambda still, face: FacePoints(points(), 1.0, "test"))
    inner = cv2.erode(there.astype(np.uint8), np.ones((5, 5))) > 0
    found = in_front(picture, points())
    oval = np.zeros(there.shape, np.uint8)
    cv2.fillPoly(oval, [np.rint(points()[list(OVAL), :2]).astype(np.int32)], 1)
    assert found[inner & (oval > 0)].mean() > 0.9 and found[(oval > 0) & ~there].mean() < 0.05

    def moved() -> float:
        frame = picture.copy()
        warp = FaceWarp(picture, Face("a", BOX, Box(0, 0, 320, 340)))
        warp.draw(Pose({"open": 1.0}), frame)
        assert np.abs(frame.astype(int) - picture)[(oval > 0) & ~there].mean() > 1
        return float(np.abs(frame.astype(int) - picture)[inner].mean())

    kept = moved()
    monkeypatch.setattr(face_warp, "in_front", lambda crop, at: np.zeros(crop.shape[:2], np.float32))
    assert kept < 0.15 * moved()


def test_a_beard_is_the_faces_own() -> None:
    picture = head_before_a_wall()[0]
    mouth, chin = points()[[61, 291], :2].mean(0), points()[152, :2]
    middle = (mouth + chin) / 2
    cv2.ellipse(picture, tuple(int(v) for v in middle + (0, 4)), (44, 36), 0, 0, 360, (55, 40, 32), -1)
    cv2.ellipse(picture, tuple(int(v) for v in mouth), (26, 9), 0, 0, 360, (180, 90, 95), -1)
    assert in_front(picture, points()).max() < 0.05
    assert in_front(head_before_a_wall()[0], points()).max() < 0.05
