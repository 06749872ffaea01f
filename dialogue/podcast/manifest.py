"""manifest.json: what became of every episode of a batch. Written in one step, as often as is useful."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from dialogue.ground.outputs import put_text

NAME = "manifest.json"
VERSION = 1
_EVERY = 2.0  # seconds between two writings: ten thousand episodes are a file of megabytes
State = Literal["waiting", "running", "planned", "rendered", "failed"]


@dataclass(frozen=True)
class Entry:
    """One episode. Paths are relative to the manifest but for `source`; hashes are sha256 of bytes.

    `key` is a hash of everything the plan was made from: while it stays, nothing is planned again. `edited` says that
    a person has changed scene.yaml, which is then kept and rendered as it is. `made` and `reused` count shots of the
    last run; `open` are the labels of a failed episode that somebody has to name; `seconds` is how long the film is.
    """

    source: str
    state: State = "waiting"
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    people: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    shots: int = 0
    made: int = 0
    reused: int = 0
    seconds: float = 0.0
    scene: str | None = None
    plan: str | None = None
    film: str | None = None
    film_bytes: int = 0
    edited: bool = False
    key: str = ""
    hashes: Mapping[str, str] = field(default_factory=dict)
    open: tuple[Mapping[str, Any], ...] = ()


class Manifest:
    """The entries of a batch, by episode, on disk at the output's `manifest.json`."""

    def __init__(self, output: Path) -> None:
        self.path = output / NAME
        self.entries: dict[str, Entry] = read_entries(self.path)
        self._written = 0.0

    def put(self, name: str, entry: Entry) -> None:
        """Note what became of an episode; on disk within moments."""
        self.entries[name] = entry
        if time.monotonic() - self._written > _EVERY:
            self.write()

    def write(self) -> None:
        """Everything to disk, in one step."""
        record = {"version": VERSION, "episodes": {name: asdict(self.entries[name]) for name in sorted(self.entries)}}
        put_text(self.path, json.dumps(record, indent=1, ensure_ascii=False) + "\n")
        self._written = time.monotonic()


def read_entries(path: Path) -> dict[str, Entry]:
    """What the last run noted; nothing when there was none, or its file is damaged: all is then looked at again."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["version"] != VERSION:
            return {}
        known = {each.name for each in fields(Entry)}
        found: dict[str, Entry] = {}
        for name, one in record["episodes"].items():
            kept: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in one.items() if k in known}
            if _fits(kept):  # else its episode is looked at again
                found[name] = Entry(**kept)
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _fits(kept: dict[str, Any]) -> bool:
    """Whether the values are of the kinds that an entry has."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "source": str, "state": str, "problems": tuple, "warnings": tuple, "people": dict, "shots": int, "made": int,
        "reused": int, "seconds": (int, float), "film_bytes": int, "edited": bool, "key": str, "hashes": dict,
        "open": tuple, "scene": (str, type(None)), "plan": (str, type(None)), "film": (str, type(None)),
    }  # fmt: skip
    inside = [*kept.get("problems", ()), *kept.get("warnings", ()), *dict(kept.get("hashes", {})).values()]
    people = dict(kept.get("people", {})).values()
    asked = kept.get("open", ())
    return (
        all(isinstance(value, kinds[name]) for name, value in kept.items())
        and all(isinstance(value, str) for value in inside)
        and all(isinstance(one, dict) and isinstance(one.get("label"), str) for one in asked)
        and all(isinstance(person, dict) and isinstance(person.get("name"), str) for person in people)
    )
