"""Lips and shapes: the mouth's own axes, edges that open and close, eyes that blink, emotions that move brows."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from dialogue.generators.animatic.expression import EXPRESSIONS, Expression, brow_field, known, mixed, own, seen
from dialogue.generators.animatic.face_warp import FaceWarp, Pose
from dialogue.generators.animatic.lips import ALONG, Lips, lips_of
from dialogue.generators.animatic.mouth_shapes import SHAPES, edges_of
from dialogue.generators.animatic.mouth_shapes import mixed as mixed_shape
from dialogue.generators.animatic.painted_lid import PaintedLid, cover
from dialogue.ground.box import Box
from dialogue.media.face_edges import Eye
from dialogue.media.face_points import mean_face
from dialogue.planning.plan import Face, Mouth

MIDDLE = len(ALONG) // 2


def picture_of(gap: float = 0.0, angle: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A face of skin with lips, open by `gap` of the mouth's width on white teeth, and its points."""
    points = mean_face().copy()
    cos, sin = np.cos(angle), np.sin(angle)
    points[:, :2] = 100 * points[:, :2] @ np.array([[cos, sin], [-sin, cos]], np.float32) + (160, 120)
    points[:, 2] *= 100
    left, right = points[61, :2], points[291, :2]
    width, down = float(np.linalg.norm(right - left)), np.array((-sin, cos))
    picture = np.full((340, 320, 3), (205, 160, 135), np.uint8)
    middle = (left + right) / 2
    size = (round(width / 2), round(width * (0.16 + gap / 2)))
    degrees = np.degrees(angle)
    cv2.ellipse(picture, tuple(int(v) for v in middle), size, degrees, 0, 360, (180, 80, 85), -1, cv2.LINE_AA)
    inner = (round(0.94 * width / 2), max(1, round(width * gap / 2)))
    inside = (240, 238, 230) if gap else (90, 40, 40)
    cv2.ellipse(picture, tuple(int(v) for v in middle), inner, degrees, 0, 360, inside, -1, cv2.LINE_AA)
    for index in (13, 312, 82, 81, 311, 80, 310):
        points[index, :2] -= gap / 2 * width * down
    for index in (14, 317, 87, 178, 402, 88, 318):
        points[index, :2] += gap / 2 * width * down
    return picture, points


def lips(gap: float = 0.0, angle: float = 0.0) -> Lips:
    return lips_of(*picture_of(gap, angle))


@pytest.mark.parametrize("angle", [-0.4, 0.0, 0.3])
def test_the_mouths_own_axes_go_there_and_back(angle: float) -> None:
    mouth = lips(angle=angle)
    s, t = np.array([-1.0, -0.3, 0.0, 0.7, 1.0], np.float32), np.array([0.0, 9.0, -4.0, 20.0, 0.0], np.float32)
    again = mouth.plane(*mouth.pixels(s, t))
    np.testing.assert_allclose(again[0], s, atol=1e-4)
    np.testing.assert_allclose(again[1], t, atol=1e-3)
    corners = mouth.pixels([-1, 1], [0, 0])
    points = picture_of(angle=angle)[1]
    np.testing.assert_allclose(np.stack(corners, -1), points[[61, 291], :2], atol=0.01)


def test_a_closed_mouth_is_a_line_and_an_open_one_has_two_edges() -> None:
    closed, opened = lips(), lips(0.2)
    assert not closed.open and np.array_equal(closed.upper, closed.lower)
    assert opened.open and opened.lower[MIDDLE] - opened.upper[MIDDLE] == pytest.approx(0.2 * opened.width, rel=0.2)


def test_every_shape_meets_at_the_corners_and_rest_has_no_gap() -> None:
    for mouth in (lips(), lips(0.2)):
        for name, shape in SHAPES.items():
            edges = edges_of(mouth, shape)
            assert (edges.lower >= edges.upper).all()
            assert edges.lower[np.abs(ALONG) > 1] == pytest.approx(edges.upper[np.abs(ALONG) > 1], abs=0.3), name
        rest = edges_of(mouth, SHAPES["rest"])
        np.testing.assert_allclose(rest.upper, rest.lower, atol=1e-3)


def test_between_two_shapes_lies_every_mouth() -> None:
    gaps = []
    for weight in (0.0, 0.25, 0.5, 0.75, 1.0):
        edges = edges_of(lips(), mixed_shape({"open": weight}))
        gaps.append(float(edges.lower[MIDDLE] - edges.upper[MIDDLE]))
    assert gaps == sorted(gaps) and gaps[0] == 0 and np.ptp(np.diff(gaps)) < 0.02 * gaps[-1]


