"""Takes of a shot: the same shot with other seeds. Each is kept, played, verified; one of them is in the film."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dialogue.ground.atomic import write_text
from dialogue.ground.errors import Problem, SceneError, quoted
from dialogue.ground.given import as_path, is_number, wrong_kind
from dialogue.ground.progress import OnProgress, Progress, untold
from dialogue.planning.plan import AudioSlice, Plan, Turn
from dialogue.rendering.clip_key import key_of
from dialogue.rendering.film_order import Order
from dialogue.rendering.render import prepared, render
from dialogue.rendering.shot_tasks import Task
from dialogue.scene.edit import Edit, Set, edited
from dialogue.scene.source import decode
from dialogue.scene.spans import spans

MOST = 32  # takes of a shot that are looked for
NAME_SUFFIX = ".name"
LONGEST_NAME = 60
_FOLDER = "takes"


@dataclass(frozen=True)
class Take:
    """One take of a shot. `file`: it with its sound, where it has been made; `faults`: None where nobody has looked.

    `shot` and `number` count from 1. `chosen`: the take that the film shows.
    """

    shot: int
    number: int
    seed: int
    chosen: bool
    file: Path | None
    faults: tuple[str, ...] | None
    name: str | None = None  # what somebody calls it

    @property
    def verified(self) -> bool:
        return self.faults == ()


def takes(order: Order, tasks: Sequence[Task] | None = None) -> tuple[tuple[Take, ...], ...]:
    """Of every shot: the takes that are made, and the one that is chosen whether it is made or not.

    `tasks`: what `pending` gave of the order, where that is known.
    """
    _check_order(order)
    return tuple(_takes(order, task) for task in (prepared(order) if tasks is None else tasks))


def make_take(order: Order, shot: int, number: int, progress: OnProgress = untold) -> Take:
    """Make take `number` of a shot, where it is not made yet, and look whether all in it is as it should be.

    SceneError for a shot there is not, or one that is locked, and for a number that no take has.
    """
    _check_take(order, shot, number)
    if order.plan.shots[shot - 1].locked:
        raise SceneError(order.place(order.plan.shots[shot - 1], f"shot {shot} is locked: unlock it for another take"))
    plan = with_take(order.plan, shot, number)
    folder = order.cache.folder / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    one = replace(order, plan=plan, shots=(shot, shot), output=folder / "take.mp4", overwrite=True, caption_track=False)
    (task,) = prepared(one)
    file, noted = folder / f"{task.key}.mp4", folder / f"{task.key}.json"
    if not file.is_file() or task.reason is not None:
        render(replace(one, output=file), progress)
        noted.unlink(missing_ok=True)
    if not noted.is_file():
        progress(Progress(f"verifying take {number} of shot {shot}", 1.0, None, shot))
        write_text(noted, json.dumps({"faults": faults_of(file, alone(plan, shot))}, ensure_ascii=False))
    found = next((take for take in _takes(order, _task(order, shot)) if take.number == number), None)
    assert found is not None
    return found


def name_take(order: Order, shot: int, number: int, name: str) -> Take:
    """Give a take that is made a name; '' takes it away. The name lies beside the take and goes with it.

    SceneError where there is no such take, or the name is longer than a line of a list.
    """
    _check_shot(order, shot)
    named = " ".join(name.split())
    made = [take for one in takes(order) for take in one if take.shot == shot and take.file is not None]
    take = next((take for take in made if take.number == number), None)
    if take is None or take.file is None:
        hint = f"made are {', '.join(str(one.number) for one in made)}" if made else "none of it is made yet"
        raise SceneError(Problem(f"there is no take {number!r} of shot {shot}", hint=hint))
    if len(named) > LONGEST_NAME or not named.isprintable():
        raise SceneError(Problem(f"a take's name is a line of {LONGEST_NAME} letters at most"))
    place = order.cache.folder / _FOLDER / f"{take.file.stem}{NAME_SUFFIX}"
    if named:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, named)
    else:
        place.unlink(missing_ok=True)
    return replace(take, name=named or None)


def choose(source: str | Path, order: Order, shot: int, number: int, locked: bool | None = None) -> None:
    """Write into the scene which take of a shot the film shows, and whether it is locked.

    One that is not made yet is made by the next render. SceneError, and nothing is written, where there is no such shot
    or take.
    """
    source = as_path(source, "a scene")
    _check_take(order, shot, number)
    if not source.is_file():
        raise SceneError(Problem(f"no scene file {quoted(source)}"))
    if source.suffix not in (".yaml", ".yml"):
        raise SceneError(Problem("a take is written into a scene", str(source), hint="name a .yaml file"))
    text = decode(source.read_bytes(), str(source))
    changed = edited(text, choice_edits(spans(text).tree, order.plan, shot, number, locked))
    mark = b"\xef\xbb\xbf" if source.read_bytes().startswith(b"\xef\xbb\xbf") else b""
    from dialogue.ground.atomic import appearing

    with appearing(source) as draft:
        draft.write_bytes(mark + changed.encode())


def choice_edits(scene: object, plan: Plan, shot: int, number: int, locked: bool | None = None) -> list[Edit]:
    """The edits that choose a take. A scene that lists no shots gets a list of its one shot."""
    one = plan.shots[shot - 1]
    spec = one.spec if one.spec is not None else 0
    edits: list[Edit] = []
    if one.spec is None:
        named = isinstance(scene, dict) and "picture" in scene
        edits.append(Set(("shots",), [{"take": number} if named else {"picture": one.picture, "take": number}]))
    else:
        edits.append(Set(("shots", spec, "take"), number))
    if locked is not None:
        edits.append(Set(("shots", spec, "locked"), locked))
    return edits


def with_take(plan: Plan, shot: int, number: int) -> Plan:
    """The plan with another take of a shot. Parts of one shot of the scene have their takes together."""
    chosen = plan.shots[shot - 1]
    shots = tuple(
        replace(one, seed=_base(plan, one) + number - 1, take=number if number > 1 else None)
        if one is chosen or (one.spec is not None and one.spec == chosen.spec) or one.spec is chosen.spec is None
        else one
        for one in plan.shots
    )
    return replace(plan, shots=shots)


def alone(plan: Plan, shot: int) -> Plan:
    """The film of one shot: its frames from 0, and what is said in it."""
    one = plan.shots[shot - 1]
    begin, end = plan.clock.seconds_at(one.start), plan.clock.seconds_at(one.end)
    turns = [_within(turn, begin, end) for turn in plan.turns if turn.start < end and turn.end > begin]
    return replace(
        plan, duration=end - begin, turns=tuple(turns), shots=(replace(one, index=0, start=0, end=one.frames),)
    )


def faults_of(film: Path, plan: Plan) -> list[str]:
    """What is wrong in a film, a sentence each: mouths, lips and sound, colours, jumps."""
    from dialogue.verification.drift import drifts
    from dialogue.verification.verdict import verify

    names = {speaker.id: speaker.name for speaker in plan.speakers}
    said = [f"{names[verdict.speaker]}: {fault}" for verdict in verify(film, plan) for fault in verdict.faults]
    return [*said, *drifts(film, plan)]


def _check_order(order: Order) -> None:
    if not isinstance(order, Order):
        raise wrong_kind(order, "an order", "what `order` gives of a scene")


def _check_shot(order: Order, shot: int) -> None:
    _check_order(order)
    if not is_number(shot) or not 1 <= shot <= len(order.plan.shots):
        raise SceneError(Problem(f"there is no shot {shot!r}", hint=f"the film has shots 1 to {len(order.plan.shots)}"))


def _check_take(order: Order, shot: int, number: int) -> None:
    """Whether there is such a take, made or not: a number that `takes` looks for, or the one that is shown now."""
    _check_shot(order, shot)
    if not is_number(number) or not (1 <= number <= MOST or number == order.plan.shots[shot - 1].take):
        raise SceneError(Problem(f"there is no take {number!r} of shot {shot}", hint=f"they are numbered 1 to {MOST}"))


def _within(turn: Turn, begin: float, end: float) -> Turn:
    first, last = max(turn.start, begin), min(turn.end, end)
    offset = turn.audio.start - turn.start
    audio = AudioSlice(turn.audio.source, first + offset, last + offset, turn.audio.channel)
    return replace(turn, start=round(first - begin, 6), end=round(last - begin, 6), audio=audio)


def _base(plan: Plan, shot: object) -> int:
    """The seed of a shot's first take."""
    seed, take = getattr(shot, "seed", None), getattr(shot, "take", None)
    return (plan.seed if seed is None else seed) - ((take or 1) - 1)


