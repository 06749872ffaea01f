"""What `bench_model.py` measures on a CPU: each function is one comparison of ours with diffusers' or the official way.

Shapes: B batch, S speakers, T latent frames, n tokens per frame, D hidden size, L text tokens.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from diffusers import AutoencoderKLHunyuanVideo, HunyuanVideoTransformer3DModel
from einops import rearrange, repeat
from paired_timing import Pair, paired
from torch import Tensor

from model.avatar.audio_adapter import AudioContext, AudioKeysValues, FaceAwareAudioAdapter
from model.avatar.face_conditions import face_conditions
from model.avatar.face_tokens import FaceTokenWeights
from model.avatar.fusion import fusion_for, released_audio_frames, released_ring
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.hunyuan.vae import HunyuanVideoVAE, Tiling


@dataclass(frozen=True)
class Result:
    """One line of the report. `ratio` is how many times ours is cheaper; `error` the largest difference of outputs."""

    name: str
    ratio: float
    target: float
    ours: float
    other: float
    unit: str = "CPU s"
    error: float | None = None
    limit: float | None = None

    @property
    def reached(self) -> bool:
        """Whether the target is met and, where outputs were compared, they agree."""
        agrees = self.error is None or self.limit is None or self.error <= self.limit
        return self.ratio >= self.target and agrees


def _result(name: str, pair: Pair, target: float, error: float | None = None, limit: float | None = None) -> Result:
    return Result(name, pair.cpu_ratio, target, *pair.least, error=error, limit=limit)


def _randn(dtype: torch.dtype, seed: int = 0) -> Callable[..., Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return lambda *shape: torch.randn(*shape, generator=generator).to(dtype)


# ----------------------------------------------------------------------------------------------------- transformer

SIZES = {
    "num_attention_heads": 6,
    "attention_head_dim": 128,
    "num_layers": 4,
    "num_single_layers": 8,
    "text_embed_dim": 256,
    "pooled_projection_dim": 128,
}


@torch.no_grad()
def transformer_against_diffusers(dtype: torch.dtype, valid_text: int, rounds: int = 5) -> Result:
    """Ours with all adapters (one face of 10 % of the picture) and diffusers' HunyuanVideo: same width, depth, tokens.

    Ours has T video frames and the reference, diffusers' T + 1 video frames; of 128 text tokens `valid_text` count.
    """
    torch.manual_seed(0)
    ours = HunyuanVideoAvatarTransformer3DModel(**SIZES, audio_channels=64, audio_adapter_dim=256).to(dtype).eval()
    other = HunyuanVideoTransformer3DModel(**SIZES, guidance_embeds=False).to(dtype).eval()
    randn, frames, side, length = _randn(dtype), 5, 32, 128
    face = torch.zeros(1, 1, 1, side, side, dtype=dtype)
    face[..., 8:18, 8:18] = 1
    text = {
        "timestep": torch.tensor([500.0]),
        "encoder_hidden_states": randn(1, length, 256),
        "encoder_attention_mask": (torch.arange(length) < valid_text).to(dtype).unsqueeze(0),
        "pooled_projections": randn(1, 128),
    }
    audio = ours.encode_audio(randn(1, 1, 4 * frames - 3, 10, 5, 64))
    motion = {name: torch.full((1, 4), 25.0) for name in ("motion_exp", "motion_pose")}
    motion["fps"] = torch.tensor([25.0])
    latents, reference = randn(1, 16, frames, side, side), randn(1, 16, 1, side, side)
    longer = randn(1, 16, frames + 1, side, side)
    pair = paired(
        lambda: ours(latents, ref_latents=reference, audio=audio, face_mask=face, **text, **motion),
        lambda: other(longer, **text),
        rounds,
    )
    name = f"transformer, {str(dtype).removeprefix('torch.')}, {valid_text} of {length} text tokens valid"
    return _result(name, pair, target=1.0)


# --------------------------------------------------------------------------------------------------- audio adapter


def _dense_adapter(
    layer: FaceAwareAudioAdapter, keys_values: AudioKeysValues, video: Tensor, tokens: Tensor, mask: Tensor
) -> Tensor:
    """The adapter on all video tokens (B, T, n, D), the mask (B, T n, 1) multiplied in at the end."""
    tokens = torch.cat([tokens[:, :1]] * 3 + [tokens], dim=1)
    key, value = keys_values(rearrange(tokens, "b (t f) k d -> b t (f k) d", f=4))
    out = F.scaled_dot_product_attention(layer.to_q(layer.norm(video)), key, value)
    return video + layer.to_out(out) * rearrange(mask, "b (t n) 1 -> b t n 1", t=video.shape[1])


def _official_adapter(
    layer: FaceAwareAudioAdapter, keys_values: AudioKeysValues, image: Tensor, tokens: Tensor, face: Tensor
) -> None:
    """As the release runs it, in place on image tokens (B, (1 + T) n, D): keys and values anew, scale split between
    query and key, softmax in float32, a mask (B, 1, 1, h, w) brought to the token grid."""
    frames = (tokens.shape[1] + 3) // 4
    per_frame = image.shape[1] // (frames + 1)
    video = rearrange(image[:, per_frame:], "b (t n) d -> b t n d", t=frames)
    tokens = torch.cat([tokens[:, :1]] * 3 + [tokens], dim=1)
    query = layer.to_q(layer.norm(video))
    key, value = keys_values(rearrange(tokens, "b (t f) k d -> b t (f k) d", f=4))
    scale = query.shape[-1] ** -0.25
    shares = torch.softmax(((query * scale) @ (key * scale).transpose(-2, -1)).float(), dim=-1).to(query.dtype)
    mask = F.interpolate(face.expand(-1, -1, frames, -1, -1), size=(frames, *face.shape[-2:]), mode="nearest")
    out = rearrange(layer.to_out(shares @ value), "b t n d -> b (t n) d")
    image[:, per_frame:] += out * rearrange(mask, "b 1 t y x -> b (t y x) 1").to(out.dtype)


@torch.no_grad()
def adapter_sparse_against_dense(dtype: torch.dtype, share: float, rounds: int = 5) -> Result:
    """The 13 B model's adapter over a whole window, 33 latent frames of 16 x 32 tokens, a face box of `share` of them.

    Timed against the release's own way; ours has its keys and values from before. Compared with the same arithmetic on
    all tokens, the mask multiplied in at the end: equal bit by bit in float32, and in bfloat16 on AVX-512. With AMX the
    matrix library sums in another order for fewer rows, so in bfloat16 one rounding is allowed.
    """
    torch.manual_seed(0)
    hidden, inner, frames, rows, columns = 3072, 1024, 33, 16, 32
    layer, keys_values = FaceAwareAudioAdapter(hidden, inner, heads=1), AudioKeysValues(hidden, inner).to(dtype)
    torch.nn.init.normal_(layer.to_out.weight, std=0.02)
    layer = layer.to(dtype)
    randn = _randn(dtype)
    tokens, image = randn(1, 4 * frames - 3, 4, hidden), randn(1, (frames + 1) * rows * columns, hidden)
    height = round((share * rows * columns / 2) ** 0.5)
    width = round(share * rows * columns / height)
    mask = torch.zeros(1, 1, 1, rows, columns)
    mask[..., :height, :width] = 1

    key, value = keys_values(tokens.unsqueeze(1))
    context = AudioContext(key.unsqueeze(0), value.unsqueeze(0), frames_per_latent=4, pad=3)
    inside = face_conditions(*FaceTokenWeights(1)(mask, frames), context, None, 1.0).audio_rows
    assert inside is not None
    video = rearrange(image[:, rows * columns :], "b (t n) d -> b t n d", t=frames)
    cells = repeat(mask, "b 1 1 y x -> b (t y x) 1", t=frames).to(dtype)

    def ours(states: Tensor) -> Tensor:
        return layer(states, *context.of_groups(0, inside.groups), inside)

    dense = _dense_adapter(layer, keys_values, video, tokens, cells)
    sparse = rearrange(ours(image.clone())[:, rows * columns :], "b (t n) d -> b t n d", t=frames)
    error, last_bit = float((dense - sparse).abs().max()), float(dense.abs().max()) * 2**-8
    target = {0.1: 10.0}.get(share, 1.0)
    copy_ = image.clone()
    pair = paired(lambda: ours(image), lambda: _official_adapter(layer, keys_values, copy_, tokens, mask), rounds)
    covered = 100 * height * width / (rows * columns)
    name = f"audio adapter, {str(dtype).removeprefix('torch.')}, mask of {covered:.1f} %"
    return _result(name, pair, target, error, limit=0.0 if dtype == torch.float32 else last_bit)


# ------------------------------------------------------------------------------------------------------------- VAE


def _vaes(channels: tuple[int, ...], tiling: Tiling) -> tuple[HunyuanVideoVAE, AutoencoderKLHunyuanVideo]:
    """Ours with `tiling`, and diffusers' (equal to the official one) with the official tiling: the same weights."""
    torch.manual_seed(0)
    official = AutoencoderKLHunyuanVideo(block_out_channels=channels, norm_num_groups=4, layers_per_block=1).eval()
    ours = HunyuanVideoVAE(copy.deepcopy(official), tiling)
    released = Tiling.released()
    official.enable_tiling(
        released.pixels,
        released.pixels,
        released.frames,
        released.pixel_stride,
        released.pixel_stride,
        released.frame_stride,
    )
    return ours, official


