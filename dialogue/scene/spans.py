"""Where every value of a YAML text begins and ends, so that one can be replaced and all the rest stays as it is.

Indexes count characters of the text. An end is that of the last character of the value itself: comments and blank
lines after a block belong to nobody.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dialogue.scene.source import events

Kind = Literal["text", "items", "keys", "alias"]
Tree = Any  # str, list of trees, dict of trees by str: what a text says, without how it says it

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s+)+(?=\S)|[&!][^\s,\[\]{}]*$")


@dataclass(frozen=True)
class Span:
    """One value: text[start:end]. `tree` is what it says, aliases followed.

    `style` is the quote of a text ("", ", ', |, >) and the bracket of a collection ("" for a block). `children` are
    the items of a list, or keys and values in turn.
    """

    kind: Kind
    start: int
    end: int
    style: str
    tree: Tree
    children: tuple[Span, ...] = ()
    anchored: bool = False

    @property
    def entries(self) -> tuple[tuple[Span, Span], ...]:
        """Keys and values of a mapping, in the order written."""
        return tuple(zip(self.children[::2], self.children[1::2], strict=True))

    def child(self, key: str | int) -> Span | None:
        if self.kind == "keys":
            return next((value for name, value in self.entries if name.tree == key), None)
        if self.kind == "items" and isinstance(key, int) and 0 <= key < len(self.children):
            return self.children[key]
        return None


def spans(text: str) -> Span:
    """The value that a text holds. The text has been read before: it is one document without a mistake."""
    return _Reader(text).value()


def walk(span: Span, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Span]]:
    """Every value with its path of keys and indices from 0, parents first."""
    yield path, span
    if span.kind == "keys":
        for name, value in span.entries:
            yield from walk(value, (*path, name.tree))
    elif span.kind == "items":
        for index, item in enumerate(span.children):
            yield from walk(item, (*path, index))


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._events = events(text)
        self._anchors: dict[str, Span] = {}
        while type(event := next(self._events)).__name__ in ("StreamStartEvent", "DocumentStartEvent"):
            pass
        self._next = event

    def value(self) -> Span:
        event = self._take()
        if event is None or type(event).__name__ == "StreamEndEvent":
            return Span("text", 0, 0, "", "")
        start, end = event.start_mark.index, event.end_mark.index
        if type(event).__name__ == "AliasEvent":
            return Span("alias", start, end, "", copy.deepcopy(self._anchors[event.anchor].tree))
        if type(event).__name__ == "ScalarEvent":
            span = self._scalar(event, start, end)
        elif type(event).__name__ == "SequenceStartEvent":
            items = tuple(self._until("SequenceEndEvent"))
            span = self._collection("items", event, start, items, [item.tree for item in items])
        else:
            parts = tuple(self._until("MappingEndEvent"))
            tree = {key.tree: value.tree for key, value in zip(parts[::2], parts[1::2], strict=True)}
            span = self._collection("keys", event, start, parts, tree)
        if event.anchor is not None:
            self._anchors[event.anchor] = span
        return span

    def _scalar(self, event: Any, start: int, end: int) -> Span:
        start = self._past_properties(event, start, end)
        style = event.style or ""
        if style in ("|", ">"):
            end = start + len(self._text[start:end].rstrip())
        return Span("text", start, end, style, event.value, anchored=event.anchor is not None)

    def _collection(self, kind: Kind, event: Any, start: int, children: Sequence[Span], tree: Tree) -> Span:
        if event.flow_style:
            start = self._past_properties(event, start, self._ended)
            return Span(kind, start, self._ended, self._text[start], tree, tuple(children), event.anchor is not None)
        return Span(kind, children[0].start, children[-1].end, "", tree, tuple(children), event.anchor is not None)

    def _past_properties(self, event: Any, start: int, end: int) -> int:
        if event.anchor is None and event.tag is None:
            return start
        match = _PROPERTIES.match(self._text[start:end])
        return start + match.end() if match else start

    def _until(self, name: str) -> Iterator[Span]:
        while type(self._next).__name__ != name:
            yield self.value()
        self._ended = self._take().end_mark.index

    def _take(self) -> Any:
        event, self._next = self._next, next(self._events, None)
        return event
