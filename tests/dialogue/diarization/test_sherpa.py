"""sherpa-onnx as a way to diarize, on small random models of the published shapes: chosen, run, refused if damaged."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sherpa_models import voice, write_models

from dialogue.diarization import sherpa_files
from dialogue.diarization.diarizer import available, choose_diarizer
from dialogue.diarization.people import PUBLISHED, scale_of
from dialogue.diarization.sherpa_files import COMMAND, complaint, encoder_digest, sherpa_lack
from dialogue.diarization.sherpa_files import sherpa_files as files_of
from dialogue.ground.errors import SceneError
from dialogue.measures.mixed_recording import hear

RATE = 16_000
needs_sherpa = pytest.mark.skipif(
    importlib.util.find_spec("sherpa_onnx") is None, reason="sherpa-onnx is not installed"
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_models(tmp_path_factory.mktemp("voices"))


@pytest.fixture
def installed(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DIALOGUE_VOICES", str(models))
    monkeypatch.delenv("DIALOGUE_DIARIZATION", raising=False)
    return models


def tones() -> np.ndarray:
    """A second of silence, four of a low tone, one of silence, four of another: two speakers to the random filters."""
    time = np.arange(4 * RATE) / RATE
    low, high = (0.2 * np.sin(2 * np.pi * pitch * time) for pitch in (120, 240))
    gap = np.zeros(RATE)
    return np.concatenate([gap, low, gap, high, gap]).astype(np.float32)


@needs_sherpa
def test_it_is_chosen_before_open_voices_and_after_pyannote(installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, reason = available()
    assert name == "sherpa" and encoder_digest() in reason
    assert scale_of(name) is PUBLISHED
    monkeypatch.setenv("DIALOGUE_DIARIZATION", "owner/pipeline")
    assert available()[0] == "pyannote"


@needs_sherpa
@pytest.mark.parametrize("speakers", [2, None])
def test_turns_and_voices_of_a_recording(installed: Path, speakers: int | None) -> None:
    from dialogue.diarization.sherpa import diarize_by_sherpa

    found = diarize_by_sherpa(tones(), speakers, "test")
    assert 1 <= len(found.labels) <= (speakers or 8) and set(found.voices) == set(found.labels)
    assert found.labels[0] == "SPEAKER_00" and found.segments[0].label == "SPEAKER_00"
    assert found.segments[0].start == pytest.approx(1.0, abs=0.1)
    loud = np.zeros(11 * RATE, bool)
    for segment in found.segments:
        loud[round(segment.start * RATE) : round(segment.end * RATE)] = True
    assert not loud[: round(0.8 * RATE)].any() and not loud[round(10.3 * RATE) :].any(), "silence is nobody's"
    assert loud[2 * RATE : 4 * RATE].all() and loud[7 * RATE : 9 * RATE].all()
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-5) for vector in found.voices.values())
    guessed = [warning for warning in found.warnings if "guessed" in warning]
    assert bool(guessed) == (speakers is None)


@needs_sherpa
def test_the_same_recording_gives_the_same(installed: Path) -> None:
    from dialogue.diarization.sherpa import diarize_by_sherpa

    once, again = (diarize_by_sherpa(tones(), 2, "test") for _ in range(2))
    assert once.segments == again.segments


@needs_sherpa
def test_silence_and_a_moment_of_sound(installed: Path, tmp_path: Path) -> None:
    diarizer = choose_diarizer()
    for name, samples in (("silent", np.zeros(2 * RATE)), ("short", 0.1 * np.ones(100))):
        path = tmp_path / f"{name}.wav"
        soundfile.write(path, samples, RATE)
        assert hear(diarizer, path, None, 2).segments == ()
    assert diarizer.voice_of(np.ones(100, np.float32) * 0.1).shape == (32,)


@needs_sherpa
@pytest.mark.parametrize("damage", ["no model", "other model", "gone"])
def test_a_damaged_model_is_an_error_and_not_the_end_of_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    folder = write_models(tmp_path / "voices")
    monkeypatch.setenv("DIALOGUE_VOICES", str(folder))
    if damage == "no model":
        (folder / "voice.onnx").write_bytes(b"no model at all")
    elif damage == "other model":
        voice(folder / "segmentation.onnx")
    diarizer = choose_diarizer()
    if damage == "gone":
        (folder / "segmentation.onnx").unlink()
    with pytest.raises(SceneError) as raised:
        diarizer.label(tones(), (), 2)
    told = str(raised.value)
    assert str(folder) in told
    assert {"no model": "is no ONNX model", "other model": "num_speakers", "gone": COMMAND}[damage] in told


def test_what_is_lacking_is_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_VOICES", str(tmp_path / "nowhere"))
    assert files_of() is None and sherpa_lack() in (COMMAND, sherpa_files.INSTALL)
    monkeypatch.setattr(sherpa_files.importlib.util, "find_spec", lambda name: None)
    assert sherpa_lack() == "pip install 'dialogue-avatar[sherpa]'"


def test_models_of_the_published_shapes_are_right(models: Path) -> None:
    assert complaint(models) is None
