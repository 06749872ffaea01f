"""What `check` knows of pictures: what a plan would be refused for, where faces were found before or quickly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from face_models import FOLDER, needs_face_models

import dialogue
from dialogue.film.check import check
from dialogue.film.scene_file import scene_file

PICTURE = Path(__file__).parents[3] / "scenes/two_hander/night.png"


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A scene of two, who are the same face."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("DIALOGUE_FACES", str(tmp_path / "no models"))
    (tmp_path / "night.png").write_bytes(PICTURE.read_bytes())
    written = tmp_path / "scene.yaml"
    written.write_text(
        "scene: 1\ngenerator: animatic\ncast:\n  ana: {face: {detect: 1}}\n  ben: {face: {detect: 1}}\n"
        "picture: night.png\nlines:\n  - {ana: Hello., from: 0, to: 1}\n"
    )
    return written


def told(scene: Path) -> list[str]:
    return [str(problem).removeprefix(f"{scene}:") for problem in check(scene) if problem.severity == "error"]


def test_what_a_plan_was_refused_for_check_says_too(scene: Path) -> None:
    assert told(scene) == [], "without models, faces are not looked for"
    with pytest.raises(dialogue.SceneError) as refused:
        dialogue.plan(scene)
    (problem,) = refused.value.problems
    assert "are the same face in night.png" in str(problem)
    assert told(scene) == [str(problem).removeprefix(f"{scene}:")]


@needs_face_models
def test_with_models_small_pictures_are_looked_at(scene: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_FACES", str(FOLDER))
    assert len(told(scene)) == 1 and "are the same face in night.png" in told(scene)[0]
    text = scene.read_text()
    scene.write_text(text.replace("ben: {face: {detect: 1}}", "ben: {face: {detect: 7}}"))
    assert told(scene)[0].startswith("5:15: error: detect: 7, but night.png has 2 faces (found 1 [")
    scene.write_text(text.replace("ben: {face: {detect: 1}}", "ben: {face: [2, 2, 40, 40]}"))
    assert "the box [2, 2, 40, 40] holds nothing like a face in night.png" in told(scene)[0]


ERRORS = {
    "x: {track: bad.flac}": "bad.flac holds no sound",
    "x: {emotions: {joy: bad.png}}": "bad.png is not a picture that can be read",
    "x: {voice: {enroll: bad.flac}}": "bad.flac holds no sound",
    "x: {face: {like: bad.png}}": "bad.png is not a picture that can be read",
}


@pytest.mark.parametrize(("member", "wrong"), ERRORS.items())
def test_media_that_cannot_be_read_are_told_beside_mistakes_of_the_scene(scene: Path, member: str, wrong: str) -> None:
    (scene.parent / "bad.flac").write_text("hello")
    (scene.parent / "bad.png").write_text("hello")
    scene.write_text(scene.read_text().replace("  ben:", f"  {member}\n  ben:").replace("from: 0", "form: 0"))
    assert any(one.startswith("5:") and wrong in one for one in told(scene))
    assert any("unknown key 'form'" in one for one in told(scene))
    with pytest.raises(dialogue.SceneError) as refused:
        dialogue.plan(scene)
    assert [str(problem).removeprefix(f"{scene}:") for problem in refused.value.problems] == told(scene)


RECORDED = """\
scene: 1
generator: animatic
output: {fps: 25}
cast:
  ana: {face: [64, 196, 224, 274]}
  ben: {face: [416, 196, 224, 274]}
picture: night.png
lines:
  - {ana: One, audio: ana.flac, to: 3}
  - {ben: Two, audio: ana.flac, to: 2, AFTER}
  - {ben: Three, audio: ana.flac, to: 1, THEN}
