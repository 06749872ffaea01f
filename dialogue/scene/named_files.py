"""Every file that a scene or a cast names, whoever uses it: what no command may write over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dialogue.scene.source import Items, Node, Text

_LONGEST = 1024  # letters; what is longer is no path


def files_named(root: Node, folder: Path) -> tuple[str, ...]:
    """The values that name a file in `folder`, as written, without what follows a `#`; once each, in their order."""
    found: dict[str, None] = {}
    for value in dict.fromkeys(_values(root)):
        for path in (value, value.rpartition("#")[0]):
            if path and _is_file(folder / path):
                found[path] = None
                break
    return tuple(found)


def _values(node: Node) -> Iterator[str]:
    """All texts but keys that could be a path with a name and an ending."""
    if isinstance(node, Text):
        if "." in node.value and len(node.value) <= _LONGEST and "\n" not in node.value:
            yield node.value
        return
    below = node.items if isinstance(node, Items) else (value for _, value in node.entries)
    for child in below:
        yield from _values(child)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
