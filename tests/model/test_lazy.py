"""The model as a library: its names are there, and cost nothing until they are used."""

from __future__ import annotations

import subprocess
import sys

import model


def test_the_names_are_there() -> None:
    assert {name: getattr(model, name).__name__ for name in model.__all__} == {name: name for name in model.__all__}
    assert set(model.__all__) <= set(dir(model)) and not hasattr(model, "no_such_name")


def test_importing_the_package_imports_no_torch() -> None:
    code = "import sys, model; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
