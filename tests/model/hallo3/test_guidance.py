"""Guidance: passes and their sum."""

from __future__ import annotations

import pytest
import torch

from model.hallo3.clip_conditions import ClipConditions, rows
from model.hallo3.guidance import Branch, Guidance


def test_equal_scales_are_the_released_two_passes() -> None:
    guidance = Guidance()
    assert guidance.branches() == (Branch(False, False), Branch(True, True))
    out = guidance.combined((torch.tensor([1.0]), torch.tensor([2.0])))
    assert out.item() == 1 + 3.5 * (2 - 1)


def test_other_scales_are_three_passes_and_a_picture_scale_one_more() -> None:
    guidance = Guidance(text=2.0, audio=5.0)
    assert len(guidance.branches()) == 3
    free, text, audio = torch.tensor([1.0]), torch.tensor([4.0]), torch.tensor([3.0])
    assert guidance.combined((free, text, audio)).item() == 1 + 2 * 3 + 5 * 2
    assert len(Guidance(picture=2.0).branches()) == 3 and len(Guidance(2.0, 5.0, 2.0).branches()) == 5


def test_nothing_guided_is_one_pass() -> None:
    guidance = Guidance(text=1.0, audio=1.0)
    assert guidance.branches() == (Branch(True, True),)
    assert guidance.combined((torch.tensor([3.0]),)).item() == 3


@pytest.mark.parametrize("guidance", [Guidance(), Guidance(2.0, 5.0), Guidance(picture=2.0)])
def test_the_same_prediction_in_every_pass_stays_itself(guidance: Guidance) -> None:
    alike = torch.randn(3, 4)
    torch.testing.assert_close(guidance.combined((alike,) * len(guidance.branches())), alike)


def test_rows_leave_out_what_a_pass_is_without_and_keep_the_face() -> None:
    one = torch.ones(1, 2, 3)
    given = ClipConditions(torch.ones(1, 5, 4, 2, 2), one, 2 * one, 0.5 * one, one, (one,))
    made = rows((Branch(False, False), Branch(True, True, picture=False)), torch.zeros(1, 5, 4, 2, 2), given)
    assert made.text.mean(dim=(1, 2)).tolist() == [0, 1]
    assert made.audio.mean(dim=(1, 2)).tolist() == [0.5, 2]
    assert made.latents[:, :, 4:].mean(dim=(1, 2, 3, 4)).tolist() == [1, 0]
    assert made.bank is not None and made.bank[0].mean(dim=(1, 2)).tolist() == [1, 0]
    assert made.face is not None and (made.face == 1).all()
