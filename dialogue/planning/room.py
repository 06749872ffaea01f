"""Shots and the memory of the card: how long each shot of the scene may be, which cannot be at all, which were cut."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dialogue.ground.amounts import memory_text
from dialogue.ground.errors import Problem
from dialogue.planning.choice import Choice, Room
from dialogue.planning.faces import faces_in_shot
from dialogue.planning.packing import Limits, limits_of
from dialogue.planning.plan import Plan
from dialogue.planning.shots import Stretch
from dialogue.scene.reader import SceneFile
from dialogue.scene.scene import Scene, ShotSpec


def fitted(file: SceneFile, limits: Limits, choice: Choice, output: tuple[int, int]) -> list[Limits]:
    """The limits of each shot of the scene: those of one generator call, or less where the card has room for less.

    A locked shot keeps its length: its clip is there already.
    """
    found = []
    for spec in file.scene.shots or (ShotSpec(),):
        most = 0 if choice.room is None or spec.locked else _longest(choice.room, file.scene, spec, output)
        found.append(replace(limits, longest=min(most, limits.longest)) if most else limits)
    return found


def too_large(file: SceneFile, choice: Choice, output: tuple[int, int]) -> list[Problem]:
    """Shots of which not even the shortest fits on the card, each at its place, with what would."""
    found: list[Problem] = []
    for number, spec in enumerate(file.scene.shots or (ShotSpec(),)):
        if choice.room is None or spec.locked or _longest(choice.room, file.scene, spec, output):
            continue
        people = _people(file.scene, spec)
        least = memory_text(choice.room.needed(*output, 1, people))
        what = f"shot {number + 1}" if file.scene.shots else "this film"
        message = f"no part of {what} fits: the shortest shot of {output[0]}x{output[1]} needs {least}, on "
        keys = ("shots", number) if file.scene.shots else ("output", "size")
        found.append(file.problem(keys, message + choice.room.name, choice.room.mends(*output, people)))
    return found


def cut_for_room(
    file: SceneFile, stretches: Iterable[Stretch], choice: Choice, usual: Limits, output: tuple[int, int], fps: float
) -> list[Problem]:
    """A warning at every shot of the scene that the card's memory had cut shorter than it would have been."""
    scene, found = file.scene, []
    pieces: dict[int, list[Stretch]] = {}
    for stretch in stretches:
        pieces.setdefault(stretch.spec, []).append(stretch)
    for number, spec in enumerate(scene.shots or (ShotSpec(),)):
        mine = pieces.get(number, [])
        if choice.room is None or spec.locked or len(mine) < 2:
            continue
        frames, most = mine[-1].end - mine[0].start, _longest(choice.room, scene, spec, output)
        if most >= min(frames, usual.longest):
            continue
        whole = min(frames, usual.longest)
        needs = memory_text(choice.room.needed(*output, whole, _people(scene, spec)))
        what = f"shot {number + 1}" if scene.shots else "the film"
        message = (
            f"{what} is cut into shorter shots: {whole / fps:.1f} s of {output[0]}x{output[1]} need {needs}, and "
            f"{choice.room.name} has room for {most / fps:.1f} s at once"
        )
        keys = ("shots", number) if scene.shots else ("output", "size")
        found.append(file.problem(keys, message, severity="warning"))
    return found


def room_warnings(file: SceneFile, plan: Plan, choice: Choice) -> list[Problem]:
    """The same of a plan that is made, at the places of the scene."""
    fps = float(plan.fps)
    stretches = [Stretch(shot.spec or 0, shot.start, shot.end) for shot in plan.shots]
    usual = limits_of(choice.window_latents, fps)
    return cut_for_room(file, stretches, choice, usual, (plan.width, plan.height), fps)


def _longest(room: Room, scene: Scene, spec: ShotSpec, output: tuple[int, int]) -> int:
    return room.longest(*output, _people(scene, spec))


def _people(scene: Scene, spec: ShotSpec) -> int:
    """Who may be in the picture: memory grows a little with each."""
    cast = {speaker: member.face for speaker, member in scene.cast.items()}
    return max(1, len(faces_in_shot(cast, spec.faces)))
