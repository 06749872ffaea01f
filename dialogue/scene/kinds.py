"""Kinds of value: each reads a node, says in the writer's words what it wanted, and knows its own JSON Schema.

The language itself (which key holds which kind) is in `dialogue.scene.language`. `read` returns None after it has
reported a problem, so that reading goes on and every problem is found in one pass.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from dialogue.ground.errors import Problem, SceneError
from dialogue.scene.source import Items, Keys, Node, Place, Text

T = TypeVar("T")
_MOST_ERRORS = 1000  # after which a file is not read on
_MANY = 100  # words among which the one that was meant is looked for


@dataclass(frozen=True)
class NamedMedia:
    """A picture or a recording that is there, and where the scene names it.

    `stream` and `channel`: which of its sound streams, and of that one's channels, is meant; from 1.
    """

    path: str
    kind: Literal["picture", "recording"]
    place: Place
    stream: int | None = None
    channel: int | None = None


@dataclass
class Reading:
    """One pass over one scene file: what it needs to know, and the problems it finds."""

    file: str
    folder: Path
    reach: tuple[Path, ...] | None = None  # the only folders that paths may lead to; None: anywhere
    cast: tuple[str, ...] = ()
    problems: list[Problem] = field(default_factory=list)
    media: list[NamedMedia] = field(default_factory=list)
    _errors: int = 0

    def report(
        self,
        where: Node | Place,
        message: str,
        hint: str | None = None,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Note a problem. SceneError with all of them when there are so many that nobody reads on."""
        place = where if isinstance(where, Place) else where.place
        self.problems.append(Problem(message, self.file, place.line, place.column, hint, severity))
        self._errors += severity == "error"
        if self._errors >= _MOST_ERRORS:
            told = f"{_MOST_ERRORS} mistakes so far: the rest is not read"
            raise SceneError([*self.problems, Problem(told, self.file, place.line, place.column)])


@dataclass(frozen=True)
class Kind(Generic[T]):
    """`words` completes "expected …"; `schema` is JSON Schema draft-07; `read` reports what is wrong and gives None."""

    words: str
    schema: Mapping[str, Any]
    read: Callable[[Node, Reading], T | None]


@dataclass(frozen=True)
class Key:
    """A key of a record: what it holds, what it means, and the argument it becomes (its own name when None)."""

    kind: Kind[Any]
    meaning: str
    required: bool = False
    argument: str | None = None


def near(word: str, words: Iterable[str], likeness: float = 0.6) -> str | None:
    """The one of `words` that was probably meant."""
    folded = {candidate.casefold(): candidate for candidate in words}
    if len(folded) > _MANY:  # likeness is slow to tell
        folded = {name: candidate for name, candidate in folded.items() if name[:1] == word[:1].casefold()}
        folded = dict(list(folded.items())[:_MANY])
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=likeness)
    return folded[found[0]] if found else None


def did_you_mean(word: str, words: Iterable[str]) -> str | None:
    """The hint for an unknown word: the near one, else all there are when they are few."""
    known = list(words)
    meant = near(word, known)
    if meant is not None:
        return f"did you mean {meant!r}?"
    return f"known: {', '.join(known)}" if 0 < len(known) <= 12 else None


def found(node: Node) -> str:
    """What stands there, in the writer's words."""
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Keys):
        return "a mapping of keys"
    return "nothing" if node.empty else repr(node.value if len(node.value) <= 60 else node.value[:57] + "…")


def mismatch(kind: str, node: Node, reading: Reading, hint: str | None = None) -> None:
    """Report `expected {kind}, found …`."""
    if isinstance(node, Text) and node.empty and node.rest.lstrip().startswith("#"):
        hint = "after a space # begins a comment; put quotes around the value"
    reading.report(node, f"expected {kind}, found {found(node)}", hint)


def scalar(words: str, schema: Mapping[str, Any], parse: Callable[[str], T]) -> Kind[T]:
    """A kind written as one text; `parse` raises ValueError whose text, if any, is the hint."""

    def read(node: Node, reading: Reading) -> T | None:
        if not isinstance(node, Text) or node.empty:
            mismatch(words, node, reading)
            return None
        try:
            return parse(node.value)
        except ValueError as error:
            mismatch(words, node, reading, str(error) or None)
            return None

    return Kind(words, schema, read)


def number(words: str, low: float = -math.inf, high: float = math.inf, above: float | None = None) -> Kind[float]:
    """A decimal number from `low` to `high`, or above `above`."""
    bounds = {"minimum": low, "maximum": high, "exclusiveMinimum": above}
    schema = {
        "type": "number",
        **{name: value for name, value in bounds.items() if value not in (None, -math.inf, math.inf)},
    }

    def parse(text: str) -> float:
        if not re.fullmatch(r"[-+]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})", text.strip(), re.ASCII):
            raise ValueError
        value = float(text)
        if not low <= value <= high or (above is not None and value <= above):
            raise ValueError
        return value

    return scalar(words, schema, parse)


def whole(words: str, low: int, high: int) -> Kind[int]:
    """A whole number from `low` to `high`."""

    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,18}", text.strip(), re.ASCII) or not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return scalar(words, {"type": "integer", "minimum": low, "maximum": high}, parse)


