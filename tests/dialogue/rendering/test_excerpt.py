"""One shot of a plan as a plan of its own: what a generator sees of the turns around it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import flashes
import pytest

from dialogue.planning.plan import AudioSlice, Emotion, Feeling, Plan, Turn
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


JOY, FEAR = Emotion((("joy", 1.0),)), Emotion((("fear", 1.0),))


def felt(folder: Path, *turns: tuple[float, float, Emotion]) -> list[Turn]:
    """The turns of the second shot, of a film in which Ana says these things in these emotions."""
    spoken = tuple(Turn("ana", s, e, AudioSlice("ana.wav", s, e), emotion=how) for s, e, how in turns)
    plan = dataclasses.replace(flashes.film_of(folder, [500, 50], [0.5]), turns=spoken)
    return list(excerpt(plan, plan.shots[1]).turns)


def test_what_was_felt_long_ago_is_still_worn(tmp_path: Path) -> None:
    """Of all that was said before, the emotion of the last is left: a turn without length, before everything."""
    (worn,) = felt(tmp_path, (1.0, 2.0, FEAR), (5.0, 6.0, JOY))
    assert worn.emotion == JOY and worn.start == worn.end < -5 and worn.audio.start == worn.audio.end
    (worn,) = felt(tmp_path, (5.0, 6.0, JOY), (1.0, 2.0, FEAR))  # whatever their order in the plan
    assert worn.emotion == JOY
    assert felt(tmp_path, (1.0, 2.0, JOY), (5.0, 6.0, Emotion())) == []  # the face is at rest again


def test_what_is_worn_gives_way_to_what_is_said_now(tmp_path: Path) -> None:
    worn, now = felt(tmp_path, (1.0, 2.0, FEAR), (20.5, 21.0, JOY))
    assert (worn.emotion, now.emotion, now.start) == (FEAR, JOY, 0.5)
    (settled,) = felt(tmp_path, (1.0, 2.0, FEAR), (19.5, 21.0, JOY))  # she is all joy before the shot begins
    assert settled.emotion == JOY and settled.start == -0.5


def test_a_turn_that_ends_in_another_emotion_is_worn_as_that(tmp_path: Path) -> None:
    course = (Feeling(0.0, FEAR), Feeling(0.5, JOY))
    turn = Turn("ana", 1.0, 2.0, AudioSlice("ana.wav", 1.0, 2.0), emotion=FEAR, course=course)
    plan = dataclasses.replace(flashes.film_of(tmp_path, [500, 50], [0.5]), turns=(turn,))
    (worn,) = excerpt(plan, plan.shots[1]).turns
    assert worn.emotion == JOY and worn.course == ()


def test_the_font_of_the_scene_is_known_to_who_writes_names(tmp_path: Path) -> None:
    """And to nobody else: it makes no other generator's shot again."""
    plan = dataclasses.replace(with_turns(tmp_path, (0.5, 1.0)), font="own.ttf")
    assert excerpt(plan, plan.shots[0]).font is None
    drawn = dataclasses.replace(plan, generator="animatic")
    assert excerpt(drawn, drawn.shots[0]).font == "own.ttf"
