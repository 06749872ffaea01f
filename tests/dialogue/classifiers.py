"""A classifier of emotions of the published shape: small, with random weights, made by transformers itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

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
