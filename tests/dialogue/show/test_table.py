"""A plan on a terminal of 80 columns: every word, how turns were found told once, numbers that agree."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import flashes
import pytest
from rich.console import Console

from dialogue.ground.amounts import counted
from dialogue.planning.choice import Costs, Estimate
from dialogue.planning.plan import Plan, Speaker, Turn
from dialogue.show.table import plan_table

ORIGIN = "heard by imitation (hibari) and pocketsphinx, where the script says that it would be"
WORDS = "The lighthouse. Somebody has lit the lamp, though nobody has lived there for twenty years or more."


def printed(plan: Plan, width: int = 80) -> list[str]:
    console = Console(width=width, file=None, record=True, quiet=False)
    costs = Costs(tuple(Estimate(1, 2.0, 10**7) for _ in plan.shots))
    with console.capture() as capture:
        console.print(plan_table(plan, costs))
    return [line.rstrip() for line in capture.get().splitlines()]


def plan_of(folder: Path, **changes: object) -> Plan:
    plan = flashes.film_of(folder, [50, 60], [0.5, 1.5, 2.5])
    turns = tuple(
        dataclasses.replace(turn, text=WORDS, origin=f"line {number}: {ORIGIN}", **changes)
        for number, turn in enumerate(plan.turns, 1)
    )
    who = Speaker("ana", "Maximiliane Wolkenstein", "#e66060")
    return dataclasses.replace(plan, turns=turns, speakers=(who,))


def test_all_words_are_there_and_how_turns_were_found_is_told_once(tmp_path: Path) -> None:
    lines = printed(plan_of(tmp_path))
    assert all(len(line) <= 80 for line in lines)
    body = lines[lines.index("Turns") :]
    text = " ".join(" ".join(body).split())
    assert text.count("all of them heard by imitation") == 1 and "by imitation (hibari) and pocketsphinx" in text
    rows = [line for line in body if line.startswith("0:0")]
    assert len(rows) == 3 and [row.split()[-1] for row in rows] == ["1", "2", "3"], "the line of each turn"
    first = body[body.index(rows[0]) : body.index(rows[1])]
    assert len(first) <= 5
    words = " ".join(line[36:66].strip() for line in first)
    assert sum(word in words for word in WORDS.split()) >= len(WORDS.split()) - 1


def test_turns_found_in_two_ways_have_a_letter_each(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    other = dataclasses.replace(plan.turns[2], origin="track ben.wav", text=None)
    lines = printed(dataclasses.replace(plan, turns=(*plan.turns[:2], other)))
    rows = [line for line in lines if line.startswith("0:0")]
    assert [row.split()[-1] for row in rows[-3:]] == ["a", "a", "b"]
    assert "b: track ben.wav" in lines and any(line.startswith("a: heard by imitation") for line in lines)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(tmp_path: Path, width: int) -> None:
    plan = plan_of(tmp_path)
    assert all(len(line) <= width for line in printed(plan, width))
    assert printed(dataclasses.replace(plan, turns=()), width)


def test_very_long_words_are_cut_and_few_are_not(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    long = dataclasses.replace(plan.turns[0], text="word " * 400)
    lines = printed(dataclasses.replace(plan, turns=(long,)))
    assert len(lines) < 40 and any("…" in line for line in lines)


def test_numbers_agree() -> None:
    assert [counted(count, "turn") for count in (0, 1, 2)] == ["0 turns", "1 turn", "2 turns"]


def test_a_turn_has_an_origin_even_without_a_line(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    plain = tuple(Turn(turn.speaker, turn.start, turn.end, turn.audio) for turn in plan.turns)
    lines = printed(dataclasses.replace(plan, turns=plain))
    header = next(line for line in lines if line.lstrip().startswith("from") and "speaker" in line)
    assert "words" not in header and "line" not in header and "by" not in header.split()
