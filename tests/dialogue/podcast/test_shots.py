"""Cuts by rule: everything covered, nothing shown too briefly or too long, and the picture follows the floor."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.formats.rttm import read_rttm
from dialogue.ground.segments import LabelledSegment
from dialogue.podcast.shots import Angle, Rule, cut_episode, fixed_cuts, floors_of, pauses_of

RULE = Rule(hold=4, longest=16, cutaway=3)
MEDIA = Path(__file__).parents[4] / "shared" / "media"
TURNS = sorted([*MEDIA.glob("AMI-diarization-setup/**/*.rttm"), *MEDIA.glob("voxconverse/**/*.rttm")]) or [
    pytest.param(MEDIA, marks=pytest.mark.skip(reason="../shared/media is not there"))
]


def turns_of(*spans: tuple[str, float, float]) -> list[LabelledSegment]:
    return [LabelledSegment(start, end, who) for who, start, end in spans]


@st.composite
def episodes(draw: st.DrawFn) -> tuple[list[LabelledSegment], float]:
    at, turns = 0.0, []
    for _ in range(draw(st.integers(0, 30))):
        at += draw(st.integers(-4, 40)) / 10
        length = draw(st.integers(2, 300)) / 10
        turns.append(LabelledSegment(round(max(at, 0), 1), round(max(at, 0) + length, 1), draw(st.sampled_from("abc"))))
        at += length
    end = max((turn.end for turn in turns), default=0.0)
    return sorted(turns), round(end + draw(st.integers(5, 50)) / 10, 1)


def whole(cuts: list[Angle], duration: float) -> None:
    assert cuts[0].start == 0 and cuts[-1].until == pytest.approx(duration, abs=1e-3)
    for before, after in zip(cuts, cuts[1:], strict=False):
        assert before.until == after.start
        assert (before.kind, before.person) != (after.kind, after.person), "a cut to the same picture is no cut"
    assert all((cut.person is None) == (cut.kind == "wide") for cut in cuts)


def held(cuts: list[Angle], rule: Rule = RULE) -> None:
    """Every picture for `hold` at least, a cutaway for `cutaway`, none for longer than `longest`."""
    for index, cut in enumerate(cuts):
        seconds = cut.until - cut.start
        assert seconds <= rule.longest + 2e-3, cut
        if seconds < rule.hold - 2e-3 and len(cuts) > 1:
            assert seconds >= rule.cutaway - 2e-3, cut
            before, after = cuts[index - 1], cuts[index + 1]
            assert (before.kind, before.person) == (after.kind, after.person), "a cutaway comes back"


@settings(deadline=None)
@given(episodes(), st.lists(st.floats(0, 200), max_size=4))
def test_cuts_cover_the_episode_and_are_held(
    episode: tuple[list[LabelledSegment], float], chapters: list[float]
) -> None:
    turns, duration = episode
    cuts = cut_episode(turns, duration, chapters, RULE)
    whole(cuts, duration)
    if turns:
        held(cuts)


@settings(deadline=None)
@given(episodes(), st.floats(0.5, 6), st.floats(0.5, 9), st.floats(0, 20))
def test_any_rule_is_kept(
    episode: tuple[list[LabelledSegment], float], hold: float, cutaway: float, more: float
) -> None:
    turns, duration = episode
    rule = Rule(hold=hold, longest=2 * hold + cutaway + more, cutaway=cutaway)
    cuts = cut_episode(turns, duration, (), rule)
    whole(cuts, duration)
    if turns:
        held(cuts, rule)


@pytest.mark.parametrize("path", TURNS, ids=lambda path: path.stem)
def test_real_conversations_are_cut_by_the_rule(path: Path) -> None:
    """Meetings, panels and debates as people have annotated them: minutes to an hour, two to twenty people."""
    for turns in read_rttm(path).values():
        cuts = cut_episode(turns, turns[-1].end + 1, (), RULE)
        whole(cuts, turns[-1].end + 1)
        held(cuts)


@settings(deadline=None)
@given(episodes(), st.floats(5, 60))
def test_fixed_lengths(episode: tuple[list[LabelledSegment], float], length: float) -> None:
    turns, duration = episode
    cuts = fixed_cuts(turns, duration, length)
    whole(cuts, duration)
    assert all(cut.until - cut.start >= length / 2 - 1e-3 for cut in cuts[:-1])


def test_the_picture_follows_the_floor_just_before_the_first_word() -> None:
    cuts = cut_episode(turns_of(("a", 0, 12), ("b", 12.6, 24)), 24, (), RULE)
    assert [(cut.kind, cut.person) for cut in cuts] == [("wide", None), ("close", "a"), ("close", "b")]
    assert cuts[1].until == pytest.approx(12.4)


def test_a_short_word_does_not_take_the_floor() -> None:
    turns = turns_of(("a", 0, 9), ("b", 9.1, 9.5), ("a", 9.6, 15))
    assert [floor.person for floor in floors_of(turns, 1.0)] == ["a"]
    assert [cut.person for cut in cut_episode(turns, 15, (), RULE)] == [None, "a"]


def test_a_quick_exchange_is_wide() -> None:
    quick = [("ab"[i % 2], 10 + 1.5 * i, 11.4 + 1.5 * i) for i in range(8)]
    cuts = cut_episode(turns_of(("a", 0, 10), *quick, ("a", 22, 40)), 40, (), RULE)
    assert [(cut.kind, cut.person) for cut in cuts][:4] == [
        ("wide", None),
        ("close", "a"),
        ("wide", None),
        ("close", "a"),
    ]


def test_a_long_speech_is_broken_by_its_listener_at_a_pause() -> None:
    speech = [("a", 5.0 * i, 5.0 * i + 4.6) for i in range(12)]
    turns = turns_of(*speech, ("b", 60, 70))
    cuts = cut_episode(turns, 70, (), RULE)
    held(cuts)
    away = [cut for cut in cuts if cut.person == "b" and cut.until < 60]
    assert away and all(cut.start in [pytest.approx(p) for p in pauses_of(turns)] for cut in away)
    assert any(cut.kind == "wide" for cut in cuts[1:]), "and not by the listener every time"


def test_chapters_open_wide() -> None:
    cuts = cut_episode(turns_of(("a", 0, 30), ("a", 30.5, 60)), 60, (0.0, 30.2), RULE)
    assert any(cut.kind == "wide" and cut.start == 30.2 for cut in cuts)


def test_a_rule_that_cannot_be_kept_is_refused() -> None:
    with pytest.raises(ValueError, match="longest is 5; it is at least twice hold and a cutaway, 11"):
        Rule(hold=4, longest=5)


def test_who_interrupts_and_stops_first_does_not_take_the_floor() -> None:
    turns = turns_of(("a", 0, 60), ("b", 6, 7.5), ("b", 30, 34), ("b", 59, 70))
    assert [(floor.person, floor.start) for floor in floors_of(turns, 1.0)] == [("a", 0), ("b", 59)]


def test_short_words_one_after_the_other_are_a_speech() -> None:
    words = [("b", 10 + 1.5 * i, 10.8 + 1.5 * i) for i in range(20)]
    assert [floor.person for floor in floors_of(turns_of(("a", 0, 9), *words), 1.0)] == ["a", "b"]


def test_a_minute_of_one_speaker_is_not_one_picture() -> None:
    cuts = cut_episode(turns_of(("a", 0, 60), ("b", 61, 62)), 63, (), RULE)
    assert len(cuts) >= 6
    held(cuts)


def test_a_long_quick_exchange_goes_close_now_and_then() -> None:
    turns = turns_of(*[("ab"[i % 2], 1.5 * i, 1.5 * i + 1.4) for i in range(60)])
    cuts = cut_episode(turns, 90, (), RULE)
    held(cuts)
    assert {cut.kind for cut in cuts} == {"wide", "close"}
