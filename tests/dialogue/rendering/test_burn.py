"""Captions in the picture, in every script: drawn at all, in the right order, no wider than the frame."""

from __future__ import annotations

import dataclasses
import unicodedata
from pathlib import Path

import av
import flashes
import numpy as np
import pytest

from dialogue.media.letters import letters_for
from dialogue.planning.plan import Plan
from dialogue.rendering.burn import burn, caption_fonts, subtitles
from dialogue.rendering.encode import encode
from dialogue.show.captions import cues_of

WIDTH, HEIGHT = 640, 160


def inked(folder: Path, text: str, font: str | None = None) -> np.ndarray:
    """(rows, columns): whether a frame with that caption burnt in is light there."""
    plan = dataclasses.replace(flashes.film_of(folder, [4], [0.0]), width=WIDTH, height=HEIGHT, duration=4.0, font=font)
    plan = dataclasses.replace(plan, turns=(dataclasses.replace(plan.turns[0], text=text, end=3.0),))
    black = iter([np.zeros((HEIGHT, WIDTH, 3), np.uint8)] * 4)
    encode(black, folder / "clip.mp4", width=WIDTH, height=HEIGHT, fps=plan.fps, count=4, what="a shot")
    return burnt(plan, folder)


def burnt(plan: Plan, folder: Path) -> np.ndarray:
    cues = cues_of(plan)
    fonts = caption_fonts(plan, cues, folder)
    script = subtitles(plan, plan.shots[0], cues, fonts)
    assert script is not None
    burn(folder / "clip.mp4", script, folder / "burnt.mp4", plan, fonts)
    with av.open(str(folder / "burnt.mp4")) as film:
        return next(film.decode(video=0)).to_ndarray(format="gray") > 100


def columns(ink: np.ndarray) -> tuple[int, int]:
    found = np.flatnonzero(ink.any(axis=0))
    return int(found[0]), int(found[-1]) + 1


@pytest.mark.parametrize("text", ["Did you hear that", "नमस्ते क्या तुमने सुना", "สวัสดีครับผม", "مرحبا كيف حالك", "שלום לכולם"])
def test_words_are_as_wide_as_their_letters_are(tmp_path: Path, text: str) -> None:
    """Pillow, which shapes the same words in the same fonts, says how wide: boxes would be another width."""
    left, right = columns(inked(tmp_path, text))
    wide = {size: letters_for([text], size).width(text) for size in (8, 16)}
    latin = columns(inked(tmp_path, "HHHHHHHHHH"))
    scale = (latin[1] - latin[0]) / letters_for(["H"], 16).width("HHHHHHHHHH")
    assert right - left == pytest.approx(wide[16] * scale, rel=0.12)


@pytest.mark.parametrize(
    "text, stop_is_left", [("مرحبا كيف حالك.", True), ("שלום לכולם.", True), ("Hello there.", False)]
)
def test_the_full_stop_stands_after_the_last_word(tmp_path: Path, text: str, stop_is_left: bool) -> None:
    ink = inked(tmp_path, text)
    left, right = columns(ink)
    heights = ink[:, left : left + 3].any(axis=1).sum(), ink[:, right - 3 : right].any(axis=1).sum()
    assert (heights[0] < heights[1]) == stop_is_left, heights


def test_both_rows_of_a_caption_have_its_direction(tmp_path: Path) -> None:
    plan = flashes.film_of(tmp_path, [4], [0.0])
    text = "Ok. " + "مرحبا يا صديقي كيف حالك اليوم " * 2
    plan = dataclasses.replace(plan, turns=(dataclasses.replace(plan.turns[0], text=text, end=3.0),))
    cues = cues_of(plan)
    script = subtitles(plan, plan.shots[0], cues, caption_fonts(plan, cues, tmp_path))
    said = str(script).split("0,0,0,,")[1].strip()
    assert [row[0] for row in said.split("\\N")] == ["\u200e", "\u200e"]
    assert unicodedata.bidirectional("\u200e") == "L"


@pytest.mark.parametrize(
    "text", ["https://example.org/" + "averylongpathwithoutanyspaces/" * 3, "สวัสดีครับ" * 6, "あ" * 60]
)
def test_long_words_stay_in_the_frame(tmp_path: Path, text: str) -> None:
    left, right = columns(inked(tmp_path, text))
    assert left > 0.02 * WIDTH and right < 0.98 * WIDTH


def test_the_scenes_own_font_is_used(tmp_path: Path) -> None:
    from matplotlib import get_data_path

    narrow = Path(get_data_path()) / "fonts/ttf/DejaVuSansMono-Bold.ttf"
    (tmp_path / "own.ttf").write_bytes(narrow.read_bytes())
    own, usual = columns(inked(tmp_path, "iiiiiiiiiiii", "own.ttf")), columns(inked(tmp_path, "iiiiiiiiiiii"))
    assert own[1] - own[0] > 1.4 * (usual[1] - usual[0]), "every letter of it is as wide"
