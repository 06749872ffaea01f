"""What the page is told of a film: one JSON record, made anew whenever something about it has changed."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
    from dialogue.planning.plan_json import plan_record

    record = plan_record(look.plan)
    for turn in record["turns"]:
        match = _LINE.match(turn.get("origin", ""))
        turn["line"] = int(match[1]) - 1 if match else None
    record["frames"] = look.plan.frames
    record["rate"] = float(look.plan.fps)
    return record


def shots_part(look: Look) -> list[dict[str, Any]]:
    """Of every shot of the plan: what it costs, and why it has to be made; `reason` None: it is made."""
    if look.plan is None:
        return []
    found = []
    for index, shot in enumerate(look.plan.shots):
        cost = look.costs.shots[index] if look.costs is not None else None
        task = look.tasks[index] if look.tasks is not None else None
        found.append(
            {
                "spec": _spec(look, index),
                "known": task is not None,
                "reason": task.reason if task is not None else None,
                "key": task.key if task is not None else None,
                "windows": cost.windows if cost is not None else 0,
                "seconds": cost.seconds if cost is not None else 0,
                "frames": shot.frames,
            }
        )
    return found


def _spec(look: Look, index: int) -> int | None:
    """The shot of the scene (from 0) that a shot of the plan is cut from."""
    root = look.root
    shots = root.get("shots") if isinstance(root, Keys) else None
    if not isinstance(shots, Items) or look.plan is None:
        return None
    common = root.get("picture") if isinstance(root, Keys) else None
    pictures = []
    for item in shots.items:
        own = item.get("picture") if isinstance(item, Keys) else None
        chosen = own or common
        pictures.append(chosen.value if isinstance(chosen, Text) else "")
    return specs_of([shot.picture for shot in look.plan.shots], pictures)[index]


def specs_of(made: list[str], written: list[str]) -> list[int]:
    """Which written shot each of the plan's is cut from: in order, each written one at least once, pictures alike."""
    found, spec = [], 0
    for index, picture in enumerate(made):
        left_made, left_written = len(made) - index, len(written) - spec
        if index and spec + 1 < len(written) and (picture != written[spec] or left_made < left_written + 1):
            spec += 1
        found.append(spec)
    return found


def costs_part(look: Look) -> dict[str, Any] | None:
    """What rendering will cost: of everything, and of what is not made yet."""
    if look.costs is None or look.plan is None:
        return None
    due = [
        cost
        for index, cost in enumerate(look.costs.shots)
        if look.tasks is None or look.tasks[index].reason is not None
    ]
    return {
        "due": {
            "shots": len(due),
            "windows": sum(cost.windows for cost in due),
            "seconds": sum(cost.seconds for cost in due),
        },
        "all": {"shots": len(look.costs.shots), "windows": look.costs.windows, "seconds": look.costs.seconds},
        "memory": look.costs.memory,
    }


def _pictures(look: Look) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if look.measures is None:
        for shot in look.plan.shots if look.plan is not None else ():
            found[shot.picture] = {"id": media_id(shot.picture), "width": None, "height": None, "faces": []}
        return found
    for written, picture in look.measures.pictures.items():
        faces = look.measures.faces.get(written, ())
        found[written] = {
            "id": media_id(written),
            "width": picture.width,
            "height": picture.height,
            "faces": [[round(side, 1) for side in face.box.to_list()] for face in faces],
        }
    return found


def _recordings(look: Look) -> dict[str, Any]:
    if look.measures is None:
        named = {turn.audio.source for turn in look.plan.turns} if look.plan is not None else set()
        return {written: {"id": media_id(written), "duration": None, "channels": None} for written in sorted(named)}
    return {
        written: {"id": media_id(written), "duration": recording.duration, "channels": recording.channels}
        for written, recording in look.measures.recordings.items()
    }
