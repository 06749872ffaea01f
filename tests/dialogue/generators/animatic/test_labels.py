"""What the animatic writes on the picture: rim, name, emotion; chosen by an environment variable."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from dialogue.generators.animatic import animatic
from dialogue.generators.animatic.labels import Label, rim, tag
from dialogue.ground.box import Box
from dialogue.planning.plan import AudioSlice, Emotion, Mix, Plan, Shot, Speaker, Turn

COLOR = "#e06060"


def plan_of(*turns: Turn) -> Plan:
    shot = Shot(0, 0, 100, "p.png", Box(0, 0, 64, 64), ())
    return Plan(
        "", "animatic", "", 0, Fraction(25), 64, 64, 4.0, (Speaker("ana", "Ana", COLOR),), turns, (shot,), Mix()
    )


def turn(start: float, end: float, *weights: tuple[str, float]) -> Turn:
    return Turn("ana", start, end, AudioSlice("a.wav", start, end), emotion=Emotion(weights))


def test_the_rim_is_on_while_the_turn_lasts() -> None:
    plan = plan_of(turn(1.0, 2.0))
    speaking, _ = animatic._schedule(plan, plan.shots[0], "ana")
    assert speaking[10] == 0 and speaking[35] == 1 and speaking[90] == 0
    assert speaking[25] == pytest.approx(0.5) and max(abs(np.diff(speaking))) < 0.25  # fades over 0.2 s


def test_one_emotion_fades_into_the_next_over_a_fifth_of_a_second() -> None:
    plan = plan_of(turn(0.0, 2.0, ("joy", 1.0)), turn(2.0, 4.0, ("neutral", 0.4), ("fear", 0.6)))
    _, feeling = animatic._schedule(plan, plan.shots[0], "ana")
    joy, fear = feeling["joy"], feeling["neutral 40% + fear 60%"]
    assert (joy[25], fear[25]) == (1, 0) and (joy[75], fear[75]) == (0, 1)
    assert joy[50] == fear[50] == pytest.approx(0.5)
    assert ((joy > 0) & (fear > 0)).sum() <= 5  # 0.2 s
    np.testing.assert_allclose((joy + fear)[5:95], 1.0, atol=1e-5)


def test_a_label_covers_by_its_strength_and_stays_in_the_frame() -> None:
    label = tag("Ana Ruiz", COLOR, 60.0, 300.0, 320, 304)
    assert label.top + label.alpha.shape[0] <= 304 and label.left >= 0
    frame = np.full((304, 320, 3), 100, np.uint8)
    untouched = frame.copy()
    label.draw(frame, 0.0)
    np.testing.assert_array_equal(frame, untouched)
    label.draw(frame, 1.0)
    assert (frame != untouched).any() and frame.max() > 200  # white letters


def test_the_rim_has_the_speakers_colour_and_leaves_the_face_free() -> None:
    frame = np.zeros((200, 200, 3), np.uint8)
    strips: list[Label] = rim(Box(40, 40, 100, 120), COLOR, 200, 200)
    for strip in strips:
        strip.draw(frame, 1.0)
    assert not frame[60:140, 60:120].any() and not frame[:40].any() and not frame[160:].any()
    assert tuple(frame[100, 41]) == pytest.approx((0xE0, 0x60, 0x60), abs=24)


def test_labels_are_chosen_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    prints = set()
    for value, shown in (("none", ()), ("name", ("name",)), ("emotion, rim", ("rim", "emotion"))):
        monkeypatch.setenv("DIALOGUE_ANIMATIC", value)
        assert animatic.shown_labels() == shown and animatic.missing() is None
        prints.add(animatic.fingerprint())
    monkeypatch.delenv("DIALOGUE_ANIMATIC")
    assert animatic.shown_labels() == ("rim", "name", "emotion")
    assert len(prints | {animatic.fingerprint()}) == 4
    monkeypatch.setenv("DIALOGUE_ANIMATIC", "rim,halo")
    assert "'halo'" in str(animatic.missing()) and "rim, name, emotion" in str(animatic.missing())


def test_the_estimate_grows_with_the_work() -> None:
    plan = plan_of(turn(0, 4))
    assert animatic.estimate(plan, plan.shots[0]).windows == 0
    longer = Shot(0, 0, 10_000, "p.png", Box(0, 0, 64, 64), ())
    assert animatic.estimate(plan, longer).seconds > animatic.estimate(plan, plan.shots[0]).seconds
