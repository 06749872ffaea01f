"""A stranger's model.py in the current folder is named in one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


def test_the_command_line_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("raise SystemExit('not this one')\n")
    done = run(tmp_path, "-m", "dialogue", "--version")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == (
        f"error: {tmp_path / 'model.py'} hides the package `model` that dialogue needs: rename it, or start from "
        "another folder\n"
    )


def test_a_program_gets_an_import_error_and_a_folder_is_named_too(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model/__init__.py").write_text("")
    done = run(tmp_path, "-c", "import dialogue")
    assert done.stderr.splitlines()[-1].startswith(f"ImportError: {tmp_path / 'model/__init__.py'} hides the package")


def test_other_files_are_nobodys_business(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text("raise SystemExit('not this one')\n")
    assert run(tmp_path, "-m", "dialogue", "--version").returncode == 0
