"""A report of a film: one file with everything in it, and nothing of anybody else's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dialogue
from dialogue.cli.app import app

SCENES = Path(__file__).parents[3] / "scenes"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "two"
    shutil.copytree(SCENES / "two_hander", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    path = folder / "scene.yaml"
    text = path.read_text().replace("output: {", "generator: animatic\noutput: {size: 128x128, ")
    path.write_text(text.replace("title: The lighthouse", "title: <script>alert(1)</script> & 'lights'"))
    return path


def test_a_report_without_a_film(scene: Path) -> None:
    place = dialogue.report(scene)
    text = place.read_text(encoding="utf-8")
    assert place.name == "scene-report.html"
    assert "<video" not in text
    assert "Verified" not in text
    assert "<h1>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#x27;lights&#x27;</h1>" in text
    assert "<script" not in text
    assert not re.search(r"(src|href)='(?!data:)", text)
    for said in ("Ana Ruiz", "Ben Okoro", "The lighthouse. Somebody has lit the lamp.", "night.png, shots 1", "Words"):
        assert said in text


def test_a_report_of_a_film_that_was_made(scene: Path) -> None:
    dialogue.render(scene)
    result = CliRunner().invoke(app, ["report", str(scene.with_suffix(".mp4"))])
    assert result.exit_code == 0, result.output
    text = (scene.parent / "scene-report.html").read_text(encoding="utf-8")
    assert "<video controls preload=metadata src='data:video/mp4;base64," in text
    assert "Verified" in text


def test_nothing_of_somebody_elses_is_written_over(scene: Path) -> None:
    place = scene.parent / "scene-report.html"
    place.write_text("mine")
    assert CliRunner().invoke(app, ["report", str(scene)]).exit_code == 2
    assert place.read_text() == "mine"
    assert CliRunner().invoke(app, ["report", str(scene), "--force"]).exit_code == 0


def test_a_film_of_nobody_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_bytes(b"x")
    result = CliRunner().invoke(app, ["report", str(tmp_path / "x.mp4")])
    assert result.exit_code == 2
    assert "no scene and no plan beside this film" in result.stderr


def test_a_report_lists_sounds_and_marks_drafts(tmp_path: Path) -> None:
    folder = tmp_path / "train"
    shutil.copytree(SCENES / "interruption", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    scene = folder / "scene.yaml"
    text = scene.read_text().replace("output: {", "generator: animatic\noutput: {draft_marks: yes, size: 128x128, ")
    scene.write_text(text.replace("    audio: 02_tom.flac\n", ""))
    told = dialogue.report(scene).read_text(encoding="utf-8")
    assert "wind.flac" in told and told.count("[draft: ") == 1
    assert dialogue.export(dialogue.plan(scene), "srt").count("Tom: [draft] I said eight.") == 1
