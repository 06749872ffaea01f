"""docs/layout.md names every file with the first sentence of its module."""

from __future__ import annotations

import layout


def test_the_layout_is_what_the_modules_say() -> None:
    assert layout.LAYOUT.read_text(encoding="utf-8") == layout.layout(), "python scripts/layout.py"