def choice(words: str, options: Mapping[str, T], schema: Mapping[str, Any] | None = None) -> Kind[T]:
    """One of a few words."""

    def parse(text: str) -> T:
        if text not in options:
            meant = near(text, options)
            raise ValueError(f"did you mean {meant!r}?" if meant else "")
        return options[text]

    return scalar(words, schema or {"type": "string", "enum": list(options)}, parse)


def list_of(kind: Kind[T], words: str, least: int = 0, most: int | None = None) -> Kind[tuple[T, ...]]:
    """A list of values of one kind."""
    schema: dict[str, Any] = {"type": "array", "items": kind.schema, "minItems": least}
    if most is not None:
        schema["maxItems"] = most

    def read(node: Node, reading: Reading) -> tuple[T, ...] | None:
        if not isinstance(node, Items):
            mismatch(words, node, reading)
            return None
        if len(node.items) < least or (most is not None and len(node.items) > most):
            reading.report(node, f"expected {words}, found a list of {len(node.items)}")
            return None
        values = [kind.read(item, reading) for item in node.items]
        return None if any(value is None for value in values) else tuple(values)  # type: ignore[arg-type]

    return Kind(words, schema, read)


def map_of(
    kind: Kind[T], words: str, check_name: Callable[[Text, Reading], bool], schema: Mapping[str, Any] | None = None
) -> Kind[dict[str, T]]:
    """A mapping whose keys are names; `check_name` reports a wrong one and says False."""

    def read(node: Node, reading: Reading) -> dict[str, T] | None:
        if not isinstance(node, Keys):
            mismatch(words, node, reading)
            return None
        values: dict[str, T] = {}
        failed = False
        for name, value_node in node.entries:
            named = check_name(name, reading)
            value = kind.read(value_node, reading)
            if named and value is not None:
                values[name.value] = value
            else:
                failed = True
        return None if failed else values

    return Kind(words, {"type": "object", "additionalProperties": kind.schema, **(schema or {})}, read)


def by_form(
    words: str, text: Kind[T] | None = None, items: Kind[T] | None = None, keys: Kind[T] | None = None
) -> Kind[T]:
    """A value that may be written as one text, as a list or as a mapping, each of its own kind."""
    forms = {Text: text, Items: items, Keys: keys}

    def read(node: Node, reading: Reading) -> T | None:
        kind = forms[type(node)]
        if kind is None or (isinstance(node, Text) and node.empty):
            mismatch(words, node, reading)
            return None
        return kind.read(node, reading)

    return Kind(words, {"anyOf": [kind.schema for kind in forms.values() if kind is not None]}, read)


def read_field(name: Text, node: Node, keys: Mapping[str, Key], reading: Reading) -> dict[str, Any] | None:
    """The argument one key of a record becomes, with its value; None when it is wrong or unknown."""
    key = keys.get(name.value)
    if key is None:
        unknown_key(name, keys, reading)
        return None
    value = key.kind.read(node, reading)
    return None if value is None else {key.argument or name.value: value}


def read_fields(node: Keys, keys: Mapping[str, Key], reading: Reading) -> dict[str, Any] | None:
    """The arguments a record's keys become; None when any of them is wrong, unknown or missing."""
    read = [read_field(name, value, keys, reading) for name, value in node.entries]
    missing = [name for name, key in keys.items() if key.required and node.get(name) is None]
    for name in missing:
        reading.report(node, f"no {name!r} here", f"write {name}: and {keys[name].kind.words}")
    fields: dict[str, Any] = {}
    for one in read:
        fields.update(one or {})
    return None if missing or None in read else fields


def unknown_key(name: Text, known: Iterable[str], reading: Reading) -> None:
    if name.value in reading.cast:
        reading.report(name, f"{name.value!r} is a cast member, not a key here", "one line has one speaker")
    elif name.value == "<<":
        reading.report(
            name, "the merge key << has no meaning in a scene", "write the keys, or use the whole value by *name"
        )
    else:
        reading.report(name, f"unknown key {name.value!r}", did_you_mean(name.value, known))


def record_schema(keys: Mapping[str, Key]) -> dict[str, Any]:
    """The JSON Schema of a mapping with these keys and no others."""
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: {"description": key.meaning, **key.kind.schema} for name, key in keys.items()},
        "additionalProperties": False,
    }
    required = [name for name, key in keys.items() if key.required]
    return {**schema, "required": required} if required else schema


def record(
    words: str,
    keys: Mapping[str, Key],
    build: Callable[[dict[str, Any], Keys, Reading], T | None],
    schema: Mapping[str, Any] | None = None,
) -> Kind[T]:
    """A mapping with known keys; `build` makes the value, or reports and gives None."""

    def read(node: Node, reading: Reading) -> T | None:
        if not isinstance(node, Keys):
            mismatch(words, node, reading)
            return None
        fields = read_fields(node, keys, reading)
        return None if fields is None else build(fields, node, reading)

    return Kind(words, {**record_schema(keys), **(schema or {})}, read)
