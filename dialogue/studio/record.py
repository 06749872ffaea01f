"""What the page is told of a film: one JSON record, made anew whenever something about it has changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dialogue
from dialogue.ground.errors import Problem
from dialogue.scene.source import Items, Keys, Node, Place, Text
from dialogue.studio.look import Look

_LINE = re.compile(r"line (\d+): ")


def media_id(written: str) -> str:
    """A name for addresses of a file that the scene names."""
    return hashlib.sha256(written.encode()).hexdigest()[:12]


def look_record(look: Look, shown: str) -> dict[str, Any]:
    """Everything about a film but its file's text and its jobs. `shown`: the file's name in problems."""
    return {
        "problems": [problem_record(problem, look.root, shown) for problem in look.problems],
        "plan": plan_part(look),
        "pictures": _pictures(look),
        "recordings": _recordings(look),
        "voices": [
            {"label": voice.label, "seconds": voice.seconds, "turns": [list(turn) for turn in voice.turns]}
            for voice in look.voices
        ],
        "costs": costs_part(look),
        "shots": shots_part(look),
    }


def problem_record(problem: Problem, root: Node | None, shown: str) -> dict[str, Any]:
    """The problem with the path of keys it stands at, where it stands in the scene."""
    where = None
    if root is not None and problem.line is not None and problem.column is not None:
        where = path_at(root, Place(problem.line, problem.column))
    own = problem.file is None or Path(problem.file).name == Path(shown).name
    return {
        "severity": problem.severity,
        "file": shown if own else Path(str(problem.file)).name,
        "line": problem.line if problem.line is not None else None,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
        "path": list(where) if where is not None else None,
        "mends": [],
    }


def path_at(root: Node, place: Place) -> tuple[str | int, ...] | None:
    """The path of the value, or of the key, that stands at a place; the innermost of several."""
    found = None
    for path, at in _places(root):
        if at == place:
            found = path
    return found


def _places(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Place]]:
    yield path, node.place
    if isinstance(node, Keys):
        for name, value in node.entries:
            yield (*path, name.value), name.place
            yield from _places(value, (*path, name.value))
    elif isinstance(node, Items):
        for index, item in enumerate(node.items):
            yield from _places(item, (*path, index))


def plan_part(look: Look) -> dict[str, Any] | None:
    """The plan as plan.json has it, each turn with the line it is of (from 0)."""
    if look.plan is None:
        return None
    record = dialogue.plan_record(look.plan)
    for turn in record["turns"]:
        match = _LINE.match(turn.get("origin", ""))
        turn["line"] = int(match[1]) - 1 if match else None
    record["frames"] = look.plan.frames
    record["rate"] = float(look.plan.fps)
    return record


def shots_part(look: Look) -> list[dict[str, Any]]:
    """Of every shot of the plan: what it costs, and why it has to be made; `reason` None: it is made."""
    if look.planned is None:
        return []
    found = []
    for index, (shot, cost) in enumerate(zip(look.planned.plan.shots, look.planned.costs.shots, strict=True)):
        task = look.tasks[index] if look.tasks is not None else None
        found.append(
            {
                "spec": shot.spec,
                "locked": shot.locked is True,
                "known": task is not None,
                "reason": task.reason if task is not None else None,
                "key": task.key if task is not None else None,
                "windows": cost.windows,
                "seconds": cost.seconds,
                "frames": shot.frames,
                "take": shot.take or 1,
                "takes": [_take_record(take) for take in look.takes[index]] if look.takes else [],
            }
        )
    return found


def _take_record(take: dialogue.Take) -> dict[str, Any]:
    made = take.file is not None
    return {"number": take.number, "seed": take.seed, "chosen": take.chosen, "made": made, "faults": take.faults,
            "name": take.name}  # fmt: skip


def costs_part(look: Look) -> dict[str, Any] | None:
    """What rendering will cost: of everything, and of what is not made yet."""
    if look.planned is None:
        return None
    costs = look.planned.costs
    due = [cost for index, cost in enumerate(costs.shots) if look.tasks is None or look.tasks[index].reason is not None]
    windows, seconds = sum(cost.windows for cost in due), sum(cost.seconds for cost in due)
    return {
        "due": {"shots": len(due), "windows": windows, "seconds": seconds},
        "all": {"shots": len(costs.shots), "windows": costs.windows, "seconds": costs.seconds},
        "memory": costs.memory,
    }


def _pictures(look: Look) -> dict[str, Any]:
    """Sizes where they are known; before that, the names alone."""
    measures = look.planned.measures if look.planned is not None else None
    named = {shot.picture for shot in look.plan.shots} if look.plan is not None else pictures_named(look.root)
    found: dict[str, Any] = {
        name: {"id": media_id(name), "width": None, "height": None, "faces": []} for name in sorted(named)
    }
    if measures is None:
        return found
    for written, picture in measures.pictures.items():
        faces = [[round(side, 1) for side in face.box.to_list()] for face in measures.faces.get(written, ())]
        size = {"width": picture.width, "height": picture.height}
        found[written] = {"id": media_id(written), **size, "faces": faces}
    return found


def pictures_named(root: Node | None) -> set[str]:
    """The pictures of the scene's shots, as written."""
    shots = root.get("shots") if isinstance(root, Keys) else None
    named = [root, *(shots.items if isinstance(shots, Items) else ())]
    found = (node.get("picture") for node in named if isinstance(node, Keys))
    return {node.value for node in found if isinstance(node, Text) and node.value}


def recordings_named(root: Node | None) -> set[str]:
    """The recordings of the scene's mix and people, as written, without their channels."""
    cast = root.get("cast") if isinstance(root, Keys) else None
    members = [member for _, member in cast.entries] if isinstance(cast, Keys) else []
    named = [root.get("audio")] if isinstance(root, Keys) else []
    named += [member.get("track") for member in members if isinstance(member, Keys)]
    files = (node.get("file") if isinstance(node, Keys) else node for node in named)
    return {node.value.split("#")[0] for node in files if isinstance(node, Text) and node.value}


def _recordings(look: Look) -> dict[str, Any]:
    measures = look.planned.measures if look.planned is not None else None
    if measures is None:
        named = {turn.audio.source for turn in look.plan.turns} if look.plan is not None else set()
        return {written: {"id": media_id(written), "duration": None, "channels": None} for written in sorted(named)}
    return {
        written: {"id": media_id(written), "duration": recording.duration, "channels": recording.channels}
        for written, recording in measures.recordings.items()
    }
