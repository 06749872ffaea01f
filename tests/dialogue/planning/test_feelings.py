"""Emotions that a scene leaves to be told: by the words of its lines, and by voices."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import dialogue
from dialogue.hearing import feeling
from dialogue.hearing.feeling import Felt
from dialogue.measures.measures import Measures
from dialogue.planning.emotions import weights_at
from dialogue.planning.feelings import felt_turn
from dialogue.planning.plan import AudioSlice, Emotion, Feeling, Turn
from dialogue.rendering.excerpt import excerpt
from dialogue.scene.reader import read_scene
from dialogue.scene.scene import AudioRef, Scene, SpokenLine
from dialogue.screenplay.delivery import cue_in, emotion_in, without_asides

PICTURE = Path(__file__).parents[3] / "scenes/two_hander/night.png"
SCENE = """\
scene: 1
generator: animatic
emotion: auto
cast:
  ana: {face: [64, 196, 224, 274]}
  ben: {face: [416, 196, 224, 274], emotion: off}
picture: night.png
lines:
  - {ana: "(angrily) Out!", audio: talk.wav, to: 4}
  - {ana: "Hear what?!", audio: talk.wav, to: 4}
  - {ana: "It is late.", audio: talk.wav, to: 4}
  - {ana: "HELP ME NOW!", audio: talk.wav, to: 4, emotion: joy}
  - {ben: "(sadly) Good.", audio: talk.wav, to: 4}
  - {ben: "(sadly) Good.", audio: talk.wav, to: 4, emotion: auto}
