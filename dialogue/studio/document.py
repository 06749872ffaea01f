"""A scene file open in the page: every edit written to disk at once, undone and redone, and none from outside lost.

The file is the truth. Before anything is written it is read again: what somebody else has changed meanwhile becomes a
step of its own in the history, and an edit made against the older text is laid over the newer one where it still fits.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dialogue.ground.atomic import appearing
from dialogue.ground.errors import SceneError
from dialogue.scene.edit import Edit, EditError, edited, tree_after
from dialogue.scene.source import compose, decode
from dialogue.scene.spans import Tree, spans

OUTSIDE = "a change from outside"
_TYPING = 3.0  # seconds within which edits of one value are one step of the history
_MOST = 500  # steps kept


@dataclass(frozen=True)
class Step:
    """One step of the history: the file before and after, and what it was."""

    before: bytes
    after: bytes
    label: str
    at: float


class Document:
    """A scene file and its history."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._data = path.read_bytes()
        self._known: dict[str, bytes] = {revision_of(self._data): self._data}
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def revision(self) -> str:
        return revision_of(self._data)

    @property
    def text(self) -> str:
        """SceneError when it is not UTF-8."""
        return decode(self._data, self.path.name)

    @property
    def undo_label(self) -> str | None:
        return self._done[-1].label if self._done else None

    @property
    def redo_label(self) -> str | None:
        return self._undone[-1].label if self._undone else None

    def look(self) -> bool:
        """Whether the file has been changed by somebody else since; the change is then a step of the history."""
        try:
            data = self.path.read_bytes()
        except OSError:
            return False  # gone, or being written: what is known stays
        if data == self._data:
            return False
        self._step(Step(self._data, data, OUTSIDE, 0.0))
        return True

    def edit(self, base: str, edits: Sequence[Edit], label: str, typing: bool = False) -> None:
        """Write the edits, which were made against revision `base`. EditError when they do not fit any more.

        While one types, edits with one label within moments of each other are one step of the history.
        """
        self.look()
        text = _parsed(self.text, self.path.name)
        old = self._known.get(base)
        if old is None:
            raise EditError("the page shows a scene that is long gone; load it again")
        if revision_of(old) != self.revision:
            then, now = spans(decode(old, self.path.name)).tree, spans(text).tree
            edits = _rebased(edits, then, now)
        data = self._encoded(edited(text, edits))
        if data == self._data:
            return
        step, last = Step(self._data, data, label, time.monotonic()), self._done[-1] if self._done else None
        if typing and last is not None and last.label == label and step.at - last.at < _TYPING and not self._undone:
            step = replace(step, before=last.before)
            self._done.pop()
        self._write(data)
        self._step(step)

    def replace(self, text: str, label: str) -> None:
        """Write a whole new text, as one step. SceneError when it is no YAML."""
        self.look()
        _parsed(text, self.path.name)
        data = self._encoded(text)
        self._write(data)
        self._step(Step(self._data, data, label, 0.0))

    def undo(self) -> str | None:
        """Take the last step back; its label. None when there is none."""
        self.look()
        if not self._done:
            return None
        step = self._done.pop()
        self._undone.append(step)
        return self._become(step.before, step.label)

    def redo(self) -> str | None:
        """Take again the step that was taken back last. None when there is none, or the file has gone on since."""
        if self.look() or not self._undone:
            return None
        step = self._undone.pop()
        self._done.append(step)
        return self._become(step.after, step.label)

    def _become(self, data: bytes, label: str) -> str:
        self._write(data)
        self._data = data
        self._known[self.revision] = data
        return label

    def _step(self, step: Step) -> None:
        self._done = [*self._done, step][-_MOST:]
        self._undone = []
        self._data = step.after
        self._known[self.revision] = step.after

    def _encoded(self, text: str) -> bytes:
        """In the encoding of the file, with its byte order mark where it has one."""
        if self._data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            kind = "utf-16-le" if self._data[:1] == b"\xff" else "utf-16-be"
            return self._data[:2] + text.encode(kind)
        mark = b"\xef\xbb\xbf" if self._data.startswith(b"\xef\xbb\xbf") else b""
        return mark + text.encode("utf-8")

    def _write(self, data: bytes) -> None:
        place = self.path.resolve()  # a link stays one
        mode = place.stat().st_mode if place.exists() else None
        with appearing(place) as draft:
            draft.write_bytes(data)
            if mode is not None:
                os.chmod(draft, mode)


def revision_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _parsed(text: str, name: str) -> str:
    """The text, when it is YAML that can be edited. SceneError else."""
    problems = compose(text, name)[1]
    if problems:
        raise SceneError(problems)
    return text


def _rebased(edits: Sequence[Edit], then: Tree, now: Tree) -> list[Edit]:
    """The edits, made one after the other on the tree `then`, as they are to be made on the tree `now`."""
    moved: list[Edit] = []
    for edit in edits:
        moved.append(_moved(edit, then, now))
        then, now = tree_after(then, edit), tree_after(now, moved[-1])
    return moved


def _moved(edit: Edit, then: Tree, now: Tree) -> Edit:
    """The edit at the place where its value stands now. EditError when that was changed or removed meanwhile."""
    path = list(edit.path)
    old, new = then, now
    for depth, key in enumerate(path):
        last = depth == len(path) - 1
        if isinstance(key, int) and isinstance(old, list) and isinstance(new, list) and key < len(old):
            if key >= len(new) or new[key] != old[key]:
                alike = [index for index, item in enumerate(new) if item == old[key]]
                if len(alike) == 1:
                    path[depth] = key = alike[0]
                elif last or key >= len(new):
                    raise _clash()
            old = _child(old, edit.path[depth])
        elif isinstance(old, dict):
            old = old.get(key)
        else:
            old = None
        new = _child(new, key)
        if last and old != new:
            raise _clash()
    return replace(edit, path=tuple(path))


def _child(tree: Tree, key: str | int) -> Tree:
    if isinstance(tree, dict):
        return tree.get(key)
    return tree[key] if isinstance(tree, list) and isinstance(key, int) and key < len(tree) else None


def _clash() -> EditError:
    return EditError("this was changed in the file meanwhile; the page shows it as it is now")
