"""A batch: every episode planned, every shot made, every film joined, and what became of each written down.

Nothing that goes wrong with an episode stops the others. Run again, everything that still stands is reused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from dialogue.cast.recognition import OpenLabel
from dialogue.generators import generator as generator_named
from dialogue.generators.memory import memory_given
from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.ground.outputs import check_outputs
from dialogue.ground.progress import OnProgress, Progress, untold
from dialogue.planning.plan import Plan
from dialogue.podcast.crews import MakeCrew
from dialogue.podcast.episode_plan import Planned, Setting
from dialogue.podcast.episodes import Episode
from dialogue.podcast.forecast import LISTENING, Forecast, forecast
from dialogue.podcast.going_on import LOCK
from dialogue.podcast.manifest import NAME as MANIFEST
from dialogue.podcast.manifest import Entry, Manifest
from dialogue.podcast.schedule import Crew, Outcome, Tally, Unit, work_off
from dialogue.podcast.worker import JoinFilm, ListShots, MakeShot, PlanEpisode, Work
from dialogue.rendering.cache import FOLDER, Cache
from dialogue.rendering.film_order import Order
from dialogue.rendering.shot_tasks import Task

_BYTES_PER_SECOND = 16_000  # of a recording, for the order in which episodes are planned; nothing depends on it


@dataclass(frozen=True)
class BatchResult:
    """What became of the episodes of this run, by name, and of the shots."""

    entries: dict[str, Entry]
    tally: Tally
    seconds: float

    @property
    def failed(self) -> list[str]:
        return [name for name, entry in self.entries.items() if entry.state == "failed"]


class _Watch:
    """Share and time left of one phase, by the seconds its units were expected to take."""

    def __init__(self, total: float, workers: int, tell: OnProgress) -> None:
        self._total, self._workers, self._tell = max(total, 1e-6), workers, tell
        self._done, self._began = 0.0, time.monotonic()

    def finished(self, unit: Unit[Work], doing: str) -> None:
        self._done += unit.seconds
        share = min(1.0, self._done / self._total)
        passed = time.monotonic() - self._began
        left = passed * (1 - share) / share if share > 0.02 else self._total / self._workers
        self._tell(Progress(doing, share, left))


class _Told:
    """A crew that tells which unit is begun."""

    def __init__(self, crew: Crew[Work], begun: Callable[[Unit[Work]], None]) -> None:
        self._crew, self._begun = crew, begun
        self.free, self.wait, self.close = crew.free, crew.wait, crew.close

    def give(self, unit: Unit[Work]) -> None:
        self._begun(unit)
        self._crew.give(unit)


class _Batch:
    """One run: the manifest, the plans, and the shots each film still waits for."""

    def __init__(self, setting: Setting, crew: Crew[Work], workers: int, progress: OnProgress) -> None:
        self.setting, self.workers, self.progress = setting, workers, progress
        self.crew: Crew[Work] = _Told(crew, self._begun)
        self.manifest = Manifest(setting.output)
        self.last = dict(self.manifest.entries)
        self.cache = Cache(setting.output / FOLDER)
        self.plans: dict[str, Plan] = {}
        self.tasks: dict[str, list[Task]] = {}
        self.awaited: dict[str, set[str]] = {}
        self.makers: dict[str, str] = {}

    def _begun(self, unit: Unit[Work]) -> None:
        """Note what is being worked on; an episode whose shots wait is planned, not running."""
        if isinstance(unit.work, PlanEpisode):
            names = [unit.work.episode.name]
        elif isinstance(unit.work, JoinFilm):
            names = [unit.work.order.name]
        else:
            names = [name for name, awaited in self.awaited.items() if unit.name in awaited]
        for name in names:
            if self.manifest.entries[name].state in ("waiting", "planned"):
                self.manifest.put(name, replace(self.manifest.entries[name], state="running"))

    def stop(self) -> None:
        """The end, or a stop in the middle: nothing is running any more."""
        for name, entry in self.manifest.entries.items():
            if entry.state == "running":
                self.manifest.entries[name] = replace(entry, state="planned" if name in self.plans else "waiting")
        self.manifest.write()

    def maker(self, name: str) -> str:
        """What makes a film besides its plan; asked once for each generator, whose weights it may have to read."""
        wanted = self.plans[name].generator
        if wanted not in self.makers:
            made_by: Any = generator_named(wanted)
            with memory_given(self.setting.memory):
                self.makers[wanted] = f"{made_by.NAME} {made_by.fingerprint()}"
        return self.makers[wanted]

    def plan(self, episodes: Sequence[Episode]) -> None:
        """Listen to the episodes, on all workers, and keep what became of each."""
        units: list[Unit[Work]] = []
        for episode in episodes:
            size = episode.path.stat().st_size if episode.path.exists() else 0
            seconds = max(0.01, LISTENING * size / _BYTES_PER_SECOND)
            work = PlanEpisode(episode, self.setting, self.last.get(episode.name))
            units.append(Unit(episode.name, seconds, work))
            self.manifest.put(episode.name, Entry(str(episode.path)))
        watch = _Watch(sum(unit.seconds for unit in units), self.workers, self.progress)

        def tell(outcome: Outcome[Work]) -> Iterable[Unit[Work]]:
            name, planned = outcome.unit.name, outcome.value
            if isinstance(planned, Planned):
                self.plans[name] = planned.plan
                self.manifest.put(name, planned.entry)
            else:
                self._fail(name, outcome)
            watch.finished(outcome.unit, f"planned {name}" if name in self.plans else f"{name} cannot be planned")
            return ()

        work_off(units, self.crew, tell)

    def _fail(self, name: str, outcome: Outcome[Work]) -> None:
        died = (f"given up: {outcome.died}, again and again",) if outcome.died else ()
        told = tuple(str(problem) for problem in outcome.problems) + died
        before = self.manifest.entries[name]
        problems = tuple(dict.fromkeys([*before.problems, *told]))
        asked = outcome.value if isinstance(outcome.value, tuple) else ()
        labels = tuple(asdict(label) for label in asked if isinstance(label, OpenLabel))
        self.manifest.put(name, replace(before, state="failed", problems=problems, open=labels))

    def order(self, name: str) -> Order:
        folder = self.setting.output / name
        sources = (folder / "scene.yaml", folder / "plan.json")
        film = folder / f"{name}.mp4"
        return Order(
            self.plans[name], folder, film, self.cache, name, sources, overwrite=self.setting.force,
            memory=self.setting.memory, gpus=self.setting.gpus,
        )  # fmt: skip

    def _stands(self, name: str) -> bool:
        """Whether the film of the last run is there and is of this plan."""
        last, now = self.last.get(name), self.manifest.entries[name]
        if last is None or last.state != "rendered" or last.film is None:
            return False
        film = self.setting.output / last.film
        same = last.hashes.get("plan") == now.hashes.get("plan") and film.is_file()
        return same and film.stat().st_size == last.film_bytes and self.maker(name) == last.hashes.get("maker")

    def list_shots(self) -> None:
        """What is to be made for every film that does not stand already."""
        self.cache.prepare()
        units: list[Unit[Work]] = []
        for name in self.plans:
            entry = self.manifest.entries[name]
            if self._stands(name):
                last = self.last[name]
                kept = replace(last, warnings=entry.warnings, problems=(), made=0, reused=entry.shots, key=entry.key)
                self.manifest.put(name, kept)
            else:
                units.append(Unit(name, 0.1 + entry.seconds / 300, ListShots(self.order(name))))

        def tell(outcome: Outcome[Work]) -> Iterable[Unit[Work]]:
            if outcome.value is None:
                self._fail(outcome.unit.name, outcome)
            else:
                self.tasks[outcome.unit.name] = outcome.value
            return ()

        work_off(units, self.crew, tell)

    def shot_units(self) -> list[Unit[Work]]:
        """One unit per clip to make, however many films it is in."""
        units: dict[str, Unit[Work]] = {}
        for name, tasks in self.tasks.items():
            order = self.order(name)
            self.awaited[name] = {task.key for task in tasks if task.reason is not None}
            for task in tasks:
                if task.reason is not None and task.key not in units:
                    units[task.key] = Unit(task.key, task.seconds, MakeShot(replace(order, plan=task.alone), task))
        return list(units.values())

    def make(self, units: Sequence[Unit[Work]]) -> Tally:
        """Make the shots, longest first; a film is joined as soon as its last shot is there."""
        watch = _Watch(sum(unit.seconds for unit in units), self.workers, self.progress)
        ready = [name for name, awaited in self.awaited.items() if not awaited]

        def tell(outcome: Outcome[Work]) -> Iterable[Unit[Work]]:
            if isinstance(outcome.unit.work, JoinFilm):
                self._joined(outcome)
                self.progress(Progress(f"finished {outcome.unit.work.order.name}", 1.0))
                return ()
            key = outcome.unit.name
            films = [name for name, awaited in self.awaited.items() if key in awaited]
            watch.finished(outcome.unit, f"made a shot of {', '.join(films)}")
            if outcome.problems or outcome.died:
                for name in films:
                    self._fail(name, outcome)
                return ()
            for name in films:
                self.awaited[name].discard(key)
                entry = self.manifest.entries[name]
                self.manifest.put(name, replace(entry, made=entry.made + 1))
            return [self._film_unit(name) for name in films if not self.awaited[name]]

        return work_off([*units, *map(self._film_unit, ready)], self.crew, tell)

    def _film_unit(self, name: str) -> Unit[Work]:
        return Unit(f"film {name}", 0.5, JoinFilm(self.order(name)), urgent=True)

    def _joined(self, outcome: Outcome[Work]) -> None:
        work = outcome.unit.work
        if not isinstance(work, JoinFilm):
            raise TypeError(f"{outcome.unit.name} is no film")
        name = work.order.name
        if outcome.value is None:
            self._fail(name, outcome)
            return
        size, digest = outcome.value
        entry, tasks = self.manifest.entries[name], self.tasks[name]
        made = sum(task.reason is not None for task in tasks)
        hashes = {**entry.hashes, "film": digest, "maker": self.maker(name)}
        done = replace(
            entry, state="rendered", film=f"{name}/{name}.mp4", film_bytes=size, hashes=hashes, made=made,
            reused=len(tasks) - made,
        )  # fmt: skip
        self.manifest.put(name, done)

    def forecast(self, units: Sequence[Unit[Work]]) -> Forecast:
        plans = [self.plans[name] for name in self.tasks]
        made = {u.name: u.work.task.shot.frames for u in units if isinstance(u.work, MakeShot)}
        reused = sum(task.reason is None for tasks in self.tasks.values() for task in tasks)
        seconds = [unit.seconds for unit in units]
        return forecast(plans, seconds, sum(made.values()), reused, self.workers, self.setting.output)


def run_batch(
    episodes: Sequence[Episode],
    setting: Setting,
    to: Literal["plan", "film"],
    make_crew: MakeCrew,
    progress: OnProgress = untold,
    expected: Callable[[Forecast], None] = lambda forecast: None,
    began: Callable[[], None] = lambda: None,
) -> BatchResult:
    """Plan and, unless only `to` the plan, render every episode. `make_crew` gives workers, and how many;
    `began` is called once nothing stands in the way.

    Raises SceneError when another batch is at work in the same place or its folder cannot be written, DialogueError
    when the disk has no room. Everything else is an episode's own failure, in its entry of the manifest.
    """
    from filelock import FileLock, Timeout

    beginning = time.monotonic()
    output = setting.output
    try:
        (output / FOLDER).mkdir(parents=True, exist_ok=True)
        lock = FileLock(output / FOLDER / LOCK)
        lock.acquire(timeout=1)  # whoever looks whether one is at work holds it for a moment
    except Timeout:
        raise SceneError(
            Problem("another batch is at work here", str(output), hint="wait for it, or stop it")
        ) from None
    except OSError as error:
        raise SceneError(Problem(f"cannot write there: {error.strerror}", str(output))) from None
    try:
        check_outputs([output / MANIFEST], (), setting.force)
        began()
        crew, workers = make_crew()
        with closing(crew):
            batch = _Batch(setting, crew, workers, progress)
            try:
                batch.plan(episodes)
                tally = _render(batch, expected) if to == "film" else Tally(0, 0, 0)
            finally:
                batch.stop()
        entries = {episode.name: batch.manifest.entries[episode.name] for episode in episodes}
        return BatchResult(entries, tally, time.monotonic() - beginning)
    finally:
        lock.release()


def _render(batch: _Batch, tell: Callable[[Forecast], None]) -> Tally:
    batch.list_shots()
    units = batch.shot_units()
    expected = batch.forecast(units)
    tell(expected)
    if expected.room / 4 > expected.free:  # a quarter of the forecast is the least that still pictures take
        raise DialogueError(Problem(f"no room for it: {expected}", str(batch.setting.output), hint="free some room"))
    return batch.make(units)
