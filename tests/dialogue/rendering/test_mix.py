"""The mix of tracks and lines: exact to the sample, streamed, never clipped."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from dialogue.media.recordings import sound_blocks
from dialogue.planning.plan import AudioSlice, MixPart
from dialogue.rendering.mix import Heard, mixed, write_mix

RATE = 8000


def voice(seconds, rate, channels=1, seed=0, level=0.1):
    noise = np.random.default_rng(seed).standard_normal((channels, round(seconds * rate)))
    smooth = signal.lfilter([1], [1, -0.9], noise)
    return (level * smooth / np.abs(smooth).max()).astype(np.float32)


def record(place, sound, rate):
    soundfile.write(place, sound.T, rate, subtype="FLOAT")
    return sound


def whole(parts, folder, seconds, rate, channels):
    return np.concatenate(list(mixed(Heard(tuple(parts)), folder, seconds, rate, channels)), axis=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sound")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["mono", "stereo", "left", "right"]), st.floats(0, 2.5), st.floats(0, 2), st.floats(0, 4)
        ),
        max_size=5,
    )
)
def test_the_mix_is_the_sum_of_its_parts(folder, wanted):
    """Any parts, in any order, overlapping, beyond the end of a recording and of the mix: every sample is right."""
    sounds = {"mono": voice(2, RATE, 1, 1), "stereo": voice(3, RATE, 2, 2)}
    for name, sound in sounds.items():
        record(folder / f"{name}.wav", sound, RATE)
    parts, seconds = [], 4.3
    expected = np.zeros((2, round(seconds * RATE)), np.float32)
    for name, start, length, at in wanted:
        file, channel = ("stereo", 1 + (name == "right")) if name in ("left", "right") else (name, None)
        parts.append(MixPart(AudioSlice(f"{file}.wav", start, start + length, channel), at))
        source = sounds[file] if channel is None else sounds[file][channel - 1 : channel]
        first = round(start * RATE)
        heard = source[:, first : first + round((start + length - start) * RATE)]
        begin = round(at * RATE)
        heard = heard[:, : max(0, expected.shape[1] - begin)]
        expected[:, begin : begin + heard.shape[1]] += heard
    np.testing.assert_allclose(whole(parts, folder, seconds, RATE, 2), expected, atol=1e-6)


def test_parts_of_other_rates_keep_their_times(folder):
    slow = record(folder / "slow.wav", voice(3, 16000, seed=3), 16000)
    parts = [MixPart(AudioSlice("slow.wav", 1.0, 2.5), 0.7)]
    got = whole(parts, folder, 3.0, 48000, 1)[0]
    wanted = signal.resample_poly(slow[0, 16000:40000], 3, 1)
    piece = got[round(0.7 * 48000) :][: len(wanted)]
    inner = slice(2000, -2000)  # the resamplers differ at the edges
    assert np.corrcoef(piece[inner], wanted[inner])[0, 1] > 0.999
    assert not got[: round(0.7 * 48000)].any() and not got[round(2.2 * 48000) :].any()


def test_more_than_two_channels_are_averaged(folder):
    sound = record(folder / "six.wav", voice(1, RATE, 6, 4), RATE)
    got = whole([MixPart(AudioSlice("six.wav", 0, 1), 0.0)], folder, 1.0, RATE, 1)
    np.testing.assert_allclose(got[0], sound.mean(axis=0), atol=1e-6)


def decoded(file):
    blocks = list(sound_blocks(file))
    return np.concatenate([block for block, _ in blocks], axis=1), blocks[0][1]


def test_the_file_is_the_mix_and_as_long(folder):
    record(folder / "a.wav", voice(2, 44100, 1, 5), 44100)
    record(folder / "b.wav", voice(2, 16000, 2, 6), 16000)
    parts = [MixPart(AudioSlice("a.wav", 0, 2), 0.25), MixPart(AudioSlice("b.wav", 0.5, 2), 1.0)]
    write_mix(Heard(tuple(parts)), folder, 3.21, folder / "mix.m4a")
    got, rate = decoded(folder / "mix.m4a")
    assert rate == 44100 and len(got) == 2
    wanted = whole(parts, folder, 3.21, 44100, 2)
    assert 0 <= got.shape[1] - wanted.shape[1] < 1024  # AAC frames hold 1024 samples
    got = got[:, : wanted.shape[1]]
    alike = signal.correlate(got[0], wanted[0], "full", method="fft")
    assert alike.argmax() - (wanted.shape[1] - 1) == 0
    assert np.corrcoef(got[0], wanted[0])[0, 1] > 0.98


def test_loud_voices_together_do_not_clip_and_soft_ones_are_left_alone(folder):
    record(folder / "loud.wav", voice(3, 16000, 1, 7, level=0.9), 16000)
    record(folder / "loud2.wav", voice(1, 16000, 1, 7, level=0.9), 16000)
    parts = [MixPart(AudioSlice("loud.wav", 0, 3), 0.0), MixPart(AudioSlice("loud2.wav", 0, 1), 0.0)]
    plain = whole(parts, folder, 3.0, 16000, 1)
    assert np.abs(plain).max() > 1.2
    write_mix(Heard(tuple(parts)), folder, 3.0, folder / "limited.m4a")
    got, _ = decoded(folder / "limited.m4a")
    assert np.abs(got).max() <= 1.0
    alone = slice(24000, 44000)
    gain = (got[0, alone] @ plain[0, alone]) / (plain[0, alone] @ plain[0, alone])
    assert gain == pytest.approx(1, abs=0.02)


def test_memory_does_not_grow_with_the_mix(folder):
    """The same peak for 20 s and for 400 s of two tracks cut into many parts."""
    record(folder / "long.wav", voice(400, RATE, 1, 8), RATE)

    def peak(seconds):
        parts = [MixPart(AudioSlice("long.wav", at, at + 1.5), at) for at in range(0, seconds, 2)]
        tracemalloc.start()
        for _ in mixed(Heard(tuple(parts)), folder, seconds, RATE, 1):
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(4)
    assert peak(400) < peak(20) * 1.3
