"""One seam of conditions: what a generator is handed of a shot, whichever generator it is."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pytest

import dialogue
from dialogue.generators import generator
from dialogue.generators.generator import ShotJob, shot_job
from dialogue.planning.emotions import weights_at
from dialogue.rendering.excerpt import excerpt
from dialogue.scene.generators import GENERATORS
from model.grid import frames_of

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "dialogue" / "generators"


def test_a_job_holds_nothing_of_the_plans_inside() -> None:
    """Lanes, and what the shot itself is; only what it costs is asked of a plan."""
    kinds = {field.type for field in dataclasses.fields(ShotJob)}
    assert kinds == {"tuple[Lane, ...]", "int", "FrameClock", "str", "str | None", "Box", "Path"}


def test_lanes_are_made_in_one_place() -> None:
    """No generator makes conditions of its own from a plan."""
    made = {"lanes", "spans", "emotions_of", "weights_at", "EmotionLane", "excerpt"}
    found = [
        (path.relative_to(FOLDER).as_posix(), alias.name)
        for path in FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dialogue.planning")
        for alias in node.names
        if alias.name in made
    ]
    assert found == [("generator.py", "lanes")]


@pytest.mark.parametrize("name", GENERATORS)
def test_every_generator_sees_the_same_emotions(name: str) -> None:
    """scenes/emotions: in the middle of every latent of every shot, each person feels what the plan says."""
    plan = dialogue.plan(ROOT / "scenes" / "emotions" / "scene.yaml").plan
    stride = generator(name).STRIDE
    for shot in plan.shots:
        alone = excerpt(plan, shot)
        job = shot_job(alone, alone.shots[0], Path(), Path(), stride)
        for lane in job.lanes:
            for latent, row in enumerate(lane.weights):
                held = frames_of(latent, stride)
                middle = shot.start + (held.start + min(held.stop, job.frames)) / 2
                felt = {name: weight for name, weight in zip(lane.emotions, row, strict=True) if weight}
                assert felt == pytest.approx(weights_at(plan, lane.speaker, float(middle / plan.fps)), abs=2e-4)


def test_a_job_starts_with_its_shot() -> None:
    plan = dialogue.plan(ROOT / "scenes" / "interruption" / "scene.yaml").plan
    with pytest.raises(ValueError, match="shot 2 starts at frame 149"):
        shot_job(plan, plan.shots[1], Path(), Path())
