"""Whatever a caller in Python gives: a path in either form works, and what is wrong is told in one sentence."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dialogue

SCENES = Path(__file__).parents[3] / "scenes"
FOR_PATHS: dict[str, Callable[[Any], object]] = {
    "check": dialogue.check,
    "plan": dialogue.plan,
    "plan into": lambda given: dialogue.plan(SCENES / "two_hander/scene.yaml", output=given),
    "order": dialogue.order,
    "order into": lambda given: dialogue.order(SCENES / "two_hander/scene.yaml", given),
    "order, its cache": lambda given: dialogue.order(SCENES / "two_hander/scene.yaml", cache=given),
    "render": dialogue.render,
    "pending": dialogue.pending,
    "report": dialogue.report,
    "export": lambda given: dialogue.export(given, "srt"),
    "verify": dialogue.verify,
    "verify against": lambda given: dialogue.verify("film.mp4", given),
    "mouths": dialogue.mouths,
    "inspect": dialogue.inspect,
    "faces": dialogue.faces,
    "pixels": dialogue.pixels,
    "length": dialogue.length,
    "peaks": lambda given: dialogue.peaks(given, "cache"),
    "voices": dialogue.voices,
    "sound": dialogue.sound,
    "film_beside": dialogue.film_beside,
    "import_script": lambda given: dialogue.import_script(given, "scene.yaml"),
    "import_script into": lambda given: dialogue.import_script("script.txt", given),
    "start": lambda given: dialogue.start(given, ["asha"]),
    "portrait": dialogue.portrait,
    "enrol": lambda given: dialogue.enrol("ana", given, "cast.yaml"),
    "enrol in": lambda given: dialogue.enrol("ana", "ana.wav", given),
    "enrolled": dialogue.enrolled,
    "match": lambda given: dialogue.match(given, "cast.yaml"),
    "match with": lambda given: dialogue.match("mix.wav", given),
    "pull": lambda given: dialogue.pull("faces", given, agree=lambda terms: False),
    "convert": dialogue.convert,
    "batch": lambda given: dialogue.batch(given, "cast.yaml", "out"),
    "batch with": lambda given: dialogue.batch("episodes", given, "out"),
    "batch into": lambda given: dialogue.batch("episodes", "cast.yaml", given),
    "go_on": dialogue.go_on,
    "play": dialogue.play,
}
MAY_BE_ABSENT = {"verify against", "plan into", "order into", "order, its cache", "pull", "convert"}


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    folder = tmp_path / "two"
    shutil.copytree(SCENES / "two_hander", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    path = folder / "scene.yaml"
    text = path.read_text().replace("output: {", "generator: animatic\noutput: {size: 128x128, ")
    path.write_text(text + "shots: [{until: 1.7}, {until: 5.4, seed: 12}, {}]\n")
    return path


@pytest.mark.parametrize("verb", FOR_PATHS)
@pytest.mark.parametrize("given", [None, 5, True, b"scene.yaml", ["scene.yaml"]], ids=repr)
def test_what_is_no_path_is_told_in_one_sentence(
    verb: str, given: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if (given is None and verb in MAY_BE_ABSENT) or (verb == "batch" and isinstance(given, list)):
        pytest.skip("means something here")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TypeError, match=r"^(a|an|the|episodes)\b.* (is|are) a (path|folder)[^\n]*, not ") as told:
        FOR_PATHS[verb](given)
    assert "argument" not in str(told.value)
    assert not any(tmp_path.iterdir())


def test_a_path_may_be_a_text_everywhere(scene: Path, tmp_path: Path) -> None:
    text = str(scene)
    assert [problem for problem in dialogue.check(text) if problem.severity == "error"] == []
    assert dialogue.film_beside(text) == scene.with_name("scene.mp4")
    assert dialogue.sound(text) is not None
    assert dialogue.portrait("asha").is_file()
    started = dialogue.start(str(tmp_path / "begun"), "Asha, leon")
    assert "asha" in started.read_text() and "leon" in started.read_text()
    script = tmp_path / "script.txt"
    script.write_text("Ana: Good morning, how are you?\nBen: Well, thank you.\n")
    imported = dialogue.import_script(str(script), str(tmp_path / "told/scene.yaml"), cast="mei,juma")
    assert sorted(imported.written.actors.values()) == ["juma", "mei"]


@pytest.mark.parametrize("shots", ["1", (), 1.5, True, (2, 1), (1, 2, 3), (True, 2), ("1", "2"), 0, 4, (1, 4)])
def test_shots_that_are_none_are_refused_in_one_way(scene: Path, shots: Any) -> None:
    for verb in (dialogue.order, dialogue.render, dialogue.pending):
        with pytest.raises(dialogue.SceneError, match="shot"):
            verb(scene, shots=shots)
    assert not scene.with_name("scene.mp4").exists()


def test_takes_and_shots_that_are_not_there_are_not_written(scene: Path) -> None:
    order, before = dialogue.order(scene), scene.read_bytes()
    for shot, number in ((1, 99), (1, 0), (1, -1), (1, "2"), (1, True), (9, 1), (0, 1), ("1", 1), (None, 1)):
        with pytest.raises(dialogue.SceneError, match="there is no (shot|take)") as told:
            dialogue.choose(scene, order, shot, number)
        assert told.value.problems[0].hint
    for shot, number in ((1, 99), (1, 0), (1, 1.5), (9, 1), (True, 1)):
        with pytest.raises(dialogue.SceneError, match="there is no (shot|take)"):
            dialogue.make_take(order, shot, number)
    for tries, shots in ((0, None), (99, None), (True, None), (2, 9), (2, []), (2, "1"), (2, 1.5), (2, [1, True])):
        with pytest.raises(dialogue.SceneError):
            dialogue.retake(order, tries, shots=shots)
    with pytest.raises(TypeError, match="an order is what `order` gives"):
        dialogue.takes(scene)  # type: ignore[arg-type]
    assert scene.read_bytes() == before
    dialogue.choose(str(scene), order, 1, 1)
    assert "take: 1" in scene.read_text()


@pytest.mark.parametrize(
    "wrong", [{"memory": "banana"}, {"memory": 5}, {"speakers": -1}, {"speakers": 0}, {"speakers": 2.0},
              {"speakers": True}, {"hop": 0}, {"hop": 99}, {"hop": "1"}, {"hop": float("nan")}], ids=str,
)  # fmt: skip
def test_options_that_mean_nothing_are_refused_where_nothing_would_heed_them(scene: Path, wrong: Any) -> None:
    with pytest.raises(dialogue.SceneError, match=f"{next(iter(wrong))} is"):
        dialogue.plan(scene, **wrong)
    with pytest.raises(dialogue.SceneError, match=f"{next(iter(wrong))} is"):
        dialogue.order(scene, **wrong)


def test_forms_and_gpus_that_are_none_are_refused(scene: Path) -> None:
    for form in ("zip", "", None, 5):
        with pytest.raises(dialogue.SceneError, match="there is no form"):
            dialogue.export(scene, form)  # type: ignore[arg-type]
    for gpus in (0, -1, "many", 1.5, True):
        with pytest.raises(dialogue.SceneError, match="gpus is"):
            dialogue.order(scene, gpus=gpus)  # type: ignore[arg-type]
