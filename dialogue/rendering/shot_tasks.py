"""What a film needs: every shot with what it is made of, and why its clip has to be made, where it has to."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from dialogue.generators import GENERATORS
from dialogue.generators import generator as generator_named
from dialogue.generators.fast import refuse_fast
from dialogue.generators.generator import Generator
from dialogue.generators.gpus import gpus_asked_for
from dialogue.ground.amounts import counted
from dialogue.ground.digests import text_digest
from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.ground.sealed import is_sealed
from dialogue.planning.choice import Estimate
from dialogue.planning.plan import Plan, Shot
from dialogue.rendering.cache import NEW, why
from dialogue.rendering.clip_key import Inputs, inputs_of, key_of
from dialogue.rendering.digests import Digests
from dialogue.rendering.excerpt import excerpt
from dialogue.rendering.film_order import Order


@dataclass(frozen=True)
class Task:
    """One shot of an order. `reason` says why its clip has to be made; None: the cache has it."""

    number: int  # from 1, as people count
    shot: Shot
    alone: Plan
    inputs: Inputs
    key: str
    clip: Path
    reason: str | None
    estimate: Estimate

    @property
    def seconds(self) -> float:
        """Of work, by the generator's estimate; never nothing."""
        return max(self.estimate.seconds, 1e-3 * self.shot.frames)

    @property
    def first(self) -> bool:
        """Whether nothing of the shot was ever made."""
        return self.reason == NEW

    def __str__(self) -> str:
        seconds = (float(frame / self.alone.fps) for frame in (self.shot.start, self.shot.end))
        return f"shot {self.number} ({Path(self.shot.picture).name}, {'-'.join(f'{at:.2f}' for at in seconds)} s)"


def generator_of(order: Order) -> Generator:
    """The plan's generator; DialogueError when it cannot run here, with what mends that."""
    try:
        chosen = generator_named(order.plan.generator)
    except KeyError as error:
        place = str(order.sources[0]) if order.sources else None
        raise SceneError(Problem(str(error.args[0]), place)) from error
    missing = chosen.missing()
    if missing is not None:
        raise DialogueError(f"the generator {order.plan.generator!r} cannot run here: {missing}")
    refuse_fast(chosen)
    _check_gpus(order.plan.generator, chosen)
    return chosen


def _check_gpus(name: str, generator: Generator) -> None:
    """SceneError where more GPUs are asked for than there are, or the generator has no use for more than one."""
    try:
        count = gpus_asked_for().count
    except ValueError as error:
        raise SceneError(Problem(str(error))) from None
    if count == 1:
        return
    replicas = getattr(generator, "replicas", None)
    if replicas is None:
        sharing = [known for known in GENERATORS if hasattr(generator_named(known), "replicas")]
        message = f"a shot of {name} is not shared among GPUs, and {count} are asked for"
        raise SceneError(Problem(message, hint=f"leave out --gpus; {', '.join(sharing)} can share a shot"))
    there = replicas()
    if count > there:
        has = f"this machine has {counted(there, 'GPU')}" if there else "this machine has no GPU"
        hint = f"--gpus {there} at most" if there > 1 else "leave out --gpus"
        raise SceneError(Problem(f"{count} GPUs are asked for, and {has}", hint=hint))


def tasks_of(order: Order, generator: Generator) -> list[Task]:
    """All shots of the order, in order. Reads every input once; SceneError where one cannot be read."""
    digests = Digests(order.media, order.cache.digests)
    alone = [excerpt(order.plan, shot) for shot in order.plan.shots]
    digests.slices(turn.audio for part in alone for turn in part.turns)  # every recording decoded once, not per shot
    inputs = [inputs_of(part, generator, digests) for part in alone]
    if order.cache.folder.is_dir():
        digests.save()
    last = order.cache.last(order.name)
    keys = [key_of(made_of) for made_of in inputs]
    found = []
    for number, (shot, part, made_of, key) in enumerate(zip(order.plan.shots, alone, inputs, keys, strict=True), 1):
        cost = generator.estimate(part, part.shots[0])
        task = Task(number, shot, part, made_of, key, order.cache.entry("shots", key), None, cost)
        reason = None
        if order.force:
            reason = "--force"
        elif not task.clip.exists():
            reason = why(made_of, number, last, keys)
        elif not is_sealed(task.clip):
            reason = "its clip in the cache is damaged"
        task = replace(task, reason=reason)
        found.append(_kept(order, task) if shot.locked and not order.force else task)
    return found


def _kept(order: Order, task: Task) -> Task:
    """A locked shot shows the clip it was locked with, as long as that is as long as the shot."""
    same = [other for other in order.plan.shots[: task.number] if _lock_of(other) == _lock_of(task.shot)]
    name = text_digest(repr((order.name, _lock_of(task.shot), len(same))))[:32]
    entry = order.cache.entry("locked", name)
    if task.reason is None and not is_sealed(entry) and order.cache.folder.is_dir():
        entry.parent.mkdir(parents=True, exist_ok=True)
        with order.cache.making(entry, lambda: None) as draft:
            if draft is not None:
                shutil.copyfile(task.clip, draft)
    if is_sealed(entry):
        return replace(task, clip=entry, reason=None)
    return task


def _lock_of(shot: Shot) -> tuple[str, int | None, int | None, int]:
    """What stays the same about a locked shot, whatever else of it is changed."""
    return shot.picture, shot.seed, shot.take, shot.frames
