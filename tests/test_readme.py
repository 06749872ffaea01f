"""README's guide names every file, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("dialogue", "model", "scripts")


def _guide() -> set[str]:
    """The files the guide names, with their folders."""
    found, folder = set(), ""
    for line in (ROOT / "README.md").read_text(encoding="utf-8").split("## A line per file")[1].splitlines():
        if heading := re.fullmatch(r"`([\w/]+)/`", line):
            folder = heading[1]
        elif row := re.match(r"- `(\w+\.py)`: \S", line):
            found.add(f"{folder}/{row[1]}")
    return found


def test_every_file_has_its_line() -> None:
    files = {
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if not path.name.startswith("__")
    }
    assert _guide() == files
