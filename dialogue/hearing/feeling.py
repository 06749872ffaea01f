"""Emotion from the voice by a classifier of the user's: a speech classification model in a local folder.

DIALOGUE_EMOTION names the folder, in the form transformers writes (config.json with id2label, preprocessor_config.json,
weights); absent, the one `dialogue models pull emotion` made. Nothing is fetched unasked. The voice is heard in windows
of two seconds, so that a line may turn from calm to anger.

Shapes: `n` samples at 16 kHz, `w` windows.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.ground.places import data_folder

VARIABLE = "DIALOGUE_EMOTION"
COMMAND = "dialogue models pull emotion"
REPOSITORY = "superb/wav2vec2-base-superb-er"
FILES = ("config.json", "preprocessor_config.json", "*.safetensors", "pytorch_model.bin")
MEGABYTES = 380
LICENCE = """\
wav2vec2-base-superb-er: Apache License 2.0, by the SUPERB benchmark. It was trained on IEMOCAP, English actors whose
recordings are for research, and tells neutral, happy, angry and sad apart. What it says of a voice is a guess; in some
places (the EU's AI Act, article 5) emotions of people at work or at school may not be told by machines."""
AGREEMENT = "The licence allows any use"
RATE = 16_000
WINDOW, HOP = 2.0, 0.5  # seconds
_SILENT = -50.0  # dBFS of a window in which nobody is heard
_BATCH = 16  # windows
# The beginnings of the names that published models give their classes.
_NAMES = {
    "joy": ("hap", "joy", "excit", "amus"),
    "sadness": ("sad",),
    "anger": ("ang", "mad", "frust"),
    "fear": ("fea", "anx"),
    "surprise": ("sur", "ps", "pleasant"),
    "disgust": ("dis", "contempt"),
    "neutral": ("neu", "cal", "bor", "other"),
}


@dataclass(frozen=True)
class Felt:
    """What is heard in [start, end) seconds of a recording: weights by emotion, which sum to 1."""

    start: float
    end: float
    weights: dict[str, float]


def emotion_folder() -> Path:
    """The folder of the classifier, asked for or usual; it need not be there."""
    written = os.environ.get(VARIABLE, "").strip()
    return Path(written).expanduser() if written else data_folder() / "emotion"


def classifier() -> Path | None:
    """The folder of the classifier; None where there is none. SceneError where one is named that is none."""
    folder = emotion_folder()
    if (folder / "config.json").is_file():
        return folder
    if os.environ.get(VARIABLE, "").strip():
        hint = f"a folder with config.json, preprocessor_config.json and weights; {COMMAND} makes one"
        raise SceneError(Problem(f"{VARIABLE} names {str(folder)!r}, which holds no classifier", hint=hint))
    return None


def emotion_named_by(label: str) -> str | None:
    """The emotion that a model means by the name of a class: `hap`, `Angry`, `fearful`."""
    name = label.strip().casefold()
    return next((emotion for emotion, starts in _NAMES.items() if name.startswith(starts)), None)


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> tuple[Any, Any, tuple[str, ...]]:
    import model  # its torchaudio hook, before transformers looks for it

    assert model.__doc__
    from transformers import AutoFeatureExtractor, AutoModelForAudioClassification

    _check_kind(folder)
    try:
        how: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
        network = AutoModelForAudioClassification.from_pretrained(str(folder), **how).eval()
        extractor = AutoFeatureExtractor.from_pretrained(str(folder), **how)
    except Exception as error:  # weights may be damaged in as many ways as there are classes for it
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise SceneError(Problem(f"the classifier in {folder} cannot be loaded: {reason}", hint=COMMAND)) from error
    labels = [str(network.config.id2label[number]) for number in range(network.config.num_labels)]
    emotions = [emotion_named_by(label) for label in labels]
    unknown = [label for label, emotion in zip(labels, emotions, strict=True) if emotion is None]
    if unknown:
        hint = "name them in its config.json under id2label, as in angry, happy, neutral"
        told = ", ".join(unknown[:8])
        raise SceneError(Problem(f"the classifier in {folder} tells {told}, which are no emotions", hint=hint))
    return network, extractor, tuple(emotion for emotion in emotions if emotion is not None)


def _check_kind(folder: Path) -> None:
    """SceneError for a model of another kind, whose classes nobody need read: one of texts, pictures or words."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import MODEL_FOR_AUDIO_CLASSIFICATION_MAPPING_NAMES as HEARING

    try:
        config = AutoConfig.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception:  # what is wrong with it the loading says
        return
    kinds = [name for name in config.architectures or () if name not in HEARING.values()]
    if config.model_type not in HEARING or kinds:
        told = ", ".join(kinds) or config.model_type
        hint = f"one for audio classification, such as Wav2Vec2ForSequenceClassification; {COMMAND} makes one"
        raise SceneError(Problem(f"{VARIABLE} names {str(folder)!r}, no classifier of sound but {told}", hint=hint))


def felt(samples: NDArray[np.float32]) -> tuple[Felt, ...]:
    """What is heard in (n,) samples at 16 kHz, window after window; none where nobody is heard, or no classifier is.

    Each is the mean of itself and its neighbours, for a guess over two seconds jumps.
    """
    folder = classifier()
    if folder is None:
        return ()
    size, hop = round(WINDOW * RATE), round(HOP * RATE)
    starts = range(0, max(1, len(samples) - size // 2), hop)
    heard = [start for start in starts if _level(samples[start : start + size]) > _SILENT]
    weights = _weights(folder, [samples[start : start + size] for start in heard])
    found = {start: row for start, row in zip(heard, weights, strict=True)}
    smooth = []
    for start in heard:
        near = [found[at] for at in (start - hop, start, start + hop) if at in found]
        names = dict.fromkeys(name for row in near for name in row)
        mean = {name: sum(row.get(name, 0.0) for row in near) / len(near) for name in names}
        smooth.append(Felt(start / RATE, min(start + size, len(samples)) / RATE, mean))
    return tuple(smooth)


def _level(piece: NDArray[np.float32]) -> float:
    return 10 * float(np.log10(np.square(piece, dtype=np.float64).mean() + 1e-12)) if len(piece) else -120.0


def _weights(folder: Path, pieces: list[NDArray[np.float32]]) -> list[dict[str, float]]:
    import torch

    network, extractor, emotions = _loaded(folder)
    rate = getattr(extractor, "sampling_rate", RATE)
    if rate != RATE:
        hint = f"one that hears {RATE} Hz"
        raise SceneError(Problem(f"the classifier in {folder} hears {rate} Hz", hint=hint))
    found: list[dict[str, float]] = []
    for first in range(0, len(pieces), _BATCH):
        batch = [np.asarray(piece, np.float32) for piece in pieces[first : first + _BATCH]]
        given = extractor(batch, sampling_rate=RATE, return_tensors="pt", padding=True)
        with torch.inference_mode():
            shares = network(**given).logits.float().softmax(-1)
        for row in shares.tolist():
            weights: dict[str, float] = {}
            for emotion, share in zip(emotions, row, strict=True):
                weights[emotion] = weights.get(emotion, 0.0) + share
            found.append(weights)
    return found


def fetch(folder: Path) -> None:
    """Fetch the published classifier into the folder. DialogueError when that fails."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    folder.mkdir(parents=True, exist_ok=True)
    try:
        snapshot_download(REPOSITORY, local_dir=folder, allow_patterns=list(FILES))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        message = f"cannot fetch {REPOSITORY}: {reason}"
        raise DialogueError(f"{message}; without a network, copy its files to {folder}") from error
    if not (folder / "config.json").is_file():
        raise DialogueError(f"{REPOSITORY} came without config.json; copy its files to {folder}")
