"""Make dialogue/measures/drawn_eyes.npz, by which a picture of the drawn world is known, and measure how well.

    python -m scripts.fit_drawn_eyes [--foreign FOLDER] [--held-out 40] [--write]

The eyes are means of clusters of 600 drawn ones. The threshold lies half way between the foreign picture that is most
like them and the drawn picture that is least. Reported on what it was not made from: each foreign picture by the
threshold of the others, and drawn pictures of other seeds; as they are, as JPEG of quality 85, and at 0.7 and 1.5 times
the size. Without --write nothing is written.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from dialogue.ground.errors import SceneError
from dialogue.media.drawn import EYES, Plane, edges, known_eyes, likeness
from dialogue.media.pictures import open_picture
from scripts.tiny.clips import Placed, Stage, render, still_acting
from scripts.tiny.expressions import EMOTIONS
from scripts.tiny.looks import sample_look
from scripts.tiny.places import PLACES

FOREIGN = Path(__file__).parents[2] / "shared" / "media"
CLUSTERS = 12
EYE = 7.0  # pixels: half the width of an eye in a patch
REACH_X, REACH_Y = 10, 9  # pixels from the middle of a patch to its edges
FINER = 4  # drawn this many times larger, so that a patch is cut to a fraction of a pixel
VARIANTS = ("as it is", "JPEG 85", "x 0.7", "x 1.5")
Pixels = NDArray[np.uint8]


def pixels_of(stage: Stage, emotions: list[tuple[str, float]]) -> Pixels:
    frame = render(stage, tuple(still_acting(*emotion) for emotion in emotions))[0]
    return np.ascontiguousarray(frame.permute(1, 2, 0).numpy())


def expression(rng: np.random.Generator) -> tuple[str, float]:
    return ("neutral", 0.0) if rng.random() < 0.5 else (str(rng.choice(EMOTIONS[1:])), 1.0)


def drawn_picture(seed: int) -> Pixels:
    """One to four people of the seed in a picture of its size and place."""
    rng = np.random.default_rng([99, seed])
    people = int(rng.choice([1, 2, 3, 4], p=[0.35, 0.4, 0.2, 0.05]))
    height = int(rng.choice([256, 320, 512, 704]))
    width = int(height * rng.choice([0.75, 1, 1.5, 16 / 9] if people < 3 else [1.5, 16 / 9]))
    slot = width / people
    radius = min(0.36 * slot, float(rng.uniform(0.12, 0.3)) * height)
    faces = tuple(
        Placed(
            sample_look(int(rng.integers(3_000_000, 4_000_000))),
            slot * (i + 0.5 + float(rng.uniform(-0.04, 0.04))),
            height * float(rng.uniform(0.42, 0.55)),
            radius,
        )
        for i in range(people)
    )
    stage = Stage(str(rng.choice(PLACES)), faces, height, width, seed, bool(rng.random() < 0.2))
    return pixels_of(stage, [expression(rng) for _ in faces])


def eye_patches(count: int = 300) -> Plane:
    """(2 count, 2, h, w): both eyes of so many characters, at one size of the eye, each of length 1."""
    patches = []
    for seed in range(count):
        rng = np.random.default_rng([5, seed])
        look = sample_look(5_000_000 + seed)
        radius = EYE / look.eye_size * FINER
        side = int(2.4 * radius)
        stage = Stage("studio", (Placed(look, side / 2, side / 2, radius),), side, side, seed)
        grey = Image.fromarray(pixels_of(stage, [expression(rng)]).astype(np.float32).mean(2))
        for direction in (-1, 1):
            x, y = side / 2 + direction * look.eye_gap * radius, side / 2 - 0.02 * radius
            size = (2 * REACH_X + 4, 2 * REACH_Y + 4)  # two pixels more on each side, whose edges are not whole
            left, top = x - size[0] / 2 * FINER, y - size[1] / 2 * FINER
            cut = (left, top, left + size[0] * FINER, top + size[1] * FINER)
            patch = np.asarray(grey.resize(size, Image.Resampling.BOX, box=cut), np.float32)
            found = edges(patch)[:, 2:-2, 2:-2]
            patches.append(found / np.linalg.norm(found))
    return np.stack(patches)


def clustered(patches: Plane, count: int = CLUSTERS) -> Plane:
    """(count, 2, h, w): means of clusters by correlation (spherical k-means), each of length 1."""
    flat = patches.reshape(len(patches), -1)
    means = flat[np.random.default_rng(0).choice(len(flat), count, replace=False)]
    for _ in range(40):
        own = (flat @ means.T).argmax(1)
        means = np.stack([flat[own == i].mean(0) if (own == i).any() else means[i] for i in range(count)])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
    return means.reshape(count, *patches.shape[1:])


def foreign_pictures(folder: Path) -> Iterator[tuple[str, Pixels]]:
    """Every picture that can be read under `folder`."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in (".png", ".jpg", ".jpeg", ".webp"):
            try:
                yield path.relative_to(folder).as_posix(), open_picture(path)
            except SceneError:
                continue


def variants(picture: Pixels) -> list[Pixels]:
    """As VARIANTS names them."""
    image, jpeg = Image.fromarray(picture), io.BytesIO()
    image.save(jpeg, "JPEG", quality=85)
    sizes = [(round(image.width * s), round(image.height * s)) for s in (0.7, 1.5)]
    scaled = [np.asarray(image.resize(size, Image.Resampling.BICUBIC)) for size in sizes]
    return [picture, np.asarray(Image.open(jpeg)), *scaled]


def scores(pictures: list[Pixels], eyes: Plane) -> NDArray[np.float64]:
    """(pictures, variants)"""
    return np.array([[likeness(each, eyes) for each in variants(picture)] for picture in pictures])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--foreign", type=Path, default=FOREIGN, help="a folder of pictures of anything else")
    parser.add_argument("--held-out", type=int, default=40, help="drawn pictures to report on")
    parser.add_argument("--write", action="store_true", help="write the eyes and the threshold")
    options = parser.parse_args()
    torch.set_num_threads(1)
    eyes = clustered(eye_patches()).astype(np.float16).astype(np.float32)
    names, pictures = zip(*foreign_pictures(options.foreign), strict=True)
    foreign = scores(list(pictures), eyes)
    least = min(likeness(drawn_picture(seed), eyes) for seed in range(40))
    threshold = (foreign.max() + least) / 2
    print(f"foreign pictures reach {foreign.max():.3f}, drawn ones {least:.3f} at least: threshold {threshold:.3f}")
    most = foreign.max(1)
    for i in np.argsort(-most)[:5]:
        print(f"  {most[i]:.3f}  {names[i]}")
    others = [(np.delete(most, i).max() + least) / 2 for i in range(len(most))]
    held_out = scores([drawn_picture(10_000 + seed) for seed in range(options.held_out)], eyes)
    for i, name in enumerate(VARIANTS):
        known, right = int((held_out[:, i] >= threshold).sum()), int((foreign[:, i] < np.array(others)).sum())
        print(f"{name:10} drawn {known}/{len(held_out)}, least {held_out[:, i].min():.3f}; foreign {right}/{len(most)}")
    if options.write:
        np.savez_compressed(EYES, eyes=eyes.astype(np.float16), threshold=np.float32(threshold))
        known_eyes.cache_clear()
        print(f"wrote {EYES}, {EYES.stat().st_size} bytes")


if __name__ == "__main__":
    main()
