"""`import dialogue`: everything the program does, as typed functions on data, with nothing loaded before it is used."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import flashes
import pytest

import dialogue
from dialogue.planning.plan_json import write_plan

ROOT = Path(__file__).parents[2]
SCENE = ROOT / "scenes/two_hander/scene.yaml"
VERBS = ("batch", "check", "export", "inspect", "pending", "plan", "render", "verify")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A plan of five shots that a small generator of the tests makes in no time."""
    place = tmp_path / "plan.json"
    write_plan(place, flashes.film_of(tmp_path, [30, 40, 25, 35, 20], [0.5, 2.2, 4.04, 5.0]), tmp_path)
    return place


def test_all_its_names_are_there_and_documented() -> None:
    for name in dialogue.__all__:
        assert getattr(dialogue, name) is not None and name in dir(dialogue)
    for verb in VERBS:
        function = getattr(dialogue, verb)
        assert callable(function) and function.__doc__
        assert all(p.annotation is not p.empty for p in inspect.signature(function).parameters.values())
    assert not hasattr(dialogue, "no_such_name")


def test_a_verb_is_no_folder_even_after_everything_was_imported() -> None:
    code = "import dialogue.cli.render, dialogue.film.plan, dialogue.podcast.films, dialogue\n" + "".join(
        f"assert callable(dialogue.{verb})\n" for verb in VERBS
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_importing_it_is_quick_and_loads_nothing_heavy() -> None:
    code = (
        "import sys, time; began = time.perf_counter(); import dialogue; took = time.perf_counter() - began\n"
        "heavy = {'torch', 'numpy', 'cv2', 'matplotlib', 'yaml', 'pydantic', 'typer', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\nprint(took)"
    )
    took = min(
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=60).stdout)
        for _ in range(3)
    )
    assert took < 0.1


def test_problems_are_data(tmp_path: Path) -> None:
    assert dialogue.check(SCENE) == ()
    wrong = tmp_path / "scene.yaml"
    wrong.write_text("scene: 1\ncast: {ana: {trak: ana.wav}}\npicture: none.png\n")
    found = dialogue.check(wrong)
    assert [(problem.line, problem.severity) for problem in found if "trak" in problem.message] == [(2, "error")]
    with pytest.raises(dialogue.SceneError) as raised:
        dialogue.plan(wrong)
    assert {problem.message for problem in raised.value.problems} <= {problem.message for problem in found}
    with pytest.raises(dialogue.SceneError):
        dialogue.render(tmp_path / "none.yaml")


def test_a_plan_has_its_cost_before_anything_is_made(tmp_path: Path) -> None:
    told: list[dialogue.Progress] = []
    planned = dialogue.plan(SCENE, output=tmp_path, progress=told.append)
    assert planned.plan.turns and planned.scene is not None and {"plan.json", "plan.png"} <= {
        file.name for file in planned.files
    }
    assert len(planned.costs.shots) == len(planned.plan.shots) and planned.costs.seconds > 0
    assert told and all(0 <= progress.share <= 1 for progress in told)
    assert dialogue.plan(planned) is planned
    assert dialogue.plan(tmp_path / "plan.json").plan == planned.plan
    assert dialogue.export(planned, "rttm") == dialogue.export(tmp_path / "plan.json", "rttm")


def test_progress_tells_shot_share_and_time_left(source: Path, tmp_path: Path) -> None:
    told: list[dialogue.Progress] = []
    film = dialogue.render(source, tmp_path / "film.mp4", progress=told.append)
    assert film.file.is_file() and len(film.rendered) == 5
    made = [progress for progress in told if progress.shot is not None]
    assert {progress.shot for progress in made} == {1, 2, 3, 4, 5}
    assert all(progress.left is None or progress.left >= 0 for progress in made)
    assert [progress.share for progress in told] == sorted(progress.share for progress in told)


def test_what_is_pending_and_why(source: Path, tmp_path: Path) -> None:
    planned = dialogue.plan(source)
    waiting = dialogue.pending(planned, tmp_path / "film.mp4")
    assert [task.number for task in waiting if task.reason] == [1, 2, 3, 4, 5] and waiting[0].seconds > 0
    dialogue.render(planned, tmp_path / "film.mp4")
    assert not any(task.reason for task in dialogue.pending(planned, tmp_path / "film.mp4"))


def test_one_shot_and_a_range_of_shots(source: Path, tmp_path: Path) -> None:
    one = dialogue.render(source, tmp_path / "film.mp4", shots=2)
    assert one.file.name == "film-shot-2.mp4" and [task.number for task in one.rendered] == [2]
    some = dialogue.render(source, tmp_path / "film.mp4", shots=(2, 4))
    assert some.file.name == "film-shots-2-4.mp4" and [task.number for task in some.rendered] == [3, 4]
    assert not (tmp_path / "film.mp4").exists()
    for wrong in (0, 6, (4, 2)):
        with pytest.raises(dialogue.SceneError):
            dialogue.render(source, shots=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [dialogue.Cancelled, ValueError])
def test_a_callback_that_raises_stops_it_and_what_is_finished_is_kept(
    source: Path, tmp_path: Path, kind: type[Exception]
) -> None:
    def enough(progress: dialogue.Progress) -> None:
        if progress.shot == 3:
            raise kind("enough")

    with pytest.raises(kind, match="enough"):
        dialogue.render(source, tmp_path / "film.mp4", progress=enough)
    assert not (tmp_path / "film.mp4").exists()
    assert [task.number for task in dialogue.pending(source) if task.reason] == [3, 4, 5]


def test_memory_is_given_for_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    from dialogue.generators.memory import memory_asked_for, memory_given

    monkeypatch.setenv("DIALOGUE_MEMORY", "high")
    with memory_given("low"):
        assert memory_asked_for() == "low"
    assert memory_asked_for() == "high"
    with memory_given("lots"), pytest.raises(ValueError, match="low, balanced, high"):
        memory_asked_for()


def test_verify_takes_the_film_that_was_made(source: Path, tmp_path: Path) -> None:
    film = dialogue.render(source, tmp_path / "film.mp4")
    assert dialogue.verify(film) == dialogue.verify(film.file, source)
    with pytest.raises(TypeError):
        dialogue.verify(film.file)
