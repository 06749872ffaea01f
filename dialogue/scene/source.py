"""A YAML file as a tree that remembers where everything stands: the one door to YAML.

Every scalar stays the text that was written, so `no` and `1:23` mean what the writer sees. Duplicate keys, tags,
recursion and runaway aliases are problems with a place, and nothing but `SceneError` leaves `compose`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from dialogue.ground.contents import wrong_contents
from dialogue.ground.errors import Problem, SceneError

LARGEST = 4_000_000  # bytes of a scene file; a 3-hour script is a tenth of it
_DEEPEST = 40  # levels of nesting
_MOST_WRITTEN = 100_000  # values; a 3-hour script has a quarter of them
_MOST_NODES = 400_000  # with every alias written out


@dataclass(frozen=True)
class Place:
    """Line and column, both from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Text:
    """A scalar. `rest` is what follows it on its line; `quoted` tells `""` from nothing at all."""

    place: Place
    value: str
    quoted: bool = False
    rest: str = ""

    @property
    def empty(self) -> bool:
        return not self.quoted and self.value in ("", "~", "null")


@dataclass(frozen=True)
class Items:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Keys:
    """A mapping, in the order written; keys are unique."""

    place: Place
    entries: tuple[tuple[Text, Node], ...]

    def get(self, key: str) -> Node | None:
        return next((node for name, node in self.entries if name.value == key), None)


Node = Text | Items | Keys


def place_of(node: Node, keys: Sequence[str | int]) -> Place:
    """Where the value at this path of keys and indices (from 0) stands; of the nearest parent when it is absent."""
    for key in keys:
        child: Node | None = None
        if isinstance(node, Keys) and isinstance(key, str):
            child = node.get(key)
        elif isinstance(node, Items) and isinstance(key, int) and 0 <= key < len(node.items):
            child = node.items[key]
        if child is None:
            break
        node = child
    return node.place


def decode(data: bytes, file: str) -> str:
    """The text of a file: UTF-8, or UTF-16 by its byte order mark. SceneError points at the first bad byte."""
    other = wrong_contents(data)
    if other is not None:
        raise SceneError(Problem(other[0], file, 1, 1, hint=other[1]))
    if len(data) > LARGEST:
        raise SceneError(Problem(f"the file has more than the {LARGEST} bytes that a scene may have", file))
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="ignore")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        raise SceneError(
            Problem("this is not UTF-8 text", file, line, column, hint="save the file with the encoding UTF-8")
        ) from None


def too_much(text: str) -> str | None:
    """Why a scene of this text would not be read for its size; None where it is."""
    size = len(text.encode())
    if size > LARGEST:
        return f"{size} bytes, and a scene has {LARGEST} at most"
    if size < 2 * _MOST_WRITTEN:  # a value takes more than two bytes
        return None
    count = sum(isinstance(e, (yaml.ScalarEvent, yaml.CollectionStartEvent)) for e in events(text))
    return f"{count} values, and a scene has {_MOST_WRITTEN} at most" if count > _MOST_WRITTEN else None


def events(text: str) -> Iterator[Any]:
    """PyYAML's events of a text that `compose` has taken, with marks. See `dialogue.scene.spans`."""
    yield from yaml.parse(text, yaml.BaseLoader)


