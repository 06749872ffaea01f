"""Screenplays in Fountain: every element becomes a line, a shot or a comment, and nothing is lost in silence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dialogue.screenplay.fountain import prompt_of, read_fountain
from dialogue.screenplay.screenplay import Heading, Remark, Said

KITCHEN = """\
Title: The noise
Author: A. Writer

INT. KITCHEN - NIGHT

ANA (O.S.) (CONT'D)
(afraid)
Did you hear that?

BEN
No.

[[She is at the window by now.]]

ANA
There it is again.
(whispering)
By the door.

BEN ^
All right.

CUT TO:
"""


def test_every_element_has_its_place() -> None:
    script = read_fountain(KITCHEN)
    assert script.title == "The noise"
    assert {key: person.name for key, person in script.people.items()} == {"ana": "Ana", "ben": "Ben"}
    said = script.said
    assert [(line.speaker, line.text, line.together) for line in said] == [
        ("ana", "Did you hear that?", False),
        ("ben", "No.", False),
        ("ana", "There it is again. By the door.", False),
        ("ben", "All right.", True),
    ]
    assert said[0].emotion is not None and dict(said[0].emotion.weights) == {"fear": 1.0}
    assert Heading("kitchen, night, indoors") in script.items
    remarks = {(item.what, item.text) for item in script.items if isinstance(item, Remark)}
    assert remarks == {
        ("author", "A. Writer"),
        ("where", "Ana (O.S.)"),
        ("note", "She is at the window by now."),
        ("how", "(whispering)"),
        ("transition", "CUT TO:"),
    }


def test_an_emotion_in_mid_speech_parts_the_line() -> None:
    script = read_fountain("ANA\n(happy)\nYou came!\n(suddenly angry)\nAnd so late.\n")
    emotions = [dict(line.emotion.weights) for line in script.said if line.emotion]
    assert emotions == [{"joy": 1.0}, {"anger": 1.0}]


def test_a_script_without_capitals_has_speakers() -> None:
    script = read_fountain("内景 厨房\n\n林夏\n（害怕）\n你听见了吗？\n\n阿明\n没有。\n")
    assert [(line.speaker, line.text) for line in script.said] == [("林夏", "你听见了吗？"), ("阿明", "没有。")]
    assert [line.emotion and dict(line.emotion.weights) for line in script.said] == [{"fear": 1.0}, None]
    assert any("@林夏" in note.message for note in script.notes)


def test_boneyards_lyrics_and_forced_elements_are_told() -> None:
    text = "/* not\nthis */\n\n!INT ACTION\n\n@McAvoy\n~la la\nHi **you**.\n\n> FADE OUT\n\n# Act two\n"
    script = read_fountain(text)
    assert [(line.speaker, line.text) for line in script.said] == [("mcavoy", "la la Hi you.")]
    assert {item.what for item in script.items if isinstance(item, Remark)} == {
        "boneyard", "action", "transition", "section",
    }  # fmt: skip


def test_headings_become_words_for_a_picture() -> None:
    assert prompt_of("INT. KITCHEN - NIGHT") == "kitchen, night, indoors"
    assert prompt_of("EXT. BEACH – DAY") == "beach, day, outdoors"
    assert prompt_of("INT./EXT. CAR - DUSK") == "car, dusk, indoors"
    assert prompt_of("A FIELD") == "a field"


ROWS = [*KITCHEN.splitlines(), "", "~x", "[[", "/*", "*/", "^", "@", "(", "ANA ^"]


@given(st.lists(st.sampled_from(ROWS), max_size=30))
def test_no_order_of_rows_is_too_odd(rows: list[str]) -> None:
    script = read_fountain("\n".join(rows))
    assert all(isinstance(item, (Said, Remark, Heading)) for item in script.items)
    assert all(line.speaker in script.people for line in script.said)


def test_what_is_centred_and_synopses_are_nobody() -> None:
    text = (
        "INT. ROOM - DAY\n\n= They meet.\n\nANA\n(freudig)\nHallo.\n\n> THE END <\n===\n\nBEN\nHm.\n\n= Later\nText.\n"
    )
    script = read_fountain(text)
    assert [person.name for person in script.people.values()] == ["Ana", "Ben"]
    assert script.said[0].emotion is not None and dict(script.said[0].emotion.weights) == {"joy": 1.0}
    told = [(remark.what, remark.text) for remark in script.remarks]
    assert told == [("synopsis", "They meet."), ("action", "THE END"), ("synopsis", "Later"), ("action", "Text.")]
    assert [line.text for line in read_fountain("ANA\nSo:\n= two\n").said] == ["So: = two"]