def _task(order: Order, shot: int) -> Task:
    (task,) = prepared(replace(order, shots=(shot, shot), output=order.cache.folder / _FOLDER / "take.mp4"))
    return task


def _takes(order: Order, task: Task) -> tuple[Take, ...]:
    base, now = _base(order.plan, task.shot), task.shot.take or 1
    found = []
    for number in sorted({*range(1, MOST + 1), now}):
        seed = base + number - 1
        key = key_of({**task.inputs, "the seed": str(seed)})
        file = order.cache.folder / _FOLDER / f"{key}.mp4"
        clip = order.cache.entry("shots", key)
        made = file if file.is_file() else clip if clip.is_file() else None
        if made is not None or number == now:
            faults, name = _noted(file.with_suffix(".json")), _name(file.with_suffix(NAME_SUFFIX))
            found.append(Take(task.number, number, seed, number == now, made, faults, name))
    return tuple(found)


def _name(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def _noted(file: Path) -> tuple[str, ...] | None:
    try:
        return tuple(json.loads(file.read_text(encoding="utf-8"))["faults"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def retake(
    order: Order, tries: int, progress: OnProgress = untold, shots: int | Sequence[int] | None = None
) -> tuple[tuple[Take, ...], ...]:
    """Of these shots, or every one that is not locked, takes until one has no fault, `tries` at most: what was tried.

    The last of a shot is the one to choose: the first without fault, else the one with the fewest. SceneError for a
    shot there is not, and a number of tries that is none.
    """
    _check_order(order)
    asked = [shots] if isinstance(shots, int) else shots
    if asked is not None and (not asked or not isinstance(asked, Sequence)):
        raise SceneError(Problem(f"shots is {shots!r}, and takes numbers of shots", hint="shots=2 or shots=[1, 3]"))
    for shot in asked or ():
        _check_shot(order, shot)
    if not is_number(tries) or not 1 <= tries <= MOST:
        raise SceneError(Problem(f"{tries!r} takes cannot be tried", hint=f"from 1 to {MOST}"))
    tried = []
    for shot, one in enumerate(order.plan.shots, 1):
        if one.locked or (asked is not None and shot not in asked):
            continue
        now, made = one.take or 1, []
        for number in [now, *(n for n in range(1, MOST + 1) if n != now)][:tries]:
            made.append(make_take(order, shot, number, progress))
            if made[-1].verified:
                break
        best = min(made, key=lambda take: (len(take.faults or ()), made.index(take)))
        tried.append((*(take for take in made if take is not best), best))
    return tuple(tried)
