"""Which generator a scene without one gets: the small model where every picture is of its drawn world."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from planned_scenes import plan_of
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.generators.choice import choose_generator
from dialogue.scene.reader import read_scene


@pytest.fixture(autouse=True)
def no_large_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a laptop: the weights of the large models are not there."""
    for generator in ("hunyuan.avatar", "hallo3.hallo3"):
        monkeypatch.setattr(f"dialogue.generators.{generator}.missing", lambda: "its weights are not here")


def test_drawn_pictures_alone_get_the_small_model() -> None:
    drawn, other = choose_generator(None, drawn=True), choose_generator(None, drawn=False)
    assert (drawn.name, other.name) == ("tiny", "animatic")
    assert "every picture is of its drawn world" in drawn.reason
    assert "hunyuan-avatar and hallo3 cannot yet" in drawn.reason
    assert "drawn" not in other.reason
    assert choose_generator("animatic", drawn=True).name == "animatic"


def test_one_picture_of_another_world_is_enough_against_it(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path), "--cast", "freya"]).exit_code == 0
    path = tmp_path / "scene.yaml"
    file = read_scene(path)
    plan = plan_of(file)
    assert plan.generator == "tiny" and "drawn world" in plan.generator_reason and plan.warnings == ()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (512, 512, 3)).astype(np.uint8)).save(tmp_path / "n.png")
    path.write_text(path.read_text() + "shots:\n  - {until: 2.0}\n  - {picture: n.png}\n")
    file = read_scene(path)
    assert plan_of(file).generator == "animatic"
