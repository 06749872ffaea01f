"""The small VAE's promises: nothing moves, nothing is coded; causal; in pieces as whole."""

from __future__ import annotations

import pytest
import torch

from model.tiny.vae import PIECE, AutoencoderTinyMotion, bend


@pytest.fixture(scope="module")
def vae() -> AutoencoderTinyMotion:
    torch.manual_seed(0)
    model = AutoencoderTinyMotion(8, 16, 1, (16, 16, 16), (1, 1, 1)).eval()
    with torch.no_grad():  # nothing at zero, so that every path counts
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("frames", [1, 5, 13])
def test_sizes(vae: AutoencoderTinyMotion, frames: int) -> None:
    picture = torch.rand(2, 3, 16, 24)
    latents = vae.encode(torch.rand(2, 3, frames, 16, 24), picture)
    assert latents.shape == (2, 8, (frames - 1) // 4 + 1, 2, 3)
    painted, bent = vae.decode_pixels(latents, picture)
    assert painted.shape == bent.shape == (2, 3, frames, 16, 24)
    assert vae.encode_reference(picture, 3).shape == (2, 8, 3, 2, 3)


def test_wrong_sizes_are_named(vae: AutoencoderTinyMotion) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        vae.encode(torch.rand(1, 3, 1, 12, 16), torch.rand(1, 3, 12, 16))
    with pytest.raises(ValueError, match=r"4\(T-1\)\+1"):
        vae.encode(torch.rand(1, 3, 4, 16, 16), torch.rand(1, 3, 16, 16))


def test_a_decoder_without_its_picture_says_so(vae: AutoencoderTinyMotion) -> None:
    with pytest.raises(ValueError, match="picture is missing"):
        next(vae.decode(torch.zeros(1, 8, 1, 2, 2)))


@torch.no_grad()
def test_a_picture_that_does_not_move_has_the_code_zero(vae: AutoencoderTinyMotion) -> None:
    picture = torch.rand(1, 3, 16, 16)
    latents = vae.encode(picture[:, :, None].expand(-1, -1, 9, -1, -1), picture)
    assert torch.allclose(latents, torch.zeros_like(latents), atol=1e-6)


@torch.no_grad()
def test_an_untrained_decoder_shows_the_picture() -> None:
    picture, untrained = torch.rand(1, 3, 16, 16), AutoencoderTinyMotion(8, 16, 1, (16, 16, 16), (1, 1, 1))
    _, bent = untrained.decode_pixels(torch.randn(1, 8, 2, 2, 2), picture)
    assert torch.allclose(bent, picture[:, :, None].expand_as(bent), atol=1e-5)


def test_bending_moves_the_picture_by_pixels() -> None:
    picture = torch.rand(1, 3, 16, 16)
    flow = torch.zeros(1, 1, 8, 8, 2)
    flow[..., 0] = 2 / 8  # REACH is 8: every pixel shows what lies 2 pixels to its right
    seen = bend(picture, flow)[0, 0]
    assert torch.allclose(seen[:, :14], picture[0].permute(1, 2, 0)[:, 2:], atol=1e-5)


@torch.no_grad()
def test_nothing_looks_ahead(vae: AutoencoderTinyMotion) -> None:
    picture, pixels = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 13, 16, 16)
    changed = pixels.clone()
    changed[:, :, 9:] = 0
    before, after = vae.encode(pixels, picture), vae.encode(changed, picture)
    assert torch.equal(before[:, :, :3], after[:, :, :3])
    assert not torch.equal(before[:, :, 3], after[:, :, 3])
    latents = torch.randn(1, 8, 5, 2, 2)
    later = latents.clone()
    later[:, :, 3:] = 0
    assert torch.equal(vae.decode_pixels(latents, picture)[0][:, :, :9], vae.decode_pixels(later, picture)[0][:, :, :9])


@torch.no_grad()
def test_a_film_in_pieces_is_the_film(vae: AutoencoderTinyMotion) -> None:
    picture, latents = torch.rand(1, 3, 16, 16), torch.randn(1, 8, 2 * PIECE + 5, 2, 2)
    whole = ((vae.decode_pixels(latents, picture)[0][0] / 2 + 0.5).clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    streamed = torch.stack(list(vae.decode(latents, picture)))
    assert streamed.shape == (4 * (2 * PIECE + 4) + 1, 16, 16, 3)
    difference = (streamed.permute(3, 0, 1, 2).int() - whole.int()).abs()
    assert int(difference.max()) <= 1  # rounding of other sums in another order


@torch.no_grad()
def test_a_held_picture_is_one_latent_repeated(vae: AutoencoderTinyMotion) -> None:
    held = vae.encode_reference(torch.rand(1, 3, 16, 16), 3)
    assert torch.equal(held[:, :, :1].expand_as(held), held)
