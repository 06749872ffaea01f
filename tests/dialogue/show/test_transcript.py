"""Transcripts and karaoke: words at their own times, captions that break where the words are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import pytest
from planned_scenes import TWO, measured, planned

from dialogue.formats.turns import read_turns
from dialogue.planning.plan import Plan, Word
from dialogue.planning.plan_json import parse_plan, plan_text
from dialogue.show.captions import cues_of, words_of
from dialogue.show.transcript import karaoke, transcript

TEXT = "When the boat left, nobody was awake; I saw it go, and then I saw it come back <again>."


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """One turn of 8 s whose words come at an uneven pace, and one without word times."""
    made = planned(tmp_path, TWO, measured(speech={"ana.wav": [(1, 9)], "ben.wav": [(10, 12)]}))
    shown = TEXT.split()
    paces = [(8 * (n / len(shown)) ** 2, 8 * ((n + 0.9) / len(shown)) ** 2) for n in range(len(shown))]
    words = tuple(
        Word(word, round(1 + start, 3), round(1 + end, 3)) for word, (start, end) in zip(shown, paces, strict=True)
    )
    ana, ben = sorted(made.turns, key=lambda turn: turn.start)
    return replace(made, turns=(replace(ana, text=TEXT, words=words), replace(ben, text="Did you?")))


def test_cues_break_where_the_words_are(plan: Plan) -> None:
    first, second, *_ = [cue for cue in cues_of(plan) if cue.speaker == "ana"]
    word = next(word for word in plan.turns[0].words if word.text == second.text.split()[0] and word.start >= first.end)
    assert second.start == word.start
    assert [w.text for w in words_of(plan, second)] == second.text.split()


def test_vtt_has_a_time_before_every_word_and_is_read_back(plan: Plan, tmp_path: Path) -> None:
    text = transcript(plan, "vtt")
    assert "<00:00:01.0" in text and "&lt;again&gt;" in text
    (tmp_path / "t.vtt").write_text(text)
    spoken = " ".join((cue.text or "") for cue in read_turns(tmp_path / "t.vtt", None) if cue.label == "Ana Ruiz")
    assert spoken.split() == TEXT.split()


def test_text_and_data(plan: Plan) -> None:
    assert transcript(plan, "txt").splitlines()[0].startswith("[0:01.000] Ana Ruiz: When the boat")
    record = json.loads(transcript(plan, "json"))
    assert [turn["speaker"] for turn in record["turns"]] == ["ana", "ben"]
    assert [word["text"] for word in record["turns"][0]["words"]] == TEXT.split() and not record["turns"][1]["words"]


def test_karaoke_lights_words_up_for_as_long_as_they_last(plan: Plan) -> None:
    rows = [row for row in karaoke(plan).splitlines() if row.startswith("Dialogue:")]
    lit = [int(part.split("}")[0]) for row in rows[:-1] for part in row.split("\\k")[1:]]
    assert sum(lit) == pytest.approx(790, abs=40)
    assert av.codec.Codec("ass", "r").name in ("ass", "ssa")


def test_words_stay_in_the_plan(plan: Plan) -> None:
    text = plan_text(replace(plan, transcript=("txt",)))
    read, _ = parse_plan(text)
    assert read.turns[0].words == plan.turns[0].words and read.transcript == ("txt",)
    assert '"words"' not in plan_text(replace(plan, turns=plan.turns[1:]))
