"""What the animatic writes on the picture: rim, name, emotion; chosen by an environment variable."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dialogue.generators.animatic import animatic
from dialogue.generators.animatic.labels import Label, beside, rim, tag
from dialogue.generators.generator import ShotJob, shot_job
from dialogue.ground.box import Box
from dialogue.planning.lanes import Lane, lanes
from dialogue.planning.plan import AudioSlice, Emotion, Face, Mix, Plan, Shot, Speaker, Turn

COLOR = "#e06060"


def plan_of(*turns: Turn) -> Plan:
    face = Face("ana", Box(20, 20, 20, 20), Box(10, 10, 40, 40))
    shot = Shot(0, 0, 100, "p.png", Box(0, 0, 64, 64), (face,))
    return Plan(
        "", "animatic", "", 0, Fraction(25), 64, 64, 4.0, (Speaker("ana", "Ana", COLOR),), turns, (shot,), Mix()
    )


def ana_of(plan: Plan) -> Lane:
    (lane,) = lanes(plan, plan.shots[0], 1)
    return lane


def turn(start: float, end: float, *weights: tuple[str, float]) -> Turn:
    return Turn("ana", start, end, AudioSlice("a.wav", start, end), emotion=Emotion(weights))


def test_the_rim_is_on_while_the_turn_lasts() -> None:
    plan = plan_of(turn(1.0, 2.0))
    speaking, _ = animatic._schedule(ana_of(plan), 100, plan.clock)
    assert speaking[10] == 0 and speaking[35] == 1 and speaking[90] == 0
    assert speaking[25] == pytest.approx(0.5) and max(abs(np.diff(speaking))) < 0.25  # fades over 0.2 s


def test_one_emotion_fades_into_the_next_over_a_fifth_of_a_second() -> None:
    plan = plan_of(turn(0.0, 2.0, ("joy", 1.0)), turn(2.0, 4.0, ("neutral", 0.4), ("fear", 0.6)))
    _, feeling = animatic._schedule(ana_of(plan), 100, plan.clock)
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


def covers(one: Label, other: Label) -> bool:
    apart = one.top >= other.bottom or other.top >= one.bottom or one.left >= other.right or other.left >= one.right
    return not apart


def shot_of(folder: Path, boxes: dict[str, Box], width: int, height: int) -> ShotJob:
    Image.new("RGB", (width, height), (90, 110, 130)).save(folder / "all.png")
    soundfile.write(folder / "voice.wav", np.zeros(16_000, np.float32), 16_000)
    turns = [
        Turn(who, 0.0, 1.0, AudioSlice("voice.wav", 0.0, 1.0), emotion=Emotion((("fear", 0.6), ("neutral", 0.4))))
        for who in boxes
    ]
    faces = tuple(Face(who, box, box) for who, box in boxes.items())
    shot = Shot(0, 0, 25, "all.png", Box(0, 0, width, height), faces)
    speakers = tuple(Speaker(who, f"{who} of a long name", "#e06060") for who in boxes)
    plan = Plan("", "animatic", "", 7, Fraction(25), width, height, 1.0, speakers, tuple(turns), (shot,), Mix())
    return shot_job(plan, shot, folder, folder, 1)


@pytest.mark.parametrize(
    "boxes",
    [
        {"ana": Box(120, 80, 80, 110)},  # down to the frame's edge, where the pills used to be on top of each other
        {"ana": Box(100, 60, 60, 80), "ben": Box(170, 60, 60, 80)},
        {"ana": Box(40, 100, 60, 90), "ben": Box(110, 90, 60, 90), "cho": Box(180, 100, 60, 90)},
    ],
    ids=["at the bottom", "close together", "three in a row"],
)
def test_no_pill_is_drawn_over_another(tmp_path: Path, boxes: dict[str, Box]) -> None:
    job = shot_of(tmp_path, boxes, 320, 192)
    still = np.zeros((192, 320, 3), np.uint8)
    actors = animatic._apart([animatic._actor(job, still, lane, animatic.LABELS) for lane in job.lanes], 192)
    labels = [label for actor in actors for label in (actor.name, *actor.emotions.values()) if label is not None]
    assert len(labels) == 2 * len(boxes)
    assert not [pair for pair in combinations(labels, 2) if covers(*pair)]
    assert all(label.top >= 0 and label.bottom <= 192 for label in labels)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 640), st.integers(0, 480)), max_size=6))
def test_a_label_goes_to_the_nearest_free_place(places: list[tuple[int, int]]) -> None:
    taken: list[Label] = []
    for middle, top in places:
        label = beside(tag("joy", "#e06060", middle, top, 640, 480), taken, 480)
        assert not [other for other in taken if covers(label, other)]
        taken.append(label)
