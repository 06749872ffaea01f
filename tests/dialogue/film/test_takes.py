"""Takes of a shot: other seeds, kept and verified; one chosen in the scene; a locked shot stays."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import dialogue
from dialogue.film.takes import with_take
from dialogue.verification.drift import drifts

SCENES = Path(__file__).parents[3] / "scenes"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "two"
    shutil.copytree(SCENES / "two_hander", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    path = folder / "scene.yaml"
    text = path.read_text().replace("output: {", "generator: animatic\noutput: {size: 128x128, ")
    path.write_text(text + "shots: [{until: 1.7}, {until: 5.4, seed: 12}, {}]  # three\n")
    return path


def reasons(scene: Path) -> list[str | None]:
    return [task.reason for task in dialogue.pending(dialogue.order(scene, overwrite=True))]


def test_a_take_is_a_seed_of_its_own_and_the_others_stay(scene: Path) -> None:
    plan = dialogue.plan(scene).plan
    assert [(shot.spec, shot.seed, shot.take) for shot in plan.shots] == [
        (0, None, None),
        (1, 12, None),
        (2, None, None),
    ]
    scene.write_text(scene.read_text().replace("seed: 12", "seed: 12, take: 3, locked: no"))
    again = dialogue.plan(scene).plan
    assert [(shot.seed, shot.take, shot.locked) for shot in again.shots] == [(None,) * 3, (14, 3, None), (None,) * 3]
    assert with_take(plan, 2, 3).shots[1] == again.shots[1]


def test_a_take_is_made_kept_verified_and_chosen(scene: Path) -> None:
    order = dialogue.order(scene)
    made = dialogue.make_take(order, 1, 2)
    assert (made.number, made.seed, made.chosen) == (2, 1, False)
    assert made.file is not None
    assert made.file.is_file()
    assert made.faults is not None
    listed = dialogue.takes(order)
    assert [(take.number, take.chosen, take.file is not None) for take in listed[0]] == [
        (1, True, False),
        (2, False, True),
    ]
    dialogue.choose(scene, order, 1, 2)
    assert "shots: [{until: 1.7, take: 2}, {until: 5.4, seed: 12}, {}]  # three\n" in scene.read_text()
    assert reasons(scene)[0] is None  # it is made already
    assert [take.number for take in dialogue.takes(dialogue.order(scene))[0] if take.chosen] == [2]


def test_a_locked_shot_is_never_made_again(scene: Path) -> None:
    dialogue.render(scene)
    scene.write_text(scene.read_text().replace("{until: 1.7}", "{until: 1.7, locked: yes}"))
    assert reasons(scene) == [None, None, None]
    scene.write_text(scene.read_text().replace("face: [64, 196, 224, 274]", "face: [66, 196, 224, 274]"))
    assert [reason is None for reason in reasons(scene)] == [True, False, False]
    with pytest.raises(dialogue.SceneError, match="shot 1 is locked"):
        dialogue.make_take(dialogue.order(scene, overwrite=True), 1, 2)
    scene.write_text(scene.read_text().replace(", locked: yes", ""))
    assert [reason is None for reason in reasons(scene)] == [False, False, False]


def test_a_scene_without_shots_gets_them_when_a_take_is_chosen(scene: Path) -> None:
    scene.write_text(scene.read_text().split("shots:")[0])
    order = dialogue.order(scene)
    dialogue.choose(scene, order, 1, 3, locked=True)
    assert scene.read_text().endswith("shots:\n  - take: 3\n    locked: yes\n")
    assert dialogue.plan(scene).plan.shots[0].seed == 2


def test_what_was_tried_ends_with_the_best(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dialogue.film import takes

    def judged(film: Path, plan: object) -> list[str]:
        return {0: ["a", "b"], 1: ["a"], 2: []}[plan.shots[0].seed or 0] if plan.shots[0].seed != 12 else []  # type: ignore[attr-defined]

    monkeypatch.setattr(takes, "faults_of", judged)
    tried = dialogue.retake(dialogue.order(scene), 3, shots=[1, 2])
    assert [[(take.number, len(take.faults or ())) for take in shot] for shot in tried] == [
        [(1, 2), (2, 1), (3, 0)],
        [(1, 0)],
    ]
    assert [[take.number for take in shot][-1] for shot in dialogue.retake(dialogue.order(scene), 2, shots=[1])] == [2]


def test_drift_and_jumps_are_seen(scene: Path, tmp_path: Path) -> None:
    from dialogue.rendering.encode import encode

    plan = dialogue.plan(scene).plan
    count = plan.frames
    noise = np.random.default_rng(0)
    still = np.kron(noise.integers(40, 200, (16, 16, 3)), np.ones((8, 8, 1))).astype(np.uint8)

    def film(name: str, change: object) -> tuple[str, ...]:
        frames = (change(still.astype(int), n).clip(0, 255).astype(np.uint8) for n in range(count))  # type: ignore[operator]
        path = tmp_path / f"{name}.mp4"
        encode(frames, path, width=128, height=128, fps=plan.fps, count=count, what=name, on_frame=lambda done: None)
        return drifts(path, plan)

    assert film("still", lambda frame, n: frame) == ()
    assert "colours drift" in " ".join(film("drift", lambda frame, n: frame + n // 4))
    cut = plan.shots[1].start + 30
    jumped = film("jump", lambda frame, n: np.roll(frame, 9, 0) if n >= cut else frame)
    assert any("shot 2: the picture jumps at its frame 30" in said for said in jumped)
