"""The video VAE: one frame for a still, larger tiles, a stream that equals the whole, seeded noise, both attentions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKLHunyuanVideo
from torch import Generator

from model.hunyuan.vae import FrameAttentionMidBlock, HunyuanVideoVAE, Tiling, load_vae

SIZES = {"block_out_channels": (4, 4, 8, 8), "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 4}
TILING = Tiling(32, 24, 16, 12)


def network(seed: int = 0) -> AutoencoderKLHunyuanVideo:
    torch.manual_seed(seed)
    return AutoencoderKLHunyuanVideo(**SIZES).eval()


def vae(tiling: Tiling | None = TILING) -> HunyuanVideoVAE:
    return HunyuanVideoVAE(network(), tiling)


def test_a_still_of_one_frame_encodes_as_129_of_it() -> None:
    pixels = torch.rand(1, 3, 1, 32, 32) * 2 - 1
    one = vae(None).encode(pixels).parameters
    many = vae(None).encode(pixels.expand(-1, -1, 129, -1, -1)).parameters
    assert many.shape[2] == 33
    assert float((many - one).abs().max()) <= 1e-5


def test_attention_frame_by_frame_equals_the_dense_mask() -> None:
    block = network().decoder.mid_block
    states = torch.randn(2, 8, 5, 3, 4)
    with torch.no_grad():
        torch.testing.assert_close(FrameAttentionMidBlock(block, True)(states), block(states), rtol=0, atol=1e-5)
        assert not torch.allclose(FrameAttentionMidBlock(block, False)(states), block(states), atol=1e-3)


@pytest.mark.parametrize("latents", [1, 4, 5, 7, 13])
@pytest.mark.parametrize("size", [(4, 4), (5, 7)])
def test_streamed_pieces_are_diffusers_tiled_decoding(latents: int, size: tuple[int, int]) -> None:
    theirs = network()
    theirs.enable_tiling(32, 32, 16, 24, 24, 12)
    noisy = torch.randn(1, 4, latents, *size)
    pieces = list(vae().decode_pixels(noisy))
    with torch.no_grad():
        whole = theirs.decode(noisy).sample
    assert whole.shape[2] == 4 * (latents - 1) + 1
    torch.testing.assert_close(torch.cat(pieces, dim=2), whole, rtol=0, atol=5e-5)
    assert max(piece.shape[2] for piece in pieces) <= 17 or latents == 4


def test_frames_are_8_bit_rgb_one_by_one() -> None:
    frames = list(vae().decode(torch.randn(1, 4, 6, 4, 5)))
    assert len(frames) == 21
    assert all(frame.shape == (32, 40, 3) and frame.dtype == torch.uint8 for frame in frames)


def test_larger_tiles_decode_fewer_pixels_twice() -> None:
    def decoded(tile: Tiling) -> float:
        """Latent cells that the tiles of 129 frames at 704 x 1216 cover, over those there are."""
        covered = 1.0
        for cells, length, stride in ((88, tile.pixels // 8, tile.pixel_stride // 8), (152, tile.pixels // 8, 0)):
            stride = stride or tile.pixel_stride // 8
            covered *= sum(min(start + length, cells) - start for start in range(0, cells, stride)) / cells
        length, stride = tile.frames // 4 + 1, tile.frame_stride // 4
        return covered * sum(min(start + length, 33) - start for start in range(0, 33, stride)) / 33

    assert decoded(Tiling.released()) / decoded(Tiling.large()) >= 1.6


def test_noise_is_seeded_drawn_per_latent_and_scaled() -> None:
    coder, pixels = vae(), torch.rand(1, 3, 32, 32) * 2 - 1

    def reference(seed: int | None) -> torch.Tensor:
        return coder.encode_reference(pixels, 5, None if seed is None else Generator().manual_seed(seed))

    mean = reference(None)
    assert torch.equal(mean, mean[:, :, :1].expand_as(mean))
    torch.testing.assert_close(mean[:, :, :1], coder.encode(pixels.unsqueeze(2)).mean * 0.476986)
    assert torch.equal(reference(1), reference(1)) and not torch.equal(reference(1), reference(2))
    assert not torch.equal(reference(1)[:, :, 0], reference(1)[:, :, 1])


def write_released(folder: Path, **config: object) -> Path:
    folder.mkdir()
    model = network()
    described = {**SIZES, "sample_size": 32, "sample_tsize": 16, **config}
    (folder / "config.json").write_text(json.dumps(described))
    torch.save({"state_dict": {f"vae.{k}": v for k, v in model.state_dict().items()}}, folder / "pytorch_model.pt")
    return folder


def test_the_released_folder_says_how_it_attends_and_tiles(tmp_path: Path) -> None:
    causal = load_vae(write_released(tmp_path / "a", mid_block_causal_attn=True))
    silent = load_vae(write_released(tmp_path / "b"))
    assert causal.model.decoder.mid_block.causal and causal.tiling == TILING
    assert not silent.model.decoder.mid_block.causal, "the official class's default is false"


def test_a_folder_saved_by_diffusers_attends_causally(tmp_path: Path) -> None:
    network().save_pretrained(tmp_path)
    assert load_vae(tmp_path).model.decoder.mid_block.causal


def test_weights_that_do_not_fit_are_named_with_their_file(tmp_path: Path) -> None:
    folder = write_released(tmp_path / "a", latent_channels=8)
    with pytest.raises(ValueError, match=r"pytorch_model.pt does not fit .*config.json(.|\n)*quant_conv"):
        load_vae(folder)


def test_weights_cannot_run_code(tmp_path: Path) -> None:
    folder = write_released(tmp_path / "a")

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit('ran')",)

    torch.save({"state_dict": Evil()}, folder / "pytorch_model.pt")
    with pytest.raises(ValueError, match="more than tensors"):
        load_vae(folder)
