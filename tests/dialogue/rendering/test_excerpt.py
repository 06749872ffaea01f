"""One shot of a plan as a plan of its own: what a generator sees of the turns around it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import flashes
import pytest

from dialogue.planning.plan import AudioSlice, Plan, Turn
from dialogue.rendering.excerpt import excerpt


def with_turns(folder: Path, *spans: tuple[float, float]) -> Plan:
    """Two shots of two seconds; Ana speaks in these seconds of the film."""
    turns = tuple(Turn("ana", start, end, AudioSlice("ana.wav", start, end)) for start, end in spans)
    return dataclasses.replace(flashes.film_of(folder, [50, 50], [0.5]), turns=turns)


def seen(plan: Plan, shot: int) -> list[tuple[float, float]]:
    return [(turn.start, turn.end) for turn in excerpt(plan, plan.shots[shot]).turns]


@pytest.mark.parametrize(("start", "there"), [(2.05, True), (2.5, True), (2.95, True), (3.05, False)])
def test_a_turn_after_the_shot_is_seen_for_a_second(tmp_path: Path, start: float, there: bool) -> None:
    """A mouth opens and a head lifts before a voice is heard."""
    assert bool(seen(with_turns(tmp_path, (start, start + 0.5)), 0)) is there


@pytest.mark.parametrize(("end", "there"), [(1.95, True), (1.5, True), (1.05, True), (0.95, False)])
def test_a_turn_before_the_shot_is_seen_for_a_second(tmp_path: Path, end: float, there: bool) -> None:
    """And it comes to rest after it."""
    assert bool(seen(with_turns(tmp_path, (end - 0.5, end)), 1)) is there


def test_times_count_from_the_first_frame_of_the_shot(tmp_path: Path) -> None:
    plan = with_turns(tmp_path, (2.5, 3.0))
    alone = excerpt(plan, plan.shots[1])
    assert [(turn.start, turn.end) for turn in alone.turns] == [(0.5, 1.0)]
    assert alone.turns[0].audio == AudioSlice("ana.wav", 2.5, 3.0), "the recording is the same"
    assert (alone.shots[0].start, alone.shots[0].end, alone.duration) == (0, 50, 2.0)
