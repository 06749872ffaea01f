"""Numbers that no plan and no line can have: told at their place, whatever their length."""

from __future__ import annotations

from pathlib import Path

import pytest
from microphones import PLAIN, planned, talk

from dialogue.ground.errors import SceneError
from dialogue.planning.plan_json import parse_plan
from dialogue.scene.reader import read_scene

PLAN = (Path(__file__).parents[2] / "golden" / "plans" / "three_at_a_table.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("digits", [400, 5000])
@pytest.mark.parametrize("key", ["seed", "width"])
def test_a_plans_number_of_many_digits(key: str, digits: int) -> None:
    before = next(line for line in PLAN.splitlines() if f'"{key}"' in line)
    number = before.split(f'"{key}": ')[1].split(",")[0]
    with pytest.raises(SceneError, match=r"plan\.json:\d+:\d+: error: expected a whole number"):
        parse_plan(PLAN.replace(f'"{key}": {number}', f'"{key}": {"1" * digits}'))


def test_a_line_of_20_microseconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    talk(tmp_path)
    lines = "lines:\n  - {ana: Hi., from: 1.0, to: 1.00002}\n  - {ben: Oh., from: 5, to: 6}\n"
    with pytest.raises(SceneError, match=r"scene\.yaml:7:5: error: from 1 to 1\.00002 s there is no time"):
        planned(tmp_path, PLAIN + lines)


def test_a_control_character_is_told_at_its_place(tmp_path: Path) -> None:
    (tmp_path / "scene.yaml").write_text('scene: 1\ntitle: "a\\0b"\n')
    with pytest.raises(SceneError, match=r"scene\.yaml:2:8: error: the character U\+0000 cannot stand in a scene"):
        read_scene(tmp_path / "scene.yaml")
