"""Draw the library of ready characters: scenes/cast/NAME/ holds each in seven emotions, and a picture to start from.

    python -m scripts.make_cast

`neutral.png` ... `disgust.png` (128 x 128) are emotion references; `portrait.png` (256 x 256) is a shot of the
character, whose face box is in cast.yaml. The same characters are drawn every time; training never saw them.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from scripts.tiny.clips import FACE_BOX, Placed, Stage, portrait, render, still_acting
from scripts.tiny.expressions import EMOTIONS
from scripts.tiny.looks import sample_look
from scripts.tiny.sampling import picture

ROOT = Path(__file__).parents[1] / "scenes" / "cast"
CAST = {  # name -> seed of the look, place of the portrait, espeak-ng voice
    "juma": (2_000_101, "city", "en-us+m3"),
    "marek": (2_000_103, "library", "en-gb+m1"),
    "edith": (2_000_104, "room", "en-gb+f2"),
    "ruby": (2_000_112, "sunset", "en-us+f3"),
    "freya": (2_000_114, "sea", "en-gb+f4"),
    "leon": (2_000_118, "studio", "en-us+m7"),
    "mei": (2_000_127, "forest", "en-us+f5"),
    "asha": (2_000_133, "night", "en-us+f1"),
}
FACE = Placed(sample_look(0), 128.0, 128.0, 44.0)


def face_box(face: Placed) -> list[int]:
    """x, y, width, height of a face in the pixels of its picture, as a scene has them."""
    left, top, right, bottom = FACE_BOX
    x, y, r = face.x, face.y, face.radius
    return [round(v) for v in (x + left * r, y + top * r, (right - left) * r, (bottom - top) * r)]


def main() -> None:
    entries = {}
    for name, (seed, place, voice) in CAST.items():
        folder, look = ROOT / name, sample_look(seed)
        folder.mkdir(parents=True, exist_ok=True)
        for emotion in EMOTIONS:
            picture(portrait(look, emotion)).save(folder / f"{emotion}.png", optimize=True)
        stage = Stage(place, (Placed(look, FACE.x, FACE.y, FACE.radius),), 256, 256, seed)
        picture(render(stage, (still_acting("neutral", 0.0),))[0]).save(folder / "portrait.png", optimize=True)
        entries[name] = {"looks": look.words(), "voice": voice, "place": place, "face": face_box(FACE)}
    about = "# Ready characters, drawn by scripts/make_cast.py. `voice` is an espeak-ng voice that suits them.\n"
    (ROOT / "cast.yaml").write_text(about + yaml.safe_dump(entries, sort_keys=False, default_flow_style=None))


if __name__ == "__main__":
    main()
