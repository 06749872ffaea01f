"""How far a film is and how long it still takes, by the speed of this machine as it works, not by a constant.

Generators estimate what a shot costs beside another; what a second of their estimate takes here is measured from the
first second of work on, and again all the time, for a machine may become busy. What follows the shots is counted too.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from typing import TYPE_CHECKING

from dialogue.ground.progress import OnProgress, Progress

if TYPE_CHECKING:
    from dialogue.generators.generator import Frame
    from dialogue.planning.plan import Plan
    from dialogue.rendering.shot_tasks import Task

_FIRST = 1.0  # seconds of work before anything is said of the time left
_RECENT = 0.3  # the share of the time passed that counts as recent


_BEGUN = 0.05  # of the first shot: what goes before its frames says little of them


def seconds_after(plan: Plan, burnt: Sequence[Task]) -> list[float]:
    """What follows the shots, as it is told: the burning in of the shots that get captions, joining and signing.

    On the two processors of a laptop; how much longer it takes here is learnt from the first of them.
    """
    pixels = plan.width * plan.height
    return [*(0.05 + 4.6e-9 * pixels * task.shot.frames for task in burnt), 0.05 + 3e-5 * plan.frames]


class Pace:
    """Share and time left of a film: of the shots that are `due`, then of what follows, with `burnt` of its shots."""

    def __init__(
        self,
        plan: Plan,
        due: Sequence[Task],
        burnt: Sequence[Task],
        tell: OnProgress,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._steps = seconds_after(plan, burnt)
        self._slower, self._step = 1.0, (0.0, 0.0)  # times the estimate; when the last step began, and its estimate
        self._first = due[0].seconds if due else 0.0
        self._total = sum(task.seconds for task in due)
        self._tell, self._clock = tell, clock
        self._done = self._most = 0.0
        self._began: float | None = None  # when the first shot was: loading a model says nothing of the speed
        self._known: deque[tuple[float, float]] = deque()  # (time, seconds of the estimate done by then)
        self.stopped: Exception | None = None  # by what the callback raised
        self._frame: Frame | None = None  # the newest

    def seen(self, frames: Iterator[Frame]) -> Iterator[Frame]:
        """The frames, the newest of which is told with what is told next."""
        for frame in frames:
            self._frame = frame
            yield frame

    def begin(self) -> None:
        """The first shot begins."""
        self._began = self._clock()
        self._known.append((self._began, self._done))

    def at(self, task: Task, share: float, doing: str) -> None:
        """`share` of the shot is done."""
        self._say(self._done + share * task.seconds, f"{task}: {doing}", task.number)

    def finished(self, task: Task) -> None:
        """The shot is done."""
        self._done += task.seconds

    def after(self, progress: Progress) -> None:
        """A step after the shots begins."""
        if self._began is None:
            self.begin()
        began, estimate = self._step
        if estimate:
            self._slower = (self._clock() - began) / estimate
        self._say(self._total, progress.doing, progress.shot)
        self._step = (self._clock(), self._steps.pop(0)) if self._steps else (0.0, 0.0)

    def end(self) -> None:
        """All is done."""
        self._tell(Progress("finished", 1.0, 0.0, frame=self._frame))

    def _say(self, done: float, doing: str, shot: int | None) -> None:
        passed = self._clock() - self._began if self._began is not None else 0.0
        left = self._left(done, passed)
        share = passed / (passed + left) if left is not None else 0.0
        self._most = max(self._most, share)  # it never goes back
        try:
            self._tell(Progress(doing, self._most, left, shot, self._frame))
        except Exception as error:
            self.stopped = error
            raise

    def _left(self, done: float, passed: float) -> float | None:
        """Seconds by the mean of two speeds, of all that was done and of the last of it; None before there is one."""
        if done >= self._total:
            return sum(self._steps) * self._slower
        if done <= _BEGUN * self._first or passed < _FIRST:
            return None
        now = self._clock()
        if now - self._known[-1][0] > _FIRST / 4:
            self._known.append((now, done))
        while len(self._known) > 2 and self._known[1][0] < now - max(5.0, _RECENT * passed):
            self._known.popleft()
        since, before = self._known[0]
        whole = passed / done
        recent = (now - since) / (done - before) if done > before and now > since else whole
        return (self._total - done) * sqrt(whole * recent) + sum(self._steps)
