"""Files that are too large to be meant: refused in a line or read on, never for minutes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.ground.errors import SceneError
from dialogue.scene.kinds import near
from dialogue.scene.reader import read_scene

HEAD = "scene: 1\ncast:\n  ana: {track: a.wav}\npicture: p.png\n"


def people(count: int) -> str:
    return "scene: 1\ncast:\n" + "".join(f"  m{n}: {{track: a.wav}}\n" for n in range(count)) + "picture: p.png\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (people(30_000), "the file holds more than 100000 values"),
        (HEAD + "lines:\n" + "  - ana: Hello\n" * 100_000, "the file holds more than 100000 values"),
        (people(1_200), "cast: holds 1200; 1000 are the most"),
        (HEAD + "lines:\n" + "  - ana: Hello\n" * 20_001, "lines: holds 20001; 20000 are the most"),
        (HEAD + "lines:\n" + "  - anna: Hello\n" * 5_000, "1000 mistakes so far: the rest is not read"),
    ],
    ids=["people", "lines", "cast", "script", "mistakes"],
)
def test_too_much_is_refused_in_bounded_time(text: str, told: str, tmp_path: Path) -> None:
    for name in ("a.wav", "p.png"):
        (tmp_path / name).touch()
    (tmp_path / "scene.yaml").write_text(text)
    began = time.process_time()
    with pytest.raises(SceneError) as caught:
        read_scene(tmp_path / "scene.yaml")
    assert told in caught.value.problems[-1].message
    assert len(caught.value.problems) <= 1_001
    assert time.process_time() - began < 15


def test_a_hundred_problems_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    turns = "".join(f"SPEAKER x 1 {n} x <NA> <NA> ana <NA> <NA>\n" for n in range(2_000))
    (tmp_path / "turns.rttm").write_text(turns)
    for name in ("a.wav", "p.png"):
        (tmp_path / name).touch()
    scene = "scene: 1\ncast: {ana: {}}\npicture: p.png\naudio: a.wav\ndiarization: turns.rttm\n"
    (tmp_path / "scene.yaml").write_text(scene)
    result = CliRunner().invoke(app, ["check", str(tmp_path / "scene.yaml")])
    lines = [line for line in result.stderr.splitlines() if ": error: " in line]
    assert result.exit_code == 2 and len(lines) == 100
    assert any(line.startswith("… and ") and line.endswith(" more errors") for line in result.stderr.splitlines())


def test_what_was_meant_is_looked_for_among_few() -> None:
    assert near("m12O", [f"m{n}" for n in range(500)]) is not None
    began = time.process_time()
    for number in range(200):
        near(f"m{number}x", [f"m{n}" for n in range(5_000)])
    assert time.process_time() - began < 10
