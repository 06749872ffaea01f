"""Points of faces: the same with and without the forehead in the box, bent to a mouth set by hand, never none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from face_models import FOLDER, needs_face_models

from dialogue.ground.box import Box
from dialogue.media.face_points import SURE, bent, face_points, mean_face
from dialogue.media.pictures import open_picture

ROOT = Path(__file__).parents[3]
PORTRAIT = ROOT / "dialogue" / "characters" / "juma" / "portrait.png"
FACE = Box(226, 130, 122, 105)


@pytest.fixture
def mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_FACES", str(FOLDER))


@pytest.fixture
def no_mesh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DIALOGUE_FACES", str(tmp_path))


@needs_face_models
def test_a_box_with_the_forehead_gives_the_same_mouth(mesh: None) -> None:
    pixels = open_picture(PORTRAIT)
    own = face_points(pixels, FACE)
    tall = face_points(pixels, Box(FACE.x, FACE.y - 40, FACE.width, FACE.height + 40))
    width = np.subtract(own.mouth.right, own.mouth.left)[0]
    assert own.confidence > 0.9 and own.origin == "face mesh"
    assert np.hypot(*np.subtract(own.mouth.left, tall.mouth.left)) < 0.05 * width


@needs_face_models
def test_a_box_on_nothing_is_unsure(mesh: None) -> None:
    place = open_picture(ROOT / "dialogue" / "characters" / "places" / "sea.png")
    assert face_points(place, Box(100, 100, 200, 250)).confidence < SURE


def test_without_the_files_edges_and_colours_say_where_the_mouth_is(no_mesh: None) -> None:
    found = face_points(open_picture(PORTRAIT), FACE)
    assert found.origin == "edges and colours" and 0 < found.confidence <= SURE
    x, y = np.mean([found.mouth.left, found.mouth.right], axis=0)
    assert FACE.x < x < FACE.right and FACE.y + FACE.height / 2 < y < FACE.bottom
    assert found.points.shape == (468, 3) and np.isfinite(found.points).all()


def test_a_mouth_set_by_hand_is_where_it_was_set(no_mesh: None) -> None:
    found = face_points(open_picture(PORTRAIT), FACE)
    corners = ((262.0, 221.0), (309.0, 209.0))
    both = bent(found, corners)
    assert (both.mouth.left, both.mouth.right, both.confidence) == (*corners, 1.0)
    middle = bent(found, ((280.0, 212.0),)).mouth
    np.testing.assert_allclose(np.mean([middle.left, middle.right], axis=0), (280, 212), atol=0.1)
    brows = [70, 63, 105, 336, 296]
    np.testing.assert_allclose(both.points[brows], found.points[brows], atol=1.5)


def test_the_mean_face_is_one_and_symmetric() -> None:
    mean = mean_face()
    assert mean.shape == (468, 3)
    np.testing.assert_allclose(mean[[33, 61, 70], 0], -mean[[263, 291, 300], 0], atol=1e-5)
    assert mean[0, 1] < mean[13, 1] == mean[14, 1] < mean[17, 1] < mean[152, 1] and mean[10, 1] < 0


@pytest.mark.parametrize("across", [0, 1], ids=["high", "wide"])
def test_a_picture_larger_than_opencv_looks_up_in_gives_the_same_face(across: int) -> None:
    picture = Path(__file__).parents[3] / "scenes/two_hander/night.png"
    small = open_picture(picture)
    room = [(0, 0), (0, 0), (0, 0)]
    room[across] = (33_000, 0)
    large = np.pad(small, room)
    shift = (0, 33_000) if across == 0 else (33_000, 0)
    box = Box(64, 196, 224, 274)
    near, far = face_points(small, box), face_points(large, box.moved(*shift))
    assert far.confidence == pytest.approx(near.confidence, abs=0.1)
    assert np.abs(far.points[:, :2] - shift - near.points[:, :2]).max() < 4
    face_points(large, Box(0, 0, large.shape[1], large.shape[0]))  # larger than can be looked up in, as a whole
