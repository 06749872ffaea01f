"""Shots that a card's memory has no room for: cut at pauses into ones that fit, said with the reason, or refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from planned_scenes import TWO, WINDOWED, measured, planned, scene_file
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.generators.hunyuan import costs
from dialogue.generators.hunyuan.placing import room_on
from dialogue.generators.hunyuan.settings import Settings
from dialogue.generators.memory import memory_parts
from dialogue.ground.errors import SceneError
from dialogue.planning.choice import Choice
from dialogue.planning.packing import limits_of
from dialogue.planning.plan import Plan
from dialogue.planning.room import room_warnings
from dialogue.planning.shots import pauses_of

WIDE = TWO + "output: {size: 1216x704}\n"
TURNS = [(3.0 * index, 3.0 * index + 2.4) for index in range(10)]
SPEECH = {"ana.wav": TURNS[::2], "ben.wav": TURNS[1::2]}


def on(card: float, memory: str | None = None, eight_bits: bool = False) -> Choice:
    """hunyuan-avatar on a card of that many bytes."""
    return replace(WINDOWED, room=room_on(card, Settings(Path(), memory, fp8=eight_bits)))


def half_a_minute(folder: Path, choice: Choice, text: str = WIDE) -> Plan:
    return planned(folder, text, measured(30.0, SPEECH), choice)


def fits(plan: Plan, card: float, memory: str | None = None) -> bool:
    shots = [costs.sizes(plan.width, plan.height, shot.frames, 33, len(shot.faces)) for shot in plan.shots]
    return all(costs.fitting(shot, card, False, memory) is not None for shot in shots)


@pytest.mark.parametrize(("card", "memory"), [(80e9, "high"), (24e9, "balanced"), (12e9, "low"), (12e9, None)])
def test_half_a_minute_is_one_shot_where_it_fits(tmp_path: Path, card: float, memory: str | None) -> None:
    plan = half_a_minute(tmp_path, on(card, memory))
    assert [shot.frames for shot in plan.shots] == [750]
    assert not any("memory" in warning or "room" in warning for warning in plan.warnings)


@pytest.mark.parametrize(("card", "memory"), [(59e9, "high"), (9.05e9, "low"), (9.6e9, "balanced"), (8.6e9, None)])
def test_what_does_not_fit_is_cut_at_pauses_into_what_does(tmp_path: Path, card: float, memory: str | None) -> None:
    plan = half_a_minute(tmp_path, on(card, memory))
    if fits(replace(plan, shots=(replace(plan.shots[0], end=750),)), card, memory):
        pytest.fail("the case is none: it would fit whole")
    assert len(plan.shots) > 1 and plan.shots[-1].end == 750
    assert fits(plan, card, memory)
    pauses = pauses_of(plan.turns, plan.clock, plan.frames)
    assert all(any(p.start <= shot.start <= p.end for p in pauses) for shot in plan.shots)
    (told,) = [warning for warning in plan.warnings if "has room for" in warning]
    assert told.startswith("the film is cut into shorter shots: 30.0 s of 1216x704 need")
    assert f"a card of {card / 1e9:.1f} GB" in told and (memory is None or f"with {memory} memory" in told)


def test_a_shot_of_ones_own_that_is_cut_is_told_at_its_place(tmp_path: Path) -> None:
    text = WIDE + "shots:\n  - {until: 3}\n  - {picture: close.png}\n"
    file = scene_file(tmp_path, text)
    choice = on(8.6e9)
    plan = half_a_minute(tmp_path, choice, text)
    assert plan.shots[0].frames == 75 and len(plan.shots) > 2 and fits(plan, 8.6e9)
    (told,) = room_warnings(file, plan, choice)
    line = text.splitlines().index("  - {picture: close.png}") + 1
    assert told.severity == "warning" and (told.line, told.column) == (line, 5)
    assert told.message.startswith("shot 2 is cut into shorter shots: 27.0 s of 1216x704 need")
    assert told.message in plan.warnings


def test_a_card_on_which_no_shot_fits_is_an_error_that_says_what_would(tmp_path: Path) -> None:
    text = WIDE + "shots:\n  - {until: 3}\n  - {picture: close.png}\n"
    with pytest.raises(SceneError) as found:
        half_a_minute(tmp_path, on(6.3e9), text)
    problems = found.value.problems
    assert [problem.line for problem in problems] == [8, 9]
    assert problems[0].message.startswith("no part of shot 1 fits: the shortest shot of 1216x704 needs")
    assert problems[0].message.endswith("on a card of 6.3 GB")
    assert problems[0].hint is not None and "704x704 fit" in problems[0].hint
    with pytest.raises(SceneError, match=r"scene.yaml:6:.*no part of this film fits.*--memory balanced"):
        half_a_minute(tmp_path, on(24e9, "high"))


def test_the_size_that_is_offered_fits(tmp_path: Path) -> None:
    for card in (2.5e9, 3e9, 4e9, 5e9, 6e9, 7e9):
        room = room_on(card, Settings(tmp_path))
        assert room is not None
        if room.longest(1216, 704, 2):
            continue
        mends = room.mends(1216, 704, 2)
        if mends.startswith("frames of"):
            width, height = map(int, mends.split()[2].split("x"))
            assert room.longest(width, height, 2) > 0
        else:
            assert mends.startswith("the least it takes is") and not room.longest(256, 256, 2)


def test_a_locked_shot_keeps_its_length(tmp_path: Path) -> None:
    text = WIDE + "shots:\n  - {until: 25, locked: true}\n  - {picture: close.png}\n"
    plan = half_a_minute(tmp_path, on(8.6e9), text)
    assert plan.shots[0].frames == 625


def test_the_usual_length_stays_the_longest(tmp_path: Path) -> None:
    plan = planned(tmp_path, TWO, measured(300.0, {"ana.wav": [], "ben.wav": []}), on(1e12))
    assert max(shot.frames for shot in plan.shots) <= limits_of(33, 25.0).longest


@pytest.mark.parametrize(
    ("written", "mode", "card"),
    [
        ("", None, None),
        ("low", "low", None),
        ("24GB", None, 24e9),
        ("24 gb", None, 24e9),
        ("balanced,24GB", "balanced", 24e9),
        ("12.5GB, low", "low", 12.5e9),
        ("8GiB", None, 8 * 2.0**30),
    ],
)
def test_memory_is_a_mode_a_size_or_both(written: str, mode: str | None, card: float | None) -> None:
    assert memory_parts(written) == (mode, card)


@pytest.mark.parametrize("written", ["lots", "24", "24GB,12GB", "low,high", "0GB", "-5GB", "nanGB", "24TB", "1e3GB"])
def test_what_is_no_memory_is_told(written: str) -> None:
    with pytest.raises(ValueError, match="low, balanced, high, the card's size such as 24GB"):
        memory_parts(written)


def test_a_film_is_planned_for_a_card_that_is_not_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import wave

    from PIL import Image

    Image.new("RGB", (1216, 704), "grey").save(tmp_path / "two.png")
    with wave.open(str(tmp_path / "ana.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 * 25))
    scene = tmp_path / "scene.yaml"
    scene.write_text(
        "scene: 1\ngenerator: hunyuan-avatar\npicture: two.png\noutput: {size: 1216x704}\n"
        "cast:\n  ana: {track: ana.wav, face: {box: [500, 200, 200, 240], mouth: [600, 380]}}\n"
        "lines:\n  - {ana: One, from: 1, to: 9}\n  - {ana: Two, from: 12, to: 24}\n"
    )

    def asked(*options: str) -> dict[str, object]:
        done = CliRunner().invoke(app, ["plan", str(scene), "--format", "json", *options])
        assert done.exit_code == 0, done.output
        found: dict[str, object] = json.loads(done.stdout)
        return found

    def shots(record: dict[str, object]) -> list[dict[str, object]]:
        return record["plan"]["shots"]  # type: ignore[index,return-value]

    assert len(shots(asked())) == 1
    small = asked("--memory", "8.5GB")
    assert len(shots(small)) > 1 and "a card of 8.5 GB" in str(small["plan"])
    modes = [shot["mode"] for shot in small["estimate"]["shots"]]  # type: ignore[index]
    assert set(modes) <= {"balanced", "low"}
    monkeypatch.setenv("DIALOGUE_MEMORY", "8.5GB")
    assert shots(asked()) == shots(small)
    assert CliRunner().invoke(app, ["plan", str(scene), "--memory", "lots"]).exit_code == 2
