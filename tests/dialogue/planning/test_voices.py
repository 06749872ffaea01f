"""Whose voice is whose: concluded where nothing else is possible, never guessed."""

from __future__ import annotations

from dialogue.ground.segments import LabelledSegment
from dialogue.planning.voices import cast_voices
from dialogue.scene.scene import Member, Voice


def heard(*labels: str) -> list[LabelledSegment]:
    """Five seconds of each voice, one after the other."""
    return [LabelledSegment(5.0 * n, 5.0 * n + 5.0, label) for n, label in enumerate(labels)]


def test_one_voice_and_one_member_left_belong_together_and_it_is_said() -> None:
    found = cast_voices(heard("ana", "S1"), {"ana": Member(), "ben": Member()}, ["ana", "ben"])
    assert found.members == {"ana": "ana", "S1": "ben"} and found.unheard == () and found.strangers == ()
    assert "taken to be the voice 'S1' (5.0 s of speech, first at 0:05.000)" in found.warnings[0]


def test_two_voices_for_one_member_are_not_guessed() -> None:
    found = cast_voices(heard("ana", "S1", "S2"), {"ana": Member(), "ben": Member()}, ["ana", "ben"])
    assert found.members == {"ana": "ana"} and found.unheard == ("ben",) and found.warnings == ()
    assert [voice.label for voice in found.strangers] == ["S1", "S2"]


def test_one_voice_for_two_members_is_not_guessed() -> None:
    found = cast_voices(heard("S1"), {"ana": Member(), "ben": Member()}, ["ana", "ben"])
    assert found.members == {} and found.unheard == ("ana", "ben") and found.warnings == ()


def test_a_member_who_declared_another_voice_gets_none_by_being_left() -> None:
    cast = {"ana": Member(), "ben": Member(voice=Voice(speaker="S7"))}
    found = cast_voices(heard("ana", "S1"), cast, ["ana", "ben"])
    assert found.members == {"ana": "ana"} and found.unheard == ("ben",)


def test_a_ghost_beside_the_last_voice_does_not_keep_it_from_its_member() -> None:
    ghost = LabelledSegment(20.0, 20.1, "S9")
    found = cast_voices([*heard("ana", "S1"), ghost], {"ana": Member(), "ben": Member()}, ["ana", "ben"])
    assert found.members == {"ana": "ana", "S1": "ben"} and [voice.label for voice in found.strangers] == ["S9"]


def test_a_label_is_a_members_by_key_by_name_and_ignoring_case() -> None:
    cast = {"ana": Member(name="Ana Ruiz"), "ben": Member()}
    assert cast_voices(heard("Ana Ruiz", "BEN"), cast, ["ana", "ben"]).members == {"Ana Ruiz": "ana", "BEN": "ben"}