def warp_of(picture: np.ndarray, points: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> FaceWarp:
    from dialogue.generators.animatic import face_warp
    from dialogue.media.face_points import FacePoints

    monkeypatch.setattr(face_warp, "points_of", lambda still, face: FacePoints(points, 1.0, "test"))
    box = Box(80, 60, 160, 215)
    return FaceWarp(picture, Face("a", box, Box(0, 0, 320, 340)), EXPRESSIONS)


def test_a_picture_with_an_open_mouth_is_brought_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its teeth do not show between closed lips, nor does a second row when it opens."""
    picture, points = picture_of(0.2)
    warp, frame = warp_of(picture, points, monkeypatch), picture.copy()
    white = [int((picture.min(-1) > 200).sum())]
    for shape in ({}, {"closed": 1.0}, {"wide": 1.0}):
        warp.draw(Pose(shape), frame)
        white.append(int((frame.min(-1) > 200).sum()))
    assert white[1] < 0.03 * white[0] and white[2] < 0.03 * white[0] and white[3] <= white[0]


def test_a_blink_covers_the_eyes_with_their_own_skin(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, points = picture_of()
    for upper, lower in ((159, 145), (386, 374)):
        middle = points[[upper, lower], :2].mean(0)
        half = float(points[lower, 1] - points[upper, 1]) / 2
        cv2.ellipse(picture, tuple(int(v) for v in middle), (16, round(half)), 0, 0, 360, (20, 20, 60), -1)
    warp, frame = warp_of(picture, points, monkeypatch), picture.copy()
    warp.draw(Pose(blink=1.0), frame)
    eyes = (slice(90, 150), slice(80, 240))
    assert (frame[eyes].max(-1) < 80).sum() < 0.35 * (picture[eyes].max(-1) < 80).sum()


def test_a_blink_leaves_lashes_brows_and_rims_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dark lash above a tilted eye turns to skin; a brow and a rim of glasses stay as they were."""
    picture, points = picture_of(angle=0.35)
    brow, rim = picture.copy(), picture.copy()
    for outline in ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336)):
        cv2.polylines(picture, [np.rint(points[list(outline), :2]).astype(np.int32)], False, (40, 25, 20), 4)
        cv2.polylines(brow, [np.rint(points[list(outline), :2]).astype(np.int32)], False, (0, 0, 0), 4)
    for upper, lower in ((159, 145), (386, 374)):
        middle = points[[upper, lower], :2].mean(0)
        cv2.ellipse(picture, tuple(int(v) for v in middle), (17, 9), 20, 0, 360, (20, 20, 60), -1, cv2.LINE_AA)
        cv2.ellipse(picture, tuple(int(v) for v in middle), (36, 30), 20, 20, 160, (50, 50, 50), 2)
        cv2.ellipse(rim, tuple(int(v) for v in middle), (36, 30), 20, 20, 160, (0, 0, 0), 2)
    warp, frame = warp_of(picture, points, monkeypatch), picture.copy()
    warp.draw(Pose(blink=1.0), frame)
    for kept in (brow, rim):
        there = kept.max(-1) == 0
        assert np.abs(frame[there].astype(int) - picture[there]).mean() < 4
    left = (frame[90:170, 80:240].max(-1) < 75) & (brow[90:170, 80:240].max(-1) > 0) & (rim[90:170, 80:240].max(-1) > 0)
    before = (picture[90:170, 80:240].max(-1) < 75) & (brow[90:170, 80:240].max(-1) > 0)
    assert left.sum() < 0.3 * before.sum()


def test_an_eye_is_covered_only_by_a_lid_that_lies_on_it() -> None:
    picture = np.full((120, 160, 3), (240, 190, 150), np.uint8)
    cv2.ellipse(picture, (80, 60), (26, 20), 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA)
    cv2.circle(picture, (80, 60), 12, (60, 30, 10), -1, cv2.LINE_AA)
    assert cover(picture, [PaintedLid(picture, Eye(80, 60, 26, 20, 0))])
    assert not cover(picture, [PaintedLid(picture, Eye(80, 48, 26, 8, 0))])


