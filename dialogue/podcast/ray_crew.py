"""Workers on a Ray cluster: one actor per GPU, or per as many as share a shot; N per machine where there are none.

An actor keeps its generator loaded and has one shot at a time. Its death costs that shot, which is made again by
another; a machine's death costs as many as it had workers. What actors make lies in the batch's folder, which every
machine must see under the same path. Ray's usage statistics stay off.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.podcast.crews import outcome_of
from dialogue.podcast.schedule import Crew, Outcome, Unit
from dialogue.podcast.worker import Hand, MakeShot, Work, own_code

INSTALL = "pip install 'dialogue-avatar[ray]'"
_PATIENCE = 300.0  # seconds for the first worker to start
_POLL = 1.0  # seconds: how soon Ctrl-C is heard


@dataclass(frozen=True)
class Worker:
    """An actor that is ready, and its process."""

    actor: Any
    process: int


class RayCrew:
    """Actors of a cluster that `ray.init` has joined. `count` workers of `resources` each."""

    def __init__(self, count: int, resources: dict[str, float], output: Path, owns: bool = True) -> None:
        import ray

        self._ray, self._resources, self._output, self._owns = ray, resources, output.absolute(), owns
        self._hand: Any = ray.remote(Hand)
        self._starting: dict[Any, Any] = {}  # by the reference to its being ready
        self._idle: list[Worker] = []
        self._out: dict[Any, tuple[Worker, Unit[Work]]] = {}
        self.given = 0
        for _ in range(count):
            self._start()

    def _start(self) -> None:
        actor = self._hand.options(scheduling_strategy="SPREAD", max_restarts=0, **self._resources).remote()
        self._starting[actor.ready.remote(str(self._output), own_code())] = actor

    def _welcome(self, timeout: float) -> None:
        """Note which of the starting workers are ready."""
        if not self._starting:
            return
        ready, _ = self._ray.wait(list(self._starting), num_returns=len(self._starting), timeout=timeout)
        for reference in ready:
            actor = self._starting.pop(reference)
            try:
                self._idle.append(Worker(actor, self._ray.get(reference)))
            except self._ray.exceptions.RayTaskError as error:  # it started, and cannot work on this batch
                told = error.cause.problems if isinstance(error.cause, DialogueError) else Problem(str(error.cause))
                raise DialogueError(told) from None
            except self._ray.exceptions.RayError:
                self._start()

    def free(self) -> int:
        self._welcome(0)
        began = time.monotonic()
        while not self._idle and not self._out:
            if time.monotonic() - began > _PATIENCE:
                has = self._ray.cluster_resources()
                raise DialogueError(f"no worker started in {_PATIENCE:.0f} s: each wants {self._resources}, of {has}")
            self._welcome(_POLL)
        return len(self._idle)

    def give(self, unit: Unit[Work]) -> None:
        worker = self._idle.pop()
        self.given += 1
        self._out[worker.actor.do.remote(_absolute(unit.work))] = worker, unit

    def wait(self) -> Outcome[Work]:
        ready: list[Any] = []
        while not ready:
            ready, _ = self._ray.wait(list(self._out), num_returns=1, timeout=_POLL)
        worker, unit = self._out.pop(ready[0])
        try:
            found = outcome_of(unit, self._ray.get(ready[0]))
        except self._ray.exceptions.RayError as error:
            self._start()
            return Outcome(unit, died=" ".join(str(error).split())[:200])
        self._idle.append(worker)
        return found

    def busy(self) -> list[int]:
        """The processes that are making a shot now."""
        return [worker.process for worker, unit in self._out.values() if isinstance(unit.work, MakeShot)]

    def close(self) -> None:
        for actor in [
            *self._starting.values(),
            *(w.actor for w in self._idle),
            *(w.actor for w, _ in self._out.values()),
        ]:
            self._ray.kill(actor)
        if self._owns:
            self._ray.shutdown()


def _absolute(work: Work) -> Work:
    """The same with paths that mean the same in a worker's folder as in this one."""
    from dialogue.podcast.worker import JoinFilm, ListShots, PlanEpisode

    if isinstance(work, PlanEpisode):
        episode, shared = work.episode, work.setting
        turns = episode.turns.absolute() if episode.turns is not None else None
        cast = replace(shared.cast, path=shared.cast.path.absolute(), folder=shared.cast.folder.absolute())
        setting = replace(shared, cast=cast, template=shared.template.absolute(), output=shared.output.absolute())
        return replace(work, episode=replace(episode, path=episode.path.absolute(), turns=turns), setting=setting)
    order = work.order
    cache = replace(order.cache, folder=order.cache.folder.absolute())
    sources = tuple(path.absolute() for path in order.sources)
    moved = replace(order, media=order.media.absolute(), output=order.output.absolute(), cache=cache, sources=sources)
    if isinstance(work, MakeShot):
        return replace(work, order=moved, task=replace(work.task, clip=work.task.clip.absolute()))
    return ListShots(moved) if isinstance(work, ListShots) else JoinFilm(moved)


def ray_crew(address: str | None, per_machine: int, output: Path, gpus: int | None = None) -> tuple[Crew[Work], int]:
    """Join the cluster at `address`, or start one on this machine; its workers and their number.

    Where the machines have GPUs there is one worker for each, or for each `gpus` of a machine; else `per_machine` on
    each machine. SceneError without Ray, without a cluster there, or where no machine has as many GPUs.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # a worker without GPU keeps its own settings
    try:
        import ray
    except ImportError:
        raise SceneError(Problem("--ray needs Ray", hint=INSTALL)) from None
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise SceneError(
            Problem(f"no Ray cluster at {address}: {error}", hint="`ray start --head` starts one")
        ) from None
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    there = [int(resources.get("GPU", 0)) for resources in nodes]
    resources: dict[str, float]
    if any(there):
        each = gpus or 1
        count, resources = sum(cards // each for cards in there), {"num_gpus": each, "num_cpus": 1}
        if not count:
            ray.shutdown()
            message = f"a worker is to have {each} GPUs, and no machine of the cluster has more than {max(there)}"
            raise SceneError(Problem(message, hint=f"--gpus {max(there)} at most"))
    else:
        machines = [resources.get("CPU", 0) for resources in nodes if resources.get("CPU", 0) >= 1]
        count = sum(min(per_machine, int(cpus)) for cpus in machines)
        resources = {"num_cpus": 1}
    if not count:
        ray.shutdown()
        raise SceneError(Problem("the cluster has neither processors nor GPUs to work with"))
    return RayCrew(count, resources, output), count
