"""`--gpus N`: processes that make a shot together give the shot of one; whatever happens to them, none is left over."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from avatar_scenes import job_of, write_scene
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.generators.generator import Generate, ShotJob, done_with
from dialogue.generators.gpus import Gpus, gpus_given, gpus_parts
from dialogue.generators.hunyuan import avatar as hunyuan_avatar
from dialogue.generators.hunyuan import costs
from dialogue.generators.hunyuan.replicas import Replicas
from dialogue.ground.errors import DialogueError


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from official_folder import write_official_folder

    return write_official_folder(tmp_path_factory.mktemp("weights") / "ckpts")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, weights: Path) -> Iterator[None]:
    """These weights, windows of nine latents, and processors instead of GPUs."""
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(weights))
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=3,window=9,offset=2,processors")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def frames_of(generate: Generate, job: ShotJob) -> np.ndarray:
    return np.stack(list(generate(job, lambda share, doing: None)))


def together(gpus: str) -> Replicas:
    with gpus_given(gpus):
        loaded = hunyuan_avatar.load()
    assert isinstance(loaded, Replicas)
    return loaded


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("memory", "seconds"), [pytest.param("high", 2.0, marks=pytest.mark.slow), ("balanced", 1.0)]
)
def test_two_processes_make_the_frames_of_one_and_the_next_shot_too(
    memory: str, seconds: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit: two windows are dealt whole, one in its two branches, as `balanced` runs them alone too."""
    monkeypatch.setenv("DIALOGUE_MEMORY", memory)
    first, second = (job_of(write_scene(tmp_path / name, seconds)) for name in ("a", "b"))
    second = dataclasses.replace(second, seed=9)
    two = together("2")
    shared = [frames_of(two, first), frames_of(two, second)]
    assert not np.array_equal(*shared)
    processes = two.processes
    assert len(processes) == 2 and all(map(alive, processes)), "they stay for the next shot"
    done_with(two)
    assert not any(map(alive, processes))
    for job in (first, second):
        (job.work / hunyuan_avatar.STATE).unlink()  # of the finished shot, the same whoever made it
    one = hunyuan_avatar.load()
    for job, made in zip((first, second), shared, strict=True):
        assert np.array_equal(frames_of(one, job), made)


@pytest.mark.timeout(600)
def test_the_tokens_of_a_window_shared_by_ulysses_give_nearly_the_same_frames(tmp_path: Path) -> None:
    """In bfloat16 the sums of attention are rounded in other places; tests/model holds it to float32's."""
    job = job_of(write_scene(tmp_path / "a", 1.0))
    two = together("2,ulysses")
    made = frames_of(two, job)
    done_with(two)
    (job.work / hunyuan_avatar.STATE).unlink()
    away = np.abs(frames_of(hunyuan_avatar.load(), job).astype(int) - made)
    assert away.mean() < 1.5 and made.std() > 5


