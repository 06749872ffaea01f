"""A plan as JSON: readable, editable, diffable; one turn, face or mix part per line.

The file holds the fields of `Plan` in their order, and `media`: the folder its paths are relative to, itself relative
to the file. Boxes are `[x, y, width, height]`, emotions `{"weights": {name: share}, "strength": 1}`, times seconds.
Reading refuses what it does not know, with the line and column of every mistake, for a person may have edited it.
"""

from __future__ import annotations

import dataclasses
import json
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from dialogue.ground.box import Box
from dialogue.ground.errors import Problem, SceneError, quoted
from dialogue.ground.outputs import put_text
from dialogue.planning.plan import PLAN_VERSION, Emotion, Plan
from dialogue.planning.plan_check import Flaw, Keypath, flaws_of
from dialogue.planning.plan_fields import decode_plan, whole_number
from dialogue.scene.source import compose, decode, place_of

_WIDTH = 120
_MOST_FLAWS = 1000  # that are told
MEDIA = "media"
_LISTS = ("words", "course")  # left out where they are empty


@dataclass(frozen=True)
class PlanFile:
    """A plan that was read, and the folder its paths are relative to."""

    plan: Plan
    media: Path


def plan_record(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values, version first, without `media`."""
    fields = {field.name: _encoded(getattr(plan, field.name)) for field in dataclasses.fields(plan)}
    for name in ("reads", "transcript", "sounds", "loudness", "draft_marks"):
        if not fields[name]:
            del fields[name]
    return {"version": fields.pop("version"), **fields}


def plan_text(plan: Plan, media: str = ".") -> str:
    """The text of plan.json, the same for the same plan."""
    record = plan_record(plan)
    return _laid_out({"version": record.pop("version"), MEDIA: media, **record}) + "\n"


def _encoded(value: Any) -> Any:
    """Absent channels and texts are left out; a fraction is text."""
    if isinstance(value, Box):
        return [_number(side) for side in value.to_list()]
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, Emotion):
        return {
            "weights": {name: _number(weight) for name, weight in value.weights},
            "strength": _number(value.strength),
        }
    if dataclasses.is_dataclass(value):
        pairs = ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {name: _encoded(item) for name, item in pairs if item is not None and (item or name not in _LISTS)}
    if isinstance(value, tuple):
        return [_encoded(item) for item in value]
    return _number(value) if isinstance(value, float) else value


def _number(value: float) -> float | int:
    """Whole numbers without `.0`; at most a microsecond, or a millionth of a pixel."""
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _laid_out(value: Any, indent: int = 0) -> str:
    """JSON with every innermost object or list on one line, where it fits or holds a turn or the like."""
    flat = json.dumps(value, ensure_ascii=False)
    deep = isinstance(value, dict | list) and any(
        isinstance(item, dict | list) and item for item in (value.values() if isinstance(value, dict) else value)
    )
    if not isinstance(value, dict | list) or not value or (len(flat) + indent <= _WIDTH and not (deep and indent < 4)):
        return flat
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        if indent >= 4 and not any(_holds_objects(item) for item in value.values()):
            return flat  # a turn stays one line, however long its text
        body = [
            f"{inner}{json.dumps(key, ensure_ascii=False)}: {_laid_out(item, indent + 2)}"
            for key, item in value.items()
        ]
        return "{\n" + ",\n".join(body) + "\n" + " " * indent + "}"
    body = [inner + _laid_out(item, indent + 2) for item in value]
    return "[\n" + ",\n".join(body) + "\n" + " " * indent + "]"


def _holds_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def write_plan(path: Path, plan: Plan, media: Path) -> None:
    """Write plan.json whole or not at all. `media`: the folder that the plan's paths are relative to."""
    try:
        relative = Path(os.path.relpath(media.resolve(), path.parent.resolve())).as_posix()
    except ValueError:  # another drive
        relative = media.resolve().as_posix()
    put_text(path, plan_text(plan, relative))


def _problems(text: str, name: str, flaws: list[Flaw]) -> list[Problem]:
    """The flaws at their lines and columns; JSON is YAML, so YAML's places serve."""
    try:
        root = compose(text, name)[0]
    except SceneError:  # JSON that YAML does not take, such as one indented with tabs
        return [
            Problem(f"{'.'.join(str(key) for key in flaw.keys)}: {flaw.message}", name, hint=flaw.hint)
            for flaw in flaws
        ]
    found = []
    for flaw in flaws[:_MOST_FLAWS]:
        place = place_of(root, flaw.keys)
        found.append(Problem(flaw.message, name, place.line, place.column, flaw.hint))
    return sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0))


def _repeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _DuplicateKey(next(key for key in keys if keys.count(key) > 1))
    return record


class _DuplicateKey(ValueError):
    pass


def parse_plan(text: str, name: str = "plan.json") -> tuple[Plan, str]:
    """The plan in a text, and its `media`. SceneError with every mistake."""
    try:
        record = json.loads(text, object_pairs_hook=_repeated, parse_int=whole_number)
    except _DuplicateKey as error:
        raise SceneError(Problem(f"duplicate key {str(error)!r}", name, hint="each key stands once")) from None
    except json.JSONDecodeError as error:
        raise SceneError(Problem(f"this is not JSON: {error.msg.lower()}", name, error.lineno, error.colno)) from None
    except RecursionError:
        raise SceneError(Problem("this is no plan: nested too deep", name)) from None
    if not isinstance(record, dict):
        raise SceneError(Problem("this is no plan", name, 1, 1, "`dialogue plan scene.yaml -o DIR` writes one"))
    version = record.get("version")
    if version != PLAN_VERSION:
        keys: Keypath = ("version",) if "version" in record else ()
        written = json.dumps(version)[:40]
        message = f"plan version {written} is not known" if keys else "the version of the plan is missing"
        hint = f"this program reads version {PLAN_VERSION}; make the plan again with `dialogue plan`"
        raise SceneError(_problems(text, name, [Flaw(keys, message, hint)]))
    media = record.pop(MEDIA, ".")
    plan, flaws = decode_plan(record)
    if not isinstance(media, str) or not media:
        flaws.append(Flaw((MEDIA,), "media is a folder", 'relative to this file, as in "."'))
    if plan is not None and not flaws:
        flaws += flaws_of(plan)
    if flaws or plan is None:
        raise SceneError(_problems(text, name, flaws))
    return plan, media


def read_plan(path: Path) -> PlanFile:
    """Read plan.json. SceneError with every mistake, at its line and column."""
    try:
        text = decode(path.read_bytes(), str(path))
    except FileNotFoundError:
        hint = "`dialogue plan scene.yaml -o DIR` writes one"
        raise SceneError(Problem(f"no plan {quoted(path)}", hint=hint)) from None
    except OSError as error:
        raise SceneError(
            Problem(f"cannot read the plan {quoted(path)}: {(error.strerror or str(error)).lower()}")
        ) from None
    plan, media = parse_plan(text, str(path))
    return PlanFile(plan, path.parent / media)
