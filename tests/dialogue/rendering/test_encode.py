"""Encoding and stitching: what a decoder finds in the files."""

from __future__ import annotations

import resource
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import psutil
import pytest
import soundfile

from dialogue.ground.errors import DialogueError, SceneError
from dialogue.rendering import ffmpeg
from dialogue.rendering.encode import check_size, encode
from dialogue.rendering.film_sound import FilmSound
from dialogue.rendering.stitch import Clip, clip_frames, stitch

FPS = Fraction(25)
RATES = [Fraction(25), Fraction(24), Fraction(30000, 1001), Fraction("23.976"), Fraction(60)]


def plain(count, width=64, height=48, color=(200, 30, 60)):
    for number in range(count):
        frame = np.full((height, width, 3), color, np.uint8)
        frame[:, number % width] = 255
        yield frame


def write(place, count, fps=FPS, **look):
    size = {"width": look.get("width", 64), "height": look.get("height", 48)}
    encode(plain(count, **look), place, fps=fps, count=count, **size)
    return Clip(place, count)


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_every_frame_is_there_at_its_time(tmp_path, fps):
    write(tmp_path / "a.mp4", 53, fps)
    with av.open(str(tmp_path / "a.mp4")) as film:
        frames = list(film.decode(video=0))
        assert [Fraction(frame.pts) * frame.time_base for frame in frames] == [number / fps for number in range(53)]
        assert film.duration == pytest.approx(float(53 / fps) * 1e6, abs=1)


def test_colours_are_tagged_and_survive(tmp_path):
    write(tmp_path / "a.mp4", 3, color=(200, 30, 60))
    with av.open(str(tmp_path / "a.mp4")) as film:
        context = film.streams.video[0].codec_context
        bt709, limited = 1, 1
        tags = (context.colorspace, context.color_primaries, context.color_trc, context.color_range)
        assert tags == (bt709, bt709, bt709, limited)
        assert context.pix_fmt == "yuv420p"
        assert "creation_time" not in film.metadata
        # With the tags the decoder gets the colours back.
        shown = next(film.decode(video=0)).to_ndarray(format="rgb24", src_colorspace="ITU709", dst_colorspace="ITU709")
    assert np.abs(shown[20:30, 20:50].astype(int) - (200, 30, 60)).max() <= 4


def test_same_frames_same_bytes(tmp_path):
    write(tmp_path / "a.mp4", 60)
    write(tmp_path / "b.mp4", 60)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (8, 8), (20000, 64)])
def test_sizes_that_cannot_be_encoded_are_refused(size):
    with pytest.raises(SceneError, match=f"{size[0]}x{size[1]} pixels cannot be encoded"):
        check_size(*size)


@pytest.mark.parametrize("given, told", [(9, "9 of the 10 frames"), (11, "more than the 10 frames")])
def test_a_generator_that_miscounts_is_told(tmp_path, given, told):
    with pytest.raises(DialogueError, match=told):
        encode(plain(given), tmp_path / "a.mp4", width=64, height=48, fps=FPS, count=10)


def test_frames_of_another_shape_are_told(tmp_path):
    with pytest.raises(DialogueError, match=r"shape \(48, 64, 3\), uint8, for shot 7; frames are \(64, 64, 3\)"):
        encode(plain(4), tmp_path / "a.mp4", width=64, height=64, fps=FPS, count=4, what="shot 7")


def test_a_generator_that_fails_leaves_no_process(tmp_path):
    def failing():
        yield from plain(2)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        encode(failing(), tmp_path / "a.mp4", width=64, height=48, fps=FPS, count=4)
    assert not [child for child in psutil.Process().children() if "ffmpeg" in child.name()]


def test_a_full_disk_is_said():
    with pytest.raises(DialogueError, match="cannot encode the shot: the disk is full"):
        encode(plain(4), Path("/dev/full"), width=64, height=48, fps=FPS, count=4)


