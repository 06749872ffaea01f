"""Workers on this machine: the process itself, or N processes of their own."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process

from dialogue.generators.hardware import cards
from dialogue.ground.amounts import counted
from dialogue.ground.errors import Problem, SceneError
from dialogue.podcast.schedule import Crew, Outcome, Unit
from dialogue.podcast.worker import Done, Hand, Work


class OwnCrew:
    """This process, one unit after the other."""

    def __init__(self) -> None:
        self._hand = Hand()
        self._given: list[Unit[Work]] = []

    def free(self) -> int:
        return 1 - len(self._given)

    def give(self, unit: Unit[Work]) -> None:
        self._given.append(unit)

    def wait(self) -> Outcome[Work]:
        unit = self._given.pop()
        return outcome_of(unit, self._hand.do(unit.work))

    def close(self) -> None:
        self._given.clear()
        self._hand.close()


class ProcessCrew:
    """N processes. Each is a pool of one, so that a death concerns no other.

    `gpus`: how many of this machine's each has for its own; None: all see all of them.
    """

    def __init__(self, count: int, gpus: int | None = None) -> None:
        self._threads = max(1, (os.cpu_count() or 1) // count)
        self._seen = dict[ProcessPoolExecutor, str | None]()
        self._idle = [self._started(_own_gpus(number, gpus)) for number in range(count)]
        self._out: dict[Future[Done], tuple[ProcessPoolExecutor, Unit[Work]]] = {}

    def _started(self, seen: str | None) -> ProcessPoolExecutor:
        options = (self._threads, seen)
        pool = ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin, initargs=options)
        self._seen[pool] = seen
        return pool

    def free(self) -> int:
        return len(self._idle)

    def give(self, unit: Unit[Work]) -> None:
        pool = self._idle.pop()
        self._out[pool.submit(_do, unit.work)] = pool, unit

    def wait(self) -> Outcome[Work]:
        done, _ = wait(self._out, return_when=FIRST_COMPLETED)
        future = done.pop()
        pool, unit = self._out.pop(future)
        try:
            found = outcome_of(unit, future.result())
        except BrokenProcessPool:
            pool.shutdown(wait=False)
            self._idle.append(self._started(self._seen.pop(pool)))
            return Outcome(unit, died="the process that made it ended")
        self._idle.append(pool)
        return found

    def processes(self) -> list[int]:
        """The ids of the worker processes that run."""
        pools = [*self._idle, *(pool for pool, _ in self._out.values())]
        return [pid for pool in pools for pid in list(getattr(pool, "_processes", None) or {})]

    def close(self) -> None:
        pids = self.processes()
        for pool in [*self._idle, *(pool for pool, _ in self._out.values())]:
            pool.shutdown(wait=False, cancel_futures=True)
        if self._out:  # in the middle of something: its finished shots are in the cache
            _end(pids)


_HAND: list[Hand] = []  # of a worker process


def _own_gpus(number: int, gpus: int | None) -> str | None:
    """What CUDA_VISIBLE_DEVICES is for worker `number`."""
    there = cards()
    if gpus is None or not there:
        return None
    seen = [card.strip() for card in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if card.strip()]
    names = seen or [str(card) for card in range(there)]
    return ",".join(names[number * gpus : (number + 1) * gpus])


def _begin(threads: int, seen: str | None = None) -> None:
    import signal
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if seen is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = seen
    os.environ["OMP_NUM_THREADS"] = str(threads)  # else every worker takes all cores, and they wait for each other
    _HAND.append(Hand())


def _end_with_parent() -> None:
    """However the process that started this one ends, kill -9 included, nothing is made for nobody."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(work: Work) -> Done:
    return _HAND[0].do(work)


def _end(pids: list[int]) -> None:
    import signal
    from contextlib import suppress

    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)


def outcome_of(unit: Unit[Work], done: Done) -> Outcome[Work]:
    """What the scheduler needs to know of a piece of work done."""
    return Outcome(unit, done.value, done.problems)


MakeCrew = Callable[[], tuple[Crew[Work], int]]


def local_crew(jobs: int, gpus: int | None = None) -> tuple[Crew[Work], int]:
    """`jobs` workers on this machine, and their number; `gpus`: how many each has for its own.

    SceneError where there are not as many.
    """
    if gpus is not None and jobs * gpus > (there := cards()) > 0:
        message = f"{counted(jobs, 'worker')} want {counted(gpus, 'GPU')} each, and this machine has {there}"
        raise SceneError(Problem(message, hint="fewer --jobs, or fewer --gpus"))
    return (OwnCrew() if jobs == 1 else ProcessCrew(jobs, gpus)), jobs
