"""Processes that make a shot together, a GPU each: started for the first shot, watched, ended.

The first leads (model.avatar.team): it is handed shots and gives back frames. Whatever happens to one of them, all end,
and the next shot starts others. They end with this process, however it ends.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.generators.gpus import Gpus
from dialogue.ground.errors import DialogueError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dialogue.generators.generator import Generate, Report, ShotJob
    from model.avatar.team import Team, TransformerAt

    Frame = NDArray[np.uint8]
    Begin = Callable[[int, Team | None], tuple[Generate, TransformerAt]]

_PATIENCE = 5.0  # seconds for a process to end before it is killed
_LOG = "told"
_FOREVER = timedelta(days=365)  # between two shots: who dies is seen by whoever started them


@dataclass(frozen=True)
class _Member:
    process: Any
    pipe: Connection


class Replicas:
    """`gpus.count` processes. In each, `begin(rank, team)` gives what makes shots and what keeps the transformer."""

    def __init__(self, gpus: Gpus, begin: Begin) -> None:
        self._gpus, self._begin = gpus, begin
        self._members: list[_Member] = []
        self._folder: Path | None = None

    @property
    def processes(self) -> list[int]:
        """Their ids, the leader's first."""
        return [member.process.pid for member in self._members]

    def __call__(self, job: ShotJob, report: Report) -> Iterator[Frame]:
        """The frames of a shot. DialogueError where one of the processes fails or ends."""
        whole = False
        try:
            if not self._members:
                report(0.0, f"starting {self._gpus.count} processes, a GPU each")
                self._start()
            self._members[0].pipe.send(job)
            for number in range(job.frames):
                kind, *said = self._heard()
                while kind == "report":
                    report(*said)
                    kind, *said = self._heard()
                whole = number + 1 == job.frames
                yield said[0]
        finally:
            if not whole:
                self.close()

    def _start(self) -> None:
        context = get_context("spawn")
        self._folder = Path(tempfile.mkdtemp(prefix="dialogue-replicas-"))
        for rank in range(self._gpus.count):
            ours, theirs = context.Pipe()
            options = (rank, self._gpus, self._begin, theirs, self._folder)
            process = context.Process(target=_replica, args=options, daemon=True, name=f"gpu {rank + 1}")
            process.start()
            theirs.close()
            self._members.append(_Member(process, ours))
        for _ in self._members:
            self._heard()  # ready

    def _heard(self) -> tuple[Any, ...]:
        """What one of them says next. DialogueError where one says that it failed, or is gone."""
        pipes = [member.pipe for member in self._members]
        while True:
            ready = wait([*pipes, *(member.process.sentinel for member in self._members)])
            for rank, member in enumerate(self._members):
                if member.pipe in ready:
                    try:
                        said: tuple[Any, ...] = member.pipe.recv()
                    except (EOFError, OSError):
                        self._gone(rank)
                    if said[0] == "failed":
                        raise DialogueError(said[1])
                    return said
            for rank, member in enumerate(self._members):
                if member.process.sentinel in ready:
                    self._gone(rank)

    def _gone(self, rank: int) -> None:
        """Say whose process ended, and how."""
        process = self._members[rank].process
        process.join(_PATIENCE)
        code = process.exitcode
        how = f"killed by signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        log = (self._folder or Path()) / f"{_LOG} {rank}"
        last = log.read_text(errors="replace").strip().splitlines()[-1:] if log.is_file() else []
        told = f"; its last words: {last[0][:200]}" if last else ""
        raise DialogueError(
            f"the process of GPU {rank + 1} of {self._gpus.count} ended ({how}){told}; finished shots are kept, and "
            "the same command goes on from there"
        )

    def close(self) -> None:
        """End them all, whatever they are at."""
        members, self._members = self._members, []
        for member in members:
            member.process.terminate()
        for member in members:
            member.process.join(_PATIENCE)
            if member.process.is_alive():
                member.process.kill()
                member.process.join()
            member.process.close()
            member.pipe.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __del__(self) -> None:
        self.close()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _replica(rank: int, gpus: Gpus, begin: Begin, pipe: Connection, folder: Path) -> None:
    """One of the processes, to its end."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with open(folder / f"{_LOG} {rank}", "wb") as log:  # libraries of C write to where films' records are printed
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        _work(rank, gpus, begin, pipe, folder)
    except DialogueError as error:
        pipe.send(("failed", [problem.message for problem in error.problems]))
    except Exception as error:
        pipe.send(("failed", f"GPU {rank + 1} of {gpus.count}: {type(error).__name__}: {error}".rstrip(": ")))


def _work(rank: int, gpus: Gpus, begin: Begin, pipe: Connection, folder: Path) -> None:
    import torch
    import torch.distributed as dist

    from model.avatar.team import Team, serve

    cuda = torch.cuda.is_available()
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(gpus.count), LOCAL_RANK=str(rank))
    if Path("/sys/class/net/lo").exists():  # all on this machine, whatever its name leads to
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    if cuda:
        torch.cuda.set_device(rank)
    else:
        torch.set_num_threads(max(1, (os.cpu_count() or 1) // gpus.count))
        torch.accelerator.device_count = lambda: 1  # diffusers divides by it, and a processor has none
    backend = "cpu:gloo,cuda:nccl" if cuda else "gloo"
    meeting = f"file://{folder}/meeting"
    dist.init_process_group(backend, meeting, _FOREVER, rank=rank, world_size=gpus.count)
    team = Team(gpus.share) if rank == 0 else None
    generate, transformer_at = begin(rank, team)
    pipe.send(("ready",))
    if team is None:
        serve(transformer_at, gpus.share)
        return
    while True:
        job: ShotJob = pipe.recv()
        for frame in generate(job, lambda share, doing: pipe.send(("report", share, doing))):
            pipe.send(("frame", frame))
