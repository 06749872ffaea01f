"""JSON values to the frozen types of a plan, by their annotations; every mistake with the path to it."""

from __future__ import annotations

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

from dialogue.ground.box import Box
from dialogue.planning.plan import Emotion, Plan
from dialogue.planning.plan_check import Flaw, Keypath

_RATE = r"\d{1,9}(/\d{1,9}|\.\d{1,18})?"
_FARTHEST = 1e6  # pixels from the frame at which a box may lie
_BAD: Any = object()  # what a value that could not be read is, until its parent is given up
_LARGEST = 2**63  # of any number in a plan; an integer of JSON may have thousands of digits
_Read = Callable[[Any, Any, Keypath, list[Flaw]], Any]


@cache
def _annotations(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _wrong(keys: Keypath, expected: str, value: Any, flaws: list[Flaw]) -> Any:
    shown = repr(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else _name_of(value)
    flaws.append(Flaw(keys, f"expected {expected}, found {shown[:60]}"))
    return _BAD


def _name_of(value: Any) -> str:
    names = {dict: "an object", list: "a list", bool: str(value).lower(), type(None): "null"}
    return names.get(type(value), repr(value))


def _float(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _LARGEST:
        return _wrong(keys, "a number", value, flaws)
    return float(value)


def _whole(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int) or not abs(value) < _LARGEST:
        return _wrong(keys, "a whole number", value, flaws)
    return value


def _text(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    if isinstance(value, str) and re.search("[\ud800-\udfff]", value):
        return _wrong(keys, "text", "half of a UTF-16 character pair", flaws)
    return value if isinstance(value, str) else _wrong(keys, "text", value, flaws)


def _truth(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    return value if isinstance(value, bool) else _wrong(keys, "true or false", value, flaws)


def _fraction(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    try:
        if isinstance(value, bool) or not re.fullmatch(_RATE, str(value)):
            raise ValueError
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError, TypeError):
        return _wrong(keys, 'a rate such as "25" or "30000/1001"', value, flaws)


def _box(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    if not isinstance(value, list) or len(value) != 4:
        return _wrong(keys, "a box [x, y, width, height]", value, flaws)
    sides = [_float(side, float, (*keys, index), flaws) for index, side in enumerate(value)]
    if any(side is _BAD for side in sides):
        return _BAD
    if max(map(abs, sides)) > _FARTHEST:
        flaws.append(Flaw(keys, f"a box of {max(sides, key=abs):g} pixels", "[x, y, width, height] in pixels"))
        return _BAD
    if sides[2] <= 0 or sides[3] <= 0:
        flaws.append(Flaw(keys, f"a box {sides[2]:g} wide and {sides[3]:g} high", "[x, y, width, height] in pixels"))
        return _BAD
    return Box(*sides)


def _emotion(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    if not isinstance(value, dict):
        return _wrong(keys, 'an emotion {"weights": {…}, "strength": 1}', value, flaws)
    _unknown(value, ("weights", "strength"), keys, flaws)
    weights = value.get("weights", {})
    if not isinstance(weights, dict):
        return _wrong((*keys, "weights"), "weights by name", weights, flaws)
    shares = [(name, _float(share, float, (*keys, "weights", name), flaws)) for name, share in weights.items()]
    strength = _float(value.get("strength", 1.0), float, (*keys, "strength"), flaws)
    return _BAD if strength is _BAD or any(share is _BAD for _, share in shares) else Emotion(tuple(shares), strength)


def _items(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    if not isinstance(value, list):
        return _wrong(keys, "a list", value, flaws)
    of = typing.get_args(kind)[0]
    items = [_decoded(item, of, (*keys, index), flaws) for index, item in enumerate(value)]
    return _BAD if any(item is _BAD for item in items) else tuple(items)


def _record(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    if not isinstance(value, dict):
        return _wrong(keys, f"an object ({kind.__name__.lower()})", value, flaws)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    _unknown(value, tuple(fields), keys, flaws)
    found = {}
    for name, field in fields.items():
        if name in value:
            found[name] = _decoded(value[name], _annotations(kind)[name], (*keys, name), flaws)
        elif field.default is dataclasses.MISSING:
            flaws.append(Flaw(keys, f"{name!r} is missing"))
            found[name] = _BAD
    return _BAD if any(item is _BAD for item in found.values()) else kind(**found)


def _unknown(value: dict[str, Any], known: tuple[str, ...], keys: Keypath, flaws: list[Flaw]) -> None:
    for name in value:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(known)}"
            flaws.append(Flaw((*keys, name), f"unknown key {name!r}", hint))


_READERS: dict[Any, _Read] = {
    float: _float,
    int: _whole,
    str: _text,
    bool: _truth,
    Fraction: _fraction,
    Box: _box,
    Emotion: _emotion,
}


def _decoded(value: Any, kind: Any, keys: Keypath, flaws: list[Flaw]) -> Any:
    if typing.get_origin(kind) in (typing.Union, types.UnionType):  # X | None
        return None if value is None else _decoded(value, typing.get_args(kind)[0], keys, flaws)
    if typing.get_origin(kind) is tuple:
        return _items(value, kind, keys, flaws)
    return _READERS.get(kind, _record)(value, kind, keys, flaws)


class LongNumber(float):
    """A number of more digits than any in a plan has: not a finite one, and shown in short."""

    digits: str

    def __new__(cls, digits: str) -> LongNumber:
        made = super().__new__(cls, "inf")
        made.digits = digits
        return made

    def __repr__(self) -> str:
        return f"{self.digits[:20]}… of {len(self.digits)} digits"


def whole_number(digits: str) -> int | LongNumber:
    """For `json.loads`: whole numbers of 18 digits at most, which is more than any has that holds in a plan."""
    return int(digits) if len(digits) <= 18 else LongNumber(digits)


def decode_plan(record: dict[str, Any]) -> tuple[Plan | None, list[Flaw]]:
    """The plan, or None, and every flaw of the JSON values."""
    flaws: list[Flaw] = []
    plan = _decoded(record, Plan, (), flaws)
    return (None if plan is _BAD else plan), flaws
