"""Every number that the official code made, through scripts/compare_reference.py."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from parity import FOLDER, HALLO3, needs_hallo3, needs_parity
from safetensors.torch import load_file, save_file

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

import compare_reference  # noqa: E402
from compare_reference import compare, find  # noqa: E402
from fixtures import Fixture  # noqa: E402

NAMES = [fixture.name for fixture in find(FOLDER)] if FOLDER.is_dir() else []
HALLO3_NAMES = [fixture.name for fixture in find(HALLO3)] if HALLO3.is_dir() else []


def check_all(fixture: Fixture) -> None:
    """Every comparison within its tolerance, and every tensor of the fixture looked at."""
    checks = compare(fixture)
    assert checks
    assert [check for check in checks if not check.passed] == []
    assert fixture.unread() == []


@needs_parity
@pytest.mark.parametrize("name", NAMES)
def test_equals_the_official_numbers(name: str) -> None:
    check_all(Fixture(FOLDER, name))


@needs_hallo3
@pytest.mark.parametrize("name", HALLO3_NAMES)
def test_equals_the_official_numbers_of_hallo3(name: str) -> None:
    check_all(Fixture(HALLO3, name))


@needs_hallo3
def test_a_tensor_that_nothing_is_compared_with_is_named(
    tmp_path: Path, run: Callable[..., tuple[int, str, str]]
) -> None:
    """A fixture of another name and with a tensor more than is known."""
    shutil.copyfile(HALLO3 / "audio_projector_a.json", tmp_path / "audio_projector_wide.json")
    tensors = load_file(HALLO3 / "audio_projector_a.safetensors")
    save_file({**tensors, "mystery": torch.zeros(1)}, tmp_path / "audio_projector_wide.safetensors")
    code, printed, _ = run(tmp_path)
    assert code == 0 and "not compared: audio_projector_wide.safetensors: mystery" in printed
    report = json.loads(run(tmp_path, "--json")[1])
    assert report["not_compared"] == {"audio_projector_wide": ["audio_projector_wide.safetensors: mystery"]}


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
