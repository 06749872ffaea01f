"""Log-mel conditioning: the right row for the right sound, silence that is silence, blinks in pauses alone."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from model.tiny.log_mel import (
    BANDS,
    ROWS_PER_FRAME,
    LogMelAudioEncoder,
    audio_features,
    band_centres,
    frame_rows,
    high_pass,
    levelled,
    log_mel,
    with_blinks,
)


def tone(hertz: float, seconds: float, level: float = 0.1) -> Tensor:
    return level * torch.sin(2 * math.pi * hertz * torch.arange(int(16_000 * seconds)) / 16_000)


@pytest.mark.parametrize("hertz", [200.0, 700.0, 1800.0, 5000.0])
def test_a_tone_is_loudest_in_its_own_band(hertz: float) -> None:
    rows = log_mel(tone(hertz, 1.0), 25)
    loudest = band_centres()[rows[20:80].mean(0).argmax()]
    assert abs(float(loudest) - hertz) < 0.08 * hertz + 25


def test_silence_is_zero_and_louder_is_more() -> None:
    assert log_mel(torch.zeros(16_000), 25).abs().max() == 0
    quiet, loud = (log_mel(tone(700, 1.0, level), 25).max() for level in (0.01, 0.1))
    assert float(loud - quiet) == pytest.approx(20 / 80, abs=0.01)  # 20 dB of the 80 dB range


def test_a_frame_hears_the_100_ms_round_its_middle() -> None:
    wave = torch.zeros(16_000)
    wave[5 * 640 + 320] = 1.0  # the middle of frame 5
    heard = frame_rows(log_mel(wave, 25)).amax(dim=(1, 2)) > 0
    assert heard.nonzero().flatten().tolist() == [4, 5, 6]
    rows = frame_rows(log_mel(wave, 25))[5].amax(1).nonzero().flatten().float()
    assert float(rows.mean()) == pytest.approx((ROWS_PER_FRAME - 1) / 2, abs=0.6)


def test_features_name_the_place_of_a_frame_in_its_latent() -> None:
    features = audio_features(tone(300, 0.4), 9)
    assert features.shape == (9, 10, 1, BANDS + 4)
    assert features[:, 0, 0, BANDS:].argmax(1).tolist() == [3, 0, 1, 2, 3, 0, 1, 2, 3]


def test_stereo_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="one channel"):
        log_mel(torch.zeros(2, 100), 1)


def test_other_frame_rates_are_refused() -> None:
    with pytest.raises(ValueError, match="25 frames a second"):
        LogMelAudioEncoder()(torch.zeros(100), 1, fps=24.0)


def test_hum_is_removed_and_speech_is_not() -> None:
    assert high_pass(tone(50, 1.0)).abs().max() < 0.01
    assert high_pass(tone(400, 1.0))[2000:-2000].abs().max() > 0.09


def test_loudness_does_not_matter_and_silence_stays() -> None:
    speech = torch.cat([tone(300, 0.5), torch.zeros(8000), tone(500, 0.5)])
    assert torch.allclose(levelled(speech), levelled(0.2 * speech), atol=1e-5)
    assert torch.equal(levelled(torch.zeros(1000)), torch.zeros(1000))


def test_blinks_come_in_pauses_and_never_in_speech() -> None:
    speech = torch.cat([tone(300, 1.0), torch.zeros(16_000), tone(300, 1.0)])
    added = with_blinks(speech) - speech
    where = added.abs().view(-1, 160).amax(1) > 1e-4
    assert where.any()
    assert not where[:100].any() and not where[200:].any()


def test_listeners_blink_apart_and_again_and_again() -> None:
    silence = torch.zeros(16_000 * 20)
    one, other = with_blinks(silence, 0.1), with_blinks(silence, 0.7)
    assert not torch.equal(one, other)
    assert torch.equal(one, with_blinks(silence, 0.1))
    loud = (one.abs().view(-1, 1600).amax(1) > 0.02).float()
    assert 4 <= int((loud.diff() > 0).sum()) <= 10
