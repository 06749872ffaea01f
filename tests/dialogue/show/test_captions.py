"""Cues that can be read: rows, lengths, breaks where the sentence breathes, nothing lost."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned_scenes import TWO, measured, planned

from dialogue.planning.plan import Plan
from dialogue.show.captions import ROW, cues_of, width_of

LONG = (
    "When the lamp went out we waited for the keeper, who never came. Then, an hour after midnight, somebody lit it "
    "again, and from the shore we saw him wave; nobody in the boat said a word until morning."
)


def said(folder: Path, text: str, end: float) -> Plan:
    lines = (
        f"lines:\n  - {{ana: {text!r}, from: 1, to: {end}}}\n  - {{ben: Yes., from: {end - 0.5}, to: {end + 0.2}}}\n"
    )
    return planned(folder, TWO + lines, measured(60.0))


def test_a_long_line_becomes_cues_of_two_rows_cut_at_sentences(tmp_path: Path) -> None:
    cues = [cue for cue in cues_of(said(tmp_path, LONG, 14.0)) if cue.speaker == "ana"]
    assert " ".join(cue.text.replace("\n", " ") for cue in cues) == LONG
    assert all(width_of(row) <= ROW for cue in cues for row in cue.text.split("\n"))
    assert all(len(cue.text.split("\n")) <= 2 and cue.end - cue.start <= 7.0 for cue in cues)
    assert cues[0].start == 1.0 and cues[-1].end == 14.0
    assert any(cue.text.endswith(("came.", "morning.")) for cue in cues[:-1])


def test_overlapping_speech_gives_overlapping_cues_and_short_ones_linger(tmp_path: Path) -> None:
    cues = cues_of(said(tmp_path, "Short.", 3.0))
    assert [(cue.speaker, cue.start, cue.end) for cue in cues] == [("ana", 1.0, 3.0), ("ben", 2.5, 3.5)]


def test_text_without_spaces_breaks_between_wide_characters(tmp_path: Path) -> None:
    text = "灯台の明かりがついたのはいつですか。誰かがそこに住んでいるのでしょうか。それとも風のせいでしょうか。"  # noqa: RUF001
    cues = [cue for cue in cues_of(said(tmp_path, text, 9.0)) if cue.speaker == "ana"]
    assert "".join(cue.text.replace("\n", "") for cue in cues) == text
    assert all(width_of(row) <= ROW for cue in cues for row in cue.text.split("\n"))


@given(st.lists(st.text("abcdefgh,.!?", min_size=1, max_size=20), min_size=1, max_size=60), st.floats(0.1, 40))
def test_no_word_is_lost_and_time_goes_forward(words: list[str], seconds: float) -> None:
    from dialogue.show.captions import _pieces, _rows

    pieces = _pieces(" ".join(words), seconds)
    assert " ".join(pieces).split() == words
    assert all(len(_rows(piece).split("\n")) <= 2 for piece in pieces)


@pytest.mark.parametrize(
    "text",
    [
        "See https://example.org/" + "averylongpathwithoutanyspaces/" * 4 + " yes",
        "สวัสดีครับคุณได้ยินเสียงนั้นไหมผมได้ยินมันอีกครั้งแล้วเมื่อคืนนี้ที่ประภาคาร" * 2,
        "क्ष" * 50,
    ],
)
def test_a_word_wider_than_a_row_is_broken_between_letters(tmp_path: Path, text: str) -> None:
    cues = [cue for cue in cues_of(said(tmp_path, text, 14.0)) if cue.speaker == "ana"]
    rows = [row for cue in cues for row in cue.text.split("\n")]
    assert "".join(rows).replace(" ", "") == text.replace(" ", "")
    assert all(width_of(row) <= ROW for row in rows)
    assert not [row for row in rows if unicodedata.category(row[0]).startswith("M")], "no mark begins a row"
    assert not [row for row in rows if row.endswith("\u094d")], "no joined letters are torn apart"


def test_drafts_are_marked_in_captions_where_that_is_asked_for(tmp_path: Path) -> None:
    """Every cue of a drafted line, none of a recorded one; rows keep their width, and no word is lost."""
    plan = said(tmp_path, LONG, 14.0)
    turns = tuple(replace(turn, draft="hibari:heart") if turn.speaker == "ana" else turn for turn in plan.turns)
    plain = replace(plan, turns=turns)
    assert not any("[draft]" in cue.text for cue in cues_of(plain))
    marked = cues_of(replace(plain, draft_marks=True))
    assert [cue.text.startswith("[draft] ") for cue in marked] == [cue.speaker == "ana" for cue in marked]
    assert all(width_of(row) <= ROW for cue in marked for row in cue.text.split("\n"))
    texts = (cue.text.replace("\n", " ").removeprefix("[draft] ") for cue in marked if cue.speaker == "ana")
    assert " ".join(texts) == LONG
