"""The windows of a long film: coverage, movement, count, against the release's padding."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.avatar.fusion import FusionSchedule, position_shift, released_audio_frames, released_ring
from model.grid import frames_for, latents_for, windows_for

LATENTS = st.integers(1, 400)
WINDOWS = st.integers(1, 40)
STEPS = st.integers(0, 60)


@given(LATENTS, WINDOWS, st.integers(-12, 12), STEPS)
def test_every_latent_is_in_a_window_and_windows_are_whole(latents: int, window: int, offset: int, step: int) -> None:
    schedule = position_shift(latents, window, offset)
    windows = schedule.windows(step)
    assert {latent for cut in windows for latent in cut} == set(range(schedule.ring))
    assert all(len(set(cut)) == window for cut in windows)
    assert sum(schedule.counts(step)) == window * len(windows)
    assert all(number in range(len(windows)) for number in schedule.owners(step))
    assert all(latent in windows[owner] for latent, owner in enumerate(schedule.owners(step)))


@given(st.integers(1, 4000))
def test_no_window_is_padding(frames: int) -> None:
    schedule = position_shift(latents_for(frames))
    assert len(schedule.starts) == math.ceil((frames + 3) / 132) == windows_for(frames)


@given(st.integers(1, 400))
def test_never_more_windows_than_the_release(frames: int) -> None:
    ours, released = position_shift(latents_for(frames)), released_ring(released_audio_frames(frames))
    assert len(ours.starts) <= len(released.starts)
    assert released.latents >= ours.latents or frames <= 129


@given(st.integers(34, 400), st.integers(1, 7), STEPS)
def test_windows_move_by_the_offset_and_wrap_around(latents: int, offset: int, step: int) -> None:
    schedule = position_shift(latents, 33, offset)
    now, then = schedule.windows(step), schedule.windows(step + 1)
    for before, after in zip(now, then, strict=True):
        assert after[0] == (before[0] + offset) % schedule.ring
    for cut in now:
        assert all(right == (left + 1) % schedule.ring for left, right in zip(cut, cut[1:], strict=False))


@given(st.integers(1, 33), STEPS)
def test_a_film_of_one_window_stays_where_it_is(latents: int, step: int) -> None:
    assert position_shift(latents).windows(step) == (tuple(range(33)),)


@given(LATENTS, STEPS)
def test_a_windows_audio_is_that_of_its_latents(latents: int, step: int) -> None:
    schedule = position_shift(latents, 9)
    for start, cut in zip(schedule.shifted(step), schedule.windows(step), strict=True):
        frames = schedule.audio_frames(start)
        assert len(frames) == frames_for(9)
        assert frames[0] == 4 * cut[0]
        for place in range(1, 9):
            last = 4 * cut[place]
            assert frames[4 * place - 3 : 4 * place + 1] == tuple(
                (last - back) % (4 * schedule.ring) for back in (3, 2, 1, 0)
            )


def test_the_releases_waste_at_251_frames_is_a_window_more() -> None:
    assert len(released_ring(released_audio_frames(251)).starts) == 3
    assert len(position_shift(latents_for(251)).starts) == 2


@pytest.mark.parametrize("bad", [(0, 33, 33), (34, 33, 9), (5, 9, 10)])
def test_a_ring_that_does_not_hold_film_or_window_is_refused(bad: tuple[int, int, int]) -> None:
    latents, ring, window = bad
    with pytest.raises(ValueError, match="a ring holds the film and a window"):
        FusionSchedule(latents, ring, window, (0,), 0, ring)


def test_the_releases_ring_in_numbers() -> None:
    """Worked out by hand from the released sampler: 129 frames are one window of 33, and 251 need three."""
    assert [released_audio_frames(frames) for frames in (1, 128, 129, 130, 251)] == [129, 129, 129, 135, 256]
    short = released_ring(released_audio_frames(129))
    assert (short.latents, short.ring, short.window, short.starts, short.offset) == (33, 33, 33, (0,), 0)
    film = released_ring(256)
    assert (film.latents, film.ring, film.window, film.starts, film.offset) == (65, 97, 33, (0, 33, 66), -10)
    assert released_ring(64, window=5, offset=2).ring == 4 * (64 // 16 + 1) + 1


def test_an_owner_of_every_latent_is_the_last_window_that_covers_it() -> None:
    owners = position_shift(9, 5, 2).owners(0)
    assert len(owners) == 9 and owners[0] == 0 and set(owners) == {0, 1}
