"""A file that is given for a scene and is none is named, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogue.ground.errors import SceneError
from dialogue.scene.reader import read_scene

GIVEN = {
    "talk.fountain": ("INT. ROOM - DAY\n\nANA\nHi.\n", "a screenplay, not a scene .*dialogue import"),
    "talk.txt": ("Ana: Hi.\n", "a text, not a scene .*dialogue import"),
    "labels.txt": ("0.5\t3.0\tana\n", "a file of labels, not a scene .*diarization: labels.txt"),
    "job.json": ('{"cond_audio": {}, "cond_image": "a.png"}', "a job of another program, not a .*dialogue import"),
    "words.json": ('{"segments": []}', "a transcript, not a scene .*diarization: words.json"),
    "plan.json": ('{"version": 1, "shots": [], "turns": []}', "a plan, not a scene .*dialogue render"),
    "talk.vtt": ("WEBVTT\n", "captions, not a scene .*diarization: talk.vtt"),
}


@pytest.mark.parametrize("name", GIVEN)
def test_what_it_is_and_what_to_do(tmp_path: Path, name: str) -> None:
    text, says = GIVEN[name]
    (tmp_path / name).write_text(text)
    with pytest.raises(SceneError, match=rf":1:1: error: this is {says}"):
        read_scene(tmp_path / name)


def test_a_scene_may_be_json(tmp_path: Path) -> None:
    (tmp_path / "scene.json").write_text('{"scene": 1}')
    with pytest.raises(SceneError, match="the scene has no cast"):
        read_scene(tmp_path / "scene.json")
