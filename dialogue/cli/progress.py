"""Progress, shown: on a terminal a bar with the time left; elsewhere a line whenever another thing is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dialogue.cli.console import err
from dialogue.ground.amounts import duration_text
from dialogue.ground.progress import OnProgress, Progress, untold


@contextmanager
def shown(lines: bool = True) -> Iterator[OnProgress]:
    """A callback that shows what it is told; off a terminal nothing at all without `lines`."""
    if err.is_terminal:
        with _bar() as callback:
            yield callback
    else:
        yield _by_line() if lines else untold


def _by_line() -> OnProgress:
    said: list[str] = []
    waiting: list[str] = []  # a shot that has begun, until it is known how long it all takes

    def put(line: str) -> None:
        err.print(line, soft_wrap=True, markup=False)

    def say(progress: Progress) -> None:
        # Of a shot one line, and none for each of its frames.
        doing = progress.doing.split(": ")[0] if progress.shot is not None else progress.doing
        if waiting and waiting != [doing]:
            put(waiting.pop())
        if said[-1:] == [doing] or progress.share == 1.0 and progress.left == 0.0:
            return
        if progress.left is None and progress.shot is not None:
            waiting[:] = [doing]
            return
        waiting.clear()
        said.append(doing)
        put(doing if progress.left is None else f"{doing}, {_how_far(progress)}")

    return say


def _how_far(progress: Progress) -> str:
    return f"{progress.share:.0%} done, about {duration_text(progress.left or 0.0)} left"


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.fields[left]}  {task.description}"))
    with Bar(*columns, console=err, transient=True) as bar:
        work = bar.add_task("looking at what there is", total=1.0, left="")

        def show(progress: Progress) -> None:
            left = f"{duration_text(progress.left)} left" if progress.left is not None else ""
            bar.update(work, completed=progress.share, description=progress.doing, left=left)

        yield show
