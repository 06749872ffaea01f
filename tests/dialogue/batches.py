"""Small batches for tests: two drawn faces, a cast of them, and episodes of buzzing with their turns beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from PIL import Image, ImageDraw

from dialogue.cast.cast import read_cast
from dialogue.formats.rttm import write_rttm
from dialogue.ground.segments import LabelledSegment
from dialogue.podcast.batch import BatchResult, run_batch
from dialogue.podcast.crews import MakeCrew, local_crew
from dialogue.podcast.episode_plan import Setting
from dialogue.podcast.episodes import find_episodes

TEMPLATE = Path(__file__).parents[2] / "dialogue/podcast/podcast.yaml.j2"
VARIABLES = {"size": "128x96", "fps": "10", "generator": "animatic"}
CAST = """\
cast: 1
people:
  ana: {name: Ana Ruiz, picture: ana.png, face: [60, 40, 40, 50]}
  ben: {picture: ben.png, face: [60, 40, 40, 50], color: "#39c"}
guests:
  - {picture: guest.png, face: [60, 40, 40, 50]}
"""


def draw_person(path: Path, tone: int) -> None:
    image = Image.new("RGB", (160, 120), (tone, 90, 120))
    pencil = ImageDraw.Draw(image)
    pencil.ellipse([60, 40, 100, 90], fill=(220, 190, 170))
    pencil.ellipse([70, 55, 75, 60], fill=(30, 30, 30))
    pencil.ellipse([85, 55, 90, 60], fill=(30, 30, 30))
    pencil.line([72, 78, 88, 78], fill=(150, 50, 50), width=3)
    image.save(path)


def write_cast(folder: Path, text: str = CAST) -> Path:
    for tone, name in enumerate(("ana", "ben", "guest")):
        draw_person(folder / f"{name}.png", 60 + 60 * tone)
    (folder / "cast.yaml").write_text(text, encoding="utf-8")
    return folder / "cast.yaml"


def buzz(seconds: float, rate: int = 16_000, pitch: float = 120.0) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sign(np.sin(2 * np.pi * pitch * time)) * (np.sin(2 * np.pi * 3 * time) > -0.5)).astype(np.float32)


def write_episode(path: Path, *turns: tuple[str, float, float], seconds: float = 6.0) -> Path:
    """A recording with its turns beside it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, buzz(seconds, pitch=100 + 7 * (len(path.stem) % 9)), 16_000)
    spoken = turns or (("ana", 0.2, 2.8), ("ben", 3.0, seconds - 0.2))
    text = write_rttm([LabelledSegment(start, end, who) for who, start, end in spoken], path.stem)
    path.with_suffix(".rttm").write_text(text, encoding="utf-8")
    return path


def run(
    places: list[Path], cast: Path, output: Path, make_crew: MakeCrew | None = None, **changes: object
) -> BatchResult:
    setting = Setting(read_cast(cast), TEMPLATE, output, VARIABLES)
    to = changes.pop("to", "film")
    for name, value in changes.items():
        object.__setattr__(setting, name, value)
    return run_batch(find_episodes(places), setting, to, make_crew or (lambda: local_crew(1)))  # type: ignore[arg-type]
