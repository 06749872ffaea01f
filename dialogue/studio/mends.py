"""What mends a problem, where that is known: an edit of the scene, files to choose among, a face to draw, a command.

The page makes a button of each. An edit is tried on the text before it is offered, so that no button leads nowhere.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dialogue.scene.edit import Edit, EditError, Remove, Rename, Set, edited
from dialogue.scene.spans import Tree
from dialogue.studio.asked import leads_out
from dialogue.studio.begin import PICTURES, RECORDINGS

Keypath = tuple[str | int, ...]
_PASSED = {".dialogue", ".git", "node_modules", "__pycache__", ".venv"}
_DEEPEST = 3  # folders below the scene's
_LOOKED_AT = 2000  # files and folders
_MOST = 40  # files to choose among
_PICTURED = {"picture", "image", "like"}
_COMMAND = re.compile(r"`(dialogue [^`]+)`|\b(dialogue (?:models pull|doctor|voices add)\b[\w ./-]*)")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_DOUBLE = re.compile(r"both say when the line starts|already says when this line starts")


def mends_of(problem: Mapping[str, Any], tree: Tree, text: str, folder: Path) -> list[dict[str, Any]]:
    """The mends of a problem as the page knows it (`problem_record`), best first; empty where none is known.

    Each is {"label", "edits"}, {"label", "copy"}, {"label", "face", "picture"}, {"label", "mouth", "picture"} or
    {"label", "picture"}.
    """
    path = None if problem["path"] is None else tuple(problem["path"])
    message, hint = str(problem["message"]), str(problem["hint"] or "")
    found = [_record(label, edits) for label, edits in _edits(message, hint, path, tree, folder)]
    found = found if found and _fits(text, found[0]["edits"]) else []
    found += _looking(message, hint, path, tree)
    for match in _COMMAND.finditer(f"{message} {hint}"):
        command = (match[1] or match[2]).strip()
        if not found:
            found.append({"label": f"Copy {command}", "copy": command})
    return found


def _record(label: str, edits: Sequence[Edit]) -> dict[str, Any]:
    return {"label": label, "edits": [_edit_record(edit) for edit in edits]}


def _edit_record(edit: Edit) -> dict[str, Any]:
    """As the page sends it back; see dialogue.studio.asked."""
    path = list(edit.path)
    if isinstance(edit, Rename):
        return {"do": "rename", "path": path, "name": edit.name}
    if isinstance(edit, Remove):
        return {"do": "remove", "path": path}
    return {"do": "set", "path": path, "value": edit.value}


def _fits(text: str, records: Sequence[Mapping[str, Any]]) -> bool:
    from dialogue.studio.asked import edits_of

    try:
        edited(text, edits_of(list(records)))
    except EditError:
        return False
    return True


def _edits(
    message: str, hint: str, path: Keypath | None, tree: Tree, folder: Path
) -> Iterator[tuple[str, Sequence[Edit]]]:
    if path is None:
        return
    value = at_path(tree, path)
    meant = re.match(r"did you mean (.+?)\?", hint)
    if meant is not None:
        word = _unquoted(meant[1])
        yield f"Write {word}", [_instead(message, path, tree, word)]
    if message.startswith("no file ") and isinstance(value, str):
        shown = {_unquoted(meant[1])} if meant is not None else set()
        for file in files_like(folder, value.split("#")[0], path):
            if file not in shown:
                mark = value[value.index("#") :] if "#" in value else ""
                yield f"Take {file}", [Set(path, file + mark)]
    elif message.startswith("unknown key ") or _DOUBLE.search(message):
        yield f"Leave out {path[-1]}", [Remove(path)]
    elif hint.startswith("known: "):
        for word in hint.removeprefix("known: ").split(", "):
            yield f"Write {word}", [_instead(message, path, tree, word)]
    elif hint == "leave out the #" and isinstance(value, str) and "#" in value:
        yield f"Write {value[: value.rindex('#')]}", [Set(path, value[: value.rindex("#")])]
    elif "; the labels are " in hint:
        for label in hint.split("; the labels are ", 1)[1].split(", "):
            yield f"{path[-1]} is {label}", [Set((*path[:2], "voice"), {"speaker": label})]


def _instead(message: str, path: Keypath, tree: Tree, word: str) -> Edit:
    """The word in place of the one that the message quotes: of a key, of a value, or of the end of one."""
    wrong = [one or other for one, other in _QUOTED.findall(message)]
    path = next(_below(tree, path, wrong), path)
    parent = at_path(tree, path[:-1])
    value = at_path(tree, path)
    if path[-1] in wrong and isinstance(parent, dict) and value not in wrong:
        return Rename(path, word)
    if isinstance(value, str) and word.startswith("#") and "#" in value:
        return Set(path, value[: value.rindex("#")] + word)
    if isinstance(value, str) and "#" in value and "#" not in word and message.startswith("no file "):
        return Set(path, word + value[value.index("#") :])
    return Set(path, word)


def _below(tree: Tree, path: Keypath, words: Sequence[str]) -> Iterator[Keypath]:
    """Where in the keys under a path one of the words stands, as a key or as a value."""
    value = at_path(tree, path)
    for key, item in value.items() if isinstance(value, dict) else ():
        if key in words or item in words:
            yield (*path, key)
        yield from _below(tree, (*path, key), words)


def _unquoted(word: str) -> str:
    match = _QUOTED.fullmatch(word)
    return (match[1] or match[2] or "") if match is not None else word


def _looking(message: str, hint: str, path: Keypath | None, tree: Tree) -> list[dict[str, Any]]:
    """What is mended in the picture: a box drawn anew, the points of a mouth."""
    unsure = re.match(r"(.+): where (\S+)'s mouth is is unsure ", message)
    if unsure is not None:
        return [{"label": "Set the mouth", "mouth": unsure[2], "picture": unsure[1]}]
    nobodys = re.match(r"(.+): the face at .* is nobody's and stays still", message)
    if nobodys is not None:
        return [{"label": "Open the picture", "picture": nobodys[1]}]
    if path is None or not isinstance(tree, dict):
        return []
    common = tree.get("picture")
    if path[0] == "cast" and len(path) >= 3 and path[2] == "face":
        shots = tree.get("shots")
        shown = [common, *(at_path(shot, ("picture",)) for shot in shots)] if isinstance(shots, list) else [common]
        picture = next((one for one in shown if isinstance(one, str) and one in f"{message} {hint}"), None)
        picture = picture or next((one for one in shown if isinstance(one, str)), None)
        return [{"label": "Draw the face", "face": path[1], "picture": picture}] if picture else []
    if path[0] == "shots" and len(path) >= 4 and path[2] == "faces":
        picture = at_path(tree, (*path[:2], "picture")) or common
        return [{"label": "Draw the face", "face": path[3], "picture": picture}] if picture else []
    return []


def at_path(tree: Tree, path: Keypath) -> Any:
    """What stands at a path of keys; None where there is nothing."""
    at: Any = tree
    for key in path:
        if isinstance(at, dict) and isinstance(key, str):
            at = at.get(key)
        elif isinstance(at, list) and isinstance(key, int) and key < len(at):
            at = at[key]
        else:
            return None
    return at


def files_like(folder: Path, written: str, path: Keypath) -> list[str]:
    """Files of the scene's folder that may be meant, as a scene names them: of the kind of the missing one, the nearest
    name first."""
    suffix = Path(written).suffix.lower()
    kinds = next((known for known in (PICTURES, RECORDINGS) if suffix in known), None)
    if kinds is None:
        kinds = PICTURES if _PICTURED & set(map(str, path)) else RECORDINGS if not suffix else {suffix}
    found = [name for name in files_of(folder) if Path(name).suffix.lower() in kinds]
    stem = Path(written).stem.casefold()
    return sorted(found, key=lambda name: (-_likeness(stem, Path(name).stem.casefold()), name))[:_MOST]


def _likeness(one: str, other: str) -> float:
    return round(difflib.SequenceMatcher(None, one, other).ratio(), 2)


def files_of(folder: Path) -> list[str]:
    """The files of a folder and those a little below, as a scene names them; none that a link leads out to."""
    found: list[str] = []
    seen = 0
    waiting = [(folder, 0)]
    while waiting and seen < _LOOKED_AT:
        here, depth = waiting.pop(0)
        try:
            entries = sorted(here.iterdir())
        except OSError:
            continue
        for entry in entries:
            seen += 1
            if entry.name.startswith(".") or entry.name in _PASSED or entry.is_symlink() and entry.is_dir():
                continue
            if entry.is_dir() and depth < _DEEPEST:
                waiting.append((entry, depth + 1))
            elif entry.is_file():
                name = entry.relative_to(folder).as_posix()
                found += [] if leads_out(folder, name) else [name]
    return found
