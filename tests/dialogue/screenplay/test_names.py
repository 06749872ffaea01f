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
