"""A recording in the film is heard when a player plays it in the recording, whatever container dates its packets."""

from __future__ import annotations

import subprocess
from fractions import Fraction

import av
import flashes
import numpy as np
import pytest
import soundfile
from scipy import signal

from dialogue.ground.errors import SceneError
from dialogue.media.recordings import probe_recording, read_samples
from dialogue.planning.plan import AudioSlice, MixPart
from dialogue.rendering import ffmpeg
from dialogue.rendering.encode import encode
from dialogue.rendering.film_sound import COPIED, FilmSound, untouched
from dialogue.rendering.mix import Heard, write_mix, write_sound
from dialogue.rendering.stitch import Clip, stitch

FPS = Fraction(25)
CLICKS = [0.5, 2.0, 3.7]


def run(*args):
    subprocess.run([ffmpeg.binary(), "-y", "-loglevel", "error", *args], check=True)


def clip(place, count):
    frames = (np.full((48, 64, 3), (200, 30, 60), np.uint8) for _ in range(count))
    encode(frames, place, fps=FPS, count=count, width=64, height=48)
    return Clip(place, count)


def film_of(folder, name, stream=None):
    """A film with the recording muxed as `render` does it."""
    sound = untouched(folder / name, stream)
    if sound is None:
        write_sound(folder / name, stream, folder / "encoded.m4a")
        sound = FilmSound(folder / "encoded.m4a")
    stitch([clip(folder / "clip.mp4", 150)], sound, folder / "film.mp4", fps=FPS)
    return folder / "film.mp4"


def samples(file, stream=0):
    """The sound as it is decoded, without times: (n,) mono, rate."""
    with av.open(str(file)) as container:
        stream = container.streams.audio[stream]
        resampler = av.AudioResampler("flt", "mono", stream.rate)
        heard = [part.to_ndarray()[0] for frame in container.decode(stream) for part in resampler.resample(frame)]
        return np.concatenate(heard), stream.rate


def played(file):
    """The sound as a player plays it, mono at 16 kHz: late starts and gaps are silence."""
    zero = ["-copyts"] if file.suffix in (".mp4", ".mov", ".m4a", ".mkv", ".webm") else []  # else: the first stream's
    heard = ["-map", "a:0", "-af", "aresample=async=1:first_pts=0:min_hard_comp=0.03", "-ac", "1", "-ar", "16000"]
    seen = ["-map", "0:v?", "-map", "a:0", "-f", "null", "-"]  # so that the picture counts where the zero is looked for
    args = [ffmpeg.binary(), "-loglevel", "error", *zero, "-i", file, *heard, "-f", "f32le", "pipe:1", *seen]
    return np.frombuffer(subprocess.run(args, check=True, capture_output=True).stdout, np.float32)


def lag(first, second):
    """By how many samples the second is late, and how alike they then are, 0 … 1."""
    n = max(len(first), len(second))
    first, second = (np.pad(sound, (0, n - len(sound))) for sound in (first, second))
    alike = signal.correlate(second, first, "full", method="fft")
    return int(alike.argmax()) - (n - 1), float(alike.max() / np.sqrt((first**2).sum() * (second**2).sum()))


FORMATS = {
    "s.wav": [], "s16.wav": ["-ar", "16000"], "s8.wav": ["-ar", "8000"], "s.flac": [], "s.m4a": ["-c:a", "aac"],
    "alac.m4a": ["-c:a", "alac"], "s.mp3": ["-q:a", "4"], "bare.mp3": ["-b:a", "64k", "-write_xing", "0"],
    "s.opus": ["-c:a", "libopus"], "s.ogg": ["-c:a", "libvorbis"], "s.ac3": [],
}  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_sound_keeps_its_place_and_its_bytes(tmp_path, name):
    soundfile.write(tmp_path / "plain.wav", flashes.clicks(CLICKS, 4.0, 48000), 48000)
    run("-i", tmp_path / "plain.wav", *FORMATS[name], tmp_path / name)
    film = film_of(tmp_path, name)
    given, rate = samples(tmp_path / name)
    heard, film_rate = samples(film)
    assert film_rate == rate
    late, alike = lag(given, heard)
    assert late == 0 and alike > 0.8
    assert codec(film) == (codec(tmp_path / name) if codec(tmp_path / name) in COPIED else "aac")
    if codec(tmp_path / name) in COPIED:
        assert packets(film) == packets(tmp_path / name)


def codec(file):
    with av.open(str(file)) as container:
        return container.streams.audio[0].codec_context.codec.canonical_name


def packets(file, stream=0):
    with av.open(str(file)) as container:
        return [bytes(packet) for packet in container.demux(container.streams.audio[stream]) if packet.size]


