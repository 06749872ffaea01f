"""Make the library of ready characters, which `dialogue init` starts from: scenes/cast/ (in the package, a link here).

    python -m scripts.make_cast

Of each character: `neutral.png` ... `disgust.png` (128 x 128), emotion references; `portrait.png` (576 x 324), a shot
of them alone, whose face box is in cast.yaml; `figure.png`, cut out, to be placed before a picture of `places/`;
`hello.flac` and a line in an emotion, which its file is named after. The same every time; training never saw them.
Speaking needs `espeak-ng` on the PATH.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
import yaml
from PIL import Image

from scripts.actors import READY, Utterance, save_sound, spoken
from scripts.tiny.clips import FACE_BOX, Placed, Stage, portrait, render, still_acting
from scripts.tiny.drawing import Canvas
from scripts.tiny.expressions import EMOTIONS
from scripts.tiny.face import draw_behind, draw_head
from scripts.tiny.looks import Look
from scripts.tiny.places import PLACES, draw_place
from scripts.tiny.sampling import picture

ROOT = Path(__file__).parents[1] / "dialogue" / "characters"
PARTS = {  # name -> place of the portrait, an emotion, and what is said in it
    "juma": ("city", "joy", "What a fine day to be in a film!"),
    "marek": ("library", "anger", "And nobody has made any coffee!"),
    "edith": ("room", "sadness", "I do miss the old films, though."),
    "ruby": ("sunset", "fear", "Oh no. I have forgotten my line."),
    "freya": ("sea", "joy", "I could do this all day!"),
    "leon": ("studio", "surprise", "Wait. Are we on film already?"),
    "mei": ("forest", "disgust", "Somebody has been eating fish in here."),
    "asha": ("night", "joy", "I have waited all week for this!"),
}
ALONE_WIDTH, ALONE_HEIGHT = 576, 324  # of portrait.png, in pixels
ALONE = (288.0, 160.0, 60.0)  # x, y and radius of the face in it
HEIGHT, WIDTH, RADIUS = 512, 320, 88.0  # of figure.png, in pixels
PLACE_WIDTH = 1024


def box_of(x: float, y: float, radius: float) -> list[int]:
    """x, y, width, height of a face in the pixels of its picture, as a scene has them."""
    left, top, right, bottom = FACE_BOX
    return [round(v) for v in (x + left * radius, y + top * radius, (right - left) * radius, (bottom - top) * radius)]


def figure(look: Look) -> Image.Image:
    """The character before nothing (RGBA): drawn on black and on white, which differ by what shines through."""
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    x, y = (x[None] - WIDTH / 2) / RADIUS, (y[None] - HEIGHT / 2) / RADIUS
    black, white = torch.zeros(1, 3, HEIGHT, WIDTH), torch.ones(1, 3, HEIGHT, WIDTH)
    for ground in (black, white):
        canvas = Canvas(ground, x, y, RADIUS)
        draw_behind(canvas, look)
        draw_head(canvas, look, still_acting("neutral", 0.0))
    alpha = (1 - (white - black).mean(1, keepdim=True)).clamp(0, 1)
    color = torch.where(alpha > 0, black / alpha.clamp(min=1e-6), alpha)
    pixels = torch.cat([color, alpha], 1)[0].clamp(0, 1).permute(1, 2, 0)
    return Image.fromarray((pixels * 255 + 0.5).to(torch.uint8).numpy(), "RGBA")


def empty_place(name: str) -> Image.Image:
    """A place with nobody in it."""
    y, x = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(PLACE_WIDTH) + 0.5, indexing="ij")
    pixels = torch.zeros(1, 3, HEIGHT, PLACE_WIDTH)
    canvas = Canvas(pixels, x[None] / HEIGHT, y[None] / HEIGHT, HEIGHT)
    draw_place(canvas, name, np.random.default_rng([7, PLACES.index(name)]))
    return picture((pixels[0].clamp(0, 1) * 255 + 0.5).to(torch.uint8))


def main() -> None:
    (ROOT / "places").mkdir(parents=True, exist_ok=True)
    for place in PLACES:
        empty_place(place).save(ROOT / "places" / f"{place}.png", optimize=True)
    entries = {}
    for name, (place, emotion, words) in PARTS.items():
        actor, folder = READY[name], ROOT / name
        look = actor.face
        folder.mkdir(parents=True, exist_ok=True)
        for each in EMOTIONS:
            picture(portrait(look, each)).save(folder / f"{each}.png", optimize=True)
        stage = Stage(place, (Placed(look, *ALONE),), ALONE_HEIGHT, ALONE_WIDTH, 2_000_000 + actor.look)
        picture(render(stage, (still_acting("neutral", 0.0),))[0]).save(folder / "portrait.png", optimize=True)
        figure(look).save(folder / "figure.png", optimize=True)
        hello = f"Hello. I am {name.capitalize()}."
        save_sound(folder / "hello.flac", spoken(Utterance(actor, hello)))
        save_sound(folder / f"{emotion}.flac", spoken(Utterance(actor, words)))
        entries[name] = {
            "looks": look.words(),
            "voice": actor.voice,
            "place": place,
            "face": box_of(*ALONE),
            "figure": box_of(WIDTH / 2, HEIGHT / 2, RADIUS),
            "hello": hello,
            "line": words,
            "emotion": emotion,
        }
    about = (
        "# Ready characters, drawn by scripts/make_cast.py. `face` is the box of the face in portrait.png, `figure`\n"
        "# that in figure.png; `voice` is the espeak-ng voice of hello.flac and of `line`, said in `emotion`.\n"
    )
    (ROOT / "cast.yaml").write_text(
        about + yaml.safe_dump(entries, sort_keys=False, default_flow_style=None, width=110)
    )


if __name__ == "__main__":
    main()
