"""Words from a recording by a recogniser of the user's: a Whisper model in a local folder, in either published form.

DIALOGUE_RECOGNISER names the folder: one that CTranslate2 wrote (model.bin; faster-whisper runs it, quicker), or one of
transformers (config.json and safetensors). Nothing is fetched. Its words are the gate of an alignment: they tell
what is missing and what is said besides; and they caption recordings that have no script.
"""

from __future__ import annotations

import os
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.errors import Problem, SceneError
from dialogue.hearing.heard import HeardWord

CHOICE = "DIALOGUE_RECOGNISER"
RATE = 16_000
_CHUNK = 30.0  # seconds: what Whisper hears at once


def recogniser() -> Path | None:
    """The folder of the model, or None where no recogniser is named. SceneError for one that cannot be used."""
    named = os.environ.get(CHOICE)
    if not named:
        return None
    folder = Path(named)
    if (folder / "model.bin").is_file():
        if find_spec("faster_whisper") is None:
            raise SceneError(Problem(f"{CHOICE} names a CTranslate2 model", hint="pip install faster-whisper"))
        return folder
    if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
        return folder
    hint = "a folder with model.bin, or with config.json and safetensors"
    raise SceneError(Problem(f"{CHOICE} names {named!r}, which holds no Whisper model", hint=hint))


def recognised(samples: NDArray[np.float32], language: str | None) -> tuple[HeardWord, ...]:
    """The words in (n,) samples at 16 kHz, in order. `language`: two letters; None: told by the model."""
    folder = recogniser()
    if folder is None or not len(samples):
        return ()
    spoken = "zh" if language == "cmn" else language
    if (folder / "model.bin").is_file():
        return _by_faster_whisper(folder, samples, spoken)
    return _by_transformers(folder, samples, spoken)


@lru_cache(maxsize=1)
def _faster_whisper(folder: Path) -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(folder), device="auto", compute_type="int8", local_files_only=True)


def _by_faster_whisper(folder: Path, samples: NDArray[np.float32], language: str | None) -> tuple[HeardWord, ...]:
    model = _faster_whisper(folder)
    known = language if model.model.is_multilingual else "en"
    segments, _ = model.transcribe(samples, language=known, word_timestamps=True, condition_on_previous_text=False)
    return tuple(
        HeardWord(word.word.strip(), round(float(word.start), 3), round(float(word.end), 3))
        for segment in segments
        for word in segment.words or ()
        if word.word.strip()
    )


@lru_cache(maxsize=1)
def _transformers(folder: Path) -> Any:
    import model  # its torchaudio hook, before transformers looks for it

    assert model.__doc__
    from transformers import pipeline

    return pipeline(
        "automatic-speech-recognition", model=str(folder), chunk_length_s=_CHUNK, device="cpu", trust_remote_code=False
    )


def _by_transformers(folder: Path, samples: NDArray[np.float32], language: str | None) -> tuple[HeardWord, ...]:
    listen = _transformers(folder)
    multilingual = getattr(listen.model.generation_config, "is_multilingual", False)
    told = {"language": language} if language and multilingual else {}
    heard = listen({"raw": samples, "sampling_rate": RATE}, return_timestamps="word", generate_kwargs=told)
    words = []
    for chunk in heard["chunks"]:
        start, end = chunk["timestamp"]
        if chunk["text"].strip() and start is not None:
            words.append(HeardWord(chunk["text"].strip(), round(start, 3), round(end if end is not None else start, 3)))
    return tuple(words)
