"""What must hold for the whole transformer, whatever its weights."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoAttnProcessor2_0
from small_transformer import inputs, transformer
from torch import Tensor

from model.avatar.injection import INJECTION_MODES
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel


def run(model: HunyuanVideoAvatarTransformer3DModel, given: dict[str, Any], **changes: Any) -> Tensor:
    with torch.no_grad():
        sample: Tensor = model(**{**given, **changes}).sample
    return sample


def test_masks_of_zeros_leave_the_output_exactly_unchanged() -> None:
    model, given = transformer(), inputs()
    empty = torch.zeros_like(given["face_mask"])
    assert torch.equal(run(model, given, face_mask=empty), run(model, given, audio=None, face_mask=None))
    assert not torch.equal(run(model, given), run(model, given, audio=None, face_mask=None))


@pytest.mark.parametrize("overlap", [False, True])
def test_swapping_two_speakers_with_their_masks_changes_nothing(overlap: bool) -> None:
    model, given = transformer(emotion_layers=None), inputs()
    mask = given["face_mask"] + 0.5 * overlap
    emotion = torch.randn(1, 2, 1, 5, 16)
    swapped = {name: given[name][:, [1, 0]] for name in ("audio",)}
    straight = run(model, given, face_mask=mask, emotion=emotion)
    crossed = run(model, given, **swapped, face_mask=mask[:, [1, 0]], emotion=emotion[:, [1, 0]])
    assert torch.equal(straight, crossed)


def test_two_speakers_with_one_voice_equal_one_speaker_under_both_masks() -> None:
    model, given = transformer(), inputs()
    voice = given["audio"][:, :1]
    both = run(model, given, audio=voice.expand(-1, 2, -1, -1, -1, -1))
    one = run(model, given, audio=voice, face_mask=given["face_mask"].sum(1, keepdim=True))
    torch.testing.assert_close(both, one, rtol=0, atol=1e-5)


def test_silence_in_a_mask_equals_the_releases_zero_audio() -> None:
    """A silent speaker is zeros under their mask; what the other says is no part of it."""
    model, given = transformer(), inputs()
    silent = given["audio"].clone()
    silent[:, 1] = 0
    alone = run(model, given, audio=torch.zeros_like(silent[:, :1]), face_mask=given["face_mask"][:, 1:])
    beside = run(model, given, audio=silent[:, [1]], face_mask=given["face_mask"][:, 1:])
    assert torch.equal(alone, beside)
    only_theirs = given["face_mask"] * torch.tensor([0.0, 1.0]).view(1, 2, 1, 1, 1)
    hushed = run(model, given, audio=silent, face_mask=only_theirs)
    assert torch.equal(alone, hushed)
    assert not torch.equal(alone, run(model, given, audio=None, face_mask=None))


def test_alpha_is_a_factor_of_the_mask() -> None:
    model, given = transformer(), inputs()
    factors = torch.tensor([[0.6, 0.25]])
    scaled = run(model, given, face_mask=given["face_mask"] * factors.view(1, 2, 1, 1, 1))
    assert torch.equal(scaled, run(model, given, audio_alpha=factors))


def test_keys_and_values_computed_before_equal_those_computed_inside() -> None:
    model, given = transformer(emotion_layers=(0, 2)), inputs(batch=2)
    emotion = torch.randn(2, 2, 1, 5, 16)
    inside = run(model, given, emotion=emotion)
    with torch.no_grad():
        frozen = {"audio": model.encode_audio(given["audio"]), "emotion": model.encode_emotion(emotion)}
    assert torch.equal(inside, run(model, given, **frozen))


def test_rows_of_a_batch_do_not_meet() -> None:
    model, one, other = transformer(), inputs(seed=1), inputs(seed=2)
    both = {name: torch.cat([one[name], other[name]]) for name in one}
    both["encoder_attention_mask"] = torch.tensor([[1.0] * 3 + [0.0] * 4, [1.0] * 7])
    out = run(model, both)
    alone = run(model, one, encoder_attention_mask=both["encoder_attention_mask"][:1])
    torch.testing.assert_close(out[:1], alone, rtol=0, atol=2e-5)
    torch.testing.assert_close(out[1:], run(model, other), rtol=0, atol=2e-5)


class MaskedAttnProcessor(HunyuanVideoAttnProcessor2_0):  # type: ignore[misc]
    """diffusers' joint attention under the boolean mask of valid keys, as HunyuanVideoTransformer3DModel builds it."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: tuple[int, ...],
        image_rotary_emb: tuple[Tensor, Tensor],
    ) -> Any:
        tokens = hidden_states.shape[1]
        ends = torch.tensor(attention_mask).unsqueeze(1) + tokens
        valid = torch.arange(tokens + encoder_hidden_states.shape[1]) < ends
        return super().__call__(attn, hidden_states, encoder_hidden_states, valid[:, None, None, :], image_rotary_emb)


