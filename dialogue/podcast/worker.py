"""What workers do: plan an episode, make a shot, join a film. A worker's hand keeps generators loaded in between."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dialogue.cast.recognition import OpenLabel, Undecided
from dialogue.generators.generator import Generate, done_with
from dialogue.generators.gpus import gpus_given
from dialogue.generators.memory import memory_given
from dialogue.ground.errors import DialogueError, Problem
from dialogue.podcast.episode_plan import Planned, Setting, plan_episode
from dialogue.podcast.episodes import Episode
from dialogue.podcast.manifest import Entry
from dialogue.rendering.film_order import Order
from dialogue.rendering.shot_tasks import Task


@dataclass(frozen=True)
class PlanEpisode:
    """Gives `Planned`."""

    episode: Episode
    setting: Setting
    last: Entry | None


@dataclass(frozen=True)
class ListShots:
    """Gives the order's tasks: every shot, and why it has to be made where it has to."""

    order: Order


@dataclass(frozen=True)
class MakeShot:
    """Gives nothing: the clip is in the cache. `order` is for the shot's own plan, `task.alone`."""

    order: Order
    task: Task


@dataclass(frozen=True)
class JoinFilm:
    """Gives the film's size in bytes and its hash. All clips are in the cache."""

    order: Order


Work = PlanEpisode | ListShots | MakeShot | JoinFilm


@dataclass(frozen=True)
class Done:
    """What came of a piece of work: its value, or what is wrong; and how long it took.

    The value of an episode in which it is not known who is who are the labels that somebody has to name.
    """

    value: Any
    problems: tuple[Problem, ...]
    seconds: float


def own_code() -> str:
    """The version of the program and, as versions say little while it is worked on, a hash of its code."""
    from dialogue.ground.own_code import VERSION, digest_of_code

    return f"{VERSION} ({digest_of_code('dialogue', 'model')[:8]})"


@dataclass
class Hand:
    """One worker's memory. Whatever goes wrong with a piece of work is told, not raised: the worker goes on."""

    loaded: dict[str, Generate] = field(default_factory=dict)

    def ready(self, output: str, code: str) -> int:
        """The worker's process; DialogueError when it cannot work on this batch, made by `code` (see `own_code`)."""
        if not Path(output).is_dir():
            raise DialogueError(f"a worker does not see {output}: the batch's folders must be shared by all machines")
        if own_code() != code:
            raise DialogueError(f"a worker has dialogue {own_code()}, not {code}: install the same everywhere")
        return os.getpid()

    def do(self, work: Work) -> Done:
        """Do it."""
        began = time.monotonic()
        value: Planned | list[Task] | tuple[int, str] | tuple[OpenLabel, ...] | None
        try:
            value, problems = self._do(work), tuple[Problem, ...]()
        except Undecided as error:
            value, problems = error.labels, error.problems
        except DialogueError as error:
            value, problems = None, error.problems
        except Exception as error:  # one episode's surprise is not the batch's end
            value, problems = None, (Problem(f"{type(error).__name__}: {error}".rstrip(": ")),)
        return Done(value, problems, time.monotonic() - began)

    def _do(self, work: Work) -> Planned | list[Task] | tuple[int, str] | None:
        if isinstance(work, PlanEpisode):
            with memory_given(work.setting.memory):
                return plan_episode(work.episode, work.setting, work.last)
        if isinstance(work, ListShots):
            from dialogue.rendering.render import prepared

            return prepared(work.order)
        if isinstance(work, MakeShot):
            self._make(work)
            return None
        return _join(work.order)

    def _make(self, work: MakeShot) -> None:
        from dialogue.rendering.render import make
        from dialogue.rendering.shot_tasks import generator_of

        name = work.order.plan.generator
        if name not in self.loaded:
            with memory_given(work.order.memory), gpus_given(work.order.gpus):
                self.loaded[name] = generator_of(work.order).load()
        make(work.order, [work.task], lambda step: None, self.loaded[name])

    def close(self) -> None:
        """No more work comes."""
        for generate in self.loaded.values():
            done_with(generate)
        self.loaded.clear()


def _join(order: Order) -> tuple[int, str]:
    from dialogue.ground.digests import file_digest
    from dialogue.rendering.render import render

    render(order)
    return order.output.stat().st_size, file_digest(order.output)
