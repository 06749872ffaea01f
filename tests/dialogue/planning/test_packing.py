"""Cuts fall into pauses and fill windows; the cheapest cutting is found."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.planning.packing import Limits, Pause, cuts_within, limits_of, nearest_pause
from model.grid import frames_for, windows_for


def windows(start: int, end: int, cuts: tuple[int, ...], window: int) -> int:
    edges = [start, *cuts, end]
    return sum(windows_for(b - a, window) for a, b in zip(edges, edges[1:], strict=False))


def test_six_released_windows_are_the_longest_shot() -> None:
    assert limits_of(33, 25.0) == Limits(789, 33)
    assert limits_of(5, 25.0) == Limits(777, 5), "short windows fill as long a shot"
    assert limits_of(300, 25.0) == Limits(1197, 300), "one window at least"
    assert limits_of(None, 25.0) == Limits(1500, None)


def test_what_fits_one_shot_is_not_cut() -> None:
    assert cuts_within(0, 789, [Pause(100, 120)], limits_of(33, 25.0)) == ()


def test_where_a_stretch_begins_changes_nothing() -> None:
    pauses = [Pause(244, 256), Pause(386, 400)]
    moved = [Pause(pause.start + 5000, pause.end + 5000) for pause in pauses]
    here, there = (cuts_within(at, at + 521, p, Limits(393, 33)) for at, p in ((0, pauses), (5000, moved)))
    assert [cut + 5000 for cut in here] == list(there) and here
    assert cuts_within(5000, 5393, moved, Limits(393, 33)) == ()


def test_a_pause_that_fills_the_windows_wins_over_one_in_the_middle() -> None:
    # Cut at 393, 521 frames take 3 + 1 windows; cut anywhere from 244 to 256 they take 2 + 3.
    pauses = [Pause(244, 256), Pause(386, 400)]
    (cut,) = cuts_within(0, 521, pauses, Limits(393, 33))
    assert 386 <= cut <= 393
    assert windows(0, 521, (cut,), 33) == 4 == windows_for(521)


def test_without_a_pause_the_cut_falls_into_speech_but_no_shot_is_too_long() -> None:
    cuts = cuts_within(0, 1000, [], Limits(393, 33))
    edges = [0, *cuts, 1000]
    assert all(b - a <= 393 for a, b in zip(edges, edges[1:], strict=False))


def test_a_pause_within_reach_is_always_taken_over_speech() -> None:
    pauses = [Pause(120, 130), Pause(500, 510), Pause(700, 720)]
    cuts = cuts_within(0, 1050, pauses, Limits(393, 33))
    assert all(any(p.start <= cut <= p.end for p in pauses) for cut in cuts)


def test_forty_turns_cost_hardly_more_than_their_latents() -> None:
    """A dialogue of 40 turns, about 5 s each with short pauses: computed over useful latents at most 1.10."""
    import random

    rng = random.Random(40)
    at, pauses = 0, []
    for _ in range(40):
        at += min(300, max(20, int(rng.expovariate(1 / 5) * 25)))
        pause = rng.randint(5, 25)
        pauses.append(Pause(at, at + pause))
        at += pause
    cuts = cuts_within(0, at, pauses, limits_of(33, 25.0))
    edges = [0, *cuts, at]
    computed = sum(windows_for(b - a) * 33 for a, b in zip(edges, edges[1:], strict=False))
    useful = sum((b - a - 1 + 3) // 4 + 1 for a, b in zip(edges, edges[1:], strict=False))
    assert all(any(p.start <= cut <= p.end for p in pauses) for cut in cuts)
    assert computed / useful <= 1.10


@given(
    st.lists(st.tuples(st.integers(10, 120), st.integers(8, 30)), min_size=2, max_size=7),
    st.integers(9, 17),
)
def test_no_other_choice_of_pauses_needs_fewer_windows(speech: list[tuple[int, int]], window: int) -> None:
    limits = Limits(frames_for(6 * window), window)
    at, pauses = 0, []
    for spoken, silent in speech:
        pauses.append(Pause(at + spoken, at + spoken + silent))
        at += spoken + silent
    end = at + 40
    cuts = cuts_within(0, end, pauses, limits)
    edges = [0, *cuts, end]
    assert edges == sorted(set(edges))
    assert all(b - a <= limits.longest for a, b in zip(edges, edges[1:], strict=False))
    middles = [(p.start + p.end) // 2 for p in pauses]
    for count in range(len(middles) + 1):
        for other in combinations(middles, count):
            rest = [0, *other, end]
            if all(b - a <= limits.longest for a, b in zip(rest, rest[1:], strict=False)):
                # A cheaper cutting could only be found by paying less than the price of a hurried cut.
                assert windows(0, end, cuts, window) <= windows(0, end, other, window) + 0.4 * len(cuts)


@pytest.mark.parametrize(("wanted", "cut"), [(50, 52), (56, 56), (62, 60), (90, 90)])
def test_the_nearest_pause_keeps_a_breath_from_the_words(wanted: int, cut: int) -> None:
    assert nearest_pause(wanted, wanted - 15, wanted + 15, [Pause(48, 64)]) == cut
