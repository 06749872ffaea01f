"""Ray: a real cluster of two nodes on this machine, a worker killed in the middle of a shot."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dialogue.cast.cast import read_cast
from dialogue.ground.errors import DialogueError
from dialogue.podcast.episode_plan import Setting
from dialogue.podcast.episodes import Episode
from dialogue.podcast.ray_crew import _absolute
from dialogue.podcast.worker import Hand, PlanEpisode, own_code

ROOT = Path(__file__).parents[3]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_nodes_make_the_same_films_and_lose_one_shot_with_a_worker() -> None:
    pytest.importorskip("ray")
    command = [sys.executable, str(ROOT / "scripts/bench_batch.py"), "--episodes", "8", "--size", "128x96"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "equal films: 8 of 8" in done.stdout and "shots made again: 1" in done.stdout


def test_a_worker_that_cannot_work_on_the_batch_says_why(tmp_path: Path) -> None:
    assert Hand().ready(str(tmp_path), own_code()) == os.getpid()
    with pytest.raises(DialogueError, match="must be shared by all machines"):
        Hand().ready(str(tmp_path / "not shared"), own_code())
    with pytest.raises(DialogueError, match="install the same everywhere"):
        Hand().ready(str(tmp_path), "0.0.0")


def test_work_sent_to_another_machine_has_no_relative_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from batches import TEMPLATE, write_cast

    write_cast(tmp_path)
    monkeypatch.chdir(tmp_path)
    setting = Setting(read_cast(Path("cast.yaml")), TEMPLATE, Path("out"), {})
    sent = _absolute(PlanEpisode(Episode("one", Path("one.wav"), Path("one.rttm")), setting, None))
    assert isinstance(sent, PlanEpisode) and sent.episode.turns == tmp_path / "one.rttm"
    assert sent.episode.path == tmp_path / "one.wav" and sent.setting.output == tmp_path / "out"
    assert sent.setting.cast.folder == tmp_path and sent.setting.cast.voices == tmp_path / "voices"
