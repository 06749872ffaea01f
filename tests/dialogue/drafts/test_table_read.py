"""A screenplay read by draft voices, and two of its lines recorded later: their shots alone are made again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import dialogue
from dialogue.media.recordings import sound_blocks

SCRIPT = """\
INT. KITCHEN - NIGHT

ANA
(afraid)
Did you hear that noise outside just now?

BEN
No, I did not hear anything at all, my friend.

ANA
There it is again.

BEN
All right. I will look.
"""
SHOTS = """
shots:
  - {picture: room.png, prompt: The first, lines: [1], faces: {ana: [104, 150, 176, 216]}}
  - {picture: room.png, prompt: The second, lines: [2], faces: {ben: [488, 150, 176, 216]}}
  - {picture: room.png, prompt: The third, lines: [3], faces: {ana: [104, 150, 176, 216]}}
  - {picture: room.png, prompt: The fourth, lines: [4], faces: {ben: [488, 150, 176, 216]}}
"""


def heard(film: Path) -> np.ndarray:
    """dBFS per 20 ms."""
    blocks = list(sound_blocks(film))
    sound, rate = np.concatenate([block for block, _ in blocks], axis=1)[0], blocks[0][1]
    assert np.abs(sound).max() < 1, "nothing is clipped"
    step = rate // 50
    return np.asarray(10 * np.log10((sound[: len(sound) // step * step].reshape(-1, step) ** 2).mean(axis=1) + 1e-12))


def test_recordings_take_the_place_of_drafts(tmp_path: Path) -> None:
    pytest.importorskip("hibari")
    script = tmp_path / "noise.fountain"
    script.write_text(SCRIPT)
    scene = dialogue.plan(script).source
    text = scene.read_text().replace("scene: 1\n", "scene: 1\ngenerator: animatic\noutput: {size: 160x128}\n")
    scene.write_text(text + SHOTS)
    film = dialogue.render(scene, tmp_path / "noise.mp4")
    assert len(film.rendered) == 4 and all(turn.draft for turn in film.plan.turns)
    levels = heard(film.file)
    assert levels[:-2].min() > -75, "a room is heard under the drafts"
    for turn in film.plan.turns:
        assert levels[round(turn.start * 50) : round(turn.end * 50)].max() > -25
    for number in (2, 4):  # as long as their drafts, so that nothing moves
        turn = film.plan.turns[number - 1]
        said, rate = soundfile.read(scene.parent / turn.audio.source)
        soundfile.write(scene.parent / f"ben_{number}.wav", said[::-1], rate)
    rows = scene.read_text().splitlines(keepends=True)
    spoken = [index for index, row in enumerate(rows) if row.startswith("  - ben:")]
    for index, number in reversed(list(zip(spoken, (2, 4), strict=True))):
        rows.insert(index + 1, f"    audio: ben_{number}.wav\n")
    scene.write_text("".join(rows))
    again = dialogue.render(scene, tmp_path / "noise.mp4")
    assert [turn.draft is not None for turn in again.plan.turns] == [True, False, True, False]
    assert [task.number for task in again.rendered] == [2, 4], [task.reason for task in again.tasks]
    assert {name.rpartition("/")[2] for name in again.plan.media} >= {"ben_2.wav", "ben_4.wav"}
