"""The scripts that prepare videos and train on them, on a small random folder of weights."""

from __future__ import annotations

import sys
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from hallo3_folder import write_hallo3_folder

from model.hallo3.checkpoint import load_official
from model.hallo3.prepared import prepared_videos
from model.hallo3.training import trained_names
from model.hallo3.transformer import Hallo3Transformer3DModel


def write_film(file: Path, picture: np.ndarray, frames: int = 20) -> None:
    """The picture for some frames at 30 frames a second, with a hum."""
    with av.open(str(file), "w") as container:
        video = container.add_stream("mpeg4", rate=30)
        video.height, video.width, video.pix_fmt = picture.shape[0], picture.shape[1], "yuv420p"
        audio = container.add_stream("aac", rate=16000)
        for _ in range(frames):
            for packet in video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                container.mux(packet)
        hum = (3000 * np.sin(np.arange(16000) / 20)).astype(np.int16)
        sound = av.AudioFrame.from_ndarray(hum[None], format="s16", layout="mono")
        sound.sample_rate = 16000
        for packet in (*audio.encode(sound), *audio.encode(None), *video.encode(None)):
            container.mux(packet)


def test_films_are_prepared_and_both_phases_train_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import prepare_hallo3
    import train_hallo3

    weights = write_hallo3_folder(tmp_path / "weights")
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    write_film(tmp_path / "talk.mp4", noise)
    (tmp_path / "talk.txt").write_text("two friends talk")
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    monkeypatch.setattr(
        prepare_hallo3, "faces_of", lambda frames: ((30.0, 10.0, 20.0, 25.0), (30.0, 10.0, 50.0, 35.0), 0)
    )
    films, prepared = [str(tmp_path / name) for name in ("talk.mp4", "broken.mp4")], str(tmp_path / "prepared")
    monkeypatch.setattr(sys, "argv", ["prepare", *films, "--out", prepared, "--weights", str(weights)])
    assert prepare_hallo3.main() == 1  # the broken one is named, the other is there
    assert "broken.mp4: error" in capsys.readouterr().err
    (video,) = prepared_videos(tmp_path / "prepared")
    assert (video.frames, video.fps, video.caption) == (20, 30.0, "two friends talk")

    def train(*more: str) -> str:
        monkeypatch.setattr(sys, "argv", ["train", prepared, "--weights", str(weights), *more])
        assert train_hallo3.main() == 0
        return capsys.readouterr().out

    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    train("--phase", "identity", "--out", first, "--steps", "2", "--new", "--rate", "0.001")
    told = train("--phase", "audio", "--out", second, "--start", first + "/hallo3", "--steps", "1", "--rate", "0.001")
    assert "audio step 1 loss" in told
    told = train(
        "--phase", "audio", "--out", second, "--start", first + "/hallo3", "--steps", "2", "--rate", "0.001", "--resume"
    )
    assert "audio step 2 loss" in told and "step 1 " not in told
    before = load_official(tmp_path / "first" / "hallo3", Hallo3Transformer3DModel, torch.float32)
    after = load_official(tmp_path / "second" / "hallo3", Hallo3Transformer3DModel, torch.float32).state_dict()
    changed = {name for name, tensor in before.state_dict().items() if not torch.equal(tensor, after[name])}
    assert changed and changed <= trained_names(before, "audio")


def test_a_folder_without_videos_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import train_hallo3

    command = ["train", str(tmp_path), "--weights", str(tmp_path), "--phase", "audio", "--out", str(tmp_path / "o")]
    monkeypatch.setattr(sys, "argv", command)
    assert train_hallo3.main() == 2 and "no prepared videos" in capsys.readouterr().err
