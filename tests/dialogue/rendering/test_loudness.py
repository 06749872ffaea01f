"""A film brought to one loudness, measured by ffmpeg's ebur128, which had no part in it."""

from __future__ import annotations

import re
import subprocess

import numpy as np
import pytest
import soundfile
from scipy import signal

from dialogue.media.recordings import sound_blocks
from dialogue.planning.plan import AudioSlice, MixPart
from dialogue.rendering import ffmpeg
from dialogue.rendering.loudness import shortfall
from dialogue.rendering.mix import Heard, write_mix

RATE = 24_000


def ebur128(file):
    """Integrated loudness in LUFS and true peak in dBTP."""
    told = subprocess.run(
        [ffmpeg.binary(), "-hide_banner", "-nostats", "-i", str(file), "-af", "ebur128=peak=true", "-f", "null", "-"],
        capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    summary = told[told.rindex("Summary:") :]
    return float(re.search(r"I:\s+(-?[\d.]+|-inf) LUFS", summary)[1]), float(
        re.search(r"Peak:\s+(\S+) dBFS", summary)[1]
    )


def levels(file):
    """dBFS per 20 ms, as a player has it."""
    blocks = list(sound_blocks(file))
    sound, rate = np.concatenate([block for block, _ in blocks], axis=1).mean(axis=0), blocks[0][1]
    step = rate // 50
    pieces = sound[: len(sound) // step * step].reshape(-1, step)
    return 10 * np.log10((pieces**2).mean(axis=1) + 1e-12)


def speech(seconds, level, rate=RATE, channels=1, peaks=1.0):
    """Noise in syllables, some of which are `peaks` times as high."""
    dice = np.random.default_rng(3)
    n = round(seconds * rate)
    sound = signal.lfilter([1], [1, -0.85], dice.standard_normal((channels, n)))
    syllables = np.repeat(dice.uniform(0.1, 1, n // (rate // 5) + 1), rate // 5)[:n]
    syllables[dice.integers(0, n, 6)] *= peaks
    return (level * sound * syllables / np.abs(sound * np.minimum(syllables, 1)).max()).astype(np.float32)


@pytest.mark.parametrize(
    ("wanted", "seconds", "level", "peaks", "channels", "rate"),
    [
        (-23, 12, 0.9, 1, 1, 24_000),  # down
        (-23, 12, 0.02, 1, 2, 48_000),  # up, with room
        (-14, 12.34, 0.05, 1, 1, 16_000),
        (-12, 9.96025, 0.05, 1, 1, 16_000),  # up, where the peaks leave none
        (-16, 20.27, 0.05, 30, 2, 44_100),  # high single peaks
        (-16, 2, 0.05, 1, 1, 16_000),  # too short for a dynamic gain
        (-16, 1.2, 0.3, 9, 1, 48_000),
    ],
)
def test_it_is_as_loud_as_wanted_and_its_peaks_hold(tmp_path, wanted, seconds, level, peaks, channels, rate):
    soundfile.write(tmp_path / "a.wav", speech(seconds, level, rate, channels, peaks).T, rate, subtype="FLOAT")
    heard = Heard((MixPart(AudioSlice("a.wav", 0, seconds), 0.0),))
    write_mix(heard, tmp_path, seconds, tmp_path / "mix.m4a", loudness=wanted)
    loudness, peak = ebur128(tmp_path / "mix.m4a")
    assert loudness == pytest.approx(wanted, abs=0.5) and peak <= -1.0
    write_mix(heard, tmp_path, seconds, tmp_path / "plain.m4a")
    got, plain = (levels(tmp_path / name) for name in ("mix.m4a", "plain.m4a"))
    assert abs(len(got) - len(plain)) <= 6 and got[5 : len(plain) - 10].min() > -60, "no hole anywhere"
    steps = min(len(got), len(plain)) - 10
    assert np.corrcoef(got[5:steps], plain[5:steps])[0, 1] > 0.9, "and nothing is moved in time"
    assert ebur128(tmp_path / "plain.m4a")[0] != pytest.approx(wanted, abs=1), "as it comes it is another"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("seconds", [2.0, 3.3, 4.5, 5.8])
def test_a_short_film_is_as_loud_as_wanted(tmp_path, seconds, seed):
    """In a few seconds loudnorm's own meter is up to 1 LU off what everybody else measures."""
    dice, count = np.random.default_rng(seed), round(seconds * RATE)
    syllables = np.repeat(dice.uniform(0, 1, count // 2400 + 1), 2400)[:count] ** 2
    sound = 0.1 * dice.standard_normal(count) * syllables * (np.arange(count) > 0.3 * count * (seed % 2))
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    heard = Heard((MixPart(AudioSlice("a.wav", 0, seconds), 0.0),))
    for wanted in (-23, -30):
        write_mix(heard, tmp_path, seconds, tmp_path / "mix.m4a", loudness=wanted)
        loudness, peak = ebur128(tmp_path / "mix.m4a")
        assert loudness == pytest.approx(wanted, abs=0.35) and peak <= -1.0
        assert shortfall(tmp_path / "mix.m4a", wanted) is None


def test_what_its_peaks_do_not_allow_is_told_with_figures(tmp_path):
    sound = np.zeros(3 * RATE, np.float32)
    sound[:: RATE // 4] = 0.5  # clicks: hardly any loudness, and full peaks
    soundfile.write(tmp_path / "a.wav", sound, RATE, subtype="FLOAT")
    write_mix(Heard((MixPart(AudioSlice("a.wav", 0, 3), 0.0),)), tmp_path, 3.0, tmp_path / "mix.m4a", loudness=-8)
    loudness, peak = ebur128(tmp_path / "mix.m4a")
    assert loudness < -10 and peak <= -1.0, "the peaks hold, whatever that costs"
    told = shortfall(tmp_path / "mix.m4a", -8)
    assert told is not None and f"{loudness:.1f} LUFS" in told and f"{peak:.1f} dBTP" in told
    assert not [path for path in tmp_path.iterdir() if path.suffix not in (".wav", ".m4a")], "and nothing is left"


def test_one_gain_where_the_peaks_leave_room(tmp_path):
    """What is loud and what is soft stay as far apart as they were."""
    sound = np.concatenate([speech(6, 0.05), speech(6, 0.005)], axis=1)
    soundfile.write(tmp_path / "a.wav", sound.T, RATE, subtype="FLOAT")
    heard = Heard((MixPart(AudioSlice("a.wav", 0, 12), 0.0),))
    write_mix(heard, tmp_path, 12.0, tmp_path / "mix.m4a", loudness=-26)
    got = np.concatenate([block for block, _ in sound_blocks(tmp_path / "mix.m4a")], axis=1)[0]
    rms = [float(np.sqrt(np.mean(piece**2))) for piece in (got[: 6 * RATE], got[6 * RATE : 12 * RATE])]
    was = [float(np.sqrt(np.mean(piece**2))) for piece in (sound[0, : 6 * RATE], sound[0, 6 * RATE :])]
    assert rms[0] / rms[1] == pytest.approx(was[0] / was[1], rel=0.05)


def test_silence_stays_silence(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros(5 * RATE), RATE)
    write_mix(Heard((MixPart(AudioSlice("a.wav", 0, 5), 0.0),)), tmp_path, 5.0, tmp_path / "mix.m4a", loudness=-16)
    assert ebur128(tmp_path / "mix.m4a")[0] <= -70