shots: [{until: UNTIL}, {}]
"""


@pytest.mark.parametrize(
    ("after", "then", "until", "wrong"),
    [
        ("after: -1", "gap: 1", 2, []),
        ("after: -9", "gap: 1", 2, ["10:5: error: this line would start 6 s before the film"]),
        ("after: -1", "together: yes", 2, ["11:5: error: ben is still speaking line 2, until 0:04.000"]),
        (
            "after: -1",
            "gap: 1",
            9,
            ["12:17: error: this shot ends with or after the film, at 0:06.000, and shots follow it"],
        ),
    ],
)
def test_times_that_need_no_listening_are_held_against_each_other(
    scene: Path, after: str, then: str, until: int, wrong: list[str]
) -> None:
    (scene.parent / "ana.flac").write_bytes((PICTURE.parent / "ana.flac").read_bytes())
    scene.write_text(RECORDED.replace("AFTER", after).replace("THEN", then).replace("UNTIL", str(until)))
    assert [one.partition(" (")[0] for one in told(scene)] == wrong
    if wrong:
        with pytest.raises(dialogue.SceneError) as refused:
            dialogue.plan(scene)
        assert told(scene)[0] in [str(problem).removeprefix(f"{scene}:") for problem in refused.value.problems]


def test_a_colour_that_became_a_comment_is_named(scene: Path) -> None:
    scene.write_text(scene.read_text().replace("{face: {detect: 1}}", "{face: {detect: 1}, color: #e66}", 1))
    assert told(scene) == [
        "4:35: error: after a space # begins a comment, so this value is none (put quotes around the value)"
    ]


@pytest.mark.parametrize(("written", "meant"), [("scen.yaml", "scene.yaml"), ("scene.yml", "scene.yaml")])
def test_a_scene_that_was_meant_is_named(
    scene: Path, monkeypatch: pytest.MonkeyPatch, written: str, meant: str
) -> None:
    monkeypatch.chdir(scene.parent)
    assert [str(problem) for problem in check(written)] == [
        f"error: no scene file '{written}' (did you mean '{meant}'?)"
    ]


@pytest.mark.parametrize("written", ["b.yaml", "talk.yaml", "film.yaml"])
def test_a_scene_of_another_name_is_not_offered(scene: Path, monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    monkeypatch.chdir(scene.parent)
    assert [str(problem) for problem in check(written)] == [f"error: no scene file '{written}'"]


def test_a_mistake_in_the_scene_hides_no_missing_channel_and_no_damaged_sound(scene: Path) -> None:
    import soundfile

    soundfile.write(scene.with_name("a.wav"), np.zeros((16_000, 2), np.float32), 16_000)
    scene.with_name("b.wav").write_bytes(b"RIFF and nothing else")
    text = "scene: 1\ncolour: red\ncast:\n  ana: {track: a.wav#3}\n  ben: {track: b.wav}\npicture: night.png\n"
    for name, variables in (("scene.yaml", None), ("scene.yaml.j2", {"n": 1})):
        written = scene.with_name(name)
        written.write_text(text)
        with pytest.raises(dialogue.SceneError) as refused:
            scene_file(written, variables, scene.parent, [scene.parent])
        errors = [problem for problem in refused.value.problems if problem.severity == "error"]
        assert [problem.line for problem in errors] == [2, 4, 5]
        assert "has 2 channels, and no channel 3" in errors[1].message and errors[1].hint == "#1 to #2"
        assert "b.wav" in errors[2].message


def test_a_mistake_in_a_loop_of_a_template_is_told_once_with_all_others(scene: Path) -> None:
    template = scene.with_name("scene.yaml.j2")
    template.write_text(
        "scene: 1\ncast:\n{% for name in ['ana', 'ben', 'mia'] %}\n  {{ name }}: {colour: red, face: {detect: left}}\n"
        "{% endfor %}\npicture: night.png\nsise: big\n"
    )
    with pytest.raises(dialogue.SceneError) as refused:
        scene_file(template, {})
    told = [str(problem) for problem in refused.value.problems]
    assert len(told) == len(set(told)) and any("colour" in one for one in told) and any("sise" in one for one in told)
    assert sum("colour" in one for one in told) == 1
