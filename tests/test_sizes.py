"""Small enough to be read at once: files of 400 lines at most, functions of 60, signature and docstring included."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = [path for package in ("dialogue", "model") for path in sorted((ROOT / package).rglob("*.py"))]


def test_no_file_is_longer_than_400_lines() -> None:
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert not {name: count for name, count in lines.items() if count > 400}


def test_no_function_is_longer_than_60_lines() -> None:
    found = {
        f"{path.relative_to(ROOT)}:{node.name}": node.end_lineno - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.end_lineno is not None
    }
    assert len(found) > 500
    assert not {name: count for name, count in found.items() if count > 60}
