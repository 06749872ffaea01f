"""Where a scene comes from and where what is made goes: pipes, full disks, folders that cannot be written; SIGTERM."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dialogue.cli.app import _load
from dialogue.ground.errors import SceneError
from dialogue.ground.outputs import check_outputs
from dialogue.rendering.film_order import _megabytes

ROOT = Path(__file__).parents[3]
DIALOGUE = [sys.executable, "-m", "dialogue"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes, limits and signals of POSIX")


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "two"
    shutil.copytree(ROOT / "scenes/two_hander", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    path = folder / "ok.yaml"
    text = (folder / "scene.yaml").read_text()
    path.write_text(text.replace("output: {", "generator: animatic\noutput: {size: 128x128, "))
    return path


def environment(folder: Path) -> dict[str, str]:
    # no bytecode: a limit on files would cut it off where it is kept
    more = {"PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def told(command: str, scene: Path, most: int | None = None) -> subprocess.CompletedProcess[str]:
    """A line of bash, in the folder of the scene; `most`: bytes that a file may have there."""

    def limited() -> None:
        if most is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    line = command.replace("dialogue ", f"{sys.executable} -m dialogue ")
    return subprocess.run(
        ["bash", "-c", line], cwd=scene.parent, env=environment(scene.parents[1]), capture_output=True, text=True,
        timeout=120, preexec_fn=limited,
    )  # fmt: skip


@pytest.mark.parametrize(
    "command",
    ["dialogue check <(cat ok.yaml)", "cat ok.yaml | dialogue check /dev/stdin", "dialogue check - < ok.yaml",
     "dialogue check /dev/stdin < ok.yaml", "cat ok.yaml | dialogue check -"],
)  # fmt: skip
def test_a_scene_from_a_pipe_names_its_files_from_the_current_folder(command: str, scene: Path) -> None:
    done = told(command, scene)
    assert (done.returncode, "no errors" in done.stdout) == (0, True), done.stderr
    scene.write_text(scene.read_text().replace("night.png", "gone.png"))
    wrong = told(command, scene)
    assert wrong.returncode == 2
    assert "gone.png" in wrong.stderr and "/dev/fd/gone" not in wrong.stderr


def test_what_is_made_of_a_pipe_lies_in_the_current_folder(scene: Path) -> None:
    done = told("cat ok.yaml | dialogue render - --dry-run -o out.mp4", scene)
    assert done.returncode == 0, done.stderr
    assert (scene.parent / ".dialogue").is_dir()
    planned = told("dialogue plan <(cat ok.yaml) -o planned", scene)
    assert planned.returncode == 0, planned.stderr
    assert (scene.parent / "planned/plan.json").is_file()


def test_a_disk_that_takes_no_more_is_told_with_the_file_and_leaves_no_folder(scene: Path) -> None:
    assert told("dialogue plan ok.yaml", scene).returncode == 0  # all is measured
    (scene.parent / "script.txt").write_text("Ana: Good morning.\nBen: Good evening.\n")
    for command, place in (
        ("dialogue plan ok.yaml -o deep/planned", "deep/planned/"),
        ("dialogue import script.txt -o deep/told/scene.yaml", "deep/told/"),
    ):
        done = told(command, scene, most=3000)
        assert done.returncode == 1, done.stderr
        assert f"{place}" in done.stderr and "(free some room there, or choose another place)" in done.stderr
        assert not (scene.parent / "deep").exists()


def test_room_that_is_small_is_no_nothing() -> None:
    assert [_megabytes(size) for size in (0, 3_400, 250_000, 1_260_000, 73_400_000)] == [
        "0 MB", "0.003 MB", "0.2 MB", "1.3 MB", "73 MB",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_written_is_told_once_and_only_with_what_there_is() -> None:
    names = ("scene.yaml", "asha/neutral.png", "leon/neutral.png")
    with pytest.raises(SceneError) as caught:
        check_outputs([Path("/proc/x") / name for name in names], (), made=True)
    assert len(caught.value.problems) == 1
    done = subprocess.run([*DIALOGUE, "init", "/proc/x"], env=environment(Path("/tmp")), capture_output=True, text=True)
    assert done.returncode == 2
    assert "-o" not in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_film_folder_that_cannot_be_written_names_both_ways_out(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    import dialogue

    order = dialogue.order(scene)

    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)  # root may write everywhere
    with pytest.raises(SceneError, match="-o FILM.*--cache DIR"):
        dialogue.pending(order)


@pytest.mark.parametrize("name", ["check", "render", "plan", "verify", "voices"])
def test_whether_a_file_may_be_read_is_not_for_the_usage_box(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from dialogue.cli.app import app

    command = _load(name)
    assert command is not None
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    words = ["voices", "list", "--cast", "/proc/self/mem"] if name == "voices" else [name, "/proc/self/mem"]
    more = ["--plan", "plan.json"] if name == "verify" else []
    done = CliRunner().invoke(app, [*words, *more])
    assert "Usage" not in done.output and "not readable" not in done.output


def test_sigterm_in_the_middle_says_what_ctrl_c_says(scene: Path) -> None:
    run = subprocess.Popen(
        [*DIALOGUE, "render", str(scene)], env=environment(scene.parents[1]), stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    work = scene.parent / ".dialogue/shots"
    while not (work.is_dir() and any(work.iterdir())) and time.monotonic() < deadline and run.poll() is None:
        time.sleep(0.02)
    run.send_signal(signal.SIGTERM)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 143, said
    assert said.rstrip().endswith("every finished shot is kept: the same command goes on from there\nstopped"), said
    assert not scene.with_name("ok.mp4").exists()
