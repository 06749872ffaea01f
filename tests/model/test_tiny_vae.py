"""The small VAE's promises: causal, in pieces as whole, and a still picture that stays still."""

from __future__ import annotations

import pytest
import torch

from model.tiny_vae import PIECE, AutoencoderTinyCausal3D


@pytest.fixture(scope="module")
def vae() -> AutoencoderTinyCausal3D:
    torch.manual_seed(0)
    model = AutoencoderTinyCausal3D(8, 16, 1, (16, 16, 16), (2, 1, 1)).eval()
    with torch.no_grad():  # nothing at zero, so that every path counts
        for parameter in model.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    return model


@pytest.mark.parametrize("frames", [1, 5, 13])
def test_sizes(vae: AutoencoderTinyCausal3D, frames: int) -> None:
    latents = vae.encode(torch.rand(2, 3, frames, 16, 24))
    assert latents.shape == (2, 8, (frames - 1) // 4 + 1, 2, 3)
    assert vae.decode_pixels(latents).shape == (2, 3, frames, 16, 24)


def test_wrong_sizes_are_named(vae: AutoencoderTinyCausal3D) -> None:
    with pytest.raises(ValueError, match="multiples of 8"):
        vae.encode(torch.rand(1, 3, 1, 12, 16))
    with pytest.raises(ValueError, match=r"4\(T-1\)\+1"):
        vae.encode(torch.rand(1, 3, 4, 16, 16))


@torch.no_grad()
def test_nothing_looks_ahead(vae: AutoencoderTinyCausal3D) -> None:
    pixels = torch.rand(1, 3, 13, 16, 16)
    changed = pixels.clone()
    changed[:, :, 9:] = 0
    assert torch.equal(vae.encode(pixels)[:, :, :3], vae.encode(changed)[:, :, :3])
    assert not torch.equal(vae.encode(pixels)[:, :, 3], vae.encode(changed)[:, :, 3])
    latents = torch.randn(1, 8, 5, 2, 2)
    later = latents.clone()
    later[:, :, 3:] = 0
    assert torch.equal(vae.decode_pixels(latents)[:, :, :9], vae.decode_pixels(later)[:, :, :9])


@torch.no_grad()
def test_a_film_in_pieces_is_the_film(vae: AutoencoderTinyCausal3D) -> None:
    latents = torch.randn(1, 8, 2 * PIECE + 5, 2, 2)
    whole = ((vae.decode_pixels(latents)[0] / 2 + 0.5).clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    streamed = torch.stack(list(vae.decode(latents)))
    assert streamed.shape == (4 * (2 * PIECE + 4) + 1, 16, 16, 3)
    difference = (streamed.permute(3, 0, 1, 2).int() - whole.int()).abs()
    assert int(difference.max()) <= 1  # rounding of other sums in another order


@torch.no_grad()
def test_a_held_picture_is_one_latent_repeated(vae: AutoencoderTinyCausal3D) -> None:
    picture = torch.rand(1, 3, 16, 16)
    held = vae.encode(picture[:, :, None].expand(-1, -1, 9, -1, -1))
    assert torch.allclose(vae.encode_reference(picture, 3), held, atol=1e-5)
