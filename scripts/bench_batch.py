"""A batch on a Ray cluster of two nodes on this machine, against the same batch in one process.

    python scripts/bench_batch.py [--episodes 40] [--size 256x144] [--work DIR]

Says whether all films are equal byte for byte, what the death of a worker in the middle of a shot costs (its process
is killed), and how much time a shot costs besides being made.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[1] / "tests/dialogue"))
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

from batches import TEMPLATE, write_cast, write_episode  # noqa: E402

from dialogue.cast.cast import read_cast  # noqa: E402
from dialogue.podcast.batch import BatchResult, run_batch  # noqa: E402
from dialogue.podcast.crews import MakeCrew, local_crew  # noqa: E402
from dialogue.podcast.episode_plan import Setting  # noqa: E402
from dialogue.podcast.episodes import find_episodes  # noqa: E402


@contextlib.contextmanager
def two_nodes():  # type: ignore[no-untyped-def]
    """A head and another node, each with one processor, on loopback; the cluster's address."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    cluster.add_node(num_cpus=1)
    try:
        yield cluster.address
    finally:
        cluster.shutdown()


def killer(crew, killed: list[int], after: int):  # type: ignore[no-untyped-def]
    """Kill one worker's process while it makes a shot, once `after` shots were given out."""

    def watch() -> None:
        while not killed:
            time.sleep(0.05)
            busy = crew.busy()
            if crew.given >= after and busy:
                os.kill(busy[0], signal.SIGKILL)
                killed.append(busy[0])

    threading.Thread(target=watch, daemon=True).start()


def run(folder: Path, output: Path, size: str, make_crew: MakeCrew) -> BatchResult:
    setting = Setting(
        read_cast(folder / "cast.yaml"), TEMPLATE, output, {"size": size, "generator": "animatic", "fps": "25"}
    )
    return run_batch(find_episodes([folder / "in"]), setting, "film", make_crew)


def films(output: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(output.glob("*/*.mp4"))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=40)
    parser.add_argument("--size", default="256x144")
    parser.add_argument("--work", type=Path)
    arguments = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = arguments.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["XDG_CACHE_HOME"] = str(folder / "measures")
        write_cast(folder)
        for number in range(arguments.episodes):
            length = 6 + number % 5
            turns = (("ana", 0.2, length / 2), ("ben", length / 2 + 0.2, length - 0.1))
            write_episode(folder / f"in/episode {number:02d}.wav", *turns, seconds=length)
        alone = run(folder, folder / "alone", arguments.size, lambda: local_crew(1))
        shots = sum(entry.shots for entry in alone.entries.values())
        print(f"one process: {len(alone.entries)} films, {shots} shots, {alone.seconds:.1f} s, failed {alone.failed}")
        killed: list[int] = []
        with two_nodes() as address:

            def crew():  # type: ignore[no-untyped-def]
                from dialogue.podcast.ray_crew import ray_crew

                made, count = ray_crew(address, 1, folder / "ray")
                killer(made, killed, 2 * arguments.episodes + 5)
                return made, count

            (folder / "ray").mkdir(exist_ok=True)
            spread = run(folder, folder / "ray", arguments.size, crew)
        print(f"two nodes: {spread.seconds:.1f} s, failed {spread.failed}, processes killed {killed}")
        print(f"shots made again: {spread.tally.again}")
        first, second = films(folder / "alone"), films(folder / "ray")
        equal = sum(first[name] == second.get(name) for name in first)
        print(f"equal films: {equal} of {len(first)}")
        print(
            f"overhead: {(spread.seconds * 2 - alone.seconds) / shots:.2f} worker-seconds per shot, start-up included"
        )
        ok = equal == len(first) and len(killed) == 1 and spread.tally.again <= 1 and not spread.failed
        print("ok" if ok else "NOT as it should be")
        raise SystemExit(0 if ok else 1)


if __name__ == "__main__":
    main()
