"""What a page may ask for, read from its JSON: edits of a scene that lead to no file outside the scene's folders."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dialogue.scene.edit import Edit, EditError, Insert, Remove, Rename, Set, tree_after
from dialogue.scene.spans import Tree

_WORDS = {"name", "title", "prompt", "speaker", "consent", "emotion"}  # keys whose texts name no file
_MOST = 2000  # edits at once
Keypath = tuple[str | int, ...]


def edits_of(asked: Any) -> list[Edit]:
    """The edits in a request. EditError where it is none."""
    if not isinstance(asked, list) or not 0 < len(asked) <= _MOST:
        raise EditError("edits is a list")
    return [_edit(one) for one in asked]


def _edit(asked: Any) -> Edit:
    if not isinstance(asked, dict):
        raise EditError("an edit is {do, path, value}")
    path = asked.get("path")
    if not isinstance(path, list) or not path or not all(type(key) in (str, int) for key in path):
        raise EditError("a path is a list of keys and indices")
    place, do = tuple(path), asked.get("do")
    if do == "set":
        return Set(place, asked.get("value"))
    if do == "insert" and isinstance(place[-1], int):
        return Insert(place, asked.get("value"))
    if do == "remove":
        return Remove(place)
    if do == "rename" and isinstance(asked.get("name"), str):
        return Rename(place, asked["name"])
    raise EditError(f"there is no edit {do!r}")


def check_reach(edits: list[Edit], folder: Path, tree: Tree) -> None:
    """EditError for an edit that would have the scene read a file that neither is in its folder nor was named before.

    A scene that a person wrote may lead anywhere; a page may not. What stands there as words, such as a name or a
    line's text, has not been named as a file; and words do not become one by another name of their key.
    """
    known = {text for path, text in _leaves(tree, ()) if not _words(path)}
    for edit in edits:
        for path, text in _written(edit, tree):
            if text not in known and not _words(path) and leads_out(folder, text):
                raise EditError(f"{text} is outside the scene's folder; copy it there, or name it in the file")
        tree = tree_after(tree, edit)


def _written(edit: Edit, tree: Tree) -> Iterator[tuple[Keypath, str]]:
    """The texts that an edit puts somewhere, each with its path."""
    if isinstance(edit, Set | Insert):
        yield from _leaves(edit.value, edit.path)
    if isinstance(edit, Rename):
        old: Any = tree
        for key in edit.path:
            known = (
                isinstance(old, dict) and key in old or isinstance(old, list) and type(key) is int and key < len(old)
            )
            old = old[key] if known else None
        yield from _leaves(old, (*edit.path[:-1], edit.name))


def leads_out(folder: Path, written: str) -> bool:
    """Whether a path as a scene writes it leads out of the folder, links followed."""
    named = written.split("#", 1)[0]
    try:
        place = (folder / named).resolve()
    except (OSError, ValueError, RuntimeError):
        return True
    return not place.is_relative_to(folder.resolve())


def _words(path: Keypath) -> bool:
    """Whether what stands at a path is words: a line's text, a name, a prompt."""
    if len(path) > 1 and path[-2] == "emotions":  # pictures by emotion, whatever those are called
        return False
    if path and path[-1] in _WORDS:
        return True
    line = path[0] == "lines" and len(path) == 3
    return line and path[-1] not in ("audio",)


def _leaves(value: Any, path: Keypath) -> Iterator[tuple[Keypath, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index))
    elif isinstance(value, str):
        yield path, value
