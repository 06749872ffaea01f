"""A scene from nothing: where files that are brought in are put, and what is written of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from studio_rooms import serving

import dialogue
from dialogue.ground.errors import SceneError
from dialogue.scene.reader import read_scene
from dialogue.studio.begin import begin, lines_of, people_of, upload_place

SCENES = Path(__file__).parents[3] / "scenes"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.png", "a.png"),
        ("../../a.png", "a.png"),
        ("..\\..\\a.PNG", "a.png"),
        ("/etc/x.wav", "x.wav"),
        ("a b (1).flac", "a b (1).flac"),
        ("a:<b>|.mp3", "a_b_.mp3"),
        ("é" * 300 + ".jpg", "é" * 80 + ".jpg"),
    ],
)
def test_files_come_into_the_folder_itself(tmp_path: Path, name: str, wanted: str) -> None:
    assert upload_place(tmp_path, name) == tmp_path / wanted


@pytest.mark.parametrize("name", ["", ".", "..", "scene.yaml", "a.py", ".png", "a.png.sh", "x.html"])
def test_only_pictures_and_recordings_come_in(tmp_path: Path, name: str) -> None:
    with pytest.raises(SceneError):
        upload_place(tmp_path, name)


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert upload_place(tmp_path, "a.png") == tmp_path / "a-2.png"


def test_a_script_is_a_line_per_turn() -> None:
    script = "ana: Did you hear that?\nBen O'Hara: Hear what:\n  and more\n\nana： Да"
    assert lines_of(script) == [("ana", "Did you hear that?"), ("Ben O'Hara", "Hear what: and more"), ("ana", "Да")]


def test_people_are_named_by_their_recordings() -> None:
    assert people_of(["call_katie.wav", "call_steve.wav"]) == ["Katie", "Steve"]
    assert len(people_of(["mix.wav"])) == 2


def sound(place: Path, seconds: float) -> str:
    soundfile.write(place, np.zeros(int(8000 * seconds)), 8000)
    return place.name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(SCENES / "two_hander/night.png", tmp_path)
    return tmp_path


def test_recordings_of_one_length_are_tracks(folder: Path) -> None:
    names = [sound(folder / "a.wav", 4), sound(folder / "b.wav", 4.1)]
    begin(folder / "scene.yaml", {"pictures": ["night.png"], "recordings": names})
    scene = read_scene(folder / "scene.yaml").scene
    assert [member.track.path for member in scene.cast.values() if member.track] == names
    assert not scene.lines


def test_recordings_of_other_lengths_are_lines_one_after_the_other(folder: Path) -> None:
    names = [sound(folder / "a.wav", 1.7), sound(folder / "b.wav", 3)]
    begin(folder / "scene.yaml", {"pictures": ["night.png"], "recordings": names})
    plan = dialogue.plan(folder / "scene.yaml").plan
    assert [(turn.audio.source, turn.start) for turn in plan.turns] == [("a.wav", 0.0), ("b.wav", 1.7)]


def test_one_recording_is_a_mix_and_a_script_names_who_speaks(folder: Path) -> None:
    asked = {"pictures": ["night.png"], "recordings": [sound(folder / "m.wav", 5)], "script": "Ana: One: 1\nBen: Two"}
    begin(folder / "scene.yaml", asked)
    scene = read_scene(folder / "scene.yaml").scene
    assert scene.audio is not None
    assert list(scene.cast) == ["ana", "ben"]
    assert len(scene.lines) == 2


def test_names_from_elsewhere_and_a_scene_that_is_there(folder: Path) -> None:
    begin(folder / "scene.yaml", {"pictures": ["../night.png", "night.png", "nowhere.png"], "script": "Ana: x"})
    assert "picture: night.png\n" in (folder / "scene.yaml").read_text()
    with pytest.raises(SceneError, match="there already"):
        begin(folder / "scene.yaml", {"characters": ["asha"]})


def test_an_empty_folder_becomes_a_scene_of_ready_characters(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        film = server.film()
        assert server.get(film)["kind"] == "new"
        assert "asha" in server.get(film)["characters"]
        assert server.post(f"{film}/begin", {"characters": ["asha", "leon"]})[0] == 200
        record = server.until(film, lambda now: now["plan"] is not None)
        assert [speaker["id"] for speaker in record["plan"]["speakers"]] == ["asha", "leon"]
        headers = {"cookie": server.cookie, "content-type": "application/octet-stream"}
        status, _, _ = server.request(f"{film}/upload?name=..%2F..%2Fx.wav", b"RIFF", headers)
        assert (status, (tmp_path / "x.wav").read_bytes()) == (200, b"RIFF")
        assert server.request(f"{film}/upload?name=x.sh", b"#!", headers)[0] == 409
