from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.grid import FrameClock, frames_for, frames_of, latent_of, latents_for, windows_for


@given(st.integers(1, 10**6))
def test_frames_fit_their_latents_and_no_fewer(frames: int) -> None:
    latents = latents_for(frames)
    assert frames_for(latents) >= frames > frames_for(latents - 1)


@given(st.integers(0, 10**6))
def test_each_frame_belongs_to_the_latent_that_holds_it(frame: int) -> None:
    assert frame in frames_of(latent_of(frame))


@given(st.integers(1, 10**6))
def test_windows_of_the_released_size_follow_the_closed_form(frames: int) -> None:
    assert windows_for(frames) == -(-(frames + 3) // 132)


@pytest.mark.parametrize(("frames", "windows"), [(1, 1), (129, 1), (130, 2), (261, 2), (262, 3), (393, 3)])
def test_windows_fill_up_at_132w_minus_3(frames: int, windows: int) -> None:
    assert windows_for(frames) == windows


@given(st.sampled_from([Fraction(25), Fraction(24), Fraction(30000, 1001)]), st.integers(0, 3 * 3600 * 30))
def test_frame_times_return_to_their_frame_over_three_hours(fps: Fraction, frame: int) -> None:
    clock = FrameClock(fps)
    assert clock.frame_at(clock.seconds_at(frame)) == frame


def test_a_film_is_never_shorter_than_its_sound_by_more_than_rounding() -> None:
    clock = FrameClock(Fraction(25))
    assert clock.frames_covering(1.0) == 25
    assert clock.frames_covering(1.001) == 26


def test_impossible_values_are_named() -> None:
    with pytest.raises(ValueError, match="fps is 0"):
        FrameClock(Fraction(0))
    with pytest.raises(ValueError, match="frames is -1"):
        latents_for(-1)
