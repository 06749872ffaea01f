"""What a writer is told, word for word: every malformed scene of tests/golden/errors beside the text it must give.

`DIALOGUE_WRITE_GOLDEN=1` writes the texts anew; then read them.
"""

from __future__ import annotations

import os
import wave
from pathlib import Path

import pytest

from dialogue.film.check import check
from dialogue.ground.errors import SceneError
from dialogue.scene.reader import read_scene

GOLDEN = Path(__file__).parents[2] / "golden/errors"
MEDIA = Path(__file__).parents[3] / "scenes/two_hander"
CASES = sorted([*GOLDEN.glob("*.yaml"), *GOLDEN.glob("*.yaml.j2")])


def silence(path: Path, channels: int, seconds: float) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * channels * int(8000 * seconds)))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of media, current, as a scene's folder is for the one who writes it."""
    for name in ("ana.flac", "ben.flac", "night.png", "ben_joy.png"):
        (tmp_path / name).symlink_to(MEDIA / name)
    silence(tmp_path / "line.wav", 1, 2.0)
    silence(tmp_path / "stereo.wav", 2, 8.0)
    silence(tmp_path / "empty.wav", 1, 0.0)
    (tmp_path / "broken.wav").write_bytes(b"RIFF, and then nothing that is sound")
    (tmp_path / "talk.rttm").write_text("SPEAKER talk 1 0.0 1.0 <NA> <NA> SPEAKER_00 <NA> <NA>\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # no faces were found in these pictures before
    monkeypatch.setenv("DIALOGUE_FACES", str(tmp_path / "no models"))  # and none are looked for
    return tmp_path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_mistake_is_told_at_its_place(case: Path, folder: Path) -> None:
    (folder / case.name).write_bytes(case.read_bytes())
    told = "".join(f"{problem}\n" for problem in check(case.name))
    golden = case.with_suffix(".txt") if case.suffix == ".yaml" else case.with_name(case.name + ".txt")
    if os.environ.get("DIALOGUE_WRITE_GOLDEN"):
        golden.write_text(told, encoding="utf-8")
    assert told == golden.read_text(encoding="utf-8")
    assert ": error: " in told
    assert all(line.startswith(case.name + ":") for line in told.splitlines())


def test_a_correct_scene_has_no_problems(folder: Path) -> None:
    Path("scene.yaml").write_text(
        "scene: 1\ncast:\n  ana: {track: ana.flac, face: [64, 196, 224, 274]}\n"
        "  ben: {track: ben.flac, face: [416, 196, 224, 274]}\npicture: night.png\n"
    )
    assert check(Path("scene.yaml")) == ()


def test_all_problems_come_at_once_in_the_order_of_the_file(folder: Path) -> None:
    with pytest.raises(SceneError) as caught:
        read_scene(GOLDEN / "names.yaml", folder=folder)
    places = [(problem.line, problem.column) for problem in caught.value.problems]
    assert len(places) >= 12
    assert places == sorted(places)  # type: ignore[type-var]
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["scen.yaml", "missing/scene.yaml", "."])
def test_a_scene_that_is_not_there(name: str, folder: Path) -> None:
    Path("scene.yaml").write_text("scene: 1\n")
    with pytest.raises(SceneError) as caught:
        read_scene(name)
    told = str(caught.value)
    assert ("did you mean 'scene.yaml'" in told) or ("there is no folder 'missing'" in told)


def test_a_file_too_large_to_be_a_scene(folder: Path) -> None:
    Path("large.yaml").write_bytes(b"# padding\n" * 500_000)
    with pytest.raises(SceneError, match="more than the 4000000 bytes"):
        read_scene("large.yaml")
