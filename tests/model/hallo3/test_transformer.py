"""The denoiser and the reference network of Hallo3: forms, shapes, and what reaches what."""

from __future__ import annotations

import pytest
import small_hallo3 as small
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from model.hallo3.block import AUDIO_FORMS, IDENTITY_FORMS
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel

FORMS = [(audio, "both") for audio in AUDIO_FORMS] + [("cross_attention", identity) for identity in IDENTITY_FORMS[1:]]


def test_the_released_size() -> None:
    with torch.device("meta"):
        networks = Hallo3Transformer3DModel(), Hallo3ReferenceNetwork()
    assert sum(p.numel() for network in networks for p in network.parameters()) == 14_546_538_112


@pytest.mark.parametrize(("audio", "identity"), FORMS)
@torch.no_grad()
def test_every_form_gives_v_and_listens_to_its_conditions(audio: str, identity: str) -> None:
    network = small.denoiser(audio=audio, identity=identity)
    given = small.inputs(network)
    out = network(**given)
    assert out.shape == (1, small.LATENTS, 16, 8, 12)
    other = torch.randn_like(given["audio"])
    assert small.spread(network(**{**given, "audio": other}) - out) > 1e-4
    other = tuple(tokens + 1 for tokens in given["bank"])
    looked = small.spread(network(**{**given, "bank": other}) - out) > 1e-4
    assert looked is (identity in ("both", "reference"))
    if identity == "reference":
        assert given["face"] is None and network.face_proj is None
    else:
        assert small.spread(network(**{**given, "face": torch.randn_like(given["face"])}) - out) > 1e-4


def test_an_unknown_form_is_told_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"audio is 'telepathy'.*cross_attention, self_attention, adaptive_norm"):
        small.denoiser(audio="telepathy")


@pytest.mark.parametrize(("learned", "rotary"), [(True, False), (False, True), (False, False)])
@torch.no_grad()
def test_places_by_tables_or_by_turning_or_by_nothing(learned: bool, rotary: bool) -> None:
    """Without any code of place, a picture whose columns are swapped gives the same v, swapped."""
    network = small.denoiser(learned_positions=learned, rotary_positions=rotary)
    given = {**small.inputs(network), "bank": None}
    out = network(**given)
    moved = network(**{**given, "latents": given["latents"].roll(2, dims=-1)})
    alike = small.spread(moved - out.roll(2, dims=-1)) < 1e-4
    assert alike is not (learned or rotary)


@torch.no_grad()
def test_the_bank_holds_what_enters_attention_and_needs_one_frame() -> None:
    network = small.reference()
    bank = network(torch.randn(2, 1, 16, 8, 12), torch.zeros(2, 6, 12))
    assert [tuple(tokens.shape) for tokens in bank] == [(2, small.TOKENS, 32)] * 2


@torch.no_grad()
def test_audio_of_a_latent_frame_enters_that_frame_alone() -> None:
    """In the first block, before self-attention carries it on."""
    network = small.denoiser(num_layers=1)
    given = small.inputs(network)
    given["bank"] = given["bank"][:1]
    out = network(**given)
    audio = given["audio"].clone()
    audio[:, 1] += 1
    changed = (network(**{**given, "audio": audio}) - out).abs().amax(dim=(0, 2, 3, 4))
    assert changed[1] > 1e-4 and changed[0] < 1e-6 and changed[2] < 1e-6


@given(split=st.integers(1, 5))
@settings(max_examples=5, deadline=None)
def test_masked_audio_reaches_the_tokens_of_its_speaker_alone(split: int) -> None:
    """Experimental: two speakers side by side; the second's voice changes nothing left of the border."""
    with torch.no_grad():
        network = small.denoiser(num_layers=1)
        given = small.inputs(network)
        given["bank"] = given["bank"][:1]
        left = (torch.arange(6) < split).float().expand(4, 6).reshape(1, 1, small.TOKENS)
        mask = torch.stack([left, 1 - left], dim=1)
        voices = torch.stack([given["audio"], given["audio"].flip(1)], dim=1)
        out = network(**{**given, "audio": voices}, audio_mask=mask)
        other = voices.clone()
        other[:, 1] += 1
        changed = (network(**{**given, "audio": other}, audio_mask=mask) - out).abs().amax(dim=(0, 1, 2, 3))
    assert changed[: 2 * split].max() < 1e-6 and changed[2 * split :].min() > 1e-6


@torch.no_grad()
def test_one_speaker_everywhere_is_the_released_attention() -> None:
    network = small.denoiser()
    given = small.inputs(network)
    mask = torch.ones(1, 1, 1, small.TOKENS)
    one = network(**{**given, "audio": given["audio"].unsqueeze(1)}, audio_mask=mask)
    assert torch.equal(one, network(**given))


def test_gradients_pass_with_checkpointing() -> None:
    network = small.denoiser()
    network.enable_gradient_checkpointing()
    network.train()
    network(**small.inputs(network)).square().mean().backward()
    assert all(block.audio.to_q.weight.grad is not None for block in network.blocks)
