"""What may happen to a render from outside: killed, stopped, a full disk, another render at the same time."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import flashes
import pytest

from dialogue.planning.plan_json import write_plan
from dialogue.rendering.cache import Cache
from dialogue.rendering.film_order import Order
from dialogue.rendering.marks import streams_of
from dialogue.rendering.render import render

LENGTHS = [30, 40, 25, 35, 20]
PROGRAM = Path(flashes.__file__)



@pytest.fixture
def plan(tmp_path):
    made = flashes.film_of(tmp_path, LENGTHS, [0.5, 2.2, 4.04, 5.0])
    write_plan(tmp_path / "plan.json", made, tmp_path)
    return made


def command(folder, *options, pause="0", **more):
    """`dialogue render plan.json` in a process of its own."""
    environment = {**os.environ, "FLASHES_PAUSE": pause, "COLUMNS": "200", **more.pop("env", {})}
    words = [
        sys.executable,
        str(PROGRAM),
        "render",
        str(folder / "plan.json"),
        "-o",
        str(folder / "film.mp4"),
        *options,
    ]
    # a run started in the background inherits a Ctrl-C that is ignored
    more.setdefault("preexec_fn", partial(signal.signal, signal.SIGINT, signal.SIG_DFL))
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def finished(process, seconds=60):
    told, failed = process.communicate(timeout=seconds)
    return process.returncode, told, failed


def clips(folder):
    return sorted((folder / ".dialogue/shots").glob("[!.]*.mp4"))


def until(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def film_elsewhere(plan, folder, name):
    """The film's packets as a run that nobody disturbs makes them, with a cache of its own."""
    return streams_of(render(Order(plan, folder, folder / f"{name}.mp4", Cache(folder / f".{name}"), name)).file)


def test_killed_in_the_middle_it_goes_on_with_the_unfinished_shots(plan, tmp_path):
    process = command(tmp_path, pause="0.02")
    until(lambda: len(clips(tmp_path)) == 2)
    until(lambda: list((tmp_path / ".dialogue/shots").glob(".*.part.mp4")))  # the third is being written
    process.send_signal(signal.SIGKILL)
    assert finished(process)[0] == -signal.SIGKILL
    kept = {clip: clip.stat().st_mtime_ns for clip in clips(tmp_path)}
    assert len(kept) == 2 and not (tmp_path / "film.mp4").exists()
    code, told, failed = finished(command(tmp_path))
    assert code == 0, failed
    assert "shots: 3 rendered, 2 reused" in told
    assert len(clips(tmp_path)) == 5
    assert streams_of(tmp_path / "film.mp4") == film_elsewhere(plan, tmp_path, "undisturbed")
    assert not list((tmp_path / ".dialogue/shots").glob(".*"))
    assert not list((tmp_path / ".dialogue/work").iterdir())


def test_ctrl_c_keeps_what_is_done_and_exits_130(plan, tmp_path):
    process = command(tmp_path, pause="0.02")
    until(lambda: len(clips(tmp_path)) == 1)
    process.send_signal(signal.SIGINT)
    code, told, failed = finished(process)
    assert code == 130
    assert "every finished shot is kept" in failed and "Traceback" not in failed
    assert not list((tmp_path / ".dialogue/shots").glob(".*")) and not (tmp_path / "film.mp4").exists()
    code, told, failed = finished(command(tmp_path))
    assert code == 0 and "shots: 4 rendered, 1 reused" in told


def sound_alone(folder):
    """An old film, of whose parts the sound is still kept; the film's bytes."""
    assert finished(command(folder))[0] == 0
    for clip in (folder / ".dialogue/shots").iterdir():
        clip.unlink()
    return (folder / "film.mp4").read_bytes()


def test_a_full_disk_leaves_the_old_film_and_the_finished_shots(plan, tmp_path):
    old = sound_alone(tmp_path)

    def little():  # a file may hold 12 kB here: a clip does, the film does not
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, resource.RLIM_INFINITY))

    code, told, failed = finished(command(tmp_path, preexec_fn=little))
    assert code == 1
    assert "cannot join the shots: the file is larger than this disk or account may hold" in failed
    assert "Traceback" not in failed
    assert (tmp_path / "film.mp4").read_bytes() == old
    assert not list(tmp_path.glob(".film*"))
    code, told, failed = finished(command(tmp_path))
    assert code == 0 and "shots: 0 rendered, 5 reused" in told


def test_a_disk_full_in_the_middle_of_a_shot_names_it(plan, tmp_path):
    old = sound_alone(tmp_path)

    def little():
        resource.setrlimit(resource.RLIMIT_FSIZE, (3_000, resource.RLIM_INFINITY))

    code, _, failed = finished(command(tmp_path, preexec_fn=little))
    assert code == 1 and "Traceback" not in failed
    assert "cannot encode shot 1 (0.png, 0.00-1.20 s): the file is larger than" in failed
    assert clips(tmp_path) == [] and (tmp_path / "film.mp4").read_bytes() == old


def test_two_renders_at_once_share_the_work(plan, tmp_path):
    both = [command(tmp_path, pause="0.01"), command(tmp_path, pause="0.01")]
    ends = [finished(process) for process in both]
    assert [code for code, _, _ in ends] == [0, 0], ends
    assert streams_of(tmp_path / "film.mp4") == film_elsewhere(plan, tmp_path, "alone")
    assert len(clips(tmp_path)) == 5 and not list((tmp_path / ".dialogue/shots").glob(".*"))


@pytest.mark.parametrize(
    "options, told",
    [
        (["--shot", "9"], "error: there is no shot 9 (the film has shots 1 to 5)"),
        (["-o", "/nowhere/film.mp4"], "the folder /nowhere does not exist (mkdir -p /nowhere, or another place)"),
        (["--set", "a=b"], "--set fills a template, and a plan is none"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(plan, tmp_path, options, told):
    code, _, failed = finished(command(tmp_path, *options))
    assert code == 2 and told in failed and "Traceback" not in failed
    assert not (tmp_path / ".dialogue").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_to_is_refused(plan, tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    code, _, failed = finished(command(tmp_path, "-o", str(tmp_path / "locked/film.mp4")))
    assert code == 2 and "cannot write there: Permission denied" in failed


def test_a_dry_run_makes_nothing_and_says_what_it_would(plan, tmp_path):
    code, told, _ = finished(command(tmp_path, "--dry-run"))
    assert code == 0 and "5 of 5 shots to be rendered, 6.0 s of film" in told
    assert clips(tmp_path) == [] and not (tmp_path / "film.mp4").exists()
    assert finished(command(tmp_path))[0] == 0
    changed = dataclasses.replace(plan, seed=4)
    write_plan(tmp_path / "plan.json", changed, tmp_path)
    code, told, _ = finished(command(tmp_path, "--dry-run"))
    assert "shot 2 (1.png, 1.20-2.80 s) to be re-rendered because the seed is 4, was 0" in told
    code, told, _ = finished(command(tmp_path, "--shot", "2", "--format", "json"))
    assert code == 0 and '"because": "the seed is 4, was 0"' in told
    assert (tmp_path / "film-shot-2.mp4").exists()


def test_without_any_ffmpeg_it_is_said(plan, tmp_path):
    code, _, failed = finished(command(tmp_path, env={"DIALOGUE_FFMPEG": "/nowhere/ffmpeg"}))
    assert code == 1 and "DIALOGUE_FFMPEG names '/nowhere/ffmpeg', which is no program" in failed
