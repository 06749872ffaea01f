"""Training of the small model: it learns, goes on to the step from what was saved, and its decoder learns from it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from model.tiny.emotion import TinyEmotionNetwork
from model.tiny.sentence_text import SentenceText
from model.tiny.tiny import WEIGHTS
from model.tiny.vae import AutoencoderTinyMotion
from scripts.tiny import decoder_training
from scripts.tiny.bank import as_example
from scripts.tiny.batches import Bank, Example, make_batch, prepare_clips
from scripts.tiny.clips import Placed, Stage, make_clip
from scripts.tiny.flow_training import CROP, TRANSFORMER, Trainer
from scripts.tiny.latents import encode_clips, spread
from scripts.tiny.looks import sample_look

PIECES = WEIGHTS / "text" / "pieces.model"
SMALL = TRANSFORMER | {
    "in_channels": 8,
    "out_channels": 8,
    "num_attention_heads": 1,
    "attention_head_dim": 64,
    "num_layers": 1,
    "num_single_layers": 1,
    "audio_adapter_layers": (0,),
    "audio_adapter_dim": 32,
    "audio_adapter_heads": 1,
    "emotion_layers": (0,),
    "emotion_channels": 16,
    "emotion_dim": 32,
    "emotion_heads": 1,
    "latent_spread": 1.0,
    "latent_spread_outside": 0.1,
}


@pytest.fixture(scope="module")
def drawn() -> list[Example]:
    """Four clips of people who hum."""
    clips = []
    for number in range(4):
        stage = Stage("studio", (Placed(sample_look(number), 64.0, 69.0, 40.0),), 128, 128, number)
        hum = 0.1 * torch.sin(torch.arange(16000 * 17 // 25) * (0.05 + 0.01 * number))
        clips.append(as_example(make_clip(stage, [hum], [("joy" if number % 2 else "anger", 1.0)], latents=5)))
    return clips


@pytest.fixture(scope="module")
def vae(drawn: list[Example]) -> AutoencoderTinyMotion:
    torch.manual_seed(0)
    model = AutoencoderTinyMotion(8, 16, 1, (16, 16, 16), (1, 1, 1)).eval()
    model.scale.fill_(spread(encode_clips(model, drawn))[0])
    return model


@pytest.fixture(scope="module")
def clips(drawn: list[Example], vae: AutoencoderTinyMotion) -> Bank:
    fresh = [prepare_clips(encode_clips(vae, drawn), SentenceText(PIECES), TinyEmotionNetwork(8, 16, 16))]
    return Bank(lambda: fresh.pop() if fresh else [])


def trainer(rate: float = 2e-3) -> Trainer:
    """A small model and its optimizer, the same every time; so long a budget that the clock changes nothing."""
    return Trainer(SMALL, SentenceText(PIECES), minutes=1e6, rate=rate, batch=4)


def steps(training: Trainer, bank: Bank, count: int) -> list[float]:
    """`count` updates; the losses."""
    batches = training.batches(bank, None)
    return [training.update(next(batches)) for _ in range(count)]


def test_a_batch_is_cut_from_one_place_everywhere(clips: Bank) -> None:
    batch = make_batch(clips.clips, np.random.default_rng(0), 3, CROP, emotions=True)
    for row, (clip, (first, top, left, felt)) in enumerate(zip(clips.clips, batch.origin.tolist(), strict=True)):
        window = (Ellipsis, slice(top, top + CROP), slice(left, left + CROP))
        video = clip["latents" if felt else "own_latents"][:, first : first + 3][window].float()
        assert torch.equal(batch.latents[row], video)
        assert torch.equal(batch.reference[row, :, 0], clip["reference" if felt else "own"][window].float())
        assert batch.audio.shape[2] == 12


def test_it_learns(clips: Bank) -> None:
    training = trainer(rate=0.1)  # the first hundred steps warm up: these learn at a tenth of that
    batch = make_batch(clips.clips, training.rng, 3, CROP, emotions=True)
    losses = [training.update(batch) for _ in range(12)]
    assert np.mean(losses[-3:]) < 0.9 * losses[0]


def test_saved_and_resumed_is_uninterrupted(clips: Bank, tmp_path: Path) -> None:
    whole = trainer()
    before = steps(whole, clips, 3)
    whole.save(tmp_path / "state.pt")
    after = steps(whole, clips, 3)
    again = trainer()
    again.resume(tmp_path / "state.pt")
    assert (again.step, before != after) == (3, True)
    assert steps(again, clips, 3) == pytest.approx(after, rel=1e-4)
    for a, b in zip(whole.averages, again.averages, strict=True):
        # Not bit by bit: where tensors lie in memory changes the last bit of bfloat16 products.
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_the_decoder_learns_from_the_films_of_the_transformer(
    drawn: list[Example], vae: AutoencoderTinyMotion, tmp_path: Path
) -> None:
    torch.save(drawn, tmp_path / "train-128-5-00000.pt")
    torch.save(encode_clips(vae, drawn), tmp_path / "train-128-5-00000.latents")
    text, emotion = SentenceText(PIECES), SimpleNamespace(network=TinyEmotionNetwork(8, 16, 16))
    pipeline = SimpleNamespace(transformer=trainer().model, text_encoder=text, emotion_encoder=emotion, vae=vae)
    made, frames, pictures, weights = next(
        decoder_training.crops(pipeline, tmp_path, 4, np.random.default_rng(0))  # type: ignore[arg-type]
    )
    assert made.shape == (4, 8, 3, CROP, CROP)
    assert frames.shape == (4, 3, 8, 8 * CROP, 8 * CROP)
    assert weights.shape == (4, 1, 1, 8 * CROP, 8 * CROP)
    # The mouth hums, the background behind the crop's corner does not move: frames and reference are of one place.
    assert torch.allclose(frames[:, :, :, 0, 0], pictures[:, :, None, 0, 0].expand(-1, -1, 8), atol=0.02)
    before = [p.clone() for p in vae.encoder.parameters()]
    reports: list[str] = []
    decoder_training.train(pipeline, tmp_path, tmp_path / "vae", 0.02, reports.append, batch=4)  # type: ignore[arg-type]
    assert all(torch.equal(a, b) for a, b in zip(before, vae.encoder.parameters(), strict=True))
    assert AutoencoderTinyMotion.from_pretrained(tmp_path / "vae").config.latent_channels == 8
