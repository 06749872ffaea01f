"""The drawn world: splits that never meet, movements that follow from the sound alone, pictures that stay still."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from model.tiny.emotion import EMOTIONS as NETWORK_EMOTIONS
from model.tiny.log_mel import frame_rows, log_mel
from scripts.tiny.acting import act
from scripts.tiny.bank import as_example
from scripts.tiny.clips import (
    IDENTITIES,
    MASK_BOX,
    Placed,
    Stage,
    make_clip,
    portrait,
    render,
    sample_clip,
    still_acting,
)
from scripts.tiny.expressions import EMOTIONS, weights_of
from scripts.tiny.looks import sample_look
from scripts.tiny.measures import best_lag, correlation
from scripts.tiny.sentences import SENTENCES, VOICES


def babble(seed: int, frames: int) -> torch.Tensor:
    """Noise in syllables: loud and silent in turns, (N,)."""
    generator = torch.Generator().manual_seed(seed)
    samples = frames * 640
    syllables = (torch.rand(samples // 2560 + 1, generator=generator) > 0.4).float().repeat_interleave(2560)[:samples]
    return 0.2 * torch.randn(samples, generator=generator) * syllables


def stage(count: int = 1, size: int = 128) -> Stage:
    slot = size / count
    faces = tuple(Placed(sample_look(seed), slot * (seed + 0.5), size / 2, 0.3 * slot) for seed in range(count))
    return Stage("sea", faces, size, size, 5)


def test_splits_share_no_sentence_voice_or_identity() -> None:
    said = [{text for texts in split.values() for text in texts} for split in SENTENCES.values()]
    spoken = [set(voices) for voices in VOICES.values()]
    for groups in (said, spoken):
        for i, one in enumerate(groups):
            assert one and all(not one & other for other in groups[i + 1 :])
    spans = sorted(IDENTITIES.values())
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:], strict=False))


def test_a_look_is_its_seed() -> None:
    assert sample_look(7) == sample_look(7) != sample_look(8)
    assert len({sample_look(seed) for seed in range(50)}) == 50
    assert "skin" in sample_look(7).words()


def test_the_world_and_the_network_name_emotions_alike() -> None:
    assert EMOTIONS == NETWORK_EMOTIONS


def test_mouths_follow_the_sound_and_nothing_else() -> None:
    neutral = weights_of("neutral", 0.0, 40)
    one, again = (act(log_mel(babble(1, 40), 40), neutral) for _ in range(2))
    assert torch.equal(one.openness, again.openness)
    assert one.openness.max() > 0.2 and one.openness.min() == 0
    silent = act(torch.zeros(160, 80), neutral)
    for movement in (silent.openness, silent.width, silent.blink, silent.nod, silent.sway, silent.lift):
        assert movement.abs().max() == 0


def test_mouths_are_local() -> None:
    """What is heard 100 ms away from a frame does not move its mouth."""
    rows = log_mel(babble(2, 40), 40)
    changed = rows.clone()
    changed[4 * 20 + 8 :] = 0
    neutral = weights_of("neutral", 0.0, 40)
    assert torch.equal(act(rows, neutral).openness[:20], act(changed, neutral).openness[:20])
    assert frame_rows(rows).shape == (40, 10, 80)


def test_the_background_stands_still_and_masks_hold_all_that_moves() -> None:
    clip = make_clip(stage(2, 256), [babble(3, 17), None], [("joy", 1.0), ("fear", 1.0)], latents=5)
    moved = (clip.frames != clip.reference).any(dim=1).any(dim=0)
    inside = torch.nn.functional.interpolate(clip.masks.sum(0)[None, None], scale_factor=8)[0, 0] > 0
    assert moved.any() and not (moved & ~inside).any()
    assert clip.masks.sum(0).max() <= 1  # nobody's mask reaches into another's
    assert clip.openness[1].max() == 0


def test_a_mask_is_a_head() -> None:
    one = stage()
    mask = one.masks()[0]
    face = one.faces[0]
    area = (MASK_BOX[2] - MASK_BOX[0]) * (MASK_BOX[3] - MASK_BOX[1]) * face.radius**2
    assert float(mask.sum()) * 64 == pytest.approx(area, rel=0.05)


@pytest.mark.parametrize("emotion", EMOTIONS[1:])
def test_every_emotion_looks_unlike_neutral_and_all_others(emotion: str) -> None:
    look = sample_look(11)
    mine = portrait(look, emotion).float()
    for other in EMOTIONS:
        if other != emotion:
            assert float((mine - portrait(look, other).float()).abs().mean()) > 0.8


def test_stronger_is_further_from_neutral() -> None:
    one = stage()
    still = [render(one, (still_acting("anger", strength),))[0].float() for strength in (0.0, 0.5, 1.0)]
    assert (still[2] - still[0]).abs().sum() > (still[1] - still[0]).abs().sum() > 0


def test_the_measures_measure() -> None:
    x = torch.from_numpy(np.random.default_rng(0).standard_normal(80)).float()
    assert correlation(x, 3 * x + 1) == pytest.approx(1, abs=1e-5)
    assert correlation(x, -x) == pytest.approx(-1, abs=1e-5)
    assert correlation(x, torch.zeros(80)) == 0
    assert best_lag(torch.roll(x, 2), x) == 2
    assert best_lag(x, x) == 0


def test_a_clip_is_its_seed() -> None:
    pytest.importorskip("soundfile")
    import shutil

    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed; it is needed only to make training data")
    one, again = (as_example(sample_clip(3, "validation", 128, 2)) for _ in range(2))
    assert torch.equal(one["frames"], again["frames"]) and one["prompt"] == again["prompt"]
