"""The clip schedule: exact for any length."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.hallo3.clips import ClipSchedule
from model.hallo3.motion_frames import condition_frames, condition_latents, pixel_mask


@given(frames=st.integers(1, 2000), motion=st.sampled_from([0, 1, 2, 4, 8]), released=st.booleans())
def test_every_frame_is_shown_once_and_hears_its_own_sound(frames: int, motion: int, released: bool) -> None:
    plan = ClipSchedule(frames, motion=motion, released=released)
    shown = [plan.heard(clip)[frame] for clip in range(plan.clips) for frame in plan.kept(clip)]
    assert shown[:frames] == list(range(frames)) and len(shown) == frames
    if not released:
        assert plan.clips == -(-frames // plan.new)
    for clip in range(plan.clips):
        heard = plan.heard(clip)
        assert len(heard) == plan.clip and max(heard) < plan.padded
        assert list(heard[:motion]) == (
            [-1] * motion if clip == 0 else list(plan.heard(clip - 1)[-motion:] if motion else [])
        )


@pytest.mark.parametrize(("frames", "released", "needed"), [(47, 2, 1), (94, 3, 2), (100, 4, 3), (250, 7, 6)])
def test_fewer_clips_than_the_release(frames: int, released: int, needed: int) -> None:
    assert ClipSchedule(frames, released=True).clips == released and ClipSchedule(frames).clips == needed


def test_a_schedule_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="0 frames in clips of 49"):
        ClipSchedule(0)


@pytest.mark.parametrize("count", [1, 2, 4, 8])
def test_motion_frames_are_masked_and_the_portrait_is_not(count: int) -> None:
    portrait = torch.full((1, 3, 4, 6), 0.5)
    draw = torch.zeros(4, 6)
    draw[:, :3] = 1
    frames = condition_frames(portrait, None, pixel_mask(draw), count)
    assert frames.shape == (1, 3, 1 + count, 4, 6)
    assert (frames[:, :, 0] == 0.5).all()
    assert (frames[:, :, 1:, :, :3] == 0.5).all() and (frames[:, :, 1:, :, 3:] == 0).all()
    latents = condition_latents(torch.ones(1, 16, 1 + count // 4, 2, 3), 13)
    assert latents.shape == (1, 13, 16, 2, 3) and latents.sum() == (1 + count // 4) * 16 * 6
