"""Writes docs/layout.md, a line per file, from the first sentence of every module.

python scripts/layout.py           # write it
python scripts/layout.py --check   # exit 1 where it is not what it would be
"""

from __future__ import annotations

import argparse
import ast
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYOUT = ROOT / "docs" / "layout.md"
FOLDERS = ("dialogue", "model", "scripts")
HEAD = """\
# Layout

A line per file, made by `python scripts/layout.py` from the first sentence of each module.
"""


def first_sentence(module: Path) -> str:
    """The first paragraph of the module's docstring, on one line; ValueError where there is none."""
    text = ast.get_docstring(ast.parse(module.read_text(encoding="utf-8")))
    if not text:
        raise ValueError(f"{module.relative_to(ROOT)} has no docstring: its first line says what the file is")
    return " ".join(text.split("\n\n")[0].split())


def layout() -> str:
    """The page: every folder with its own sentence, then its files."""
    parts = [HEAD]
    for package in FOLDERS:
        for folder in sorted({path.parent for path in (ROOT / package).rglob("*.py")}):
            name = folder.relative_to(ROOT).as_posix()
            init = folder / "__init__.py"
            said = first_sentence(init) if init.is_file() else "Things run once: training, conversion, benchmarks."
            rows = [f"- `{path.name}`: {first_sentence(path)}" for path in sorted(folder.glob("[!_]*.py"))]
            parts.append("\n".join([f"## `{name}/`", "", said, "", *rows]).rstrip() + "\n")
    return "\n".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where the page is not up to date")
    if parser.parse_args().check:
        if LAYOUT.read_text(encoding="utf-8") == layout():
            return 0
        print("docs/layout.md is not up to date: python scripts/layout.py", file=sys.stderr)
        return 1
    LAYOUT.write_text(layout(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
