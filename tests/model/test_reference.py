"""Every number that the official code made, through scripts/compare_reference.py."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from parity import FOLDER, needs_parity

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import compare_reference  # noqa: E402
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


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """The script in this process: its exit code and what it printed."""
    monkeypatch.setattr(compare_reference, "quiet", lambda: None)  # other tests read the libraries' notes

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["compare_reference.py", *map(str, arguments)])
        code = compare_reference.main()
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@needs_parity
def test_fixtures_of_any_folder_are_known_by_the_first_word_of_their_names(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """A part of the fixtures under other names; the transformer's brings its own configuration."""
    names = {"transformer_small_b": "transformer_wide", "scheduler": "scheduler2", "rope": "rope-others"}
    for file in FOLDER.iterdir():
        name, _, kind = file.name.partition(".")
        if name in names:
            shutil.copyfile(file, tmp_path / f"{names[name]}.{kind}")
    shutil.copytree(FOLDER / "checkpoint_small", tmp_path / "checkpoint_tiny")
    code, printed, _ = run(tmp_path)
    assert code == 0, printed
    assert sorted(line.split()[1] for line in printed.splitlines()) == sorted([*names.values(), "checkpoint_tiny"])


def test_a_wrong_number_fails_and_an_unknown_fixture_is_not_passed_over(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    rows = [{"image_size": 704, "in_wh": [1920, 1080], "out_wh": [1280, 704]}]
    (tmp_path / "resolution.json").write_text(json.dumps({"rows": rows}))
    (tmp_path / "mystery.json").write_text("{}")
    code, printed, _ = run(tmp_path, "--json")
    report = json.loads(printed)
    assert code == 1 and report["passed"] is False
    assert {check["fixture"]: check["passed"] for check in report["checks"]} == {"resolution": False, "mystery": False}
    code, printed, _ = run(tmp_path)
    assert code == 1 and printed.count("FAIL") == 2 and "nothing to compare with" in printed


def test_a_folder_without_fixtures_is_an_error(tmp_path: Path, run: Callable[..., tuple[int, str, str]]) -> None:
    code, printed, told = run(tmp_path)
    assert (code, printed) == (2, "") and "no fixtures" in told
