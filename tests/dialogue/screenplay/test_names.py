"""Scripts of names and words, in the dialects people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.ground.errors import SceneError
from dialogue.screenplay.names import dialect, read_names
from dialogue.screenplay.screenplay import Remark

CASES = {
    "names": "Ana: Did you hear?\nBen (calm): No: nothing.\nANA: There!\n",
    "numbers": "(s1) Did you hear? (s2) No: nothing. (s1) There!",
    "tags": "<Person1>Did you hear?</Person1>\n<Person2>No: nothing.</Person2><Person1>There!</Person1>",
    "speakers": "Speaker 1: Did you hear?\nSpeaker 2: No: nothing.\nSpeaker 1: There!",
    "markdown": "**Ana:** Did you hear?\n\n**Ben:** No: nothing.\n\n**Ana:** There!\n",
    "brackets": "[S1] Did you hear? [S2] No: nothing. [S1] There!",
}


@pytest.mark.parametrize("name", CASES)
def test_three_lines_of_two_people(name: str) -> None:
    script = read_names(CASES[name], "talk.txt")
    first, second = script.people
    assert [(line.speaker, line.text) for line in script.said] == [
        (first, "Did you hear?"), (second, "No: nothing."), (first, "There!"),
    ]  # fmt: skip


def test_how_it_is_said_is_an_emotion_or_a_comment() -> None:
    script = read_names("Ana [very happy]: Yes!\nBen: (whispering) No.\nAna: [sad] Oh.\nBen: Well.\n", "t.txt")
    assert script.said[0].emotion is not None and script.said[0].emotion.strength == pytest.approx(1.3)
    assert script.said[2].emotion is not None and dict(script.said[2].emotion.weights) == {"sadness": 1.0}
    assert Remark("how", "(whispering)") in script.items


def test_a_row_goes_on_and_a_stage_direction_does_not() -> None:
    script = read_names("Ana: One\ntwo.\n\nThe door opens.\n\nBen: Three.\nAna: Four.\n", "t.txt")
    assert [line.text for line in script.said] == ["One two.", "Three.", "Four."]
    assert Remark("text", "The door opens.") in script.items


def test_prose_is_no_script() -> None:
    assert dialect("Once upon a time there was a king.\nHe had one wish: peace.\nAnd so on.\nThe end.\n") is None
    with pytest.raises(SceneError, match="nobody speaks"):
        read_names("Only prose here\n", "prose.txt")


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        script = read_names(text, "x.txt")
    except SceneError:
        return
    assert script.said


def test_names_in_guillemets_and_wide_brackets_are_names() -> None:
    script = read_names("« Narrateur » : Il pleut.\n小明（高兴）：你好\n小明：再见\n“Ben” (en colère): Non.\n", "t.txt")
    assert [person.name for person in script.people.values()] == ["Narrateur", "小明", "Ben"]
    felt = [line.emotion and dict(line.emotion.weights) for line in script.said]
    assert felt == [None, {"joy": 1.0}, None, {"anger": 1.0}]


def test_rows_of_no_name_are_told_with_what_would_make_one() -> None:
    script = read_names("Ana: one\nBen: two,\n../evil: three\n.hidden: five,\nÀ la: six,\nof old: x\n", "t.txt")
    told = [note.message for note in script.notes]
    assert [note.line for note in script.notes] == [3, 4, 5, 6] and list(script.people) == ["ana", "ben"]
    assert "begin the name with a letter" in told[0] and "'.hidden'" in told[1]
    assert "write 'la' with a capital too" in told[2] and told[3].endswith("begin it with a capital")


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("[12:03, 1/1/2026] Anna: Hello\n[12:04, 1/1/2026] Ben: Hi.\n", "12:03, 1/1/2026"),
        ("00:01 Anna: Hello\n00:05 Ben: Hi.\n", "00:01"),
        ("1/1/26, 9:03 PM - Anna: Hello\n1/1/26, 9:04 PM - Ben: Hi.\n", "1/1/26, 9:03 PM"),
        ("[00:00:01.5] Anna: Hello\n[00:00:05] Ben: Hi.\n", "00:00:01.5"),
    ],
)
def test_chats_are_lines_and_their_times_comments(text: str, when: str) -> None:
    script = read_names(text, "t.txt")
    assert [(line.speaker, line.text) for line in script.said] == [("anna", "Hello"), ("ben", "Hi.")]
    assert script.items[0] == Remark("time", when)


def test_a_row_with_a_time_begins_anew_and_each_way_to_say_it_counts() -> None:
    script = read_names("[12:03] anna: hello\n[12:04] ben: hi\n[12:05] Anna joined\n[12:06] anna: so\n", "t.txt")
    assert [(line.speaker, line.text) for line in script.said] == [("anna", "hello"), ("ben", "hi"), ("anna", "so")]
    assert Remark("text", "[12:05] Anna joined") in script.items
    script = read_names("Ben: (to the window) (angrily) Out!\nAna: No.\n", "t.txt")
    assert script.items[0] == Remark("how", "(to the window)") and script.said[0].emotion is not None
