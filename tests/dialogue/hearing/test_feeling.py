"""A classifier of emotions in a local folder: small, random, of the published shape, made by transformers itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from classifiers import write_classifier

import dialogue
from dialogue.ground.errors import SceneError
from dialogue.hearing.feeling import VARIABLE, classifier, emotion_named_by, felt
from dialogue.media.recordings import read_samples

SCENE = Path(__file__).parents[3] / "scenes" / "two_hander"


@pytest.fixture
def named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(VARIABLE, str(tmp_path / "classifier"))
    return tmp_path / "classifier"


@pytest.mark.parametrize("kind", ["wav2vec2", "hubert"])
def test_a_voice_is_heard_in_windows(named: Path, kind: str) -> None:
    write_classifier(named, kind=kind)
    samples = np.asarray(read_samples(SCENE / "ana.flac"), np.float32)
    found = felt(samples)
    assert found and classifier() == named
    for part in found:
        assert 0 < part.end - part.start <= 2.0 and part.start % 0.5 == 0
        assert set(part.weights) == {"neutral", "joy", "anger", "sadness"}
        assert sum(part.weights.values()) == pytest.approx(1.0, abs=1e-5)
    assert felt(np.zeros(32_000, np.float32)) == ()  # nobody is heard
    assert felt(samples) == found


def test_the_plan_of_a_scene_holds_what_was_heard(named: Path, tmp_path: Path) -> None:
    write_classifier(named)
    for file in (file for file in SCENE.iterdir() if file.is_file()):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (tmp_path / "scene.yaml").read_text().replace("scene: 1", "scene: 1\nemotion: auto\ngenerator: animatic")
    (tmp_path / "scene.yaml").write_text(text)
    plan = dialogue.plan(tmp_path / "scene.yaml").plan
    by_line = {turn.text: turn for turn in plan.turns}
    assert (by_line["Hear what?"].felt or "").startswith("the voice, mostly ")
    assert by_line["Then who is waving at us?"].felt is None  # the line says fear
    assert not any("emotion: auto" in told for told in plan.warnings)
    assert dialogue.plan(tmp_path / "scene.yaml").plan == plan  # from the cache


def test_a_classifier_of_something_else_is_named(named: Path) -> None:
    write_classifier(named, ("LABEL_0", "LABEL_1"))
    with pytest.raises(SceneError, match="tells LABEL_0, LABEL_1, which are no emotions"):
        felt(np.ones(32_000, np.float32))


def test_a_folder_that_holds_none_is_told(named: Path) -> None:
    with pytest.raises(SceneError, match="holds no classifier"):
        classifier()
    named.mkdir()
    (named / "config.json").write_text("{}")
    with pytest.raises(SceneError, match="cannot be loaded"):
        felt(np.ones(32_000, np.float32))


def test_a_model_of_words_is_no_classifier_of_sound(named: Path) -> None:
    from transformers import GPT2Config, GPT2LMHeadModel

    GPT2LMHeadModel(GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=10, n_positions=8)).save_pretrained(named)
    with pytest.raises(SceneError, match="no classifier of sound but GPT2LMHeadModel"):
        felt(np.ones(32_000, np.float32))


def test_a_speech_model_without_classes_is_none(named: Path) -> None:
    config = json.loads((write_classifier(named) / "config.json").read_text())
    (named / "config.json").write_text(json.dumps({**config, "architectures": ["Wav2Vec2ForCTC"]}))
    with pytest.raises(SceneError, match="no classifier of sound but Wav2Vec2ForCTC"):
        felt(np.ones(32_000, np.float32))


def test_damaged_weights_are_told(named: Path) -> None:
    write_classifier(named)
    (named / "model.safetensors").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(SceneError, match="cannot be loaded"):
        felt(np.ones(32_000, np.float32))


@pytest.mark.parametrize(
    ("label", "emotion"),
    [("hap", "joy"), ("Angry", "anger"), ("fearful", "fear"), ("calm", "neutral"), ("surprised", "surprise"),
     ("disgust", "disgust"), ("sadness", "sadness"), ("LABEL_3", None), ("cat", None)],
)  # fmt: skip
def test_names_of_classes(label: str, emotion: str | None) -> None:
    assert emotion_named_by(label) == emotion
