"""Pictures: upright by their EXIF orientation, as RGB pixels. Broken files and decompression bombs are refused.

Shapes: `h` rows, `w` columns.
"""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.errors import Problem, SceneError
from dialogue.media.media import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = NDArray[np.uint8]

MAX_PIXELS = 80_000_000  # 10000 x 8000; beyond it a small file is meant to exhaust the memory


def _refused(path: Path, message: str, hint: str | None = None) -> SceneError:
    return SceneError(Problem(message, file=str(path), hint=hint))


def _load(path: Path) -> Image:
    """The first frame, decoded whole and turned upright; SceneError says why not."""
    from PIL import Image, UnidentifiedImageError

    if path.is_dir():
        raise _refused(path, "is a folder; a picture is needed")
    try:
        with warnings.catch_warnings():
            # What a damaged tag makes Pillow warn about, and its own bomb warning, is decided here instead.
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _refused(
                        path, f"is {image.width} x {image.height} pixels, above {MAX_PIXELS:,}", "scale it down"
                    )
                image.load()
                return _upright(image)
    except FileNotFoundError:
        raise _refused(path, "no such file") from None
    except PermissionError:
        raise _refused(path, "may not be read", "check its permissions") from None
    except UnidentifiedImageError:
        raise _refused(path, "is not a picture that can be read", "PNG, JPEG and WebP are") from None
    except Image.DecompressionBombError:
        raise _refused(path, f"has more than {MAX_PIXELS:,} pixels", "scale it down") from None
    except SceneError:
        raise
    except Exception as error:  # every format has a reader of its own, which fails in its own way
        raise _refused(path, f"is a damaged picture: {str(error) or type(error).__name__}", "export it again") from None


def _upright(image: Image) -> Image:
    from PIL import ImageOps

    try:
        return ImageOps.exif_transpose(image)
    except (SyntaxError, ValueError, KeyError, TypeError, struct.error):  # the tags are junk, the picture is not
        return image.copy()


def _opaque(image: Image) -> Image:
    """RGB; transparent parts show white, 16-bit grey keeps its top 8 bits."""
    from PIL import Image

    if image.mode.startswith("I"):
        image = Image.fromarray((np.asarray(image, np.int64) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, rgba).convert("RGB")
    return image.convert("RGB")


def measure_picture(path: Path, written: str) -> Picture:
    """The size upright; `written` is the path as the scene has it. Decodes the picture, so that damage shows."""
    image = _load(path)
    return Picture(written, image.width, image.height, origin="decoded, upright")


def open_picture(path: Path) -> Pixels:
    """RGB pixels (h, w, 3), upright, transparent parts over white. SceneError when the file is not a whole picture."""
    return np.asarray(_opaque(_load(path)))
