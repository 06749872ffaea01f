"""Audio prompts of any length: what a frame hears, chunks without a seam, silence."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor
from transformers import WhisperConfig, WhisperFeatureExtractor
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from model.hunyuan.whisper_audio import (
    CHUNK_ROWS,
    WhisperAudioEncoder,
    audible,
    chunk_starts,
    chunk_weights,
    frame_windows,
)

RATE = 16_000


@pytest.fixture(scope="module")
def encoder() -> WhisperAudioEncoder:
    torch.manual_seed(0)
    config = WhisperConfig(d_model=8, encoder_layers=2, encoder_attention_heads=2, encoder_ffn_dim=16)
    network = WhisperEncoder(config).eval()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.ndim > 1:
                weight.mul_(5)
    return WhisperAudioEncoder(network, WhisperFeatureExtractor())


def noise(seconds: float, seed: int = 1) -> Tensor:
    return 0.1 * torch.randn(round(seconds * RATE), generator=Generator().manual_seed(seed))


@given(st.integers(1, 40), st.sampled_from([12.5, 23.976, 24.0, 25.0, 29.97, 30.0, 50.0]))
def test_a_frame_hears_four_rows_before_it_and_six_from_it_on(frames: int, fps: float) -> None:
    rows = (torch.arange(300.0) + 1).view(-1, 1, 1)
    windows = frame_windows(rows, frames, fps)[..., 0, 0]
    for frame in range(frames):
        first = round(frame * 50 / fps)
        expected = [row + 1 if row >= 0 else 0 for row in range(first - 4, first + 6)]
        assert windows[frame].tolist() == expected


@given(st.integers(1, 20_000))
def test_chunks_cover_all_rows_and_weigh_one_everywhere(rows: int) -> None:
    starts = chunk_starts(rows)
    total = torch.zeros(starts[-1] + CHUNK_ROWS)
    for number, start in enumerate(starts):
        total[start : start + CHUNK_ROWS] += chunk_weights(number, len(starts))
    assert len(total) >= rows
    torch.testing.assert_close(total, torch.ones_like(total))
    assert len(starts) == 1 or rows > CHUNK_ROWS, "30 s are one chunk, as in the release"


def test_up_to_30_s_rows_are_one_run_of_the_encoder(encoder: WhisperAudioEncoder) -> None:
    sound = noise(29)
    with torch.no_grad():
        assert torch.equal(encoder.rows(sound, 1450), encoder.states(encoder.log_mel(sound)).float())


def test_longer_sound_has_no_seam(encoder: WhisperAudioEncoder) -> None:
    """Where chunks are joined, rows change no faster than they do elsewhere; without the overlap they jump."""
    tone = 0.1 * torch.sin(
        2 * torch.pi * 300 * torch.arange(75 * RATE) / RATE
    )  # the same all along: all change is ours
    with torch.no_grad():
        rows = encoder.rows(tone, 3700)[:3700]
        halves = [encoder.states(encoder.log_mel(tone[: 30 * RATE]))] * 2
    change = (rows[1:] - rows[:-1]).flatten(1).norm(dim=1)
    joined = torch.cat([change[1000:1500], change[2000:2500]])
    elsewhere = torch.cat([change[100:1000], change[1500:2000], change[2500:3600]])
    assert float(joined.max()) <= 1.05 * float(elsewhere.max())
    jump = (halves[1][0] - halves[0][-1]).norm()
    assert float(jump) > 2 * float(joined.max()), "the tone would have shown a seam"


def test_a_minute_is_heard_to_its_end(encoder: WhisperAudioEncoder) -> None:
    quiet, loud = torch.zeros(70 * RATE), torch.zeros(70 * RATE)
    loud[65 * RATE : 66 * RATE] = noise(1)
    frames = 70 * 25
    difference = (encoder(loud, frames, 25) - encoder(quiet, frames, 25)).abs().amax(dim=(1, 2, 3))
    assert float(difference[65 * 25 : 66 * 25].min()) > 0
    assert float(difference[: 60 * 25].max()) == 0


def test_silence_is_exactly_the_zero_prompts_of_no_audio(encoder: WhisperAudioEncoder) -> None:
    assert torch.equal(encoder(torch.zeros(0), 30, 25), torch.zeros(30, 10, 3, 8))
    sound = noise(2)
    sound[RATE // 2 : 3 * RATE // 2] = 0
    prompts = encoder(sound, 50, 25)
    heard = prompts.abs().amax(dim=(1, 2, 3)) > 0
    assert heard[:13].all() and heard[37:].all()
    assert not heard[15:34].any()
    encoded = WhisperAudioEncoder(encoder.encoder, encoder.feature_extractor, exact_silence=False)
    assert (encoded(sound, 50, 25)[20].abs() > 0).any()


def test_audible_is_what_the_ten_rows_of_a_frame_stand_for() -> None:
    sound = torch.zeros(2 * RATE)
    sound[RATE] = 1  # row 50
    assert audible(sound, 50, 25, RATE).nonzero().flatten().tolist() == [23, 24, 25, 26, 27]  # 50 in 2f-4 … 2f+5


def test_a_stereo_waveform_is_refused(encoder: WhisperAudioEncoder) -> None:
    with pytest.raises(ValueError, match="must be mono"):
        encoder(torch.zeros(2, 100), 5, 25)