"""


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv(feeling.VARIABLE, raising=False)
    (tmp_path / "night.png").write_bytes(PICTURE.read_bytes())
    voice = 0.1 * np.random.default_rng(0).standard_normal(4 * 16_000)
    soundfile.write(tmp_path / "talk.wav", voice, 16_000)
    (tmp_path / "scene.yaml").write_text(SCENE)
    return tmp_path / "scene.yaml"


def test_what_the_script_shows_is_told_with_its_origin(scene: Path) -> None:
    plan = dialogue.plan(scene).plan
    found = [(dict(turn.emotion.weights), turn.felt) for turn in plan.turns]
    assert found == [
        ({"anger": 1.0}, "the words '(angrily)'"),
        ({"neutral": 0.4, "surprise": 0.6}, "the words '?!'"),
        ({}, None),
        ({"joy": 1.0}, None),  # what a line says itself stands
        ({}, None),  # off for ben
        ({"sadness": 1.0}, "the words '(sadly)'"),
    ]
    assert plan.turns[0].text == "Out!"  # how it is said is not what is said
    (told,) = [warning for warning in plan.warnings if "emotion: auto" in warning]
    assert "dialogue models pull emotion" in told


def test_a_line_may_be_left_alone(scene: Path) -> None:
    scene.write_text(SCENE.replace('{ana: "Hear what?!",', '{ana: "Hear what?!", emotion: off,'))
    turn = dialogue.plan(scene).plan.turns[1]
    assert turn.emotion == Emotion() and turn.felt is None
    assert not [problem for problem in dialogue.check(scene) if "'off'" in problem.message]


def test_off_unless_asked(scene: Path) -> None:
    scene.write_text(SCENE.replace("emotion: auto\n", "").replace(", emotion: auto", ""))
    plan = dialogue.plan(scene).plan
    assert not any(turn.felt for turn in plan.turns) and not any("emotion: auto" in told for told in plan.warnings)


CUES = {
    "(very afraid) Who is it?": ({"fear": 1.0}, 1.3),
    "I am fine [laughing].": ({"joy": 1.0}, 1.0),
    "Ha ha, no.": None,
    "Haha, no.": ({"neutral": 0.4, "joy": 0.6}, 1.0),
    "GET OUT NOW!": ({"neutral": 0.4, "anger": 0.6}, 1.0),
    "NASA and ESA agree.": None,
    "What?!": ({"neutral": 0.4, "surprise": 0.6}, 1.0),
    "Really!": None,
    "Igitt, was ist das?": ({"neutral": 0.4, "disgust": 0.6}, 1.0),
    "Hilfe!": ({"neutral": 0.4, "fear": 0.6}, 1.0),
    "Der Verdammte schlief.": None,
    "(to Ben) Come here.": None,
    "(not angry) Come here.": None,
    "He said (quietly) no": None,
    "そうですか": None,
}


@pytest.mark.parametrize("text", CUES)
def test_cues(text: str) -> None:
    found = cue_in(text)
    wanted = CUES[text]
    assert (found is None) == (wanted is None), found
    if found is not None and wanted is not None:
        assert (dict(found[0].weights), found[0].strength) == wanted


def test_what_says_how_is_not_spoken() -> None:
    assert without_asides("(angrily) Out, (both of you) now!") == "Out, (both of you) now!"
    assert without_asides("((angrily)) Out!") == "Out!"
    assert without_asides("(to the window) I am not angry.") == "I am not angry."
    assert without_asides("[am Fenster] （笑）Hallo, (na ja) du.") == "Hallo, (na ja) du."


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("freudig", "joy"), ("sehr wütend", "anger"), ("ängstlich", "fear"), ("en colère", "anger"),
        ("triste", "sadness"),
        ("tristement", "sadness"), ("alegre", "joy"), ("con miedo", "fear"), ("arrabbiata", "anger"), ("felice", "joy"),
        ("überrascht", "surprise"), ("calmo", "neutral"), ("高兴", "joy"), ("nicht traurig", None), ("sin miedo", None),
        ("不高兴", None), ("to the window", None), ("sur le balcon", None), ("in French", None),
    ],
)  # fmt: skip
def test_parentheticals_of_other_languages_name_emotions(word: str, emotion: str | None) -> None:
    felt = emotion_in(word)
    assert (felt and next(iter(felt.weights))) == emotion


def voiced(*rows: dict[str, float], line: str = "It is late.", auto: bool = True) -> Turn:
    """A turn of 4 s whose recording was heard so, a window every half second."""
    said = SpokenLine(speaker="ana", text=line)
    asked = "auto" if auto else "off"
    made = Scene.model_validate({"scene": 1, "cast": {"ana": {}}, "emotion": asked, "lines": (said,)})
    windows = tuple(Felt(n / 2, n / 2 + 2, row) for n, row in enumerate(rows))
    turn = Turn("ana", 10.0, 14.0, AudioSlice("a.wav", 0.0, 4.0), line)
    return felt_turn(made, Measures(felt={AudioRef(path="a.wav"): windows}), turn, said)


CALM, ANGRY = {"neutral": 0.9, "anger": 0.1}, {"neutral": 0.1, "anger": 0.9}


def test_a_line_turns_from_calm_to_anger() -> None:
    turn = voiced(CALM, CALM, ANGRY, ANGRY, ANGRY)
    assert turn.course == (
        Feeling(0.0, Emotion((("neutral", 1.0),))), Feeling(2.0, Emotion((("anger", 0.9), ("neutral", 0.1)))),
    )  # fmt: skip
    assert turn.felt == "the voice, mostly anger"
    assert dict(turn.emotion.weights)["anger"] == pytest.approx(0.6, abs=0.06)


def test_small_changes_and_faint_guesses_are_left_out() -> None:
    rows = [{"neutral": 0.8 - d, "joy": 0.1 + d, "fear": 0.1} for d in (0.1, 0.2, 0.15, 0.22)]
    turn = voiced(*rows)
    assert turn.course == () and set(dict(turn.emotion.weights)) == {"neutral", "joy"}


def test_signs_and_voice_are_weighed_half_and_half_and_a_word_decides() -> None:
    half = dict(voiced(ANGRY, line="What?!").emotion.weights)
    assert half["anger"] == pytest.approx(0.45) and half["surprise"] == pytest.approx(0.3)
    assert dict(voiced(ANGRY, line="(sadly) What?").emotion.weights) == {"sadness": 1.0}
    assert voiced(ANGRY, auto=False).felt is None


def test_the_course_reaches_the_generator_and_survives_the_plans_file(scene: Path, tmp_path: Path) -> None:
    from dataclasses import replace

    plan = dialogue.plan(scene).plan
    course = (Feeling(0.0, Emotion((("neutral", 1.0),))), Feeling(2.0, Emotion((("anger", 1.0),))))
    turns = (replace(plan.turns[0], course=course, felt="the voice"), *plan.turns[1:])
    turning = replace(plan, turns=turns)
    assert weights_at(turning, "ana", 1.0) == {"neutral": 1.0} and weights_at(turning, "ana", 3.0) == {"anger": 1.0}
    assert weights_at(turning, "ana", 2.0) == pytest.approx({"neutral": 0.5, "anger": 0.5})
    from dialogue.planning.plan_json import read_plan, write_plan

    write_plan(tmp_path / "p.json", turning, tmp_path)
    assert read_plan(tmp_path / "p.json").plan == turning
    alone = excerpt(turning, turning.shots[0])
    assert alone.turns[0].course == course and alone.turns[0].felt is None


def test_a_plan_with_feelings_in_disorder_is_refused(scene: Path, tmp_path: Path) -> None:
    from dialogue.planning.plan_json import read_plan, write_plan

    plan = dialogue.plan(scene).plan
    write_plan(tmp_path / "p.json", plan, tmp_path)
    text = (tmp_path / "p.json").read_text()
    bad = '"course": [{"at": 3, "emotion": {"weights": {"joy": 1}, "strength": 1}}], "felt": "the words '
    (tmp_path / "p.json").write_text(text.replace('"felt": "the words ', bad, 1))
    with pytest.raises(dialogue.SceneError, match="a feeling at 3 s of a turn of 4 s"):
        read_plan(tmp_path / "p.json")


def test_auto_and_off_are_all_that_a_member_or_a_scene_may_say(scene: Path) -> None:
    scene.write_text(SCENE.replace("emotion: off", "emotion: joy"))
    with pytest.raises(dialogue.SceneError, match=r"scene.yaml:6:46: error: expected auto or off, found 'joy'"):
        read_scene(scene)
