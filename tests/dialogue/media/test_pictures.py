"""Pictures: upright, RGB, transparent parts over white, 16-bit and indexed ones too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dialogue.ground.errors import SceneError
from dialogue.media.pictures import MAX_PIXELS, measure_picture, open_picture

MEDIA = Path(__file__).parents[3] / ".." / "shared" / "media"
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")


def corners() -> np.ndarray:
    """20 x 30: red top left, green top right, blue bottom left, black bottom right."""
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:10, :15], pixels[:10, 15:], pixels[10:, :15] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    return pixels


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_upright(tmp_path: Path, orientation: int) -> None:
    turned = {
        1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud,
        5: lambda p: np.transpose(p, (1, 0, 2)), 6: lambda p: np.rot90(p, 1),
        7: lambda p: np.transpose(np.rot90(p, 2), (1, 0, 2)), 8: lambda p: np.rot90(p, 3),
    }[orientation](corners())  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.ascontiguousarray(turned)).save(tmp_path / "p.png", exif=exif)
    found = measure_picture(tmp_path / "p.png", "p.png")
    assert (found.width, found.height) == (30, 20)
    np.testing.assert_array_equal(open_picture(tmp_path / "p.png"), corners())


@needs_media
@pytest.mark.parametrize("orientation", [3, 6])
def test_photographs_come_upright(orientation: int) -> None:
    """The same woman both ways: the pixels agree but for what JPEG loses."""
    upright = open_picture(MEDIA / "Pillow" / "images" / f"hopper_orientation_{orientation}.jpg").astype(int)
    other = open_picture(MEDIA / "Pillow" / "images" / f"hopper_orientation_{9 - orientation}.jpg").astype(int)
    assert np.abs(upright - other).mean() < 6
    assert np.abs(np.rot90(upright) - other).mean() > 30


def test_transparency_shows_white(tmp_path: Path) -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[0, 0] = (255, 0, 0, 255)
    rgba[1, 1] = (0, 0, 0, 128)
    Image.fromarray(rgba).save(tmp_path / "p.png")
    pixels = open_picture(tmp_path / "p.png")
    assert pixels[0, 0].tolist() == [255, 0, 0]
    assert pixels[3, 3].tolist() == [255, 255, 255]
    assert abs(int(pixels[1, 1, 0]) - 127) <= 1


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    grey = np.tile(np.arange(0, 256, 8, dtype=np.uint8), (16, 1))
    image = Image.fromarray(grey.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(grey).convert(mode)
    path = tmp_path / ("p.jpg" if mode in ("CMYK", "YCbCr") else "p.png")
    image.save(path)
    pixels = open_picture(path)
    assert pixels.shape == (16, 32, 3)
    if mode != "1":
        assert np.abs(pixels[..., 1].astype(int) - grey).max() <= 6


def test_the_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    frames[0].save(tmp_path / "p.gif", save_all=True, append_images=frames[1:])
    assert open_picture(tmp_path / "p.gif")[4, 4].tolist() == [255, 0, 0]


def test_bombs_are_refused_by_their_header(tmp_path: Path) -> None:
    side = int(MAX_PIXELS**0.5) + 1
    Image.new("1", (side, side)).save(tmp_path / "bomb.png")
    with pytest.raises(SceneError, match=f"is {side} x {side} pixels, above"):
        measure_picture(tmp_path / "bomb.png", "bomb.png")


def test_half_a_file_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "p.jpg")
    (tmp_path / "half.jpg").write_bytes((tmp_path / "p.jpg").read_bytes()[:2000])
    with pytest.raises(SceneError, match="is a damaged picture"):
        measure_picture(tmp_path / "half.jpg", "half.jpg")
