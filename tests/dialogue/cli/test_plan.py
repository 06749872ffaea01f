"""`dialogue plan` and `dialogue export` as they are called: files, formats, errors, and no torch."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.generators import GENERATORS
from dialogue.planning.plan_json import read_plan

ROOT = Path(__file__).parents[3]
SCENE = ROOT / "scenes/interruption/scene.yaml"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "160")


def test_plan_prints_a_table_and_writes_every_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["plan", str(SCENE), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    for words in ("The missed train", "tiny", "chosen because", "anger x 1.2", "close_ines.png", "0:05.156"):
        assert words in result.stdout
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "captions.srt", "captions.vtt", "faces.png", "plan.json", "plan.png", "plan_2.png", "turns.rttm",
        "who_speaks.png",
    ]  # fmt: skip
    read = read_plan(tmp_path / "out/plan.json")
    assert read.media.resolve() == SCENE.parent.resolve()
    assert all((read.media / shot.picture).is_file() for shot in read.plan.shots)


def test_the_picture_shows_boxes_in_the_speakers_colours(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["plan", str(SCENE), "-o", str(tmp_path)])
    plan = read_plan(tmp_path / "plan.json").plan
    with Image.open(tmp_path / "plan.png") as image:
        assert image.width == plan.width and image.height > plan.height
        for face in plan.shots[0].faces:
            wanted = tuple(int(plan.speaker(face.speaker).color[i : i + 2], 16) for i in (1, 3, 5))
            x, y = round(face.box.center[0]), round(face.box.bottom)
            assert wanted in [image.getpixel((x, y + off)) for off in (-1, 0, 1)]  # a box ends between pixels
    with Image.open(tmp_path / "who_speaks.png") as chart:
        colors = {color for _, color in chart.convert("RGB").getcolors(1 << 20) or ()}
        for speaker in plan.speakers:
            assert tuple(int(speaker.color[i : i + 2], 16) for i in (1, 3, 5)) in colors


def test_json_for_programs(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["plan", str(SCENE), "--format", "json"])
    record = json.loads(result.stdout)
    assert record["plan"]["version"] == 1 and len(record["plan"]["turns"]) == 5
    assert len(record["estimate"]["shots"]) == len(record["plan"]["shots"]) == 3
    assert record["estimate"]["seconds"] > 0 and record["files"] == []


def test_export_writes_what_is_asked(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["plan", str(SCENE), "-o", str(tmp_path)])
    for target in ("otio", "edl", "rttm", "srt", "vtt"):
        path = tmp_path / f"film.{target}"
        result = CliRunner().invoke(app, ["export", str(tmp_path / "plan.json"), "--to", target, "-o", str(path)])
        assert result.exit_code == 0, result.output
        printed = CliRunner().invoke(app, ["export", str(tmp_path / "plan.json"), "--to", target]).stdout
        if target != "otio":  # whose paths are relative to the file
            assert printed == path.read_text(encoding="utf-8")
    assert (tmp_path / "turns.rttm").read_text() == (tmp_path / "film.rttm").read_text()


@pytest.mark.parametrize("arguments", [["plan", "nowhere.yaml"], ["export", "nowhere.json", "--to", "edl"]])
def test_what_is_not_there_is_said_in_a_line(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2 and "nowhere" in result.output and "Traceback" not in result.output


def test_a_folder_that_cannot_be_made_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    result = CliRunner().invoke(app, ["plan", str(SCENE), "-o", str(tmp_path / "file")])
    assert result.exit_code == 2 and "is a file, where a folder is needed" in result.output


WATCH = """
import sys, runpy
sys.argv = ["dialogue", *{arguments!r}]
try:
    runpy.run_module("dialogue", run_name="__main__")
except SystemExit as leaving:
    assert not leaving.code, leaving.code
heavy = sorted(set(sys.modules) & {{"torch", "transformers", "diffusers", "pyannote", "onnxruntime"}})
assert not heavy, heavy
"""


def run_watched(arguments: list[str], tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "fresh")}
    done = subprocess.run(
        [sys.executable, "-c", WATCH.format(arguments=arguments)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_a_plan_with_given_times_imports_no_torch(tmp_path: Path) -> None:
    run_watched(["plan", str(SCENE), "-o", str(tmp_path / "out")], tmp_path)
    run_watched(["plan", str(ROOT / "scenes/three_at_a_table/scene.yaml")], tmp_path)


def test_an_export_imports_no_torch(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["plan", str(SCENE), "-o", str(tmp_path)])
    run_watched(["export", str(tmp_path / "plan.json"), "--to", "otio", "-o", str(tmp_path / "a.otio")], tmp_path)


def test_an_unclear_face_is_an_error_that_shows_what_was_found(tmp_path: Path) -> None:
    text = SCENE.read_text(encoding="utf-8").replace("[64, 196, 224, 274]", "{detect: 9}")
    for file in SCENE.parent.iterdir():
        if file.name != "scene.yaml":
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / "scene.yaml").write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["plan", str(tmp_path / "scene.yaml"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert re.search(r"scene.yaml:9:\d+: error: (no face was found|detect: 9, but platform.png has)", result.output)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["faces.png"]


@pytest.fixture
def without_hallo3() -> Iterator[None]:
    """Their order is which is the best: it is the same again afterwards."""
    before = dict(GENERATORS)
    del GENERATORS["hallo3"]
    yield
    GENERATORS.clear()
    GENERATORS.update(before)


@pytest.mark.usefixtures("without_hallo3")
def test_a_generator_of_another_version_is_a_mistake_at_its_line(tmp_path: Path) -> None:
    for file in SCENE.parent.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    written = (tmp_path / "scene.yaml").read_text()
    (tmp_path / "scene.yaml").write_text(written.replace("title: The missed train", "generator: hallo3"))
    result = CliRunner().invoke(app, ["plan", str(tmp_path / "scene.yaml")])
    assert result.exit_code == 2
    assert "scene.yaml:3:12: error: the generator 'hallo3' is not part of this version" in result.stderr


def test_pictures_of_what_is_mended_go(tmp_path: Path) -> None:
    """faces_2.png of faces that were unclear, plan_2.png of a shot that is no more; never what is somebody else's."""
    from dialogue.ground.outputs import replacing

    for name in ("faces_2.png", "plan_7.png"):
        with replacing(tmp_path / name) as draft:
            draft.write_bytes(b"of an earlier plan")
    (tmp_path / "faces_old.png").write_bytes(b"mine")
    result = CliRunner().invoke(app, ["plan", str(SCENE), "-o", str(tmp_path)])
    assert result.exit_code == 0, result.stderr
    assert not (tmp_path / "faces_2.png").exists() and not (tmp_path / "plan_7.png").exists()
    assert (tmp_path / "faces_old.png").read_bytes() == b"mine"
