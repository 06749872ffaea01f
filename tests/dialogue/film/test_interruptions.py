"""A cut inside an overlap: both people keep their mouths, each in the shot they are in, and the sound goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import dialogue
from dialogue.film.found import sound

SCENES = Path(__file__).parents[3] / "scenes"
ONE = "shots:\n  - {picture: platform.png}\n"
CUT = """shots:
  - {picture: platform.png, lines: [1]}
  - {picture: platform.png, prompt: The same from there on, lines: [2]}
  - {picture: platform.png, lines: [3, 5]}
  - {picture: platform.png, prompt: Her again, lines: [6]}
"""


def test_an_interruption_may_be_cut_to(tmp_path: Path) -> None:
    folder = tmp_path / "train"
    shutil.copytree(SCENES / "interruption", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    scene = folder / "scene.yaml"
    text = scene.read_text().replace("output: {", "generator: animatic\noutput: {size: 256x256, ")
    head = text[: text.index("shots:\n")]
    scene.write_text(head + ONE)
    whole = dialogue.plan(scene).plan
    heard = sound(dialogue.order(scene, output=tmp_path / "whole.mp4"))
    scene.write_text(head + CUT)
    film = dialogue.render(scene, output=tmp_path / "cut.mp4")
    assert film.plan.turns == whole.turns, "no line is cut in two"
    starts = [turn.start for turn in film.plan.turns]
    clock = film.plan.clock
    assert [shot.start for shot in film.plan.shots][1::2] == [clock.frame_at(starts[1]), clock.frame_at(starts[4])]
    again = sound(dialogue.order(scene, output=tmp_path / "cut.mp4", overwrite=True))
    assert heard is not None and again is not None and again.read_bytes() == heard.read_bytes()
    for verdict in dialogue.verify(film):
        assert verdict.faults == (), verdict
