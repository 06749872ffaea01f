"""Rotary tables against the official ones."""

from __future__ import annotations

import pytest
import torch
from parity import FOLDER, description, needs_parity
from safetensors.torch import load_file

from model.avatar.rope import AvatarRotaryPosEmbed


@needs_parity
@pytest.mark.parametrize("case", ["a", "b", "small", "w_shift"])
def test_equals_the_official_tables(case: str) -> None:
    settings = description("rope")["cases"][case]
    shift = "width" if settings["mode"] == "timecat-w" else "none"
    cos, sin = AvatarRotaryPosEmbed(settings["rope_dim_list"], 256, -1, shift)(*settings["token_grid_thw"])
    official = load_file(FOLDER / "rope.safetensors")
    assert list(cos.shape) == settings["shape"]
    torch.testing.assert_close(cos, official[f"{case}.cos"], rtol=0, atol=1e-6)
    torch.testing.assert_close(sin, official[f"{case}.sin"], rtol=0, atol=1e-6)


@needs_parity
def test_equals_the_official_tables_at_full_size() -> None:
    settings = description("rope")["sampled"]["real_704x1216"]
    cos, sin = AvatarRotaryPosEmbed(settings["rope_dim_list"])(*settings["token_grid_thw"])
    official = load_file(FOLDER / "rope.safetensors")
    rows = official["real_704x1216.rows"].long()
    torch.testing.assert_close(cos[rows], official["real_704x1216.cos"], rtol=0, atol=1e-6)
    torch.testing.assert_close(sin[rows], official["real_704x1216.sin"], rtol=0, atol=1e-6)
    assert cos.double().sum().item() == pytest.approx(settings["cos_sum_f64"], abs=1)
    assert sin.double().sum().item() == pytest.approx(settings["sin_sum_f64"], abs=1)


def test_spatial_shift_moves_the_reference_one_picture_away() -> None:
    still, moved = AvatarRotaryPosEmbed((4, 6, 6)), AvatarRotaryPosEmbed((4, 6, 6), reference_shift="both")
    (cos, _), (shifted, _) = still(2, 3, 5), moved(2, 3, 5)
    wide, _ = AvatarRotaryPosEmbed((4, 6, 6))(2, 6, 10)
    assert torch.equal(cos[15:], shifted[15:])
    assert torch.equal(shifted[:15].view(3, 5, 16), wide[:60].view(6, 10, 16)[3:, 5:])


def test_refuses_odd_axes() -> None:
    with pytest.raises(ValueError, match="three even numbers"):
        AvatarRotaryPosEmbed((4, 5, 7))
