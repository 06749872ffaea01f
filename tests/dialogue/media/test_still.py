"""A still: the view at the frame's size, sharp inside, softly extended beyond the picture."""

from __future__ import annotations

import numpy as np
import pytest

from dialogue.ground.box import Box
from dialogue.media.still import framed


def gradient(rows: int, columns: int) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    return np.stack([x * 255 / columns, y * 255 / rows, np.full_like(x, 128)], -1).astype(np.uint8)


def test_a_view_of_the_whole_picture_at_its_own_size_is_the_picture() -> None:
    picture = gradient(48, 64)
    np.testing.assert_array_equal(framed(picture, Box(0, 0, 64, 48), 64, 48), picture)


def test_a_view_of_a_part_shows_that_part() -> None:
    picture = gradient(96, 128)
    np.testing.assert_array_equal(framed(picture, Box(32, 16, 64, 48), 64, 48), picture[16:64, 32:96])


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    small = framed(stripes, Box(0, 0, 256, 256), 60, 60)
    assert abs(int(small.min()) - 127) < 14 and abs(int(small.max()) - 127) < 14


def test_beyond_the_picture_it_is_soft_and_without_a_border() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    frame = framed(noise, Box(-40, 0, 160, 80), 320, 160)
    np.testing.assert_array_equal(frame[:, 80:240], framed(noise, Box(0, 0, 80, 80), 160, 160))
    inside = np.abs(np.diff(frame[:, 80:240].astype(int), axis=1)).mean()
    assert np.abs(np.diff(frame[:, :70].astype(int), axis=1)).mean() < inside / 10
    smooth = framed(gradient(80, 80), Box(-40, 0, 160, 80), 320, 160).astype(int)
    assert np.abs(np.diff(smooth[:, 70:90], axis=1)).max() < 12  # no step where the picture ends


def test_a_view_beside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="shows nothing"):
        framed(gradient(8, 8), Box(20, 0, 8, 8), 16, 16)
