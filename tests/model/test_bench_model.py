"""The benchmark's own code, at sizes of a second: it must run, compare right and report absent kernels."""

from __future__ import annotations

import json
import sys
from dataclasses import replace

import bench_fast
import bench_model
import pytest
import torch
from model_measures import Result, windows_against_the_official_ring
from model_step_measures import SMALL, as_diffusers, diffusers_inputs, random_model, step_inputs, step_tflops

from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel


def test_device_mode_measures_backends_and_says_which_do_not_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "--device cpu --small --sizes 32x64 --frames 2 --rounds 1 --json --threads 1 --exact"
    monkeypatch.setattr(sys, "argv", ["bench", *options.split(), "--backends", "native", "_native_cudnn"])
    assert bench_model.main() == 0
    printed = capsys.readouterr()
    ours, absent, other = json.loads(printed.out)
    assert (ours["model"], other["model"], ours["size"]) == ("ours", "diffusers", "32x64")
    assert ours["seconds"] > 0 and other["seconds"] > 0
    assert absent["seconds"] is None and "RuntimeError" in absent["note"]
    assert "does not run" in printed.err
    assert other["tflops"] > ours["tflops"]  # it computes the padding of the text


def test_with_shortcuts_it_measures_them_and_says_what_a_film_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "--device cpu --small --sizes 32x64 --frames 2 --rounds 1 --json --threads 1 --backends native"
    monkeypatch.setattr(sys, "argv", ["bench", *options.split()])
    counted = (bench_fast.Rows((), 4, 0, 0), bench_fast.Rows(("sparse",), 2, 2, 0))
    monkeypatch.setattr(bench_fast, "rows_counted", lambda: counted)
    assert bench_model.main() == 0
    printed = capsys.readouterr()
    found = {one["model"]: one for one in json.loads(printed.out)}
    assert found["ours, sparse"]["seconds"] > 0 and "ours, 8-bit" in found
    dense, sparse = found["ours"]["seconds"], found["ours, sparse"]["seconds"]
    assert f"10 s at 32x64, exact: {2 * dense:.4g} s" in printed.err
    assert f"10 s at 32x64, sparse: {dense + sparse:.4g} s" in printed.err


def test_diffusers_model_shares_our_weights_and_sees_the_same_tokens() -> None:
    ours = random_model(SMALL, torch.device("cpu"), torch.float32)
    other = as_diffusers(ours)
    assert other.proj_out.weight.data_ptr() == ours.proj_out.weight.data_ptr()
    given = step_inputs(ours, 32, 32, 2, 20)
    assert diffusers_inputs(given)["hidden_states"].shape == (2, 16, 3, 4, 4)


def test_work_of_a_step_at_full_size() -> None:
    """11.24 PFLOP per branch at 704 x 1216 with all 831 text tokens, adapters aside (0.014)."""
    with torch.device("meta"):
        model = HunyuanVideoAvatarTransformer3DModel()
    assert step_tflops(model, 33, 44 * 76, 831) == pytest.approx(2 * (9670 + 1556), rel=2e-3)


def test_windows_are_never_more_than_the_official_rings() -> None:
    result = windows_against_the_official_ring()
    assert result.reached and result.error == 0
    assert not replace(result, error=1.0).reached
    assert not Result("x", 0.9, 1.0, 1.0, 1.0).reached
