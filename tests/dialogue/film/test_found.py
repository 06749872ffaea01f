"""What the media of a film hold before it is made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import dialogue

SCENES = Path(__file__).parents[3] / "scenes"


def test_faces_of_a_picture_left_to_right() -> None:
    found = dialogue.faces(SCENES / "two_hander/night.png")
    assert [box.x for box in found] == sorted(box.x for box in found)


def test_no_picture_has_no_faces(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_text("no picture")
    with pytest.raises(dialogue.SceneError):
        dialogue.faces(tmp_path / "x.png")


def test_a_scene_of_tracks_has_no_open_voices() -> None:
    assert dialogue.voices(SCENES / "two_hander/scene.yaml") == ()


def test_voices_that_are_nobodys_are_told_with_what_to_listen_to(tmp_path: Path) -> None:
    shutil.copy(SCENES / "two_hander/ana.flac", tmp_path)
    shutil.copy(SCENES / "two_hander/night.png", tmp_path)
    heard = [("A", 0.5, 1.0), ("B", 2.5, 3.0), ("B", 6.0, 0.5), ("C", 8.0, 2.0)]
    turns = [f"SPEAKER x 1 {start} {length} <NA> <NA> {label} <NA> <NA>\n" for label, start, length in heard]
    (tmp_path / "who.rttm").write_text("".join(turns))
    (tmp_path / "scene.yaml").write_text(
        "scene: 1\npicture: night.png\naudio: ana.flac\ndiarization: who.rttm\n"
        "cast: {ana: {voice: {speaker: A}, face: [64, 196, 224, 274]}, ben: {face: [416, 196, 224, 274]}, cy: {}}\n"
    )
    found = dialogue.voices(tmp_path / "scene.yaml")
    assert [(voice.label, voice.seconds, voice.turns[0]) for voice in found] == [
        ("B", 3.5, (2.5, 5.5)),
        ("C", 2.0, (8.0, 10.0)),
    ]


def test_the_sound_of_a_film_that_is_not_made(tmp_path: Path) -> None:
    folder = tmp_path / "two"
    shutil.copytree(SCENES / "two_hander", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    order = dialogue.order(folder / "scene.yaml")
    heard = dialogue.sound(order)
    assert heard is not None
    assert heard.stat().st_size > 10_000
    assert not order.output.exists()
