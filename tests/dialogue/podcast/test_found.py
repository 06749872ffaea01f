"""Which recordings of a folder are episodes, and what lies beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from dialogue.ground.errors import SceneError
from dialogue.podcast.episodes import find_episodes


def silence(path: Path, seconds: float) -> None:
    soundfile.write(path, np.zeros(round(8000 * seconds)), 8000)


@pytest.mark.parametrize("name", ["talk.vtt", "talk.transcript.vtt", "talk.en.vtt", "talk.en-US.srt"])
def test_turns_beside_a_recording_are_its_own(tmp_path: Path, name: str) -> None:
    silence(tmp_path / "talk.wav", 1)
    silence(tmp_path / "talk.two.wav", 1)
    (tmp_path / name).write_text("WEBVTT\n")
    episodes = {episode.path.name: episode for episode in find_episodes([tmp_path])}
    assert episodes["talk.wav"].turns == tmp_path / name and episodes["talk.two.wav"].turns is None


def test_a_folder_of_microphones_is_asked_about(tmp_path: Path) -> None:
    silence(tmp_path / "1-ana.flac", 60)
    silence(tmp_path / "2-ben.flac", 60.5)
    with pytest.raises(SceneError, match="the microphones of one talk, or 2 episodes"):
        find_episodes([tmp_path])
    assert len(find_episodes([tmp_path / "1-ana.flac", tmp_path / "2-ben.flac"])) == 2


def test_a_folder_of_numbered_episodes_is_not(tmp_path: Path) -> None:
    silence(tmp_path / "1-pilot.flac", 60)
    silence(tmp_path / "2-rain.flac", 75)
    assert len(find_episodes([tmp_path])) == 2
