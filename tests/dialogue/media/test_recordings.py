"""Recordings: exact durations, loudness after BS.1770, channels by name, and 16 kHz samples without delay."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile

from dialogue.ground.errors import SceneError
from dialogue.media.loudness import LoudnessMeter
from dialogue.media.recordings import Samples, measure_recording, probe_recording, read_samples, sound_blocks

MEDIA = Path(__file__).parents[3] / ".." / "shared" / "media"
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")


def sine(frequency: float, seconds: float, rate: int, peak: float = 1.0) -> np.ndarray:
    return (peak * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000])
def test_a_full_scale_sine_reads_minus_three(rate: int) -> None:
    """BS.1770-4: 997 Hz at 0 dBFS in one channel is -3.01 LUFS (the shelf's gain there is the offset's reason)."""
    meter = LoudnessMeter(rate, ("mono",))
    for block in np.array_split(sine(997, 5, rate), 7):
        meter.add(block[None])
    assert meter.integrated() == pytest.approx(-3.01, abs=0.05)
    assert meter.peak() == pytest.approx(0.0, abs=0.01)


def test_loudness_ignores_silence_and_what_is_far_below() -> None:
    """EBU Tech 3341, case 3: 10 s at -36, 60 s at -23 and 10 s at -36 LUFS read -23."""
    rate = 48_000
    meter = LoudnessMeter(rate, ("left", "right"))
    for seconds, level in ((10, -36), (60, -23), (10, -36)):
        tone = sine(1000, seconds, rate, 10 ** (level / 20))
        meter.add(np.stack([tone, tone]))
    meter.add(np.zeros((2, 20 * rate), np.float32))
    assert meter.integrated() == pytest.approx(-23.0, abs=0.1)


def test_silence_and_a_blink_have_a_loudness() -> None:
    silent, short = LoudnessMeter(16_000, ("mono",)), LoudnessMeter(16_000, ("mono",))
    silent.add(np.zeros((1, 16_000), np.float32))
    short.add(sine(997, 0.05, 16_000)[None])
    assert (silent.integrated(), silent.peak()) == (-70.0, -120.0)
    assert short.integrated() == pytest.approx(-3.0, abs=0.5)


@needs_media
@pytest.mark.parametrize(
    "name",
    ["podcastfy/turns/3_answer.mp3", "MultiTalk/multi3_man.WAV", "WhisperKit/8_Channel_ID.m4a", "whisper/jfk.flac"],
)
def test_loudness_is_ffmpegs(name: str) -> None:
    import imageio_ffmpeg

    found = measure_recording(MEDIA / name, name)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-nostats", "-i", str(MEDIA / name)]
    said = subprocess.run([*command, "-af", "ebur128=peak=sample", "-f", "null", "-"], capture_output=True, text=True)
    summary = said.stderr.rsplit("Summary:", 1)[1].split()
    assert found.loudness == pytest.approx(float(summary[summary.index("I:") + 1]), abs=0.15)
    assert found.peak == pytest.approx(float(summary[summary.index("Peak:") + 1]), abs=0.1)


@needs_media
@pytest.mark.parametrize(
    ("name", "seconds", "channels"),
    [
        ("MultiTalk/multi3_man.WAV", 8.52172, ("left", "right")),
        ("podcastfy/turns/1_answer.mp3", 9.888, ("mono",)),
        ("silero-vad/test.mp3", 2.53388, ("left", "right")),  # with a cover picture, which is a video stream
        ("whisper-diarization/test.opus", 22.5697, ("left", "right")),
        ("speechbrain/mixture_0.wav", 4.03119, ("mono",)),  # 64-bit float
        ("pyannote-audio/trñ00.wav", 30.00006, ("mono",)),
        ("moviepy/malformed/no_duration.webm", 4.875, ("left", "right")),
        (
            "WhisperKit/8_Channel_ID.m4a",
            8.064,
            ("left", "right", "center", "lfe", "back-left", "back-right", "side-left", "side-right"),
        ),
    ],
)
def test_durations_are_counted(name: str, seconds: float, channels: tuple[str, ...]) -> None:
    found = probe_recording(MEDIA / name, name)
    assert found.duration == pytest.approx(seconds, abs=1e-4)
    assert found.channel_names == channels
    assert sum(block.shape[1] for block, _ in sound_blocks(MEDIA / name)) == round(found.duration * found.rate)
    assert len(read_samples(MEDIA / name)) == round(found.duration * 16_000)


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 44_100, 48_000])
def test_resampling_moves_nothing(tmp_path: Path, rate: int) -> None:
    """A click stays where it is, at the end of a minute too."""
    sound = np.zeros(60 * rate, np.float32)
    for second in (1, 30, 59):
        sound[second * rate - 8 : second * rate + 8] = np.hanning(16)
    soundfile.write(tmp_path / "clicks.wav", sound, rate, subtype="FLOAT")
    heard = read_samples(tmp_path / "clicks.wav")
    assert len(heard) == 60 * 16_000
    for second in (1, 30, 59):
        around = heard[second * 16_000 - 200 : second * 16_000 + 200]
        assert abs(int(np.abs(around).argmax()) - 200) <= 8


def test_a_channel_a_mix_and_a_slice(tmp_path: Path) -> None:
    left, right = sine(440, 3, 16_000, 0.5), sine(660, 3, 16_000, 0.25)
    soundfile.write(tmp_path / "call.wav", np.stack([left, right], 1), 16_000, subtype="FLOAT")
    path = tmp_path / "call.wav"
    np.testing.assert_allclose(read_samples(path, 2), right, atol=1e-6)
    np.testing.assert_allclose(read_samples(path), (left + right) / 2, atol=1e-6)
    np.testing.assert_allclose(Samples(path, 1).read(1.25, 2.5), left[20_000:40_000], atol=1e-6)
    beyond = Samples(path, 1).read(2.5, 4.0)
    assert len(beyond) == 24_000
    assert not beyond[8_000:].any()


def test_blocks_in_pieces_are_the_whole(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(300, 5.3, 44_100), 44_100, subtype="FLOAT")
    samples = Samples(tmp_path / "a.wav")
    pieces = list(samples.blocks(7_000))
    assert {len(piece) for piece in pieces[:-1]} == {7_000}
    np.testing.assert_array_equal(np.concatenate(pieces), read_samples(tmp_path / "a.wav"))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_every_sample_format_has_one_scale(tmp_path: Path, subtype: str) -> None:
    tone = sine(500, 1, 16_000, 0.5)
    soundfile.write(tmp_path / "a.wav", tone, 16_000, subtype=subtype)
    np.testing.assert_allclose(read_samples(tmp_path / "a.wav"), tone, atol=0.01 if subtype == "PCM_U8" else 1e-4)


def test_a_missing_channel_is_named(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(500, 1, 16_000), 16_000)
    with pytest.raises(SceneError, match="has 1 channel; there is no channel 2"):
        read_samples(tmp_path / "a.wav", 2)


@pytest.mark.parametrize("name", ["whole.wav", "whole.mp3", "cover.mp3"])
def test_a_file_cut_off_tells_what_it_had(tmp_path: Path, name: str) -> None:
    """The header of a download that broke off still says the whole length."""
    soundfile.write(tmp_path / "whole.wav", np.random.default_rng(0).standard_normal(64_000) / 8, 16_000)
    if name != "whole.wav":
        source = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(tmp_path / "whole.wav")]
        tags = ["-metadata", "comment=" + 9_000 * "long ", "-id3v2_version", "3"] if name == "cover.mp3" else []
        subprocess.run([*source, *tags, str(tmp_path / name)], check=True)
    data = (tmp_path / name).read_bytes()
    sound_from = data.find(b"Info") if name == "cover.mp3" else 0
    cut = tmp_path / f"cut-{name}"
    cut.write_bytes(data[: sound_from + (len(data) - sound_from) // 2])
    for look in (probe_recording, measure_recording):
        whole, half = look(tmp_path / name, name), look(cut, name)
        assert whole.told is None and whole.duration == pytest.approx(4.0, abs=0.05)
        assert half.told == pytest.approx(whole.duration, abs=0.05) and half.duration == pytest.approx(2.0, abs=0.1)


def test_sizes_that_mean_nothing_are_not_believed(tmp_path: Path) -> None:
    """A WAV written to a pipe claims 4 GB; an MP3 without an Info frame claims nothing."""
    tone = sine(500, 4, 16_000, 0.5)
    convert = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "f32le", "-ar", "16000", "-ac", "1", "-i", "-"]
    pipe = subprocess.run([*convert, "-f", "wav", "-"], input=tone.tobytes(), capture_output=True, check=True)
    (tmp_path / "streamed.wav").write_bytes(pipe.stdout)
    subprocess.run([*convert, "-write_xing", "0", str(tmp_path / "plain.mp3")], input=tone.tobytes(), check=True)
    data = (tmp_path / "plain.mp3").read_bytes()
    (tmp_path / "plain.mp3").write_bytes(data[: len(data) // 2])
    for name, seconds in (("streamed.wav", 4.0), ("plain.mp3", 2.0)):
        recording = measure_recording(tmp_path / name, name)
        assert recording.told is None and recording.duration == pytest.approx(seconds, abs=0.1)


def test_no_damage_to_a_header_is_a_traceback(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", sine(500, 0.1, 16_000), 16_000)
    data = (tmp_path / "a.wav").read_bytes()
    looks = (probe_recording, measure_recording)
    read, refused = 0, []
    for place, byte, look in itertools.product(range(44), (0, 1, 0x7F, 0xFF), looks):
        (tmp_path / "a.wav").write_bytes(data[:place] + bytes([byte]) + data[place + 1 :])
        try:
            read += look(tmp_path / "a.wav", "a.wav").duration > 0
        except SceneError as error:
            refused.append(str(error))
    assert read > 100 and refused and all("a.wav: error: " in told for told in refused)


@needs_media
def test_a_hole_in_the_middle_is_noticed(tmp_path: Path) -> None:
    shutil.copy(MEDIA / "whisper" / "jfk.flac", tmp_path / "a.flac")
    data = bytearray((tmp_path / "a.flac").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 60_000] = bytes(60_000)
    (tmp_path / "a.flac").write_bytes(data)
    with pytest.raises(SceneError, match=r"is damaged: it holds \d+\.\d\d s of the 11\.00 s"):
        measure_recording(tmp_path / "a.flac", "a.flac")