def test_a_file_over_the_limit_is_said(tmp_path):
    program = f"""
import resource, sys
sys.path[:0] = {[str(Path(__file__).parent), str(Path(__file__).parents[1])]!r}
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
from test_encode import *
encode(plain(400), Path({str(tmp_path / "a.mp4")!r}), width=64, height=48, fps=FPS, count=400)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "the file is larger than this disk or account may hold" in run.stderr
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY


def test_an_ffmpeg_of_the_path_is_not_taken(monkeypatch):
    import imageio_ffmpeg

    monkeypatch.setattr(imageio_ffmpeg, "get_ffmpeg_exe", lambda: "ffmpeg")
    with pytest.raises(DialogueError, match=r"ffmpeg is missing.*pip install.*DIALOGUE_FFMPEG"):
        ffmpeg.binary()


def test_an_ffmpeg_may_be_named(monkeypatch):
    monkeypatch.setenv(ffmpeg.CHOICE, "/nowhere/ffmpeg")
    with pytest.raises(DialogueError, match="names '/nowhere/ffmpeg', which is no program"):
        ffmpeg.binary()
    monkeypatch.setenv(ffmpeg.CHOICE, sys.executable)
    assert ffmpeg.binary() == sys.executable


def test_no_ffmpeg_on_the_path_is_needed(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    write(tmp_path / "a.mp4", 5)
    assert clip_frames(tmp_path / "a.mp4") == 5


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_joined_shots_are_the_frames_of_one(tmp_path, fps):
    lengths = [37, 1, 50, 2, 61]
    clips = [write(tmp_path / f"{i}.mp4", n, fps, color=(40 * i, 0, 90)) for i, n in enumerate(lengths)]
    stitch(clips, None, tmp_path / "film.mp4", fps=fps, metadata={"title": "A \"title\", of 'two'"})
    apart = []
    for clip in clips:
        with av.open(str(clip.file)) as shot:
            apart += [frame.to_ndarray(format="rgb24") for frame in shot.decode(video=0)]
    with av.open(str(tmp_path / "film.mp4")) as film:
        assert film.metadata["title"] == "A \"title\", of 'two'"
        frames = list(film.decode(video=0))
    assert [Fraction(frame.pts) * frame.time_base for frame in frames] == [n / fps for n in range(sum(lengths))]
    assert all(
        np.array_equal(frame.to_ndarray(format="rgb24"), shot) for frame, shot in zip(frames, apart, strict=True)
    )


def test_times_do_not_drift_over_many_shots(tmp_path):
    fps = Fraction(30000, 1001)
    clip = write(tmp_path / "a.mp4", 3, fps)
    stitch([clip] * 1500, None, tmp_path / "film.mp4", fps=fps)
    with av.open(str(tmp_path / "film.mp4")) as film:
        stream = film.streams.video[0]
        times = sorted(
            Fraction(packet.pts) * stream.time_base for packet in film.demux(stream) if packet.pts is not None
        )
    assert times == [n / fps for n in range(4500)]


def test_folders_with_odd_names(tmp_path):
    folder = tmp_path / 'it\'s: [50%] ä, "so"'
    folder.mkdir()
    clips = [write(folder / "a.mp4", 5), write(folder / "b.mp4", 6)]
    soundfile.write(folder / "-ss.flac", np.zeros(7040), 16000)
    stitch(clips, FilmSound(folder / "-ss.flac"), folder / "pipe:film.mp4", fps=FPS)
    assert clip_frames(folder / "pipe:film.mp4") == 11
    assert not list(folder.glob("*.ffconcat"))


def test_a_clip_cut_short_is_not_whole(tmp_path):
    write(tmp_path / "a.mp4", 30)
    whole = (tmp_path / "a.mp4").read_bytes()
    (tmp_path / "b.mp4").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "c.mp4").write_bytes(b"")
    assert [clip_frames(tmp_path / name) for name in ("a.mp4", "b.mp4", "c.mp4")] == [30, None, None]
