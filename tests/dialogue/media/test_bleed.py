"""Cross-talk: real voices mixed into each other's tracks, dry, delayed and through a room, open no mouth."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import fftconvolve

from dialogue.ground.segments import Segment
from dialogue.media.bleed import Leak, own_speech
from dialogue.media.recordings import Samples, read_samples
from dialogue.media.speech import listen, listen_to, speech_segments

MEDIA = Path(__file__).parents[3] / ".." / "shared" / "media"
pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")
RATE = 16_000
SECONDS = 45


def laid(*turns: tuple[str, float]) -> np.ndarray:
    track = np.zeros(SECONDS * RATE, np.float32)
    for name, at in turns:
        sound = read_samples(MEDIA / "podcastfy" / "turns" / f"{name}.mp3")
        first = round(at * RATE)
        track[first : first + len(sound)] += sound[: len(track) - first]
    return track


@pytest.fixture(scope="module")
def ana() -> np.ndarray:
    return laid(("1_question", 0.5), ("2_question", 20.0))


@pytest.fixture(scope="module")
def ben() -> np.ndarray:
    return laid(("1_answer", 10.2), ("2_answer", 33.4))


def through(sound: np.ndarray, decibels: float, delay: float, room: bool = False) -> np.ndarray:
    """What another microphone hears of it; the room is half a second of decaying noise behind the direct sound."""
    late = np.concatenate([np.zeros(round(delay * RATE), np.float32), sound])[: len(sound)]
    if room:
        random = np.random.default_rng(1)
        response = random.normal(size=RATE // 2) * np.exp(-np.arange(RATE // 2) / RATE * 17) * 0.06
        response[0] = 1.0
        late = fftconvolve(late, response / np.sqrt((response**2).sum()))[: len(sound)]
    return (late * 10 ** (decibels / 20)).astype(np.float32)


def hum(seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=SECONDS * RATE) * 10 ** (-65 / 20)).astype(np.float32)


def judged(folder: Path, *tracks: np.ndarray) -> tuple[list[tuple[Segment, ...]], list[Leak]]:
    samples = []
    for number, track in enumerate(tracks):
        path = folder / f"{number}.wav"
        soundfile.write(path, track, RATE, subtype="PCM_16")
        samples.append(Samples(path))
    return own_speech(samples, [listen(track) for track in samples])


def frames(segments: tuple[Segment, ...]) -> np.ndarray:
    marked = np.zeros(SECONDS * 100, bool)
    for segment in segments:
        marked[round(segment.start * 100) : round(segment.end * 100)] = True
    return marked


@lru_cache(maxsize=8)
def spoken_in(clean: bytes) -> tuple[Segment, ...]:
    return speech_segments(listen_to([np.frombuffer(clean, np.float32)]))


def apart(found: tuple[Segment, ...], clean: np.ndarray) -> tuple[float, float]:
    """Seconds of speech missed and of speech that is not there, against the track without bleed."""
    true, have = frames(spoken_in(clean.tobytes())), frames(found)
    return float((true & ~have).sum() / 100), float((have & ~true).sum() / 100)


@pytest.mark.parametrize(("delay", "room"), [(0.0, False), (0.005, True), (0.03, True), (0.15, False)])
@pytest.mark.parametrize("decibels", [-20.0, -12.0])
def test_each_hears_the_other(
    tmp_path: Path, ana: np.ndarray, ben: np.ndarray, decibels: float, delay: float, room: bool
) -> None:
    heard_a = ana + through(ben, decibels, delay, room) + hum(1)
    heard_b = ben + through(ana, decibels, delay, room) + hum(2)
    own, leaks = judged(tmp_path, heard_a, heard_b)
    assert sorted((leak.source, leak.into) for leak in leaks) == [(0, 1), (1, 0)]
    for leak in leaks:
        assert leak.delay == pytest.approx(delay, abs=0.001)
        assert leak.gain == pytest.approx(decibels, abs=4)
    for found, clean in zip(own, (ana, ben), strict=True):
        missed, extra = apart(found, clean)
        assert missed < 0.7
        assert extra < 0.1
    # The detector alone would open the mouth for most of the other's speech.
    assert apart(speech_segments(listen_to([heard_b])), ben)[1] > 10


def test_who_only_listens_says_nothing(tmp_path: Path, ana: np.ndarray) -> None:
    own, _ = judged(tmp_path, ana + hum(1), through(ana, -12, 0.005) + hum(2))
    assert own[1] == ()
    assert apart(own[0], ana)[0] < 0.1


def test_a_listener_turned_up_says_nothing_either(tmp_path: Path, ana: np.ndarray) -> None:
    """A track of nothing but bleed that was normalised to the level of speech: being later tells."""
    own, _ = judged(tmp_path, ana + hum(1), through(ana, 0, 0.005) + hum(2))
    assert own[1] == ()
    assert apart(own[0], ana)[0] < 0.1


def test_a_hot_microphone(tmp_path: Path, ana: np.ndarray, ben: np.ndarray) -> None:
    """Ben's microphone is 12 dB louder, so that Ana is as loud in it as in her own."""
    quiet_ana, quiet_ben = ana * 0.25, ben * 0.25
    heard_a = quiet_ana + through(quiet_ben, -12, 0.005) + hum(1)
    heard_b = 4 * (quiet_ben + through(quiet_ana, -12, 0.005)) + hum(2)
    own, _ = judged(tmp_path, heard_a, heard_b)
    for found, clean in zip(own, (ana, ben), strict=True):
        missed, extra = apart(found, clean)
        assert missed < 0.6
        assert extra < 0.1


