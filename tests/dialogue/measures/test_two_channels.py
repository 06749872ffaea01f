"""Two channels with a person each are two tracks; one sound in stereo is one recording."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from microphones import MIXED, RATE, microphone, planned, starts, talk

from dialogue.measures.two_channels import by_channels


class Voices:
    """A diarizer that is asked for voices alone."""

    def voice_of(self, samples: Any) -> Any:
        return np.array([1.0, len(samples)], np.float32)


def stereo(folder: Path, left: Any, right: Any) -> Path:
    soundfile.write(folder / "call.wav", np.stack([left, right], 1), RATE)
    return folder / "call.wav"


def test_a_person_in_each_channel(tmp_path: Path) -> None:
    found = by_channels(Voices(), stereo(tmp_path, microphone("ana"), microphone("ben")), None)  # type: ignore[arg-type]
    assert found is not None and found.labels == ("left", "right") and set(found.voices) == {"left", "right"}
    assert min(s.start for s in found.segments if s.label == "right") == pytest.approx(1.8, abs=0.3)
    assert "hold different people" in found.warnings[0]


def test_one_sound_in_stereo(tmp_path: Path) -> None:
    ana, ben = microphone("ana"), microphone("ben")
    for left, right in ((ana + ben, ana + ben), (ana + 0.5 * ben, ben + 0.5 * ana), (ana + ben, 0 * ana)):
        assert by_channels(Voices(), stereo(tmp_path, left, right), None) is None  # type: ignore[arg-type]


def test_a_call_is_planned_by_its_channels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ana, ben = talk(tmp_path)
    stereo(tmp_path, ana, ben)
    text = MIXED.replace("diarization: truth.rttm\n", "audio: call.wav\n")
    text = text.replace("ana: {", "ana: {voice: {speaker: right}, ").replace("ben: {", "ben: {voice: {speaker: left}, ")
    plan = planned(tmp_path, text)
    assert starts(plan, "ben") == pytest.approx([0.5, 5.0], abs=0.3)
    assert starts(plan, "ana") == pytest.approx([1.8, 12.2], abs=0.3)
    assert any("hold different people" in warning for warning in plan.warnings)
