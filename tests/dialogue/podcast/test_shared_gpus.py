"""A batch whose workers have several GPUs each, which share every shot: here, and on a real Ray cluster."""

from __future__ import annotations

import os
from pathlib import Path

import av
import numpy as np
import pytest
from batches import TEMPLATE, write_cast, write_episode

import dialogue
from dialogue.ground.errors import SceneError
from dialogue.podcast import crews

VARIABLES = {"size": "128x128", "fps": "10"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from official_folder import write_official_folder

    return write_official_folder(tmp_path_factory.mktemp("weights") / "ckpts")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, weights: Path, tmp_path: Path) -> None:
    """Small random weights, and processors instead of GPUs."""
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(weights))
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=2,window=9,offset=2,processors")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_cast(tmp_path)
    write_episode(tmp_path / "one.wav", ("ana", 0.2, 2.8), seconds=3.0)


def film(folder: Path, out: str, **how: object) -> np.ndarray:
    """The frames of one episode's film."""
    made = dialogue.batch(
        folder / "one.wav", folder / "cast.yaml", folder / out, template=TEMPLATE, generator="hunyuan-avatar",
        variables=VARIABLES, memory="balanced", **how,  # type: ignore[arg-type]
    )  # fmt: skip
    assert not made.failed, made.entries["one"].problems
    with av.open(str(folder / out / "one/one.mp4")) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])


def alike(one: np.ndarray, other: np.ndarray) -> bool:
    """The same film: where bfloat16 weights lie in memory moves some sums, which random weights make several levels."""
    return one.shape == other.shape and float(np.abs(one.astype(float) - other).mean()) < 8


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_on_ray_one_worker_holds_several_gpus(tmp_path: Path) -> None:
    """Two nodes of logical GPUs, three and one: with two to a worker there is one worker, and it has two of them."""
    ray = pytest.importorskip("ray")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    from dialogue.podcast.ray_crew import ray_crew

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "num_gpus": 3, "include_dashboard": False})
    cluster.add_node(num_cpus=1, num_gpus=1)
    try:
        with pytest.raises(SceneError, match="4 GPUs, and no machine of the cluster has more than 3"):
            ray_crew(cluster.address, 1, tmp_path, 4)
        crew, workers = ray_crew(cluster.address, 1, tmp_path, 2)
        assert workers == 1 and crew.free() == 1
        left = ray.available_resources().get("GPU", 0)
        assert left == 2, "the worker holds two of four"
        crew.close()
        shared = film(tmp_path, "ray", ray=cluster.address, gpus=2)
    finally:
        cluster.shutdown()
    assert alike(shared, film(tmp_path, "alone"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_batch_here_shares_its_shots_too(tmp_path: Path) -> None:
    assert alike(film(tmp_path, "shared", gpus=2), film(tmp_path, "alone"))


def test_workers_have_gpus_of_their_own_or_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crews, "cards", lambda: 4)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert [crews._own_gpus(number, 2) for number in (0, 1)] == ["0,1", "2,3"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7,5,3,1")
    assert [crews._own_gpus(number, 2) for number in (0, 1)] == ["7,5", "3,1"]
    assert crews._own_gpus(1, None) is None
    with pytest.raises(SceneError, match="3 workers want 2 GPUs each, and this machine has 4"):
        crews.local_crew(3, 2)


def test_a_wrong_number_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="'2,blocks'; the work is shared by windows, ulysses, ring"):
        film(tmp_path, "out", gpus="2,blocks")
    assert not (tmp_path / "out").exists()