@pytest.mark.parametrize(("decibels", "most_missed"), [(-20.0, 0.6), (-12.0, 2.6)])
def test_both_at_once_stay_both(tmp_path: Path, ana: np.ndarray, decibels: float, most_missed: float) -> None:
    """Nearly all of Ben is said over Ana; the louder the bleed, the more of his quiet sounds drown in it."""
    over = laid(("1_answer", 3.2), ("2_answer", 24.4))
    heard_a = ana + through(over, decibels, 0.008, room=True) + hum(1)
    heard_b = over + through(ana, decibels, 0.008, room=True) + hum(2)
    own, _ = judged(tmp_path, heard_a, heard_b)
    for found, clean in zip(own, (ana, over), strict=True):
        missed, extra = apart(found, clean)
        assert missed < most_missed
        assert extra < 0.3


def test_clean_tracks_are_left_alone(tmp_path: Path, ana: np.ndarray, ben: np.ndarray) -> None:
    over = laid(("1_answer", 3.2), ("2_answer", 24.4))
    for other in (ben, over):
        own, leaks = judged(tmp_path, ana + hum(1), other + hum(2))
        assert leaks == []
        assert apart(own[0], ana) == pytest.approx((0, 0), abs=0.1)
        assert apart(own[1], other) == pytest.approx((0, 0), abs=0.1)


def test_real_channels_of_one_call_do_not_leak() -> None:
    path = MEDIA / "faster-whisper" / "stereo_diarization.wav"
    tracks = [Samples(path, 1), Samples(path, 2)]
    heard = [listen(track) for track in tracks]
    own, leaks = own_speech(tracks, heard)
    assert leaks == []
    assert own == [speech_segments(listened) for listened in heard]


def test_the_same_file_twice_silences_nobody(tmp_path: Path, ana: np.ndarray) -> None:
    own, leaks = judged(tmp_path, ana, ana)
    assert leaks == [Leak(0, 1, 0.0, 0.0, same=True)]
    assert own[0] == own[1] != ()


def test_three_in_a_room(tmp_path: Path, ana: np.ndarray) -> None:
    ben, cleo = laid(("1_answer", 10.2)), laid(("2_answer", 33.4))
    voices = (ana, ben, cleo)
    heard = [
        own + sum(through(other, -15, 0.004 * abs(i - j), True) for j, other in enumerate(voices) if j != i) + hum(i)
        for i, own in enumerate(voices)
    ]
    own, _ = judged(tmp_path, *heard)
    for found, clean in zip(own, voices, strict=True):
        missed, extra = apart(found, clean)
        assert missed < 0.5
        assert extra < 0.2
