"""Conversion of a checkpoint folder in both directions, as the script does it."""

from __future__ import annotations

import sys
from pathlib import Path

import convert_checkpoint
import pytest
import torch
from small_transformer import transformer

from model.avatar.checkpoint import save_official
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["convert_checkpoint.py", *map(str, arguments)])
    return convert_checkpoint.main()


def test_there_and_back_is_the_same_file_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    official = save_official(transformer(), tmp_path / "official")
    there, back = tmp_path / "converted", tmp_path / "back"
    assert run(monkeypatch, official.parent, there, "--dtype", "float32", "--shard-size", "50KB") == 0
    assert len(list(there.glob("*.safetensors"))) > 1
    assert HunyuanVideoAvatarTransformer3DModel.from_pretrained(there).dtype == torch.float32
    assert run(monkeypatch, there, back, "--dtype", "float32", "--to-official") == 0
    before, after = (torch.load(f / official.name, weights_only=True)["module"] for f in (official.parent, back))
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_faults_are_one_error_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = save_official(transformer(), tmp_path / "official")
    state = torch.load(file, weights_only=True)["module"]
    del state["before_proj.bias"]
    torch.save({"module": state}, file)
    assert run(monkeypatch, file, tmp_path / "converted") == 2
    assert "1 missing:\n  before_proj.bias" in capsys.readouterr().err
    assert run(monkeypatch, tmp_path / "nowhere", tmp_path / "converted") == 2
    assert "no such file or folder" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["official"]
    (tmp_path / "taken").mkdir()
    assert run(monkeypatch, file, tmp_path / "taken") == 2
    assert "exists already" in capsys.readouterr().err