@pytest.mark.parametrize("counts", [(3, 7), (5, 5)])
def test_text_cut_to_its_valid_length_equals_a_mask_over_its_padding(counts: tuple[int, int]) -> None:
    model, given = transformer(), inputs(batch=2)
    mask = torch.stack([(torch.arange(7) < count).float() for count in counts])
    cut = run(model, given, encoder_attention_mask=mask)

    text = model._text

    def uncut(states: Tensor, timestep: Tensor, mask: Tensor, _: object = None) -> tuple[Tensor, tuple[int, ...]]:
        return model.context_embedder(states, timestep, mask), counts

    model.set_attn_processor(
        {
            name: MaskedAttnProcessor() if "transformer_blocks" in name else processor
            for name, processor in model.attn_processors.items()
        }
    )
    model._text = uncut
    torch.testing.assert_close(cut, run(model, given, encoder_attention_mask=mask), rtol=0, atol=2e-6)
    model._text = text


def test_one_reference_frame_equals_the_same_frame_repeated() -> None:
    for mode in INJECTION_MODES:
        model, given = transformer(injection=mode), inputs()
        repeated = given["ref_latents"].expand(-1, -1, 3, -1, -1)
        torch.testing.assert_close(run(model, given), run(model, given, ref_latents=repeated), rtol=0, atol=1e-5)


def test_injection_modes_differ_and_all_see_the_reference() -> None:
    outputs = []
    for mode in INJECTION_MODES:
        model, given = transformer(injection=mode), inputs()
        outputs.append(run(model, given))
        assert not torch.allclose(outputs[-1], run(model, given, ref_latents=torch.zeros_like(given["ref_latents"])))
    for number, output in enumerate(outputs):
        assert all(not torch.allclose(output, other) for other in outputs[:number])


def test_spatial_shift_changes_where_the_reference_stands() -> None:
    given = inputs()
    still, moved = transformer(), transformer(reference_spatial_shift="both")
    assert not torch.allclose(run(still, given), run(moved, given))


@pytest.mark.parametrize("patch", [1, 2])
def test_small_configurations_without_motion_and_fps(patch: int) -> None:
    model = transformer(patch_size=patch, motion_values=0, fps_embeds=False, in_channels=6, out_channels=6)
    given = inputs()
    given = {name: value for name, value in given.items() if name not in ("motion_exp", "motion_pose", "fps")}
    given["hidden_states"], given["ref_latents"] = torch.randn(1, 6, 3, 8, 8), torch.randn(1, 6, 1, 8, 8)
    assert run(model, given).shape == (1, 6, 3, 8, 8)


def test_missing_conditions_and_wrong_sizes_name_the_rule() -> None:
    model, given = transformer(), inputs()
    for change, message in (
        ({"fps": None}, "fps is missing"),
        ({"hidden_states": torch.zeros(1, 4, 3, 8, 7)}, "multiples of patch_size, 2"),
        ({"ref_latents": torch.zeros(1, 4, 2, 8, 8)}, "1 or 3 frames"),
        ({"encoder_attention_mask": torch.zeros(1, 7)}, "at least one"),
    ):
        with pytest.raises(ValueError, match=message):
            run(model, given, **change)
    with pytest.raises(ValueError, match="must sum to attention_head_dim, 16"):
        transformer(rope_axes_dim=(4, 6, 8))
    with pytest.raises(ValueError, match="audio_adapter_layers is .2, 1."):
        transformer(audio_adapter_layers=(2, 1))
    with pytest.raises(ValueError, match="injection is 'sum'"):
        transformer(injection="sum")


def test_tuple_output_is_the_sample_and_the_cache() -> None:
    model, given = transformer(), inputs()
    (sample,) = model(**given, return_dict=False)
    again, cache = model(**given, return_dict=False, return_block_cache=True)
    assert torch.equal(sample, again)
    assert cache.video.shape == (1, 3, 16, 32)
    cached = run(model, given, block_cache=cache)
    torch.testing.assert_close(cached, sample, rtol=0, atol=1e-6)
