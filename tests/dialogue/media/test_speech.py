"""Who speaks when on a track: edges against known truth, pieces against the whole, no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.ground.segments import Segment
from dialogue.media.recordings import Samples, read_samples
from dialogue.media.speech import FRAME, SAMPLE_RATE, detected, listen, listen_to, merge, speech_segments

ROOT = Path(__file__).parents[3]
MEDIA = ROOT / ".." / "shared" / "media"
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")
RATE = 16_000


def audible(sound: np.ndarray, below_peak: float = 45.0) -> tuple[int, int]:
    """First and last sample within `below_peak` dB of the loudest, over 5 ms: the truth, found without the detector."""
    level = np.convolve(sound**2, np.full(80, 1 / 80), "same")
    loud = np.flatnonzero(level > level.max() * 10 ** (-below_peak / 10))
    return int(loud[0]), int(loud[-1]) + 1


def speech_of(path: Path, channel: int | None = None) -> list[tuple[float, float]]:
    return [(part.start, part.end) for part in speech_segments(listen(Samples(path, channel)))]


@needs_media
@pytest.mark.parametrize("noise", [None, -60.0])
def test_a_dialogue_of_known_times(tmp_path: Path, noise: float | None) -> None:
    """Six turns of two hosts laid at known times: every turn begins and ends within 60 ms of where it was laid."""
    turns = [f"{number}_{kind}" for number in (1, 2, 3) for kind in ("question", "answer")]
    tracks = np.zeros((2, 110 * RATE), np.float32)
    truth: list[list[tuple[float, float]]] = [[], []]
    at = round(0.7 * RATE)
    for index, name in enumerate(turns):
        sound = read_samples(MEDIA / "podcastfy" / "turns" / f"{name}.mp3")
        first, last = audible(sound)
        sound = sound[first:last]
        tracks[index % 2, at : at + len(sound)] = sound
        truth[index % 2].append((at / RATE, (at + len(sound)) / RATE))
        at += len(sound) + round((0.4 + 0.37 * index) * RATE)
    if noise is not None:
        tracks += np.random.default_rng(0).normal(size=tracks.shape).astype(np.float32) * 10 ** (noise / 20)
    for track, known in zip(tracks, truth, strict=True):
        soundfile.write(tmp_path / "track.wav", track, RATE, subtype="PCM_16")
        found = speech_of(tmp_path / "track.wav")
        for start, end in known:
            inside = [part for part in found if part[0] < end and part[1] > start]
            assert inside[0][0] == pytest.approx(start, abs=0.06)
            assert inside[-1][1] == pytest.approx(end, abs=0.06)
        assert all(any(a < end and b > start for start, end in known) for a, b in found)


@needs_media
@pytest.mark.parametrize(
    ("name", "channel", "start", "end"),
    [
        ("MultiTalk/multi1_person1.WAV", None, 0.21, 1.53),
        ("MultiTalk/multi1_person2.WAV", None, 0.21, 2.79),
        # The man's voice ends at 2.3 s; what sounds until 4.62 s are two chords of an instrument.
        ("MultiTalk/multi3_man.WAV", None, 0.18, 2.29),
        ("MultiTalk/multi3_woman.WAV", None, 4.59, 7.90),
        ("faster-whisper/stereo_diarization.wav", 1, 0.30, 4.84),
        ("faster-whisper/stereo_diarization.wav", 2, 0.36, 2.56),
    ],
)
def test_real_tracks(name: str, channel: int | None, start: float, end: float) -> None:
    found = speech_of(MEDIA / name, channel)
    assert found[0][0] == pytest.approx(start, abs=0.06)
    assert found[-1][1] == pytest.approx(end, abs=0.06)


@needs_media
def test_speech_covers_what_people_marked() -> None:
    """A telephone call with human turns: of the time people marked, at least 90 %; outside it, at most 10 % more."""
    path = MEDIA / "pyannote-audio" / "sample.wav"
    marked, found = np.zeros(3000, bool), np.zeros(3000, bool)
    for line in (MEDIA / "pyannote-audio" / "sample.rttm").read_text().splitlines():
        fields = line.split()
        marked[round(float(fields[3]) * 100) : round((float(fields[3]) + float(fields[4])) * 100)] = True
    for start, end in speech_of(path):
        found[round(start * 100) : round(end * 100)] = True
    assert (marked & found).sum() / marked.sum() > 0.9
    assert (found & ~marked).sum() / marked.sum() < 0.1


@needs_media
def test_pieces_are_the_whole() -> None:
    """The recurrent state goes on between calls: block sizes change nothing."""
    sound = read_samples(MEDIA / "silero-vad" / "test.wav")[: 20 * RATE]
    whole = listen_to([sound])
    size = 5 * FRAME * 5
    pieces = listen_to(sound[at : at + size] for at in range(0, len(sound), size))
    np.testing.assert_allclose(pieces.probabilities, whole.probabilities, atol=1e-5)
    np.testing.assert_array_equal(pieces.levels, whole.levels)


@needs_media
def test_the_probabilities_are_sileros_own() -> None:
    """The sequence model against the streaming model that the package documents, frame by frame."""
    import onnxruntime

    from dialogue.media.speech import _model_file

    sound = read_samples(MEDIA / "silero-vad" / "test.wav")[: 5 * RATE]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    streaming = onnxruntime.InferenceSession(str(_model_file().with_name("silero_vad.onnx")), options)
    state, context, wanted = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), []
    for at in range(0, len(sound) - FRAME + 1, FRAME):
        frame = np.concatenate([context, sound[at : at + FRAME]])[None]
        found, state = streaming.run(None, {"input": frame, "state": state, "sr": np.array(RATE, np.int64)})
        wanted.append(float(found[0, 0]))
        context = frame[0, -64:]
    np.testing.assert_allclose(listen_to([sound]).probabilities[: len(wanted)], wanted, atol=1e-4)


def test_silence_noise_and_tones_are_no_speech() -> None:
    random = np.random.default_rng(0)
    for sound in (
        np.zeros(5 * RATE, np.float32),
        random.normal(size=5 * RATE).astype(np.float32) * 0.05,
        (0.3 * np.sin(2 * np.pi * 50 * np.arange(5 * RATE) / RATE)).astype(np.float32),
        np.zeros(100, np.float32),
    ):
        assert speech_segments(listen_to([sound])) == ()
    assert listen_to([]).duration == 0


@needs_media
def test_quiet_speech_is_speech(tmp_path: Path) -> None:
    """30 dB down, as an unamplified microphone gives it."""
    sound = read_samples(MEDIA / "podcastfy" / "turns" / "1_question.mp3")
    soundfile.write(tmp_path / "quiet.wav", sound * 10 ** (-30 / 20), RATE, subtype="PCM_16")
    loud = listen_to([sound])
    quiet = speech_of(tmp_path / "quiet.wav")
    assert sum(b - a for a, b in quiet) > 0.85 * sum(part.duration for part in speech_segments(loud))


@needs_media
def test_segments_lie_in_the_recording_and_apart() -> None:
    listened = listen(Samples(MEDIA / "WhisperKit" / "VADAudio.wav"))
    found = speech_segments(listened)
    assert found
    assert detected(listened)
    assert found[0].start >= 0
    assert found[-1].end <= listened.duration
    assert all(before.end + 0.3 <= after.start for before, after in zip(found, found[1:], strict=False))


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5))), st.floats(0, 1))
def test_merging(drawn: list[tuple[float, float]], gap: float) -> None:
    segments = [Segment(start, start + length) for start, length in drawn]
    merged = merge(segments, gap)
    assert all(a.end + gap <= b.start for a, b in zip(merged, merged[1:], strict=False))
    for segment in segments:
        assert any(m.start <= segment.start and segment.end <= m.end for m in merged)
    assert merge(merged, gap) == merged


def test_neither_torch_nor_silero_vad_is_imported() -> None:
    code = (
        "import sys, numpy; from dialogue.media.speech import listen_to, speech_segments;"
        "speech_segments(listen_to([numpy.zeros(16000, numpy.float32)]));"
        "print({'torch', 'silero_vad', 'torchaudio'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "set()"


def test_levels_do_not_drift(tmp_path: Path) -> None:
    """Levels of the last seconds of ten minutes are those of the same seconds alone: edges are refined by them."""
    sound = np.random.default_rng(0).normal(size=7 * RATE).astype(np.float32) * np.repeat([0.01, 0.1], [50_000, 62_000])
    soundfile.write(tmp_path / "late.wav", np.concatenate([np.zeros(600 * RATE), sound]), RATE, subtype="FLOAT")
    heard = listen(Samples(tmp_path / "late.wav"))
    np.testing.assert_array_equal(heard.levels[600 * 100 :], listen_to([sound.astype(np.float32)]).levels)


def test_blocks_that_would_shift_what_follows_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 512 and 160"):
        listen_to([np.zeros(1024 * FRAME, np.float32)] * 2)


def test_music_and_noise_open_no_mouth(tmp_path: Path) -> None:
    """A singing synthesizer (a saw wave with vibrato through two formants), a beat and noise: 55 s of each."""
    from scipy import signal

    time, random = np.arange(55 * SAMPLE_RATE) / SAMPLE_RATE, np.random.default_rng(0)
    pitch = 180 + 30 * np.sin(2 * np.pi * time / 3) + 4 * np.sin(2 * np.pi * 5.5 * time)
    saw = signal.sawtooth(2 * np.pi * np.cumsum(pitch) / SAMPLE_RATE)
    formants = [signal.iirpeak(f, q, fs=SAMPLE_RATE) for f, q in ((700, 5), (1200, 6))]
    synth = sum(signal.lfilter(*formant, saw) for formant in formants) * (0.5 + 0.5 * np.sin(np.pi * time / 2)) ** 2
    beat = random.normal(size=len(time)) * np.exp(-((time * 2) % 1) * 20)
    for sound in (synth, beat, random.normal(size=len(time))):
        soundfile.write(tmp_path / "a.wav", 0.6 * sound / np.abs(sound).max(), SAMPLE_RATE)
        assert speech_segments(listen(Samples(tmp_path / "a.wav"))) == ()
