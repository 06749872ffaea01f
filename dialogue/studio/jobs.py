"""Renders as processes of their own: each goes on when the page or the server is closed, and is found again.

    .dialogue/jobs/N/order.json   what was asked for        lock        held by the process while it lives
    .dialogue/jobs/N/log.jsonl    a line per thing said     frame.jpg   the newest frame

The server starts a process and from then on only reads its log; whether it lives is told by the lock, which the system
lets go with the process, however that ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.ground.atomic import write_text
from dialogue.ground.locks import held

FOLDER = "jobs"
ORDER, LOG, LOCK, FRAME, PID, CANCEL = "order.json", "log.jsonl", "lock", "frame.jpg", "pid", "cancel"
_KEPT = 20  # finished jobs whose logs are kept
_ENDS = ("done", "failed", "stopped")


@dataclass(frozen=True)
class Job:
    """A job by its folder, which is numbered."""

    folder: Path

    @property
    def number(self) -> int:
        return int(self.folder.name)

    def order(self) -> dict[str, Any]:
        """What was asked for; empty where the file is gone."""
        try:
            found = json.loads((self.folder / ORDER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def lines(self, after: int = 0) -> list[dict[str, Any]]:
        """What was said from line `after` on (from 0); a line half written waits for its end."""
        try:
            written = (self.folder / LOG).read_bytes()
        except OSError:
            return []
        found = []
        for line in written.split(b"\n")[:-1][after:]:
            try:
                found.append(json.loads(line))
            except ValueError:
                found.append({"kind": "unreadable"})
        return found

    def say(self, **entry: Any) -> None:
        """Add a line to the log. For the process that does the work."""
        with (self.folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps({"at": round(time.time(), 2), **entry}, ensure_ascii=False) + "\n")

    def runs(self) -> bool:
        """Whether its process holds the lock; for a moment after its start, whether it is about to."""
        return held(self.folder / LOCK) or self._starting()

    def _starting(self) -> bool:
        reap()
        try:
            age = time.time() - (self.folder / PID).stat().st_mtime
            os.kill(int((self.folder / PID).read_text()), 0)
        except (OSError, ValueError):
            return False
        return age < 20 and not (self.folder / LOG).exists()

    def state(self) -> str:
        """running, done, failed, stopped, or broken: it ended without a word."""
        last = next((entry["kind"] for entry in reversed(self.lines()) if entry.get("kind") in _ENDS), None)
        if last is not None:
            return str(last)
        return "running" if self.runs() else "broken"

    def cancel(self) -> bool:
        """Ask its process to stop, as Ctrl-C does; finished shots are kept. False when it does not run."""
        if not self.runs():
            return False
        write_text(self.folder / CANCEL, "")  # for one that has not come so far that it could be interrupted
        if held(self.folder / LOCK):
            try:
                os.kill(int((self.folder / PID).read_text()), signal.SIGINT)
            except (OSError, ValueError):
                return False
        return True

    @property
    def cancelled(self) -> bool:
        return (self.folder / CANCEL).exists()


def jobs_of(cache: Path) -> list[Job]:
    """The jobs of a cache folder, the newest last."""
    try:
        numbered = [place for place in (cache / FOLDER).iterdir() if place.name.isdigit()]
    except OSError:
        return []
    return [Job(place) for place in sorted(numbered, key=lambda place: int(place.name))]


def start(cache: Path, order: Mapping[str, Any]) -> Job:
    """A new job, as a process that lives on when this one ends. OSError where it cannot be started."""
    _tidy(cache)
    number = max((job.number for job in jobs_of(cache)), default=0) + 1
    job = Job(cache / FOLDER / str(number))
    job.folder.mkdir(parents=True)
    ignore = cache / ".gitignore"
    if not ignore.exists():
        write_text(ignore, "*\n")
    write_text(job.folder / ORDER, json.dumps(order, ensure_ascii=False, indent=1))
    with (job.folder / "stderr").open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "dialogue.studio.work", str(job.folder)],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env=environment(),
        )
    write_text(job.folder / PID, str(process.pid))
    keep_child(process)
    return job


_REAPED: list[subprocess.Popen[bytes]] = []  # children of this process, so that none is left behind as a zombie


def reap() -> None:
    """Let go of ended children."""
    _REAPED[:] = [process for process in _REAPED if process.poll() is None]


def keep_child(process: subprocess.Popen[bytes]) -> None:
    """Have a child let go of once it has ended."""
    _REAPED.append(process)


def environment() -> dict[str, str]:
    """With this very program found first, wherever it was started from."""
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))}


def _tidy(cache: Path) -> None:
    import shutil

    ended = [job for job in jobs_of(cache) if not job.runs()]
    for job in ended[: max(0, len(ended) - _KEPT)]:
        shutil.rmtree(job.folder, ignore_errors=True)


def newest(cache: Path) -> Job | None:
    """The job that runs, else the one that was started last."""
    found = jobs_of(cache)
    return next((job for job in reversed(found) if job.state() == "running"), found[-1] if found else None)
