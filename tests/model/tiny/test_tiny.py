"""The shipped weights, through the pipeline that runs the large model: films on characters that training never saw."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
import torch
from torch import Tensor

from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
from model.tiny.log_mel import audio_features, high_pass, levelled, with_blinks
from model.tiny.tiny import WEIGHTS, load_tiny, tiny_sampling
from scripts.tiny.clips import Clip, Placed, Stage, make_clip
from scripts.tiny.looks import sample_look
from scripts.tiny.measures import background_psnr, correlation
from scripts.tiny.reader import face_crops, load_reader
from scripts.tiny.sampling import conditions_of, generate

SCENE = Path(__file__).parents[3] / "scenes" / "two_hander"
READER = Path(__file__).parents[3] / "scripts" / "tiny" / "reader.pt"


def voice(name: str, start: float) -> Tensor:
    """33 frames of one of the scene's speakers, as the audio encoder prepares them."""
    wave, rate = soundfile.read(SCENE / f"{name}.flac", dtype="float32")
    piece = torch.from_numpy(wave[int(start * rate) : int((start + 33 / 25) * rate)])
    return with_blinks(levelled(high_pass(piece)))


@pytest.fixture(scope="module")
def pipeline() -> HunyuanVideoAvatarPipeline:
    return load_tiny()


@pytest.fixture(scope="module")
def pair() -> Clip:
    """Two people; the first speaks."""
    faces = tuple(Placed(sample_look(2_000_500 + i), 64.0 + 128 * i, 96.0, 36.0) for i in range(2))
    return make_clip(Stage("studio", faces, 192, 256, 1), [voice("ana", 0.4), None], [("neutral", 0.0)] * 2, latents=9)


@pytest.fixture(scope="module")
def film(pipeline: HunyuanVideoAvatarPipeline, pair: Clip) -> Tensor:
    return generate(pipeline, conditions_of(pipeline, pair), tiny_sampling(2))[0]


def test_what_ships_is_small() -> None:
    assert sum(file.stat().st_size for file in WEIGHTS.rglob("*") if file.is_file()) < 40e6


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="train_tiny"):
        load_tiny(tmp_path)


def test_a_film_has_the_frames_asked_for_and_is_the_same_twice(
    pipeline: HunyuanVideoAvatarPipeline, pair: Clip, film: Tensor
) -> None:
    assert film.shape == pair.frames.shape
    again, _ = generate(pipeline, conditions_of(pipeline, pair), tiny_sampling(2))
    assert torch.equal(film, again)


@torch.no_grad()
def test_the_speaker_speaks_and_the_listener_listens(pair: Clip, film: Tensor) -> None:
    reader = load_reader(READER)
    speaks, listens = (reader(face_crops(film, (f.x, f.y, f.radius)))[0] for f in pair.stage.faces)
    assert correlation(speaks, pair.openness[0]) > 0.6
    assert listens.std() < 0.15 * speaks.std()


def test_the_background_is_the_picture(pair: Clip, film: Tensor) -> None:
    assert background_psnr(film, pair) > 34


def test_two_voices_at_once_move_two_mouths(pipeline: HunyuanVideoAvatarPipeline, pair: Clip, film: Tensor) -> None:
    both = replace(
        conditions_of(pipeline, pair), audio=torch.stack([pair.audio[0], audio_features(voice("ben", 1.5), 33)])[None]
    )
    other = generate(pipeline, both, tiny_sampling(2))[0]
    change = (other.float() - film.float()).abs().mean(dim=(0, 1, 2))
    assert change[128:].mean() > 2 * change[:128].mean()


def test_an_emotion_changes_only_the_face_it_is_for(
    pipeline: HunyuanVideoAvatarPipeline, pair: Clip, film: Tensor
) -> None:
    plain = conditions_of(pipeline, pair)
    angry = make_clip(pair.stage, [None, None], [("anger", 1.0), ("neutral", 0.0)], latents=1).pictures
    felt = replace(plain, emotion=conditions_of(pipeline, replace(pair, pictures=angry)).emotion)
    changed = generate(pipeline, felt, tiny_sampling(2))[0]
    change = (changed.float() - film.float()).abs().mean(dim=(0, 1, 2))
    assert change[:128].mean() > 4 * change[128:].mean()
