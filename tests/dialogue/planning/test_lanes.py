"""Per speaker and latent frame: speaking or silent, and how much of each emotion, cross-faded over 0.2 s."""

from __future__ import annotations

from pathlib import Path

import pytest
from planned_scenes import ANIMATIC, TWO, measured, planned

from dialogue.planning.emotions import weights_at
from dialogue.planning.lanes import lanes
from model.grid import frames_of, latents_for

CAST = TWO.replace("name: Ana Ruiz", "emotions: {neutral: two.png, joy: {image: close.png, strength: 0.8}}")
LINES = """\
lines:
  - {ana: One, from: 1, to: 2, emotion: joy}
  - {ben: Two, from: 1.8, to: 3}
  - {ana: Three, from: 4, to: 5, emotion: {blend: {neutral: 0.4, fear: 0.6}, strength: 1.5}}
  - {ana: Four, from: 6, to: 7}
"""


def test_each_latent_speaks_when_any_of_its_frames_does(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAST + LINES, measured(8.0))
    ana, ben = lanes(plan, plan.shots[0])
    assert len(ana.speaking) == latents_for(200) == len(ana.weights)
    for lane, turns in ((ana, [(25, 50), (100, 125), (150, 175)]), (ben, [(45, 75)])):
        for latent, speaks in enumerate(lane.speaking):
            held = frames_of(latent)
            assert speaks == any(first < held.stop and last > held.start for first, last in turns), latent
    assert any(a and b for a, b in zip(ana.speaking, ben.speaking, strict=True))  # both at 1.8 … 2 s


def test_a_second_shot_counts_from_its_own_first_frame(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAST + LINES + "shots: [{until: 3.5}, {picture: close.png}]\n", measured(8.0))
    ana = lanes(plan, plan.shots[1])[0]
    assert plan.shots[1].start == 88
    assert ana.speaking.index(True) == latents_for(100 - 88 + 1) - 1
    assert ana.weights_of(["joy", "neutral"])[0] == (0.8, 0.0), "joy is kept from the shot before"
    assert ana.weights_of(["joy", "neutral"])[-1] == (0.0, 1.0), "and gone by the last line"
    assert (ana.box, ana.region) == (plan.shots[1].faces[0].box, plan.shots[1].faces[0].region)


def test_another_generators_stride_has_latents_of_its_own(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAST + LINES, measured(8.0))
    ana = lanes(plan, plan.shots[0], stride=8)[0]
    assert len(ana.speaking) == len(ana.weights) == latents_for(200, 8)
    assert ana.speaking.index(True) == latents_for(26, 8) - 1
    assert ana.weights_of(["joy"])[latents_for(38, 8) - 1] == (0.8,)


def test_an_emotion_holds_for_its_line_and_fades_into_the_next(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAST + LINES, measured(8.0))
    assert weights_at(plan, "ana", 0.0) == {"neutral": 1.0}
    assert weights_at(plan, "ana", 1.0) == pytest.approx({"neutral": 0.5, "joy": 0.4})  # the middle of the fade
    assert weights_at(plan, "ana", 1.5) == {"joy": 0.8}  # strength of the line times that of the picture
    assert weights_at(plan, "ana", 3.0) == {"joy": 0.8}  # she keeps it while she listens
    assert weights_at(plan, "ana", 4.5) == pytest.approx({"neutral": 0.6, "fear": 0.9})
    assert weights_at(plan, "ana", 6.5) == {"neutral": 1.0}
    assert weights_at(plan, "ben", 2.0) == {}  # no pictures: as he is


def test_the_fade_lasts_a_fifth_of_a_second(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAST + LINES, measured(8.0))
    assert weights_at(plan, "ana", 3.9) == {"joy": 0.8}
    assert weights_at(plan, "ana", 4.1) == pytest.approx({"neutral": 0.6, "fear": 0.9})
    assert 0 < weights_at(plan, "ana", 3.95)["fear"] < weights_at(plan, "ana", 4.05)["fear"] < 0.9


def test_lanes_carry_the_weights_by_latent(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAST + LINES, measured(8.0))
    ana = lanes(plan, plan.shots[0])[0]
    assert ana.emotions == ("neutral", "joy", "fear")
    assert ana.weights[0] == (1.0, 0.0, 0.0)
    assert ana.weights[latents_for(37) - 1] == (0.0, 0.8, 0.0)
    assert all(len(row) == 3 for row in ana.weights)


def test_a_latent_feels_what_is_felt_in_its_middle(tmp_path: Path) -> None:
    """Joy comes in over 0.9 … 1.1 s; the middle of the four frames of a latent, and not their start, says how much."""
    plan = planned(tmp_path, CAST + LINES, measured(8.0))
    ana = lanes(plan, plan.shots[0])[0]
    for latent in range(4, 9):
        held = frames_of(latent)
        share = min(1.0, max(0.0, ((held.start + held.stop) / 2 / 25 - 1.0) / 0.2 + 0.5))
        assert ana.weights_of(["joy"])[latent] == pytest.approx((0.8 * share,), abs=1e-5), latent
    assert 0 < ana.weights_of(["joy"])[6][0] < 0.8, "one of them lies in the fade"


def test_weights_of_pictures_have_their_order_and_nothing_for_what_is_never_felt(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAST + LINES, measured(8.0))
    ana = lanes(plan, plan.shots[0])[0]
    assert ana.weights_of(["joy", "rage", "neutral"])[0] == (0.0, 0.0, 1.0)
    assert ana.weights_of([]) == ((),) * len(ana.weights)


def test_off_screen_speakers_have_no_lane(tmp_path: Path) -> None:
    shots = "shots: [{faces: {ana: [60, 40, 300, 340]}}]\n"
    plan = planned(tmp_path, CAST + LINES + shots, measured(8.0), ANIMATIC)
    assert [lane.speaker for lane in lanes(plan, plan.shots[0])] == ["ana"]


def test_a_lane_holds_all_that_is_known_of_its_person(tmp_path: Path) -> None:
    plan = planned(tmp_path, CAST + LINES, measured(8.0))
    ana, ben = lanes(plan, plan.shots[0])
    assert (ana.face, ben.face) == plan.shots[0].faces
    assert [[turn.text for turn in lane.turns] for lane in (ana, ben)] == [["One", "Three", "Four"], ["Two"]]
    assert (ana.name, ana.color) == (plan.speakers[0].name, plan.speakers[0].color)
    assert [picture.name for picture in ana.pictures] == ["neutral", "joy"] and ben.pictures == ()
