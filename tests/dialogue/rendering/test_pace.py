"""How long a film still takes, told from the speed at which it goes."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import flashes
import pytest

import dialogue
from dialogue.ground.progress import Progress
from dialogue.planning.plan_json import write_plan
from dialogue.rendering.cache import Cache
from dialogue.rendering.film_order import Order
from dialogue.rendering.pace import Pace, seconds_after
from dialogue.rendering.render import prepared

SCENES = Path(__file__).parents[3] / "scenes"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told(tmp_path: Path, speeds: list[float], seed: int) -> tuple[list[tuple[float, Progress]], float]:
    """What is said of ten shots, each of whose seconds take `speeds` times the estimate; and when all is done."""
    dice, clock, said = random.Random(seed), Clock(), []
    plan = flashes.film_of(tmp_path, [dice.randrange(20, 200) for _ in speeds], [0.1])
    tasks = prepared(Order(plan, tmp_path, tmp_path / "film.mp4", Cache(tmp_path / ".dialogue"), "film"))
    pace: Any = Pace(plan, tasks, (), lambda progress: said.append((clock.now, progress)), clock)
    pace.at(tasks[0], 0.0, "getting ready")
    clock.now += 30  # the weights are loaded
    pace.begin()
    for task, speed in zip(tasks, speeds, strict=True):
        for step in range(20):
            pace.at(task, step / 20, "frames")
            clock.now += task.shot.frames / 25 * speed / 20 * dice.uniform(0.5, 1.5)
        pace.finished(task)
    pace.after(Progress("joining", 1.0))
    clock.now += sum(seconds_after(plan, ()))
    return said, clock.now


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("speed", [0.02, 1.0, 7.0, 50.0])
def test_time_left_is_within_a_factor_of_two_from_the_second_shot_on(tmp_path: Path, speed: float, seed: int) -> None:
    """Whatever the estimate says of this machine, and also where it is busier from the middle on."""
    dice = random.Random(seed)
    speeds = [speed * dice.uniform(0.8, 1.25) for _ in range(10)]
    said, end = told(tmp_path, speeds, seed)
    for at, progress in said:
        if (progress.shot or 10) < 2 or progress.left is None or end - at < 1.0:
            continue
        assert 0.5 < progress.left / (end - at) < 2, (progress, end - at)
    shares = [progress.share for _, progress in said]
    assert shares == sorted(shares) and shares[0] == 0.0 and shares[-1] <= 1.0
    if speed >= 1.0:
        assert all(progress.left is not None for _, progress in said if (progress.shot or 2) >= 2)


def test_a_machine_that_becomes_busy_is_noticed(tmp_path: Path) -> None:
    said, end = told(tmp_path, [1.0] * 4 + [4.0] * 6, 1)
    for at, progress in said:
        if (progress.shot or 0) >= 7 and progress.left is not None and end - at > 1.0:
            assert 0.5 < progress.left / (end - at) < 2


def test_piped_a_line_a_shot_with_the_time_left(tmp_path: Path) -> None:
    lengths = [40] * 5
    plan = flashes.film_of(tmp_path, lengths, [0.1])
    write_plan(tmp_path / "plan.json", plan, tmp_path)
    root = Path(__file__).parents[3]
    paths = os.pathsep.join([str(root), str(root / "tests/dialogue")])
    environment = {**os.environ, "PYTHONPATH": paths, "FLASHES_PAUSE": "0.04"}
    command = [sys.executable, flashes.__file__, "render", str(tmp_path / "plan.json")]
    pipes: dict[str, Any] = {"stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as process:
        assert process.stderr is not None
        lines = [(time.monotonic(), line.strip()) for line in process.stderr]
    assert process.returncode == 0
    end = time.monotonic()
    shots = [(at, line) for at, line in lines if line.startswith("shot ")]
    assert len(shots) == 5, lines
    for at, line in shots:
        found = re.search(r"(\d+)% done, about (?:(\d+) min )?(\d+) s left$", line)
        assert found, line
        if not line.startswith("shot 1 "):
            left = 60 * int(found[2] or 0) + int(found[3])
            assert left / 2.2 - 1.5 < end - at < 2.2 * left + 1.5, line


def test_before_a_share_of_the_first_shot_is_done_no_time_is_told(tmp_path: Path) -> None:
    """A shot whose beginning is slow does not make the film hours long."""
    clock, said = Clock(), list[Progress]()
    plan = flashes.film_of(tmp_path, [100], [0.1])
    tasks = prepared(Order(plan, tmp_path, tmp_path / "film.mp4", Cache(tmp_path / ".dialogue"), "film"))
    pace: Any = Pace(plan, tasks, (), said.append, clock)
    pace.begin()
    for share in (0.0, 0.01, 0.04, 0.2):
        clock.now += 2
        pace.at(tasks[0], share, "frames")
    assert [progress.left is None for progress in said] == [True, True, True, False]


def test_what_follows_is_learnt_from_the_first_of_it(tmp_path: Path) -> None:
    clock, said = Clock(), list[Progress]()
    plan = flashes.film_of(tmp_path, [100, 100, 100], [0.1])
    tasks = prepared(Order(plan, tmp_path, tmp_path / "film.mp4", Cache(tmp_path / ".dialogue"), "film"))
    pace: Any = Pace(plan, [], tasks, said.append, clock)
    first, second, third, joining = seconds_after(plan, tasks)
    for seconds in (first, second, third, joining):
        pace.after(Progress("burning in", 1.0))
        clock.now += 5 * seconds
    assert [progress.left for progress in said[1:]] == pytest.approx(
        [5 * (second + third + joining), 5 * (third + joining), 5 * joining]
    )


@pytest.mark.parametrize("burn", ["no", "yes"])
@pytest.mark.parametrize("size", ["320x320", "704x704"])
def test_a_real_film_of_three_shots(tmp_path: Path, size: str, burn: str) -> None:
    """scenes/interruption: what is told from the second shot on, and while captions are burnt in, comes true."""
    shutil.copytree(SCENES / "interruption", tmp_path / "s")
    scene = tmp_path / "s" / "scene.yaml"
    lines = [line for line in scene.read_text().splitlines() if not line.startswith(("output:", "generator:"))]
    at = next(number for number, line in enumerate(lines) if line.startswith("scene:"))
    lines.insert(at + 1, f"generator: animatic\noutput: {{size: {size}, burn_in: {burn}}}")
    scene.write_text("\n".join(lines))
    said: list[tuple[float, Progress]] = []
    dialogue.render(scene, tmp_path / "f.mp4", progress=lambda one: said.append((time.monotonic(), one)))
    end = time.monotonic()
    late = [(at, one) for at, one in said if one.left is not None and (one.shot or 9) >= 2]
    assert late
    for at, one in late:
        assert one.left is not None
        # Twice, and more for the tests that run beside it.
        assert one.left / 2.5 - 2 < end - at < 2.5 * one.left + 2, (one, end - at)
    shares = [one.share for _, one in late]
    assert shares == sorted(shares)
