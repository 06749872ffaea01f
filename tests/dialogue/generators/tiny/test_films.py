"""The small trained model from a scene to a film: its own world, its own weights, held against the plan."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.generators import generator
from dialogue.planning.plan_json import read_plan
from dialogue.verification.verdict import verify

SCENE = Path(__file__).parents[4] / "scenes" / "two_hander"


def test_who_speaks_moves_and_who_listens_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in SCENE.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    written = (tmp_path / "scene.yaml").read_text()
    head = "generator: tiny\noutput: {size: 256x256}"
    (tmp_path / "scene.yaml").write_text(written.replace("output: {captions: [srt, vtt]}", head))
    monkeypatch.chdir(tmp_path)
    for command in (["plan", "scene.yaml", "-o", "plan"], ["render", "scene.yaml", "-o", "film.mp4", "--shot", "1"]):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    plan = read_plan(tmp_path / "plan" / "plan.json").plan
    assert plan.generator == "tiny" and plan.generator_reason == "named by the scene"
    first = dataclasses.replace(plan, shots=plan.shots[:1])  # both speak in it, one after the other
    verdicts = verify(next(tmp_path.glob("film*.mp4")), first)
    assert [verdict.speaker for verdict in verdicts] == ["ana", "ben"]
    for verdict in verdicts:
        assert verdict.speaking is not None and verdict.listening is not None
        assert verdict.listening <= 0.1 * verdict.speaking
        assert "the mouth does not move while they speak" not in verdict.faults


def test_the_weights_are_there_and_in_the_fingerprint() -> None:
    tiny = generator("tiny")
    assert tiny.missing() is None
    assert "weights " in tiny.fingerprint()