@pytest.mark.timeout(600)
@pytest.mark.parametrize("rank", [pytest.param(0, marks=pytest.mark.slow), 1])
def test_a_process_that_dies_ends_the_shot_with_a_sentence_and_the_next_one_starts_others(
    rank: int, tmp_path: Path
) -> None:
    job, two = job_of(write_scene(tmp_path / "a", 1.0)), together("2")
    before: list[int] = []

    def report(share: float, doing: str) -> None:
        if "step 1" in doing and not before:
            before.extend(two.processes)
            os.kill(before[rank], signal.SIGKILL)

    with pytest.raises(DialogueError, match=rf"process of GPU {rank + 1} of 2 ended \(killed by signal 9\)"):
        list(two(job, report))
    assert not any(map(alive, before)), "nobody works on for nobody"
    assert len(list(two(job, lambda share, doing: None))) == job.frames
    done_with(two)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_what_fails_in_a_process_is_told_and_a_callback_that_stops_it_ends_them(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, two = job_of(write_scene(tmp_path / "a", 1.0)), together("2")
    seen: list[int] = []

    def stop(share: float, doing: str) -> None:
        seen.extend(two.processes)
        if "step 1" in doing:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(two(job, stop))
    assert seen and not any(map(alive, seen))
    with pytest.raises(DialogueError, match="needs GPUs; take windows or ulysses"):
        list(together("2,ring")(job, lambda share, doing: None))


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "how", [signal.SIGINT, *(pytest.param(one, marks=pytest.mark.slow) for one in (signal.SIGTERM, signal.SIGKILL))]
)
def test_however_it_is_stopped_no_process_is_left_and_what_is_finished_is_kept(
    how: signal.Signals, tmp_path: Path
) -> None:
    scene = write_scene(tmp_path / "film", 8.0)
    text = scene.read_text().replace("picture: two.png\n", "picture: two.png\nshots: [{until: 1}, {prompt: on}]\n")
    scene.write_text(text)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "DIALOGUE_HUNYUAN_AVATAR": "steps=60,window=9,processors"}
    command = [sys.executable, "-m", "dialogue", "render", str(scene), "--gpus", "2"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    ) as render:
        clips = scene.parent / ".dialogue" / "shots"
        until = time.monotonic() + 400
        while not list(clips.glob("*.mp4")) and time.monotonic() < until and render.poll() is None:
            time.sleep(0.2)
        if how is signal.SIGINT:
            os.killpg(render.pid, how)  # as a terminal does: everybody hears it
        else:
            render.send_signal(how)
        said = render.communicate(timeout=60)[0].decode()
    assert list(clips.glob("*.mp4")), said
    assert "Traceback" not in said and ("every finished shot is kept" in said or how is not signal.SIGINT)
    until = time.monotonic() + 10
    while subprocess.run(["pgrep", "-g", str(render.pid)], check=False, capture_output=True).stdout:
        assert time.monotonic() < until, "a process is left"
        time.sleep(0.2)


def test_more_gpus_than_there_are_and_generators_that_share_none_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = write_scene(tmp_path / "film", 1.0)

    def said(*options: str) -> str:
        done = CliRunner().invoke(app, ["render", str(scene), "--dry-run", *options])
        assert done.exit_code == 2 and "Traceback" not in done.output
        return done.output

    many = str((os.cpu_count() or 1) + 1)
    assert f"{many} GPUs are asked for, and this machine has" in said("--gpus", many)
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=2")
    assert "2 GPUs are asked for, and this machine has no GPU" in said("--gpus", "2")
    assert CliRunner().invoke(app, ["render", str(scene), "--dry-run", "--gpus", "1"]).exit_code == 0
    scene.write_text(scene.read_text().replace("hunyuan-avatar", "animatic"))
    assert "a shot of animatic is not shared among GPUs, and 2 are asked for" in said("--gpus", "2")
    for wrong in ("0", "two", "2,blocks", "2,ulysses,ring", "-1", "65"):
        said("--gpus", wrong)


def test_gpus_are_a_number_and_a_way() -> None:
    assert gpus_parts("") == gpus_parts("1") == Gpus(1, "windows")
    assert gpus_parts("4, ring") == Gpus(4, "ring")


def test_the_estimate_counts_the_busiest() -> None:
    def seconds(gpus: str, frames: int) -> float:
        return costs.estimate(704, 704, frames, 30, 50, 33, "high", gpus=gpus_parts(gpus)).seconds

    alone, halved, tokens = seconds("1", 129), seconds("2", 129), seconds("64,ulysses", 129)
    assert alone - halved == pytest.approx((alone - tokens) * 32 / 63)
    assert seconds("4", 129) == seconds("2", 129), "one window in two branches keeps two busy"
    assert seconds("4,ulysses", 129) < seconds("4", 129)
    assert seconds("3", 393) < seconds("2", 393) < seconds("1", 393)
