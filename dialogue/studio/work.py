"""The process of one job: renders what its order says and writes down how far it is. Started by the page's server."""

from __future__ import annotations

import re
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import dialogue
from dialogue.ground.errors import DialogueError
from dialogue.ground.progress import Progress
from dialogue.studio import mouths
from dialogue.studio.jobs import FRAME, LOCK, Job

_EVERY = 0.4  # seconds between two lines that tell how far a shot is
_FRAMES = 0.5  # seconds between two frames that are shown


def main(folder: Path) -> int:
    """Do the job in a folder; 0 when it was done."""
    from filelock import FileLock

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background hands down that it be ignored
    job = Job(folder)
    with FileLock(folder / LOCK):
        job.say(kind="began")
        try:
            if job.cancelled:
                raise KeyboardInterrupt
            made = _done(job)
        except KeyboardInterrupt:
            job.say(kind="stopped")
            return 130
        except DialogueError as error:
            job.say(kind="failed", problems=[str(problem) for problem in error.problems])
            return error.exit_code
        except Exception as error:  # the log is where the page looks for it
            job.say(kind="failed", problems=[f"{type(error).__name__}: {error}".rstrip(": ")])
            raise
        job.say(kind="done", **made)
    return 0


def _done(job: Job) -> dict[str, Any]:
    """Do what was asked for; what there is to tell of it."""
    asked = job.order()
    teller = _Teller(job)
    if asked.get("batch"):
        done = dialogue.go_on(asked["batch"], asked["only"], teller)
        return {"episodes": len(done.entries), "lost": done.failed}
    planned = dialogue.plan(Path(asked["source"]))
    if asked.get("generator"):
        planned = replace(planned, plan=replace(planned.plan, generator=asked["generator"]))
    shot, number = asked.get("shot"), asked.get("take")
    if shot is not None and number is not None:
        job.say(kind="due", shots=[shot])
        take = dialogue.make_take(
            dialogue.order(planned, overwrite=True, cache=asked.get("cache")), shot, number, teller
        )
        return {"shot": take.shot, "take": take.number, "faults": take.faults}
    order = dialogue.order(planned, asked.get("output"), shots=shot, overwrite=True, cache=asked.get("cache"))
    job.say(kind="due", shots=[task.number for task in dialogue.pending(order) if task.reason is not None])
    film = dialogue.render(order, progress=teller)
    if shot is None:
        teller(Progress("looking at the mouths", 1.0))
        mouths.note(film.file, planned, order.cache.folder)
    return {"file": str(film.file), "made": len(film.rendered), "shots": len(film.tasks)}


class _Teller:
    """Writes down what a render says, not more often than somebody can read, and shows its newest frame."""

    def __init__(self, job: Job) -> None:
        self._job, self._last, self._said, self._shown = job, 0.0, "", 0.0

    def __call__(self, progress: Progress) -> None:
        doing = progress.doing.split(": ")[0]
        now = time.monotonic()
        if doing == self._said and now - self._last < _EVERY:
            return
        self._said, self._last = doing, now
        left = None if progress.left is None else round(progress.left, 1)
        self._job.say(kind="step", doing=progress.doing, share=round(progress.share, 4), left=left)
        if progress.frame is not None and progress.shot is not None and now - self._shown > _FRAMES:
            self._shown = now
            _show(progress.frame, self._job, progress.shot, progress.doing)


def _show(frame: Any, job: Job, shot: int, doing: str) -> None:
    from PIL import Image

    from dialogue.ground.atomic import appearing

    picture = Image.fromarray(frame)
    picture.thumbnail((480, 480))
    with appearing(job.folder / FRAME) as draft:
        picture.save(draft, "JPEG", quality=80)
    number = re.search(r"frame (\d+) of", doing)
    job.say(kind="frame", shot=shot, frame=int(number[1]) if number else 0)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