def compose(text: str, file: str, lines: Sequence[int] | None = None) -> tuple[Node, list[Problem]]:
    """The tree of `text`, and the problems that did not keep it from being read (duplicate keys, tags).

    `lines` gives, for every line of `text` from the first, the line of `file` it came from, where the text was made
    from a template. Raises SceneError when the text is not YAML.
    """
    composer = _Composer(text, file, lines)
    try:
        return composer.document(), composer.problems
    except yaml.MarkedYAMLError as error:
        raise SceneError([*composer.problems, composer.syntax_problem(error)]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        place = Place(before.count("\n") + 1, len(before) - before.rfind("\n"))
        code = error.character if isinstance(error.character, int) else ord(error.character)
        message = f"the character U+{code:04X} cannot stand in a scene"
        raise SceneError([*composer.problems, composer.problem(place, message, "remove it")]) from None
    except (ValueError, OverflowError):  # PyYAML on \U escapes and directives out of range
        raise SceneError([*composer.problems, composer.problem(composer.here(), "this is not YAML")]) from None


class _Composer:
    """Builds the tree from PyYAML's events, which come one by one, so that no text can exhaust the memory."""

    def __init__(self, text: str, file: str, lines: Sequence[int] | None) -> None:
        self.file = file
        self.text = text
        self.lines = lines
        self.problems: list[Problem] = []
        self._anchors: dict[str, tuple[Node, int] | None] = {}  # None while the anchored value is being read
        self._nodes = 0
        self._written = 0

    def document(self) -> Node:
        loader: Any = yaml.BaseLoader(self.text)
        self._loader = loader
        self._next(yaml.StreamStartEvent)
        if self._loader.check_event(yaml.StreamEndEvent):
            return Text(self.place(Place(1, 1)), "")
        self._next(yaml.DocumentStartEvent)
        root = self._node(0)
        self._next(yaml.DocumentEndEvent)
        if not self._loader.check_event(yaml.StreamEndEvent):
            self._report(self.at(self._loader.peek_event()), "a second document begins", "a scene file holds one")
        return root

    def place(self, place: Place) -> Place:
        """The place in the file, of a place in the text."""
        if self.lines is None:
            return place
        return Place(self.lines[min(place.line, len(self.lines)) - 1] if self.lines else 1, place.column)

    def at(self, event: Any) -> Place:
        return self.place(Place(event.start_mark.line + 1, event.start_mark.column + 1))

    def here(self) -> Place:
        mark = self._loader.get_mark()
        return self.place(Place(mark.line + 1, mark.column + 1))

    def problem(self, place: Place, message: str, hint: str | None = None) -> Problem:
        return Problem(message, self.file, place.line, place.column, hint)

    def syntax_problem(self, error: yaml.MarkedYAMLError) -> Problem:
        """What PyYAML found, in a writer's words where the mistake is a common one."""
        mark = error.problem_mark or error.context_mark
        place = self.place(Place(mark.line + 1, mark.column + 1)) if mark else Place(1, 1)
        opened = error.context_mark
        comment = self._comment_between(opened, mark) if "flow" in (error.context or "") else None
        if comment is not None:
            return self.problem(comment, "after a space # begins a comment, so this value is none", _QUOTE)
        for pattern, message, hint, use_context in _SYNTAX:
            if re.search(pattern, f"{error.context or ''}: {error.problem or ''}"):
                if use_context and opened is not None:
                    place = self.place(Place(opened.line + 1, opened.column + 1))
                return self.problem(place, message, hint)
        return self.problem(place, f"this is not YAML: {error.problem}")

    def _comment_between(self, opened: Any, mark: Any) -> Place | None:
        """Where a # stands as if it were a value, from the bracket that was opened to where reading stopped."""
        if opened is None or mark is None:
            return None
        found = re.compile(r"[:,\[{][ \t]+(#[\w-]+)").search(self.text, opened.index, max(mark.index, opened.index + 1))
        if found is None:
            return None
        before = self.text[: found.start(1)]
        return self.place(Place(before.count("\n") + 1, len(before) - before.rfind("\n")))

    def _report(self, place: Place, message: str, hint: str | None = None) -> None:
        self.problems.append(self.problem(place, message, hint))

    def _next(self, kind: type[Any]) -> Any:
        event = self._loader.get_event()
        if not isinstance(event, kind):
            raise yaml.YAMLError(f"expected {kind.__name__}, got {event}")
        return event

    def _node(self, depth: int) -> Node:
        """The value that begins with the next event."""
        event = self._loader.get_event()
        place = self.at(event)
        if depth > _DEEPEST:
            raise SceneError([*self.problems, self.problem(place, f"nested more than {_DEEPEST} deep")])
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor, place)
        before = self._nodes
        self._written += 1
        if self._written > _MOST_WRITTEN:
            message = f"the file holds more than {_MOST_WRITTEN} values"
            raise SceneError([*self.problems, self.problem(place, message, "make two films of it")])
        self._count(1, place)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        if event.tag not in (None, "!"):
            self._report(place, f"the tag {event.tag!r} has no meaning in a scene", "write the value alone")
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, place)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = Items(place, tuple(self._items(depth)))
        else:
            node = Keys(place, tuple(self._entries(depth)))
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._nodes - before)
        return node

    def _scalar(self, event: Any, place: Place) -> Text:
        if re.search("[\ud800-\udfff]", event.value):
            self._report(place, "half of a UTF-16 character pair", "write the character itself")
            return Text(place, "?", quoted=True)
        control = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", event.value)
        if control:  # written as an escape in double quotes
            self._report(place, f"the character U+{ord(control[0]):04X} cannot stand in a scene", "remove it")
            return Text(place, "?", quoted=True)
        block = event.style in ("|", ">")  # these end where the next line begins
        end = event.end_mark.index
        rest = "" if block else self.text[end : end + 80].split("\n", 1)[0]
        return Text(place, event.value, bool(event.style), rest)

    def _items(self, depth: int) -> Iterator[Node]:
        while not self._loader.check_event(yaml.SequenceEndEvent):
            yield self._node(depth + 1)
        self._loader.get_event()

    def _entries(self, depth: int) -> Iterator[tuple[Text, Node]]:
        first: dict[str, Place] = {}
        while not self._loader.check_event(yaml.MappingEndEvent):
            key, value = self._node(depth + 1), self._node(depth + 1)
            if not isinstance(key, Text):
                self._report(key.place, "a key is a word, not a list or a mapping", "put { } or [ ] after a key")
            elif key.value in first:
                self._report(key.place, f"duplicate key {key.value!r}", f"first on line {first[key.value].line}")
            else:
                first[key.value] = key.place
                yield key, value
        self._loader.get_event()

    def _alias(self, anchor: str | None, place: Place) -> Node:
        if anchor is None or anchor not in self._anchors:
            raise SceneError([*self.problems, self.problem(place, f"no anchor &{anchor} stands before *{anchor}")])
        found = self._anchors[anchor]
        if found is None:
            raise SceneError([*self.problems, self.problem(place, f"*{anchor} stands inside the value it names")])
        self._count(found[1], place)
        return found[0]

    def _count(self, nodes: int, place: Place) -> None:
        self._nodes += nodes
        if self._nodes > _MOST_NODES:
            message = f"the scene has more than {_MOST_NODES} values with its aliases written out"
            raise SceneError([*self.problems, self.problem(place, message)])


_QUOTE = "put quotes around the value"

# Pattern of PyYAML's "context: problem", our message, the hint, and whether the place is where the context began.
_SYNTAX: Sequence[tuple[str, str, str | None, bool]] = (
    (r"found character '\\t'", "a tab where YAML wants spaces", "indent with spaces", False),
    (
        r"quoted scalar.*(end of stream|document separator)",
        "these quotes are never closed",
        "add the closing quote",
        True,
    ),
    (r"mapping values are not allowed", "a second ': ' here", "put quotes around text that holds a colon", False),
    (
        r"found character '(.)' that cannot start",
        "a value cannot begin with this character",
        "put quotes around it",
        False,
    ),
    (r"flow sequence", "this list is not closed or lacks a comma", "items in [ ] are parted by commas", True),
    (r"flow mapping", "this { } is not closed or lacks a comma", "entries in { } are parted by commas", True),
    (r"could not find expected ':'", "a key without its colon", "write `key: value`", True),
    (
        r"(block mapping|block collection).*",
        "this line does not fit the ones before it",
        "keys of one block stand in one column; text after a closing quote belongs inside it",
        False,
    ),
    (r"unknown escape character", "no such escape in double quotes", "write \\\\ for a backslash", False),
)
