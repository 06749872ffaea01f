"""The best way to diarize that this machine has, chosen openly: which, and why, in words a plan can print.

1. A pyannote pipeline: a local folder, or by name from the hub with the user's own token; only where
   `DIALOGUE_DIARIZATION` says so. Nothing is downloaded unasked.
2. sherpa-onnx, when it and its published models are there (`dialogue models pull voices`): nothing gated, and overlap.
3. Voice activity, voice vectors and clustering, when the `voices` extra is installed.
4. None: an error that says what to do.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.diarization.diarization import Diarization
from dialogue.diarization.sherpa_files import COMMAND, encoder_digest, sherpa_lack
from dialogue.diarization.voice_encoder import INSTALL, weights_file
from dialogue.ground.errors import Problem, SceneError

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Samples, Voice
    from dialogue.ground.segments import Segment

CHOICE = "DIALOGUE_DIARIZATION"  # a folder, or the hub's name of a pipeline
TOKEN = "HF_TOKEN"


@dataclass(frozen=True)
class Diarizer:
    """One way to diarize. `label` finds the turns, `voice_of` the voice of a sample in the same vectors."""

    name: str
    reason: str
    label: Callable[[Samples, Sequence[Segment], int | None], Diarization]
    voice_of: Callable[[Samples], Voice]


def available() -> tuple[str, str]:
    """(name, reason) of the way `choose_diarizer` would take; name is '' when there is none. Imports no torch."""
    source = os.environ.get(CHOICE)
    if source:
        return "pyannote", f"{CHOICE} is {source}"
    if sherpa_lack() is None:
        return "sherpa", f"sherpa-onnx and its models ({encoder_digest()}) are here and {CHOICE} names no pipeline"
    if weights_file() is not None:
        return "voices", f"the voice encoder is installed and {CHOICE} names no pyannote pipeline"
    return "", f"{CHOICE} names no pyannote pipeline and the voice encoder is not installed"


def wrong_with(source: str) -> str | None:
    """Why what `DIALOGUE_DIARIZATION` says cannot be a pipeline, before anything is loaded; None when it may be one."""
    folder = Path(source).expanduser()
    if folder.exists():
        return None if (folder / "config.yaml").is_file() else f"{source}: no config.yaml: it is no pyannote pipeline"
    if source[0] in "./~\\" or source.count("/") != 1:  # a name of the hub is owner/name
        return f"{source}: no such folder"
    return None


def check_hop(hop: float | None) -> None:
    """SceneError where windows are to be `hop` seconds apart and no pyannote pipeline is there to have them."""
    if hop is not None and not os.environ.get(CHOICE):
        raise SceneError(Problem("--hop is for a pyannote pipeline", hint=f"{CHOICE} names none"))


def choose_diarizer(hop: float | None = None) -> Diarizer:
    """The best available; SceneError with the ways out when there is none. A pipeline is loaded meanwhile.

    `hop`: seconds between a pyannote pipeline's windows; None is its own. SceneError where no pipeline is named.
    """
    check_hop(hop)
    name, reason = available()
    if name == "pyannote":
        wrong = wrong_with(os.environ[CHOICE])
        if wrong:
            raise SceneError(f"{CHOICE}: {wrong}")
        return _pyannote(os.environ[CHOICE], reason, hop)
    if name == "sherpa":
        return _sherpa(reason)
    if name == "voices":
        return _voices(reason)
    raise SceneError(
        Problem(
            "a mixed recording needs somebody to say who speaks when",
            hint=f"give each speaker a track, or a diarization file (.rttm, .vtt, .srt), or {INSTALL}, or {COMMAND}",
        )
    )


def load_ahead(hop: float | None) -> None:
    """Begin to load what `choose_diarizer` will take, where that takes seconds and other work comes first."""
    source = os.environ.get(CHOICE)
    if source and not wrong_with(source):
        _loading[source, hop] = _begin_loading(source, hop)


_loading: dict[tuple[str, float | None], Future[Any]] = {}  # pipelines that nobody has taken yet


def _begin_loading(source: str, hop: float | None) -> Future[Any]:
    """A pipeline in a thread; its errors are raised where it is used."""

    def load() -> Any:
        from dialogue.diarization.pyannote_pipeline import load_pipeline, speed_of

        folder = Path(source).expanduser()
        return load_pipeline(folder if folder.exists() else source, os.environ.get(TOKEN), speed_of(hop))

    loader = ThreadPoolExecutor(1)
    loading = loader.submit(load)
    loader.shutdown(wait=False)
    return loading


def _pyannote(source: str, reason: str, hop: float | None) -> Diarizer:
    """Loaded while the recording is decoded, if not before."""
    loading = _loading.pop((source, hop), None) or _begin_loading(source, hop)

    def label(samples: Samples, _speech: Sequence[Segment], speakers: int | None) -> Diarization:
        from dialogue.diarization.pyannote_pipeline import diarize_by_pyannote, speed_of

        return diarize_by_pyannote(loading.result(), samples, speakers, f"{reason}{speed_of(hop)}")

    def voice_of(samples: Samples) -> Voice:
        from dialogue.diarization.pyannote_pipeline import voice_by_pyannote

        return voice_by_pyannote(loading.result(), samples)

    return Diarizer("pyannote", reason, label, voice_of)


def _sherpa(reason: str) -> Diarizer:
    from dialogue.diarization.sherpa import diarize_by_sherpa, voice_by_sherpa

    return Diarizer(
        "sherpa",
        reason,
        lambda samples, _speech, speakers: diarize_by_sherpa(samples, speakers, reason),
        voice_by_sherpa,
    )


def _voices(reason: str) -> Diarizer:
    from dialogue.diarization.open_voices import diarize_by_voice, voice_of

    return Diarizer(
        "voices",
        reason,
        lambda samples, speech, speakers: diarize_by_voice(samples, speech, speakers, reason),
        voice_of,
    )
