"""The process of one job: renders what its order says and writes down how far it is. Started by the page's server."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.ground.errors import DialogueError
from dialogue.studio.jobs import FRAME, LOCK, Job

if TYPE_CHECKING:
    from dialogue.generators.generator import Generate, ShotJob
    from dialogue.ground.progress import Progress
    from dialogue.rendering.film_order import Order
    from dialogue.rendering.render import Film

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
            film = _done(job)
        except KeyboardInterrupt:
            job.say(kind="stopped")
            return 130
        except DialogueError as error:
            job.say(kind="failed", problems=[str(problem) for problem in error.problems])
            return error.exit_code
        except Exception as error:  # the log is where the page looks for it
            job.say(kind="failed", problems=[f"{type(error).__name__}: {error}".rstrip(": ")])
            raise
        job.say(kind="done", file=str(film.file), made=len(film.rendered), shots=len(film.tasks))
    return 0


def _done(job: Job) -> Film:
    from dataclasses import replace

    from dialogue.rendering.render import make, prepared, render
    from dialogue.rendering.shot_tasks import generator_of

    asked = job.order()
    order = _order(asked)
    teller = _Teller(job)
    number = asked.get("shot")
    tasks = prepared(order)
    due = [task for task in tasks if task.reason is not None and (number is None or task.number == number)]
    job.say(kind="due", shots=[task.number for task in due])
    if due:
        generate = _shown(generator_of(order).load(), job)
        make(order, due, teller, generate)
    if number is not None:
        order = replace(order, shots=(int(number), int(number)))
    return render(order, teller)


def _order(asked: dict[str, Any]) -> Order:
    from dataclasses import replace

    from dialogue.drafts.drafts import with_drafts
    from dialogue.generators.choice import generator_for
    from dialogue.measures.look import measure
    from dialogue.planning.plan_json import read_plan
    from dialogue.planning.planner import make_plan
    from dialogue.scene.reader import read_scene
    from dialogue.studio.look import film_place, order_of

    source = Path(asked["source"])
    output = Path(asked["output"]) if asked.get("output") else film_place(source)
    if source.suffix == ".json":
        read = read_plan(source)
        order = order_of(read.plan, read.media, output)
    else:
        file = with_drafts(read_scene(source))
        measures = measure(file)
        order = order_of(make_plan(file, measures, generator_for(file, measures)), file.folder, output)
    if asked.get("generator"):
        order = replace(order, plan=replace(order.plan, generator=asked["generator"]))
    return order


class _Teller:
    """Writes down what a render says, not more often than somebody can read."""

    def __init__(self, job: Job) -> None:
        self._job, self._last, self._said = job, 0.0, ""

    def __call__(self, step: Progress) -> None:
        doing = step.doing.split(": ")[0]
        now = time.monotonic()
        if doing == self._said and now - self._last < _EVERY:
            return
        self._said, self._last = doing, now
        left = None if step.left is None else round(step.left, 1)
        self._job.say(kind="step", doing=step.doing, share=round(step.share, 4), left=left)


def _shown(generate: Generate, job: Job) -> Generate:
    """The generator, whose frames are also shown now and then while they come."""

    def shown(shot: ShotJob, report: Any) -> Iterator[Any]:
        last = 0.0
        for number, frame in enumerate(generate(shot, report), 1):
            yield frame
            if time.monotonic() - last > _FRAMES:
                last = time.monotonic()
                _show(frame, job, shot.shot.index + 1, number)

    return shown


def _show(frame: Any, job: Job, shot: int, number: int) -> None:
    from PIL import Image

    from dialogue.ground.atomic import appearing

    picture = Image.fromarray(frame)
    picture.thumbnail((480, 480))
    with appearing(job.folder / FRAME) as draft:
        picture.save(draft, "JPEG", quality=80)
    job.say(kind="frame", shot=shot, frame=number)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
