"""Audio adapters: sparse equals dense, speakers keep to their masks, contexts are cut without change."""

from __future__ import annotations

import pytest
import torch
from einops import rearrange
from small_transformer import inputs, transformer
from torch import Tensor

from model.avatar.audio_adapter import AudioContext, FaceAwareAudioAdapter
from model.avatar.face_conditions import FaceConditions, face_conditions
from model.avatar.face_tokens import FaceTokenWeights

HIDDEN, INNER, FRAMES, GRID = 48, 32, 5, (12, 10)


def adapter(seed: int = 0, dtype: torch.dtype = torch.float32) -> FaceAwareAudioAdapter:
    torch.manual_seed(seed)
    made = FaceAwareAudioAdapter(HIDDEN, INNER, heads=1)
    torch.nn.init.normal_(made.to_out.weight, std=0.2)
    return made.to(dtype)


def context(speakers: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> AudioContext:
    generator = torch.Generator().manual_seed(seed)
    states = torch.randn(2, 1, 2, speakers, 4 * FRAMES - 3, 4, INNER, generator=generator).to(dtype)
    return AudioContext(states[0], states[1], frames_per_latent=4, pad=3)


def conditions(mask: Tensor, audio: AudioContext) -> FaceConditions:
    weights, times = FaceTokenWeights(2)(mask, FRAMES)
    return face_conditions(weights, times, audio, None, 1.0)


def sparse(layer: FaceAwareAudioAdapter, hidden: Tensor, mask: Tensor, audio: AudioContext) -> Tensor:
    rows = conditions(mask, audio).audio_rows
    assert rows is not None
    return layer(hidden.clone(), *audio.of_groups(0, rows.groups), rows)


def dense(layer: FaceAwareAudioAdapter, hidden: Tensor, mask: Tensor, audio: AudioContext) -> Tensor:
    """The official adapter on every token, for each speaker: Eq. 5 with its mask multiplied in at the end."""
    cells = mask[..., ::2, ::2].expand(-1, -1, FRAMES, -1, -1)
    per_frame = cells.shape[-1] * cells.shape[-2]
    video = rearrange(hidden[:, per_frame:], "b (t n) d -> b t n d", t=FRAMES)
    query = layer.to_q(layer.norm(video))
    total = torch.zeros_like(video)
    for speaker in range(mask.shape[1]):
        key, value = (states[0, :, speaker] for states in (audio.keys, audio.values))
        key, value = (torch.cat([s[:, :1]] * 3 + [s], dim=1) for s in (key, value))
        key, value = (rearrange(s, "b (t f) k a -> b t (f k) a", t=FRAMES) for s in (key, value))
        out = torch.nn.functional.scaled_dot_product_attention(query, key, value)
        total = total + layer.to_out(out) * rearrange(cells[:, speaker], "b t y x -> b t (y x) 1").to(out.dtype)
    return torch.cat([hidden[:, :per_frame], rearrange(video + total, "b t n d -> b (t n) d")], dim=1)


def boxes(*corners: tuple[int, int, int, int], value: float = 1.0) -> Tensor:
    mask = torch.zeros(2, len(corners), 1, *GRID)
    for speaker, (top, bottom, left, right) in enumerate(corners):
        mask[:, speaker, :, top:bottom, left:right] = value
    return mask


def tokens_of_frame(frame: int, count: int) -> Tensor:
    """So few rows that matrix libraries take other kernels for them."""
    tokens = torch.zeros(2, 1, FRAMES, GRID[0] // 2, GRID[1] // 2)
    tokens[1, 0, frame].view(-1)[7 : 7 + count] = 1
    return tokens.repeat_interleave(2, 3).repeat_interleave(2, 4)


MASKS = {
    "one box": boxes((2, 8, 0, 4)),
    "a soft box": boxes((2, 8, 0, 4), value=0.37),
    "two boxes": boxes((2, 8, 0, 4), (4, 12, 6, 10)),
    "overlapping boxes": boxes((2, 8, 0, 6), (4, 12, 2, 10)),
    "everything": torch.ones(2, 1, 1, *GRID),
    "one token of one frame": tokens_of_frame(3, 1),
    "eleven tokens of one frame": tokens_of_frame(2, 11),
    "another size in every frame": torch.rand(2, 2, FRAMES, *GRID, generator=torch.Generator().manual_seed(3)).round(),
}


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_tokens_inside_masks_alone_equal_all_tokens_bit_by_bit(name: str, dtype: torch.dtype) -> None:
    mask = MASKS[name]
    layer, audio = adapter(dtype=dtype), context(mask.shape[1], dtype)
    hidden = torch.randn(2, (FRAMES + 1) * 30, HIDDEN).to(dtype)
    assert torch.equal(sparse(layer, hidden, mask, audio), dense(layer, hidden, mask, audio))


def test_gradients_equal_those_of_all_tokens() -> None:
    mask, audio = MASKS["overlapping boxes"], context(2)
    grads = []
    for compute in (sparse, dense):
        layer, hidden = adapter(), torch.randn(2, 180, HIDDEN, generator=torch.Generator().manual_seed(5))
        hidden.requires_grad_()
        (compute(layer, hidden, mask, audio) ** 2).sum().backward()
        grads.append([hidden.grad, *(weight.grad for weight in layer.parameters())])
    for ours, reference in zip(*grads, strict=True):
        torch.testing.assert_close(ours, reference, rtol=1e-4, atol=1e-4)


def test_one_speaker_changes_nothing_outside_their_mask_in_that_layer() -> None:
    mask, layer, hidden = MASKS["two boxes"], adapter(), torch.randn(2, 180, HIDDEN)
    before, other = context(2), context(2, seed=9)
    keys, values = before.keys.clone(), before.values.clone()
    keys[:, :, 1], values[:, :, 1] = other.keys[:, :, 1], other.values[:, :, 1]
    after = AudioContext(keys, values, 4, 3)
    moved = (sparse(layer, hidden, mask, before) != sparse(layer, hidden, mask, after)).any(-1)
    inside = FaceTokenWeights(2)(mask, FRAMES)[0][..., 1] != 0
    assert torch.equal(moved, inside)


def test_masks_of_zeros_leave_the_tokens_as_they_are() -> None:
    hidden = torch.randn(2, 180, HIDDEN)
    assert torch.equal(sparse(adapter(), hidden, torch.zeros(2, 3, 1, *GRID), context(3)), hidden)


def test_cut_context_equals_context_of_cut_audio() -> None:
    model, audio = transformer(), inputs(frames=6)["audio"]
    window = [5, 6, 7, 8, 9, 10, 11, 12, 13]
    whole, part = model.encode_audio(audio).frames(window), model.encode_audio(audio[:, :, window])
    torch.testing.assert_close(whole.keys, part.keys)
    torch.testing.assert_close(whole.values, part.values)
    assert whole.latent_frames == 3


def test_latent_frames_hear_their_own_four_video_frames() -> None:
    """Latent 0 hears frame 0 four times, latent j frames 4j - 3 to 4j."""
    states = torch.arange(9.0).view(1, 1, 1, 9, 1, 1)
    key, _ = AudioContext(states, states, 4, 3).of_groups(0, torch.tensor([[0, 0, 0], [0, 0, 2]]))
    assert key.squeeze(-1).tolist() == [[0, 0, 0, 0], [5, 6, 7, 8]]


def test_paper_form_has_forty_tokens_per_latent_frame() -> None:
    model = transformer(audio_form="paper", audio_alpha=0.5)
    given = inputs()
    context = model.encode_audio(given["audio"])
    assert context.of_groups(0, torch.tensor([[0, 0, 1]]))[0].shape == (1, 40, 24)
    with torch.no_grad():
        half = model(**given).sample
        model.register_to_config(audio_alpha=1.0)
        assert torch.equal(half, model(**given, audio_alpha=0.5).sample)
        assert not torch.equal(half, model(**given).sample)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"audio": torch.zeros(1, 2, 8, 10, 2, 6)}, "8 video frames; T latent frames need 4 T - 3"),
        ({"audio": torch.zeros(1, 2, 13, 10, 2, 6)}, "covers 4 latent frames .* the latents have 3"),
        ({"audio": torch.zeros(1, 2, 9, 9, 2, 6)}, "needs .batch, speakers, frames, 10, 2, 6."),
        ({"audio": torch.zeros(1, 3, 9, 10, 2, 6)}, "face_mask has shape"),
        ({"face_mask": None}, "2 speakers need a mask each"),
        ({"face_mask": torch.zeros(1, 2, 2, 8, 8)}, "needs .1, 2, 1, 8, 8. or .1, 2, 3, 8, 8."),
    ],
)
def test_shapes_that_do_not_fit_are_refused_with_the_rule(change: dict[str, Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        transformer()(**{**inputs(), **change})
