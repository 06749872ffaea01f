"""Sounds as clips: nothing lost on the way, silence trimmed, levels as asked, and pydub's warnings kept to itself."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from dialogue.media.clip import clip_of, levelled, silence, sound_of, trimmed

RATE = 24_000


def tone(seconds: float, level: float = 0.25) -> np.ndarray:
    return np.asarray(level * np.sin(2 * np.pi * 200 * np.arange(round(seconds * RATE)) / RATE), np.float32)


def test_a_sound_comes_back_as_it_was() -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, 5000).astype(np.float32)
    np.testing.assert_allclose(sound_of(clip_of(sound, RATE)), sound, atol=2**-23)


def test_silence_is_trimmed_to_a_millisecond() -> None:
    noise = 0.001 * np.random.default_rng(2).standard_normal(RATE)
    sound = np.concatenate([noise, tone(0.5), noise[: RATE // 2]])
    words = trimmed(clip_of(sound, RATE), 40)
    assert len(words) == pytest.approx(500, abs=3)
    assert trimmed(clip_of(np.zeros(RATE), RATE), 40) is None


def test_levels_hold_their_peaks() -> None:
    assert levelled(clip_of(tone(1.0), RATE), -20, -0.3).dBFS == pytest.approx(-20, abs=0.1)
    click = np.zeros(RATE, np.float32)
    click[1000] = 0.5
    assert levelled(clip_of(click, RATE), -20, -0.3).max_dBFS == pytest.approx(-0.3, abs=0.1)


def test_clips_are_joined_and_laid_over_each_other() -> None:
    joined = silence(0.25, RATE) + clip_of(tone(0.5), RATE) + silence(0.1, RATE)
    got = sound_of(joined.overlay(clip_of(np.full(RATE * 2, 0.01, np.float32), RATE)))
    assert len(got) == round(0.85 * RATE)
    np.testing.assert_allclose(got[: RATE // 4], 0.01, atol=1e-6)
    np.testing.assert_allclose(got[RATE // 4 :][: RATE // 2], tone(0.5) + 0.01, atol=1e-5)


def test_no_ffmpeg_on_the_path_is_no_warning() -> None:
    program = "from dialogue.media.clip import load_clips; load_clips()"
    told = [sys.executable, "-W", "error", "-c", program]
    run = subprocess.run(told, env={"PATH": "", "PYTHONPATH": ":".join(sys.path)}, capture_output=True, check=False)
    assert run.returncode == 0 and not run.stderr, run.stderr
