"""Voices kept beside cast.yaml, so that hosts are known in every episode: one small file per person.

voices/ana.json     the vector, the encoder it belongs to, and the hash of the recording it was heard in
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.outputs import folder_for, put_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]  # (d,), of length 1

_VERSION = 1


@dataclass(frozen=True)
class KeptVoice:
    """A person's voice. Vectors of different encoders cannot be compared. `sample`: where it was heard, for people."""

    person: str
    encoder: str
    sample: str
    sample_hash: str
    seconds: float
    vector: tuple[float, ...]


def keep_voice(folder: Path, voice: KeptVoice) -> Path:
    """Write the voice, in one step; the file's path."""
    path = folder_for(folder) / f"{voice.person}.json"
    if path.exists():
        read_voice(path)  # what stands there and is no voice is somebody else's
    record = {"version": _VERSION, **asdict(voice), "vector": [round(value, 6) for value in voice.vector]}
    put_text(path, json.dumps(record, ensure_ascii=False) + "\n")
    return path


def read_voice(path: Path) -> KeptVoice:
    """One file of the folder. SceneError when it is none of ours or damaged."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.pop("version") != _VERSION:
            raise ValueError("another version")
        voice = KeptVoice(**{**record, "vector": tuple(float(value) for value in record["vector"])})
        length = sum(value * value for value in voice.vector)
        if not 0.98 < length < 1.02:
            raise ValueError("not of length 1")
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"is no kept voice ({type(error).__name__}: {error})"
        raise SceneError(Problem(message, str(path), hint="remove it and `dialogue voices add` again")) from None
    return voice


def kept_voices(folder: Path) -> dict[str, KeptVoice]:
    """All voices kept in the folder, by person; empty when there is none."""
    found = [read_voice(path) for path in sorted(folder.glob("[!.]*.json"))]
    return {voice.person: voice for voice in found}


def comparable(voices: Mapping[str, KeptVoice], encoder: str) -> tuple[dict[str, Vector], list[str]]:
    """The vectors made by `encoder`, and a warning for every voice made by another."""
    import numpy as np

    usable = {p: np.asarray(v.vector, np.float32) for p, v in voices.items() if v.encoder == encoder}
    others = [
        f"the voice of {person} was kept by another encoder ({voice.encoder}) and is not compared; "
        f"`dialogue voices add {person} {voice.sample}` again"
        for person, voice in voices.items()
        if voice.encoder != encoder
    ]
    return usable, others