@torch.no_grad()
def reference_encode(side: int = 128, rounds: int = 5) -> Result:
    """One frame, against the picture repeated to 129 frames and encoded twice (cond, uncond), as the release does."""
    ours, official = _vaes((16, 32, 32, 32), Tiling.released())
    picture = _randn(torch.float32)(1, 3, side, side).clamp(-1, 1)
    film = repeat(picture, "b c h w -> b c f h w", f=129)
    scale = official.config.scaling_factor
    one = ours.encode_reference(picture, 33, None)  # the first call also warms both sides' kernels
    many = official.encode(film).latent_dist.mean * scale
    pair = paired(
        lambda: ours.encode_reference(picture, 33, None),
        lambda: [official.encode(film) for _ in range(2)],
        rounds,
        warm=False,
    )
    return _result("reference encode, 1 frame against 2 x 129", pair, 100.0, float((one - many).abs().max()), 1e-5)


@torch.no_grad()
def vae_tiling(height: int = 704, width: int = 1216, latents: int = 3, rounds: int = 1) -> Result:
    """Decoding in larger tiles, without the dense attention mask, against the official tiles; few narrow channels.

    The error is how much further ours is from untiled decoding than the official tiling is.
    """
    ours, official = _vaes((4, 8, 8, 8), Tiling.large())
    noise = _randn(torch.float32)(1, 16, latents, height // 8, width // 8)
    outputs: dict[str, Tensor] = {}

    def run_ours() -> None:
        outputs["ours"] = torch.cat(list(ours.decode_pixels(noise)), dim=2)

    def run_official() -> None:
        outputs["official"] = official.decode(noise).sample

    pair = paired(run_ours, run_official, rounds, warm=False)
    whole = HunyuanVideoVAE(copy.deepcopy(official), None)
    exact = torch.cat(list(whole.decode_pixels(noise)), dim=2)
    errors = {name: float((pixels - exact).square().mean().sqrt()) for name, pixels in outputs.items()}
    excess = max(0.0, errors["ours"] - errors["official"])
    return _result(f"VAE decode {height}x{width}, large tiles", pair, 1.6, excess, limit=0.0)


# ------------------------------------------------------------------------------------------------------ long films


def windows_against_the_official_ring(films: int = 100, seed: int = 0) -> Result:
    """Windows per denoising step of `films` films of random length up to a minute: each is one forward pass."""
    source = random.Random(seed)
    lengths = [source.randint(1, 1500) for _ in range(films)]
    ours = [len(fusion_for(frames).starts) for frames in lengths]
    official = [len(released_ring(released_audio_frames(frames)).starts) for frames in lengths]
    more = sum(a > b for a, b in zip(ours, official, strict=True))
    least = all(count == -(-(frames + 3) // 132) for count, frames in zip(ours, lengths, strict=True))
    error = float(more + (not least))
    name = f"windows of {films} films of 1 to 1500 frames"
    return Result(name, sum(official) / sum(ours), 1.0, sum(ours), sum(official), "windows", error, 0.0)


def cpu_measures(quick: bool, rounds: int) -> Iterator[Result]:
    """All of them, one after the other."""
    types = (torch.float32, torch.bfloat16)
    for dtype in types:
        for valid in (128, 80):
            yield transformer_against_diffusers(dtype, valid, rounds)
    for dtype in types:
        for share in (0.05, 0.1, 0.2):
            yield adapter_sparse_against_dense(dtype, share, rounds)
    yield reference_encode(side=32 if quick else 128)
    yield vae_tiling(*((704, 1216, 3) if not quick else (320, 320, 3)))
    yield windows_against_the_official_ring()