def test_what_an_open_mouth_shows_beyond_its_points_is_painted_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The dark of a smile goes on where the mesh has its corner: closed, no dark dot is left beside it."""
    picture, points = picture_of(0.2)
    left, right = points[61, :2], points[291, :2]
    wide = float(right[0] - left[0])
    for x, y in ((left[0] - 0.03 * wide, left[1]), (right[0] + 0.03 * wide, right[1])):
        cv2.circle(picture, (round(float(x)), round(float(y))), 3, (20, 10, 10), -1)
    warp, frame = warp_of(picture, points, monkeypatch), picture.copy()
    warp.draw(Pose({}), frame)
    rows = slice(int(left[1]) - 10, int(left[1]) + 11)
    for x in (left[0], right[0]):
        columns = slice(int(x) - 9, int(x) + 10)
        assert (picture[rows, columns].max(-1) < 60).sum() > 15
        assert (frame[rows, columns].max(-1) < 60).sum() < 4


def test_a_glance_moves_the_iris_and_leaves_the_corners(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, points = picture_of()
    for upper, lower in ((159, 145), (386, 374)):
        middle = points[[upper, lower], :2].mean(0)
        cv2.circle(picture, tuple(int(v) for v in middle), 6, (20, 20, 60), -1)
    warp, places = warp_of(picture, points, monkeypatch), []
    for glance in (-1.0, 0.0, 1.0):
        frame = picture.copy()
        warp.draw(Pose(glance=glance), frame)
        places.append(float(np.nonzero(frame[105:135, 80:150].max(-1) < 80)[1].mean()))
    assert places[0] < places[1] - 2 and places[2] > places[1] + 2
    assert np.array_equal(frame[:90], picture[:90]) and np.array_equal(frame[160:], picture[160:])


def test_emotions_move_brows_as_the_table_says(monkeypatch: pytest.MonkeyPatch) -> None:
    picture, points = picture_of()
    for indices in ((70, 63, 105, 66, 107), (300, 293, 334, 296, 336)):
        line = np.rint(points[list(indices), :2]).astype(np.int32)
        cv2.polylines(picture, [line], False, (40, 30, 30), 3, cv2.LINE_AA)
    warp, heights = warp_of(picture, points, monkeypatch), {}
    for name in ("neutral", "surprise", "anger"):
        frame = picture.copy()
        warp.draw(Pose(feeling={name: 1.0}), frame)
        rows = np.flatnonzero((frame[40:110, 125:150].max(-1) < 120).any(1))
        heights[name] = rows.mean()
    assert heights["surprise"] < heights["neutral"] - 3 < heights["anger"] - 5


def test_brows_leave_the_eyes_below_them_in_shape() -> None:
    """Raised, they take the skin above the lids along, and not the middle of the eye."""
    points = picture_of()[1]
    raised = Expression(0.05, 0.06, 0.05)
    for brow, lid, low in ((105, 159, 145), (334, 386, 374)):
        at = points[[brow, lid], :2]
        eye = points[[lid, low], :2].mean(0)
        places = np.vstack([at, eye])
        _, down = brow_field(points, raised, places[:, :1], places[:, 1:])
        moved = np.abs(down[:, 0])
        assert moved[0] > 0.8 * 0.055 * float(np.linalg.norm(points[454] - points[234]))
        assert moved[2] < 0.06 * moved[0] and moved[1] < 0.25 * moved[0]


def test_an_emotion_is_known_by_its_names_and_its_picture() -> None:
    assert known("Happy") == EXPRESSIONS["joy"] and known("melancholy") is None
    neutral = mean_face() * 100
    raised = neutral.copy()
    raised[[70, 63, 105, 66, 107, 300, 293, 334, 296, 336], 1] -= 8
    assert seen(neutral, neutral) == Expression()
    mine = own("melancholy", raised, neutral)
    assert mine is not None and mine.inner == pytest.approx(8 / 100 / 2.0, rel=0.4) and mine.lift == 0
    assert own("melancholy", None, neutral) is None
    both = own("joy", raised, neutral)
    assert both is not None and both.inner > EXPRESSIONS["joy"].inner and both.lift > 0
    half = mixed({"joy": 0.5, "unknown": 1.0}, EXPRESSIONS)
    assert half.lift == pytest.approx(0.5 * EXPRESSIONS["joy"].lift)


def test_the_mouth_opens_where_the_plan_has_it() -> None:
    still = np.asarray(cv2.imread(str(Path(__file__).parents[4] / "scenes/two_hander/night.png")))[..., ::-1]
    box = Box(64, 196, 224, 274)
    face = Face("ana", box, Box(0, 0, 352, 704), mouth=Mouth((150.0, 400.0), (210.0, 404.0)))
    rest, opened = still.copy(), still.copy()
    warp = FaceWarp(np.ascontiguousarray(still), face)
    warp.draw(Pose(), rest)
    warp.draw(Pose({"open": 1.0}), opened)
    moved = np.abs(opened.astype(int) - rest).max(-1) > 60
    rows, columns = np.nonzero(moved)
    assert 150 < columns.mean() < 210 and 390 < rows.mean() < 430
