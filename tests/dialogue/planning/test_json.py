"""plan.json: the same after writing and reading, edited by hand, and refused with places when it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planned_scenes import TWO, measured, planned

from dialogue.ground.errors import SceneError
from dialogue.planning.plan import Plan
from dialogue.planning.plan_json import parse_plan, plan_text, read_plan, write_plan

LINES = """\
title: Ünïcode — “Leuchtturm”
output: {fps: 29.97, captions: [srt, vtt], burn_in: yes}
lines:
  - {ana: "Did you hear that?", from: 0.5, to: 1.4, emotion: {blend: {neutral: 0.4, fear: 0.6}, strength: 1.2}}
  - {ben: 'Hear "what"?', from: 1.2, to: 3.0}
shots: [{until: 5}, {picture: close.png, faces: {ana: [60, 40, 300, 340]}, prompt: Close}]
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return planned(tmp_path, TWO + LINES, measured())


def refused(text: str) -> list[str]:
    with pytest.raises(SceneError) as caught:
        parse_plan(text)
    return [str(problem) for problem in caught.value.problems]


def test_a_plan_is_the_same_after_writing_and_reading(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "out" / "plan.json"
    path.parent.mkdir()
    write_plan(path, plan, tmp_path)
    again = read_plan(path)
    assert again.plan == plan
    assert again.media.resolve() == tmp_path.resolve()
    assert json.loads(path.read_text(encoding="utf-8"))["media"] == ".."
    assert plan_text(again.plan, "..") == path.read_text(encoding="utf-8")


def test_one_turn_per_line_so_that_a_change_is_one_line(plan: Plan) -> None:
    text = plan_text(plan)
    assert sum("Did you hear that?" in line for line in text.split("\n")) == 1
    line = next(line for line in text.split("\n") if "Did you hear that?" in line)
    record = json.loads(line.rstrip(","))
    assert record["speaker"] == "ana" and record["emotion"] == {
        "weights": {"neutral": 0.4, "fear": 0.6},
        "strength": 1.2,
    }
    assert '"fps": "30000/1001"' in text and '"box": [' in text


def test_what_a_person_may_edit(plan: Plan) -> None:
    """A turn moved by hand, a word changed, nothing else touched."""
    text = plan_text(plan).replace("Did you hear that?", "Did you see that?").replace('"seed": 0', '"seed": 9')
    edited = parse_plan(text)[0]
    assert edited.seed == 9 and edited.turns[0].text == "Did you see that?" and edited.shots == plan.shots


EDITS = {
    "digits": ('"seed": 0', f'"seed": {"9" * 5000}', "expected a whole number, found 99999999999999999999… of 5000"),
    "seconds": ('"duration": 20', f'"duration": {"1" * 400}', "expected a number, found 11111111111111111111… of 400"),
    "rate": ('"fps": "30000/1001"', '"fps": "1e999999999"', 'expected a rate such as "25"'),
    "generator": ('"generator": "animatic"', '"generator": "animatc"', "unknown generator 'animatc' (did you mean 'an"),
    "colour": ('"name": "Ana Ruiz", "color": "#', '"name": "Ana Ruiz", "color": "##', "error: no colour '##"),
    "half": ('"title": "', '"title": "\\ud800', "expected text, found 'half of a UTF-16 character pair'"),
    "version": ('"version": 1', '"version": 2', "plan.json:2:14: error: plan version 2 is not known"),
    "key": ('"prompt": "Close"', '"promt": "Close"', "error: unknown key 'promt' (did you mean 'prompt'?)"),
    "type": ('"seed": 0', '"seed": "x"', "error: expected a whole number, found 'x'"),
    "speaker": ('{"speaker": "ben", "start": 1.2', '{"speaker": "bem", "start": 1.2', "error: unknown speaker 'bem'"),
    "turn": ('"start": 1.2, "end": 3, "audio"', '"start": 4, "end": 3, "audio"', "a turn from 4 to 3 s"),
    "slice": (
        '"start": 1.2, "end": 3, "audio"',
        '"start": 1.2, "end": 3.5, "audio"',
        "a turn of 2.3 s with audio of 1.8 s",
    ),
    "gap": ('"end": 150', '"end": 160', "error: shot 1 starts at frame 150 (the one before ends at 160)"),
    "weights": ('{"neutral": 0.4,', '{"neutral": 0.7,', "the weights of an emotion add up to 1, not 1.3"),
    "json": ('"seed": 0,', '"seed": 0', "plan.json:8:3: error: this is not JSON: expecting ',' delimiter"),
    "twice": ('"seed": 0,', '"seed": 0, "seed": 1,', "error: duplicate key 'seed'"),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_mistake_is_refused_at_its_line(plan: Plan, name: str) -> None:
    before, after, message = EDITS[name]
    text = plan_text(plan)
    assert text.count(before) == 1, (name, text)
    (problem, *_) = refused(text.replace(before, after))
    assert message in problem
    if name != "twice":
        assert problem.startswith("plan.json:")


def test_every_mistake_at_once(plan: Plan) -> None:
    text = plan_text(plan).replace('"seed": 0', '"seed": -0.5').replace('"width": ', '"widht": ')
    found = refused(text)
    assert len(found) == 3 and [problem.split(":")[1] for problem in found] == ["1", "7", "9"]


def test_overlapping_mouths_are_refused(plan: Plan) -> None:
    record = json.loads(plan_text(plan))
    record["shots"][0]["faces"][1]["region"] = record["shots"][0]["faces"][0]["region"]
    assert "the regions of ana and ben overlap" in refused(json.dumps(record, indent="\t"))[0]


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"version": 1}', "[" * 100_000])
def test_what_is_no_plan_is_said_in_one_line(text: str) -> None:
    assert all("\n" not in problem and problem.startswith("plan.json") for problem in refused(text))


def test_boxes_that_no_frame_holds(plan: Plan) -> None:
    record = json.loads(plan_text(plan))
    for box, told in {(1e9, 0, 9, 9): "a box of 1e+09 pixels", (100, 100, 7, 40): "a face of 7x40 pixels"}.items():
        record["shots"][0]["faces"][0]["box"] = box
        assert any(told in problem for problem in refused(json.dumps(record, indent=1)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["title", "fps", "speakers", "turns", "shots", "mix", "width", "duration", "media", "warnings", "seed"]


@given(key=st.sampled_from(KEYS), value=json_values)
def test_any_value_under_any_key_is_a_plan_or_an_input_error(key: str, value: object) -> None:
    base = {
        "version": 1, "media": ".", "title": "", "generator": "animatic", "generator_reason": "", "seed": 0,
        "fps": "25", "width": 64, "height": 64, "duration": 1.0, "speakers": [], "turns": [], "mix": {},
        "shots": [{"index": 0, "start": 0, "end": 25, "picture": "p", "view": [0, 0, 1, 1], "faces": []}],
    }  # fmt: skip
    try:
        parse_plan(json.dumps({**base, key: value}))
    except SceneError as error:
        assert error.problems
