"""What a drawn character looks like: every number of a face, sampled from one seed and described in words."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np

Color = tuple[float, float, float]

SKINS: dict[str, Color] = {
    "pale": (0.98, 0.85, 0.76),
    "fair": (0.96, 0.79, 0.66),
    "olive": (0.87, 0.69, 0.50),
    "tan": (0.80, 0.59, 0.42),
    "brown": (0.60, 0.41, 0.28),
    "dark": (0.42, 0.28, 0.20),
}
HAIRS: dict[str, Color] = {
    "black": (0.13, 0.11, 0.14),
    "brown": (0.36, 0.22, 0.14),
    "chestnut": (0.50, 0.26, 0.15),
    "red": (0.76, 0.32, 0.14),
    "blond": (0.90, 0.72, 0.36),
    "white": (0.88, 0.87, 0.88),
    "grey": (0.58, 0.58, 0.62),
    "blue": (0.25, 0.42, 0.72),
    "pink": (0.90, 0.48, 0.62),
}
STYLES = ("short", "parted", "long", "bob", "bun", "curly", "buzz", "hat")
CLOTHES: dict[str, float] = {  # name -> hue in turns
    "red": 0.99,
    "orange": 0.07,
    "yellow": 0.13,
    "green": 0.36,
    "teal": 0.48,
    "blue": 0.60,
    "purple": 0.76,
    "pink": 0.90,
}
COLLARS = ("round", "vee", "shirt", "striped")
EYES: tuple[Color, ...] = (
    (0.35, 0.22, 0.12),
    (0.22, 0.42, 0.62),
    (0.28, 0.48, 0.28),
    (0.40, 0.40, 0.46),
    (0.20, 0.14, 0.11),
)


@dataclass(frozen=True)
class Look:
    """A character. Lengths are in face radii (half the width of the face)."""

    skin_name: str
    skin: Color
    hair_name: str
    hair: Color
    style: str
    clothes_name: str
    clothes: Color
    collar: str
    iris: Color
    glasses: bool
    beard: bool
    lashes: float  # 0 short .. 1 long
    lip: Color
    jaw_width: float
    jaw_drop: float
    eye_size: float
    eye_gap: float
    brow_weight: float
    brow_height: float
    nose: float
    mouth_width: float
    mouth_height: float
    parting: float
    freckles: bool

    def words(self) -> str:
        """The character in the vocabulary of the training prompts."""
        style = {"hat": "a hat over " + self.hair_name + " hair", "buzz": "very short " + self.hair_name + " hair"}
        hair = style.get(self.style, f"{self.style} {self.hair_name} hair")
        extra = " and glasses" if self.glasses else " and a beard" if self.beard else ""
        return f"a person with {self.skin_name} skin, {hair}{extra}, in {self.clothes_name} clothes"


def _near(rng: np.random.Generator, color: Color, spread: float = 0.035) -> Color:
    r, g, b = (float(np.clip(c + rng.normal(0, spread), 0.02, 0.99)) for c in color)
    return (r, g, b)


def _pick(rng: np.random.Generator, names: tuple[str, ...], weights: tuple[float, ...] | None = None) -> str:
    p = None if weights is None else np.asarray(weights) / np.sum(weights)
    return str(rng.choice(names, p=p))


def sample_look(seed: int) -> Look:
    """One character. Training, validation and test use disjoint ranges of seeds, so identities never meet."""
    rng = np.random.default_rng([20260, seed])
    skin_name = _pick(rng, tuple(SKINS))
    hair_name = _pick(rng, tuple(HAIRS), (4, 4, 3, 2, 3, 1, 1, 1, 1))
    style = _pick(rng, STYLES, (3, 3, 4, 3, 2, 3, 1, 2))
    clothes_name = _pick(rng, tuple(CLOTHES))
    hue = CLOTHES[clothes_name] + rng.normal(0, 0.012)
    clothes = colorsys.hsv_to_rgb(hue % 1.0, float(rng.uniform(0.45, 0.8)), float(rng.uniform(0.5, 0.9)))
    skin = _near(rng, SKINS[skin_name], 0.02)
    red = rng.uniform(0.35, 0.65)
    lip = tuple(float(np.clip(c * (1 - red) + t * red, 0, 1)) for c, t in zip(skin, (0.72, 0.20, 0.24), strict=True))
    return Look(
        skin_name=skin_name,
        skin=skin,
        hair_name=hair_name,
        hair=_near(rng, HAIRS[hair_name]),
        style=style,
        clothes_name=clothes_name,
        clothes=clothes,
        collar=_pick(rng, COLLARS),
        iris=EYES[int(rng.integers(len(EYES)))],
        glasses=bool(rng.random() < 0.22),
        beard=bool(style in ("short", "parted", "buzz", "hat") and rng.random() < 0.25),
        lashes=float(rng.uniform(0, 1)),
        lip=(lip[0], lip[1], lip[2]),
        jaw_width=float(rng.uniform(0.74, 0.90)),
        jaw_drop=float(rng.uniform(0.30, 0.42)),
        eye_size=float(rng.uniform(0.215, 0.265)),
        eye_gap=float(rng.uniform(0.39, 0.45)),
        brow_weight=float(rng.uniform(0.042, 0.075)),
        brow_height=float(rng.uniform(0.40, 0.48)),
        nose=float(rng.uniform(0.07, 0.13)),
        mouth_width=float(rng.uniform(0.36, 0.44)),
        mouth_height=float(rng.uniform(0.60, 0.68)),
        parting=float(rng.uniform(-0.45, 0.45)),
        freckles=bool(rng.random() < 0.15),
    )
