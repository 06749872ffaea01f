"""A classifier of emotions in a local folder: small, random, of the published shape, made by transformers itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import dialogue
from dialogue.ground.errors import SceneError
from dialogue.hearing.feeling import VARIABLE, classifier, emotion_named_by, felt
from dialogue.media.recordings import read_samples

SCENE = Path(__file__).parents[3] / "scenes" / "two_hander"
PUBLISHED = ("neu", "hap", "ang", "sad")


def write_classifier(folder: Path, labels: tuple[str, ...] = PUBLISHED, kind: str = "wav2vec2") -> Path:
    """The folder of a classifier with random weights."""
    from transformers import HubertConfig, Wav2Vec2Config, Wav2Vec2FeatureExtractor
    from transformers import HubertForSequenceClassification as Hubert
    from transformers import Wav2Vec2ForSequenceClassification as Wav2Vec2

    torch.manual_seed(0)
    config: dict[str, Any] = {
        "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
        "conv_dim": (8, 8, 8), "conv_kernel": (10, 3, 3), "conv_stride": (5, 4, 4), "num_feat_extract_layers": 3,
        "num_conv_pos_embeddings": 8, "num_conv_pos_embedding_groups": 2, "classifier_proj_size": 8,
        "id2label": dict(enumerate(labels)), "label2id": {label: n for n, label in enumerate(labels)},
    }  # fmt: skip
    network = Wav2Vec2(Wav2Vec2Config(**config)) if kind == "wav2vec2" else Hubert(HubertConfig(**config))
    network.save_pretrained(folder)
    Wav2Vec2FeatureExtractor(return_attention_mask=True, do_normalize=True).save_pretrained(folder)
    return folder


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
    for file in SCENE.iterdir():
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


@pytest.mark.parametrize(
    ("label", "emotion"),
    [("hap", "joy"), ("Angry", "anger"), ("fearful", "fear"), ("calm", "neutral"), ("surprised", "surprise"),
     ("disgust", "disgust"), ("sadness", "sadness"), ("LABEL_3", None), ("cat", None)],
)  # fmt: skip
def test_names_of_classes(label: str, emotion: str | None) -> None:
    assert emotion_named_by(label) == emotion
