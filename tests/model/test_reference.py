"""Every number that the official code made, through scripts/compare_reference.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from parity import FOLDER, needs_parity

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from compare_reference import compare, find  # noqa: E402
from reference_checks import Fixture  # noqa: E402

NAMES = [fixture.name for fixture in find(FOLDER)] if FOLDER.is_dir() else []
# The transformer's own tests look at every block of these.
ELSEWHERE = ("transformer", "checkpoint", "official")


@needs_parity
@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith(ELSEWHERE)])
def test_equals_the_official_numbers(name: str) -> None:
    checks = compare(Fixture(FOLDER, name))
    assert checks
    assert [check for check in checks if not check.passed] == []


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPTS / "compare_reference.py"), str(folder), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_wrong_number_fails_and_an_unknown_fixture_is_not_passed_over(tmp_path: Path) -> None:
    rows = [{"image_size": 704, "in_wh": [1920, 1080], "out_wh": [1280, 704]}]
    (tmp_path / "resolution.json").write_text(json.dumps({"rows": rows}))
    (tmp_path / "mystery.json").write_text("{}")
    done = run(tmp_path, "--json")
    report = json.loads(done.stdout)
    assert done.returncode == 1 and report["passed"] is False
    assert {check["fixture"]: check["passed"] for check in report["checks"]} == {"resolution": False, "mystery": False}


def test_a_folder_without_fixtures_is_an_error(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    assert "no fixtures" in done.stderr and "Traceback" not in done.stderr