VIDEO = ["-f", "lavfi", "-i", "color=s=64x48:r=25:d=6"]
DATED = {
    "late.mp4": ["-c:a", "aac"], "late.mov": ["-c:a", "pcm_s16le"], "late.m4a": ["-c:a", "aac"],
    "late.mkv": ["-c:a", "flac"], "late.webm": ["-c:v", "libvpx", "-c:a", "libopus"],
    "vorbis.webm": ["-c:v", "libvpx", "-c:a", "libvorbis"], "late.ts": ["-c:a", "aac"],
    "late.mpg": ["-c:v", "mpeg2video", "-c:a", "mp2"], "late.flv": ["-c:v", "flv1", "-c:a", "aac"],
    "vbr.mp4": ["-c:a", "libmp3lame", "-q:a", "5"], "vbr.mkv": ["-c:a", "libmp3lame", "-q:a", "5"],
}  # fmt: skip


def recorded(folder, name, late):
    """A recording with a picture, its sound beginning `late` seconds after it (m4a: sound alone)."""
    soundfile.write(folder / "plain.wav", flashes.clicks(CLICKS, 4.0, 48000), 48000)
    video = [] if name.endswith(".m4a") else VIDEO
    maps = [] if not video else ["-map", "0:v", "-map", "1:a"]
    run(*video, "-itsoffset", str(late), "-i", folder / "plain.wav", *maps, *DATED[name], folder / name)


@pytest.mark.parametrize("late", [1.5, 0.0, -0.25])
@pytest.mark.parametrize("name", DATED)
def test_a_late_start_is_silence_wherever_the_sound_is_read(tmp_path, name, late):
    recorded(tmp_path, name, late)
    player, ours, film = played(tmp_path / name), read_samples(tmp_path / name), film_of(tmp_path, name)
    assert abs(lag(player, ours)[0]) <= 16, "a millisecond, to which Matroska rounds"
    assert abs(lag(player, read_samples(film))[0]) <= 32
    assert abs(lag(player, played(film))[0]) <= 32
    found = probe_recording(tmp_path / name, name)
    assert found.duration == pytest.approx(len(ours) / 16000, abs=1e-3)
    if late > 0:
        clicks = np.flatnonzero(np.abs(ours) > 0.3)
        assert clicks[0] / 16000 == pytest.approx(CLICKS[0] + late, abs=0.03)
        assert found.start == pytest.approx(late, abs=0.03)
    part = AudioSlice(name, 0.0, found.duration)
    write_mix(Heard((MixPart(part, 0.0),)), tmp_path, found.duration, tmp_path / "mix.m4a")
    assert abs(lag(player, read_samples(tmp_path / "mix.m4a"))[0]) <= 16


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv", "late.webm", "late.ts"])
def test_gaps_are_silence_wherever_the_sound_is_read(tmp_path, name):
    recorded(tmp_path, name, 0.5)
    with_gap = f"gap{(tmp_path / name).suffix}"
    drop = "noise=drop='between(pts*tb,2.0,3.2)'"
    run("-i", tmp_path / name, "-map", "0", "-c", "copy", "-bsf:a", drop, tmp_path / with_gap)
    player, ours, film = played(tmp_path / with_gap), read_samples(tmp_path / with_gap), film_of(tmp_path, with_gap)
    found = probe_recording(tmp_path / with_gap, with_gap)
    assert found.gaps == pytest.approx(1.2, abs=0.1)
    assert abs(lag(player, ours)[0]) <= 16 and abs(lag(ours, read_samples(film))[0]) <= 32
    clicks = np.flatnonzero(np.abs(ours) > 0.3) / 16000
    assert any(abs(clicks - 4.2) < 0.04), "what comes after the gap is where it was"


def test_the_default_stream_is_heard_and_another_can_be_chosen(tmp_path):
    soundfile.write(tmp_path / "a.wav", flashes.clicks([0.5], 2.0, 48000), 48000)
    soundfile.write(tmp_path / "b.wav", flashes.clicks([1.5], 2.0, 48000), 48000)
    both = ["-i", tmp_path / "a.wav", "-i", tmp_path / "b.wav", "-map", "0", "-map", "1", "-c:a", "aac"]
    run(*both, "-disposition:a:0", "default", "-disposition:a:1", "0", tmp_path / "first.mkv")
    run(*both, "-disposition:a:0", "0", "-disposition:a:1", "default", tmp_path / "second.mkv")

    def click(name, stream=None):
        return np.abs(read_samples(tmp_path / name, stream=stream)).argmax() / 16000

    assert click("first.mkv") == click("first.mkv", 1) == pytest.approx(0.5, abs=0.03)
    assert click("second.mkv") == click("first.mkv", 2) == pytest.approx(1.5, abs=0.03)
    assert packets(film_of(tmp_path, "second.mkv")) == packets(tmp_path / "second.mkv", 1)
    assert packets(film_of(tmp_path, "first.mkv", 2)) == packets(tmp_path / "first.mkv", 1)
    assert probe_recording(tmp_path / "first.mkv", "first.mkv").streams == 2
    with pytest.raises(SceneError, match="has 2 sound streams, and no stream 3"):
        read_samples(tmp_path / "first.mkv", stream=3)
