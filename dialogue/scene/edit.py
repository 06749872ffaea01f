"""Edits of a scene file that replace only their own span: comments, order, quotes and line ends around it stay.

An edit says what a value should be; how it is written follows what stands there. Whatever was written is read again
and compared with what was wanted before anybody gets to see it, so an edit is right or it is an `EditError`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dialogue.scene.notation import says, ways
from dialogue.scene.spans import Span, Tree, spans

Path = tuple[str | int, ...]


class EditError(ValueError):
    """What was wanted cannot be written without touching more than its own span; the message says what to do."""


@dataclass(frozen=True)
class Set:
    """The value at `path` becomes `value`; a key that is not there is added at the end of its mapping."""

    path: Path
    value: Tree


@dataclass(frozen=True)
class Insert:
    """`value` becomes item `path[-1]` of a list that is there; the items from there on move down."""

    path: Path
    value: Tree


@dataclass(frozen=True)
class Remove:
    """The value at `path` goes, and with it a parent that would be left empty. A list is told by its index."""

    path: Path


@dataclass(frozen=True)
class Rename:
    """The key at `path` gets another name: another speaker of a line."""

    path: Path
    name: str


Edit = Set | Insert | Remove | Rename


def edited(text: str, edits: Sequence[Edit]) -> str:
    """The text after the edits, one after the other. EditError for one that cannot be written."""
    for edit in edits:
        text = _edited(text, edit)
    return text


def tree_after(tree: Tree, edit: Edit) -> Tree:
    """What the file says after an edit. EditError when there is no such place."""
    tree = copy.deepcopy(tree)
    if isinstance(edit, Remove):
        return _without(tree, edit.path)
    parent, key = _at(tree, edit.path[:-1]), edit.path[-1]
    if isinstance(edit, Insert):
        if not isinstance(parent, list) or not isinstance(key, int) or not 0 <= key <= len(parent):
            raise EditError(f"{_named(edit.path)} is no place in a list")
        parent.insert(key, as_tree(edit.value))
    elif isinstance(edit, Rename):
        if not isinstance(parent, dict) or key not in parent or edit.name in parent:
            raise EditError(f"{_named(edit.path)} cannot be named {edit.name!r}")
        entries = [(edit.name if name == key else name, value) for name, value in parent.items()]
        parent.clear()
        parent.update(entries)
    elif (isinstance(parent, dict) and isinstance(key, str)) or _holds(parent, key):
        parent[key] = as_tree(edit.value)
    else:
        raise EditError(f"there is no {_named(edit.path)}")
    return tree


def as_tree(value: Any) -> Tree:
    """JSON values as a scene writes them: numbers without a tail of digits, yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        rounded = round(float(value), 3)
        return str(int(rounded)) if rounded == int(rounded) else f"{rounded:.3f}".rstrip("0")
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(key): as_tree(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [as_tree(item) for item in value]
    raise EditError(f"{value!r} cannot stand in a scene")


def _at(tree: Tree, path: Path) -> Tree:
    for key in path:
        if not _holds(tree, key):
            raise EditError(f"there is no {_named(path)}")
        tree = tree[key]
    return tree


def _holds(tree: Tree, key: str | int) -> bool:
    if isinstance(tree, list):
        return isinstance(key, int) and 0 <= key < len(tree)
    return isinstance(tree, dict) and key in tree


def _without(tree: Tree, path: Path) -> Tree:
    parent = _at(tree, path[:-1])
    _at(parent, path[-1:])
    if len(parent) == 1:
        if len(path) == 1:
            raise EditError("nothing would be left of the scene")
        return _without(tree, path[:-1])
    del parent[path[-1]]
    return tree


def _named(path: Path) -> str:
    return ".".join(str(key + 1) if isinstance(key, int) else key for key in path) or "the scene"


def _edited(text: str, edit: Edit) -> str:
    root = spans(text)
    wanted = tree_after(root.tree, edit)
    for attempt in _attempts(text, root, edit):
        if attempt is not None and says(attempt) == wanted:
            return attempt
    raise EditError(f"{_named(edit.path)} cannot be changed without touching what is around it; change it in the file")


def _attempts(text: str, root: Span, edit: Edit) -> Iterator[str | None]:
    """Ways to write an edit, the most careful first."""
    if isinstance(edit, Rename):
        parent = _find(root, edit.path[:-1])
        for name, _ in parent.entries if parent else ():
            if name.tree == edit.path[-1]:
                yield from (_put(text, name.start, name.end, way) for way in ways(edit.name, name.style, True))
        return
    if isinstance(edit, Remove):
        yield _removed(text, root, edit.path)
        return
    value = as_tree(edit.value)
    if isinstance(edit, Insert):
        parent = _find(root, edit.path[:-1])
        if parent is not None:
            yield from _inserted(text, parent, int(edit.path[-1]), value)
        return
    yield from _set(text, root, edit.path, value)


def _find(root: Span, path: Path) -> Span | None:
    """The span at a path; None where the way there leads through an alias."""
    span: Span | None = root
    for key in path:
        span = span.child(key) if span is not None else None
    return span


def _set(text: str, root: Span, path: Path, value: Tree) -> Iterator[str | None]:
    span = _find(root, path)
    if span is not None and span.kind in ("items", "keys") and type(span.tree) is type(value):
        yield _piecewise(text, path, span.tree, value)
    if span is not None:
        flow = _in_flow(root, path)
        for way in ways(value, span.style, flow):
            yield _replaced(text, span, way)
        return
    parent = _find(root, path[:-1])
    if parent is None or parent.kind == "alias":  # written out at the place of the alias
        for depth in range(len(path) - 1, 0, -1):
            alias = _find(root, path[:depth])
            if alias is not None and alias.kind == "alias":
                whole = tree_after(alias.tree, Set(path[depth:], value))
                yield from (_replaced(text, alias, way) for way in ways(whole, "", True))
        return
    if parent.kind == "keys":
        yield from _added(text, parent, str(path[-1]), value)
    elif parent.kind == "text" and parent.tree in ("", "~", "null"):
        yield from (_replaced(text, parent, way) for way in ways({str(path[-1]): value}, "", True))


def _piecewise(text: str, path: Path, old: Tree, new: Tree) -> str | None:
    """Only what differs inside a collection, so that its comments and its other values stay as written."""
    try:
        return edited(text, list(_differences(path, old, new)))
    except EditError:
        return None


def _differences(path: Path, old: Tree, new: Tree) -> Iterator[Edit]:
    if isinstance(old, dict):
        for key in [key for key in old if key not in new]:
            yield Remove((*path, key))
        for key, value in new.items():
            if key not in old or old[key] != value:
                yield Set((*path, key), value)
    else:
        for index in range(len(old) - 1, len(new) - 1, -1):
            yield Remove((*path, index))
        for index, value in enumerate(new):
            if index >= len(old):
                yield Insert((*path, index), value)
            elif old[index] != value:
                yield Set((*path, index), value)


def _in_flow(root: Span, path: Path) -> bool:
    return any((parent := _find(root, path[:depth])) is not None and parent.style in "[{" and parent.style != ""
               for depth in range(len(path)))  # fmt: skip


def _put(text: str, start: int, end: int, new: str) -> str:
    return text[:start] + new + text[end:]


def _replaced(text: str, span: Span, new: str) -> str:
    """The new value in the span. After a colon or an anchor there is a blank; a block text's comment stays."""
    comment = re.match(r"[|>][-+\d]*(\s+#[^\r\n]*)", text[span.start : span.end]) if span.style in ("|", ">") else None
    if comment:
        new += comment[1]
    if span.start == span.end and text[span.start - 1 : span.start].strip():
        new = " " + new
    return _put(text, span.start, span.end, new)


def _added(text: str, parent: Span, key: str, value: Tree) -> Iterator[str | None]:
    if parent.style == "{":
        written = (f"{name}: {way}" for name in ways(key, "", True) for way in ways(value, "", True))
        yield from (_into_flow(text, parent, len(parent.entries), part) for part in written)
        return
    last = parent.children[-1]
    blanks = " " * (parent.start - _line_start(text, parent.start))
    for at in dict.fromkeys((_line_end(text, last.end), _line_end(text, _block_end(text, last)))):
        for name in ways(key, "", False):
            block = [f"{name}:{_nested(value, blanks)}"] if isinstance(value, list | dict) and value else []
            for body in (*block, *(f"{name}: {way}" for way in ways(value, "", False))):
                yield _line_in(text, at, blanks + body)


def _nested(value: Tree, blanks: str) -> str:
    """A list or mapping of more than a line, as a block under its key; the line ends are put right by `_line_in`."""
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "".join(f"\n{blanks}  - {_item(item, blanks + '    ')}" for item in value)
    return " " + next(ways(value, "", False))


def _item(value: Tree, blanks: str) -> str:
    """An item of a block list: a mapping with a key per line, all else on one."""
    if not isinstance(value, dict) or not value:
        return next(ways(value, "", False))
    return f"\n{blanks}".join(
        f"{next(ways(key, '', False))}: {next(ways(item, '', False))}" for key, item in value.items()
    )


def _inserted(text: str, parent: Span, index: int, value: Tree) -> Iterator[str | None]:
    if parent.style == "[":
        yield from (_into_flow(text, parent, index, way) for way in ways(value, "", True))
        return
    if parent.kind != "items" or not parent.children:
        return
    dash = _dash(text, parent.children[0].start)
    if dash is None:
        return
    begin = _line_start(text, dash)
    lead = " " * (dash - begin)
    body = f"{lead}- {_item(value, lead + '  ')}"
    if index == 0:
        if text[begin:dash].strip():
            return
        yield text[:begin] + _ended(text, body) + text[begin:]
        return
    last = parent.children[index - 1]
    for at in dict.fromkeys((_line_end(text, last.end), _line_end(text, _block_end(text, last)))):
        yield _line_in(text, at, body)


def _into_flow(text: str, parent: Span, index: int, new: str) -> str | None:
    """An item or entry inside brackets, before number `index`."""
    step = 2 if parent.kind == "keys" else 1
    parts = parent.children[::step]
    if not parts:
        return _put(text, parent.start + 1, parent.start + 1, new)
    if index < len(parts):
        return _put(text, parts[index].start, parts[index].start, f"{new}, ")
    end = parent.children[-1].end
    comma = _comma(text, end, parent.end - 1)
    return _put(text, end, end, f", {new}") if comma is None else _put(text, comma + 1, comma + 1, f" {new}")


def _removed(text: str, root: Span, path: Path) -> str | None:
    parent = _find(root, path[:-1])
    if parent is None or parent.kind not in ("items", "keys"):
        return None
    step = 2 if parent.kind == "keys" else 1
    parts = [parent.children[at : at + step] for at in range(0, len(parent.children), step)]
    if len(parts) == 1 and len(path) > 1:
        return _removed(text, root, path[:-1])
    number = next((n for n, part in enumerate(parts) if (path[-1] in (n, part[0].tree))), None)
    if number is None or (step == 1 and path[-1] != number):
        return None
    start, end = parts[number][0].start, parts[number][-1].end
    if parent.style:
        return _out_of_flow(text, parent, start, end, parts[number - 1][-1].end if number else None)
    if step == 1:
        dash = _dash(text, start)
        if dash is None:
            return None
        start = dash
    begin, stop = _line_start(text, start), _line_end(text, end)
    if not text[begin:start].strip():
        return text[:begin] + text[stop:]
    if number + 1 < len(parts):  # the first key of a list's item: the next moves up to the dash
        return text[:start] + text[parts[number + 1][0].start :]
    return None


def _out_of_flow(text: str, parent: Span, start: int, end: int, before: int | None) -> str:
    """Without text[start:end] and the comma after it, or before it where it is the last."""
    comma = _comma(text, end, parent.end - 1)
    if comma is not None:
        after = comma + 1
        while text[after : after + 1] in (" ", "\t"):
            after += 1
        return text[:start] + text[end:comma] + text[after:]
    comma = _comma(text, before, start) if before is not None else None
    if comma is None:
        return text[:start] + text[end:]
    middle = text[comma + 1 : start]
    return text[:comma] + (middle.rstrip(" \t") if middle.strip() else "") + text[end:]


def _comma(text: str, start: int, end: int) -> int | None:
    """The comma between two items of brackets; commas of comments do not count."""
    match = re.compile(r"(?:\s|#[^\n]*\n)*,").match(text, start, end)
    return match.end() - 1 if match else None


def _dash(text: str, start: int) -> int | None:
    """The dash of a block list's item, before its value on the same line or alone on one above."""
    match = re.search(r"-(?:[ \t]+|[ \t]*\r?\n[ \t]*)(?:[&!]\S*[ \t]+)*$|-$", text[:start][-400:])
    return start - len(text[:start][-400:]) + match.start() if match else None


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1


def _line_end(text: str, at: int) -> int:
    """Past the line break of the line in which `at` stands, or the end of the text."""
    if at and text[at - 1 : at] == "\n":
        return at
    match = re.compile(r"\r\n|\n|\r").search(text, at)
    return match.end() if match else len(text)


def _block_end(text: str, span: Span) -> int:
    """Past the blank lines that a kept block text may own."""
    match = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*").match(text, span.end)
    return match.end() if match else span.end


def _newline(text: str) -> str:
    match = re.search(r"\r\n|\n|\r", text)
    return match[0] if match else "\n"


def _ended(text: str, line: str) -> str:
    return line.replace("\n", _newline(text)) + _newline(text)


def _line_in(text: str, at: int, line: str) -> str:
    """A line of its own at `at`, which is the begin of a line or the end of the text."""
    if at and text[at - 1] not in "\r\n":
        return text[:at] + _newline(text) + line.replace("\n", _newline(text)) + text[at:]
    return text[:at] + _ended(text, line) + text[at:]
