"""Recordings as people have them, from the scene to the film: their tags, their damage, their length."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import flashes
import numpy as np
import pytest
import soundfile

from dialogue.ground.errors import SceneError
from dialogue.media.recordings import measure_recording, probe_recording, read_samples
from dialogue.rendering import ffmpeg
from dialogue.rendering.encode import encode
from dialogue.rendering.film_sound import FilmSound, untouched
from dialogue.rendering.mix import write_sound
from dialogue.rendering.stitch import Clip, stitch

FPS = Fraction(25)
DAMAGED = Path(__file__).parents[4] / "shared" / "cases" / "damaged"


def clip(place: Path, count: int) -> Clip:
    frames = (np.full((48, 64, 3), (200, 30, 60), np.uint8) for _ in range(count))
    encode(frames, place, fps=FPS, count=count, width=64, height=48)
    return Clip(place, count)


def in_a_film(folder: Path, file: Path, title: str = "") -> Path:
    sound = untouched(file, None)
    if sound is None:
        write_sound(file, None, folder / "encoded.m4a")
        sound = FilmSound(folder / "encoded.m4a")
    film = folder / "film.mp4"
    stitch([clip(folder / "clip.mp4", 50)], sound, film, fps=FPS, metadata={"title": title})
    return film


def wav_with(path: Path, rate: int = 48_000, tag: bytes = b"") -> None:
    soundfile.write(path, flashes.clicks([0.5, 1.2], 2.0, 48_000), 48_000, subtype="PCM_16")
    data = bytearray(path.read_bytes())
    data[24:28] = struct.pack("<I", rate)
    if tag:
        info = b"INFOIART" + struct.pack("<I", len(tag)) + tag + b"\0" * (len(tag) % 2)
        data += b"LIST" + struct.pack("<I", len(info)) + info
        data[4:8] = struct.pack("<I", len(data) - 8)
    path.write_bytes(data)


def test_a_tag_in_latin_1(tmp_path: Path) -> None:
    wav_with(tmp_path / "a.wav", tag="José".encode("latin-1"))
    film = in_a_film(tmp_path, tmp_path / "a.wav")
    assert np.abs(read_samples(film)).max() > 0.3


@pytest.mark.parametrize("rate", [1, 50, 4_000_000_000])
def test_a_rate_that_no_sound_has(tmp_path: Path, rate: int) -> None:
    wav_with(tmp_path / "a.wav", rate=rate)
    with pytest.raises(SceneError, match="samples a second: no sound has so|cannot be read as sound"):
        probe_recording(tmp_path / "a.wav", "a.wav")


def test_what_is_no_number_is_silent_in_the_film(tmp_path: Path) -> None:
    sound = flashes.clicks([0.5, 1.2], 2.0, 48_000).astype(np.float32)
    sound[48_000] = np.nan
    soundfile.write(tmp_path / "a.wav", sound, 48_000, subtype="FLOAT")
    assert measure_recording(tmp_path / "a.wav", "a.wav").spoilt == 1
    heard = read_samples(in_a_film(tmp_path, tmp_path / "a.wav"))
    assert np.isfinite(heard).all() and np.abs(heard[15_900:16_100]).max() < 0.05 and np.abs(heard).max() > 0.3


@pytest.mark.parametrize("title", ["a\0b\nc", "x" * 200_000])
def test_a_title_is_cut_to_what_a_tag_holds(tmp_path: Path, title: str) -> None:
    wav_with(tmp_path / "a.wav")
    with av.open(str(in_a_film(tmp_path, tmp_path / "a.wav", title))) as film:
        assert film.metadata["title"] == ("a b c" if len(title) < 10 else "x" * 1000)


@pytest.mark.parametrize("name", ["flipmany_146_ulaw.wav", "hdrflip_165_alac.m4a", "hdrflip_36_v.mp4",
                                  "intmax_12_pcm16.wav"])  # fmt: skip
def test_what_can_be_measured_can_be_joined(tmp_path: Path, name: str) -> None:
    if not (DAMAGED / name).is_file():
        pytest.skip("no shared cases beside the project")
    try:
        measure_recording(DAMAGED / name, name)
    except SceneError:
        return
    assert len(read_samples(in_a_film(tmp_path, DAMAGED / name)))
    assert ffmpeg.binary()
