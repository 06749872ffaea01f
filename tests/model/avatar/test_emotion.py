"""Emotion modules: off at first, under the speaker's mask, blended, changing along the film."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from small_transformer import inputs, transformer
from torch import Tensor

from model.avatar.emotion import EmotionContext, picture_tokens
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel, logger

PICTURES = torch.randn(1, 2, 3, 5, 16, generator=torch.Generator().manual_seed(4))  # two speakers, three pictures each


def run(model: HunyuanVideoAvatarTransformer3DModel, given: dict[str, Any], **changes: Any) -> Tensor:
    with torch.no_grad():
        sample: Tensor = model(**{**given, **changes}).sample
    return sample


def held(*weights: float) -> Tensor:
    """The same weights of the three pictures for both speakers in all three latent frames."""
    return torch.tensor(weights).expand(1, 2, 3, 3)


def encoded(
    model: HunyuanVideoAvatarTransformer3DModel, weights: Tensor, pictures: Tensor = PICTURES
) -> EmotionContext:
    with torch.no_grad():
        context = model.encode_emotion(pictures, weights)
    assert context is not None
    return context


def test_gamma_starts_at_zero_and_leaves_the_output_unchanged() -> None:
    model, given = transformer(emotion_layers=None), inputs()
    for block in model.transformer_blocks:
        assert block.emotion_module is not None
        block.emotion_module.reset_parameters()
    assert torch.equal(run(model, given), run(model, given, emotion=PICTURES[:, :, :1]))
    out = model(**given, emotion=PICTURES[:, :, :1]).sample
    out.sum().backward()
    assert all(block.emotion_module.gamma.grad.abs().item() > 0 for block in model.transformer_blocks)


def test_without_a_module_emotions_are_refused_once_and_have_no_effect(caplog: pytest.LogCaptureFixture) -> None:
    model, given = transformer(), inputs()
    type(logger).warning_once.cache_clear()
    outputs = [run(model, given, emotion=PICTURES[:, :, :1]) for _ in range(3)]
    assert torch.equal(outputs[0], run(model, given))
    assert sum("no emotion module" in record.message for record in caplog.records) == 1


def test_strength_zero_is_off_and_strength_scales() -> None:
    model, given = transformer(emotion_layers=None), inputs()
    full = encoded(model, held(1.0, 0.0, 0.0))
    assert torch.equal(run(model, given, emotion=full.scaled(0.0)), run(model, given))
    deltas = [(run(model, given, emotion=full.scaled(s)) - run(model, given)).norm() for s in (0.1, 0.5, 1.0)]
    assert deltas[0] < deltas[1] < deltas[2]


def test_pictures_of_weight_zero_play_no_part() -> None:
    model, given = transformer(emotion_layers=(1,)), inputs()
    alone = encoded(model, torch.ones(1, 2, 3, 1), PICTURES[:, :, :1])
    assert torch.equal(run(model, given, emotion=alone), run(model, given, emotion=encoded(model, held(1.0, 0.0, 0.0))))


def test_a_blend_is_the_sum_of_what_its_pictures_add() -> None:
    """In one layer the module is linear in the weights."""
    model = transformer(emotion_layers=(3,), num_single_layers=1)
    given, seen = inputs(), []
    model.transformer_blocks[3].register_forward_hook(lambda *call: seen.append(call[2][0]))
    for weights in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.4, 0.6, 0.0)):
        run(model, given, emotion=encoded(model, held(*weights)))
    none, first, second, blend = seen
    torch.testing.assert_close(blend - none, 0.4 * (first - none) + 0.6 * (second - none), rtol=0, atol=1e-5)


def test_emotion_stays_under_its_speakers_mask_and_its_latent_frames() -> None:
    model = transformer(emotion_layers=(3,))
    given, seen = inputs(), []
    model.transformer_blocks[3].register_forward_hook(lambda *call: seen.append(call[2][0]))
    calm = held(1.0, 0.0, 0.0)
    change = calm.clone()
    change[:, 1, 2] = torch.tensor([0.0, 0.0, 1.0])  # the second speaker, from the third latent frame on
    for weights in (calm, change):
        run(model, given, emotion=encoded(model, weights))
    moved = (seen[0] != seen[1]).any(-1).view(4, 4, 4)  # reference and three frames of 4 x 4 tokens
    expected = torch.zeros(4, 4, 4, dtype=torch.bool)
    expected[3] = given["face_mask"][0, 1, 2, ::2, ::2] != 0
    assert torch.equal(moved, expected)


def test_tokens_for_every_latent_frame_equal_a_context_with_those_weights() -> None:
    model, given = transformer(emotion_layers=(0, 2)), inputs()
    context = encoded(model, torch.eye(3).expand(1, 2, 3, 3))
    assert torch.equal(run(model, given, emotion=PICTURES), run(model, given, emotion=context))
    window = [2, 0, 1]
    cut = context.latents(window)
    assert torch.equal(run(model, given, emotion=cut), run(model, given, emotion=PICTURES[:, :, window]))


def test_picture_tokens_are_patches() -> None:
    latents = torch.arange(32.0).view(2, 4, 4)
    tokens = picture_tokens(latents, 2)
    assert tokens.shape == (4, 8)
    assert tokens[1].tolist() == [2, 3, 6, 7, 18, 19, 22, 23]


def test_shapes_that_do_not_fit_are_refused_with_the_rule() -> None:
    model, given = transformer(emotion_layers=None), inputs()
    with pytest.raises(ValueError, match="needs .batch, speakers, pictures, tokens, 16."):
        run(model, given, emotion=torch.zeros(1, 2, 1, 5, 12))
    with pytest.raises(ValueError, match="emotion covers 2 latent frames; the latents have 3"):
        run(model, given, emotion=PICTURES[:, :, :2])
    with pytest.raises(ValueError, match="emotion is for 1 speakers"):
        run(model, given, emotion=PICTURES[:, :1, :1])
