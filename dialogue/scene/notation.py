"""How a value is written in YAML on one line: plain where that is read back as the same, else in quotes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from dialogue.ground.errors import SceneError
from dialogue.scene.source import compose
from dialogue.scene.spans import Tree, spans

NOTHING = object()


def says(text: str) -> Tree:
    """What the text says, or something that is equal to nothing where it is no longer a scene's YAML."""
    try:
        _, problems = compose(text, "")
        return NOTHING if problems else spans(text).tree
    except SceneError:
        return NOTHING


def ways(value: Tree, style: str, flow: bool) -> Iterator[str]:
    """A value on one line, in the style that stood there first; the last way is right for any text."""
    if isinstance(value, list):
        yield f"[{', '.join(next(ways(item, '', True)) for item in value)}]"
        return
    if isinstance(value, dict):
        entries = (f"{next(ways(key, '', True))}: {next(ways(item, '', True))}" for key, item in value.items())
        yield "{" + ", ".join(entries) + "}"
        return
    writers: dict[str, Callable[[str], str | None]] = {"": _plain(flow), "'": _single, '"': _double}
    for kind in dict.fromkeys((style if style in writers else "", "", '"')):
        written = writers[kind](value)
        if written is not None:
            yield written


def _plain(flow: bool) -> Callable[[str], str | None]:
    def write(value: str) -> str | None:
        if value in ("", "~", "null") or value != value.strip() or not _one_line(value):
            return None
        return value if says(f"- [{value}]" if flow else f"- {value}\n") == ([[value]] if flow else [value]) else None

    return write


def _single(value: str) -> str | None:
    return "'" + value.replace("'", "''") + "'" if _one_line(value) else None


def _double(value: str) -> str:
    """JSON's escapes are YAML's; what YAML cannot hold as it is becomes one."""
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]",
        lambda match: f"\\u{ord(match[0]):04x}",
        json.dumps(value, ensure_ascii=False),
    )


def _one_line(value: str) -> bool:
    return re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", value) is None
