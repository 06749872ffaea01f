"""Whose voice is whose: concluded where nothing else is possible, never guessed."""

from __future__ import annotations

from dialogue.ground.segments import LabelledSegment
from dialogue.hearing.heard import HeardLine
from dialogue.planning.voices import cast_voices, voices_by_lines
from dialogue.scene.scene import AudioRef, Member, Scene, SpokenLine, Voice


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


def by_lines(
    spans: list[tuple[float, float, str]], lines: list[tuple[str, float, float]], track: bool = False
) -> dict[str, str]:
    """Labels by speaker: turns of a diarization, and where the lines of ana and ben are heard."""
    cast = {"ana": Member(track=AudioRef(path="ana.wav") if track else None), "ben": Member()}
    written = tuple(SpokenLine(speaker=name, text="Words.") for name, _, _ in lines)
    scene = Scene(scene=1, cast=cast, picture="two.png", lines=written)
    heard_lines = {item: HeardLine(start, end, 1.0, "test") for item, (_, start, end) in enumerate(lines)}
    return voices_by_lines([LabelledSegment(*span) for span in spans], heard_lines, scene)


def test_a_voice_is_whose_lines_are_heard_in_it() -> None:
    spans = [(0.0, 3.0, "S0"), (3.0, 6.0, "S1"), (6.0, 7.0, "S0")]
    assert by_lines(spans, [("ana", 0, 3), ("ben", 3, 6), ("ana", 6, 7)]) == {"ana": "S0", "ben": "S1"}


def test_too_little_that_is_heard_says_nothing() -> None:
    assert by_lines([(0.0, 1.9, "S0")], [("ana", 0, 1.9)]) == {}
    assert by_lines([(0.0, 2.0, "S0")], [("ana", 0, 2.0)]) == {"ana": "S0"}


def test_lines_of_one_that_are_heard_in_two_voices_say_nothing() -> None:
    assert by_lines([(0.0, 4.0, "S0"), (4.0, 8.0, "S1")], [("ana", 0, 4), ("ana", 4, 8)]) == {}
    assert by_lines([(0.0, 8.0, "S0"), (8.0, 10.0, "S1")], [("ana", 0, 8), ("ana", 8, 10)]) == {"ana": "S0"}


def test_a_voice_in_which_two_are_heard_is_nobodys() -> None:
    assert by_lines([(0.0, 8.0, "S0")], [("ana", 0, 4), ("ben", 4, 8)]) == {}


def test_who_has_a_track_of_their_own_needs_no_voice() -> None:
    spans = [(0.0, 3.0, "S0"), (3.0, 6.0, "S1")]
    assert by_lines(spans, [("ana", 0, 3), ("ben", 3, 6)], track=True) == {"ben": "S1"}


def test_what_lines_tell_is_taken_where_nothing_else_says_whose_a_voice_is() -> None:
    cast = {"ana": Member(), "ben": Member(), "eve": Member(voice=Voice(speaker="S7"))}
    spoken = heard("S1", "S2", "ben")
    found = cast_voices(spoken, cast, ["ana", "ben"], {"ana": "S1", "ben": "S2", "eve": "S2"})
    assert found.members == {"S1": "ana", "ben": "ben"}, "a label that is a name, and one that is declared, stand"
    assert found.warnings == ("ana is the voice 'S1', by the lines heard in it",)
    taken = cast_voices(heard("ana", "S2"), {"ana": Member(), "ben": Member()}, ["ana", "ben"], {"ben": "ana"})
    assert taken.members == {"ana": "ana", "S2": "ben"}, "a voice is one person's"


def test_who_speaks_briefly_but_at_length_once_is_no_ghost() -> None:
    """A voice of a fiftieth of the talk is a ghost, if it never says more than a word."""
    cast = {"ana": Member(), "ben": Member()}
    long = [LabelledSegment(0.0, 600.0, "ana")]
    once = cast_voices([*long, LabelledSegment(600.0, 604.0, "S1")], cast, ["ana", "ben"])
    assert once.members == {"ana": "ana", "S1": "ben"}
    often = [LabelledSegment(600.0 + n, 600.2 + n, "S1") for n in range(4)]
    assert cast_voices([*long, *often], cast, ["ana", "ben"]).members == {"ana": "ana"}
