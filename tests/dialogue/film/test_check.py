"""What `check` knows of pictures: what a plan would be refused for, where faces were found before or quickly."""

from __future__ import annotations

from pathlib import Path

import pytest
from face_models import FOLDER, needs_face_models

import dialogue
from dialogue.film.check import check

PICTURE = Path(__file__).parents[3] / "scenes/two_hander/night.png"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scene of two, who are the same face."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DIALOGUE_FACES", str(tmp_path / "no models"))
    (tmp_path / "night.png").write_bytes(PICTURE.read_bytes())
    written = tmp_path / "scene.yaml"
    written.write_text(
        "scene: 1\ngenerator: animatic\ncast:\n  ana: {face: {detect: 1}}\n  ben: {face: {detect: 1}}\n"
        "picture: night.png\nlines:\n  - {ana: Hello., from: 0, to: 1}\n"
    )
    return written


def told(scene: Path) -> list[str]:
    return [str(problem).removeprefix(f"{scene}:") for problem in check(scene) if problem.severity == "error"]


def test_what_a_plan_was_refused_for_check_says_too(scene: Path) -> None:
    assert told(scene) == [], "without models, faces are not looked for"
    with pytest.raises(dialogue.SceneError) as refused:
        dialogue.plan(scene)
    (problem,) = refused.value.problems
    assert "are the same face in night.png" in str(problem)
    assert told(scene) == [str(problem).removeprefix(f"{scene}:")]


@needs_face_models
def test_with_models_small_pictures_are_looked_at(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_FACES", str(FOLDER))
    assert len(told(scene)) == 1 and "are the same face in night.png" in told(scene)[0]
    text = scene.read_text()
    scene.write_text(text.replace("ben: {face: {detect: 1}}", "ben: {face: {detect: 7}}"))
    assert told(scene)[0].startswith("5:15: error: detect: 7, but night.png has 2 faces (found 1 [")
    scene.write_text(text.replace("ben: {face: {detect: 1}}", "ben: {face: [2, 2, 40, 40]}"))
    assert "the box [2, 2, 40, 40] holds nothing like a face in night.png" in told(scene)[0]
