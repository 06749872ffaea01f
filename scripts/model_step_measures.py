"""The cost of one guided denoising step on a device: seconds, attention backends, peak memory, FLOP utilisation.

Full width and depth with random normal weights (zeros would run faster than any real weights). Runs on a CPU with the
small configuration, so that the code is exercised where there is no GPU.

Shapes: B = 2 branches of guidance, T latent frames, n tokens per frame, D hidden size, L text tokens.
"""

from __future__ import annotations

import functools
import math
import resource
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from diffusers import HunyuanVideoTransformer3DModel
from paired_timing import Seconds, timed
from torch import Tensor, nn

from model.avatar.eight_bits import in_eight_bits
from model.avatar.sparse_attention import set_sparsity, sparsity
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel

FULL: dict[str, Any] = {}  # the released 13 B configuration is the class's default
SMALL: dict[str, Any] = {
    "num_attention_heads": 2,
    "attention_head_dim": 32,
    "rope_axes_dim": (8, 12, 12),
    "num_layers": 2,
    "num_single_layers": 2,
    "text_embed_dim": 32,
    "pooled_projection_dim": 16,
    "audio_channels": 8,
    "audio_intermediate_dim": 16,
    "audio_adapter_dim": 32,
}
# Dense bf16 peak, TFLOP/s, of the manufacturers' data sheets.
PEAKS = {"H200": 989.0, "H100": 989.0, "H800": 989.0, "H20": 148.0, "A100": 312.0, "L40S": 362.0, "4090": 165.0}
BACKENDS = ("native", "_native_cudnn", "_native_efficient", "_flash_3", "flash", "sage")
LONG = 10.0  # seconds; what a kernel needs for its first run is little against them
RELEASED_TEXT = 831  # 256 prompt tokens padded and 575 of the picture


@dataclass(frozen=True)
class StepMeasure:
    """One guided step (both branches in one batch) of one window of 129 frames."""

    model: str
    size: str  # height x width in pixels
    backend: str
    seconds: float | None  # None: this backend does not run here
    tflops: float  # of the step's matrix products and attention, 10^12
    utilisation: float | None  # of the device's dense bf16 peak
    peak_gb: float | None
    note: str = ""


def random_model(
    config: dict[str, Any], device: torch.device, dtype: torch.dtype
) -> HunyuanVideoAvatarTransformer3DModel:
    """Weights drawn on the device: unit output variance, norms at one."""
    with torch.device("meta"):
        model = HunyuanVideoAvatarTransformer3DModel(**config)
    model = model.to(dtype).to_empty(device=device).eval().requires_grad_(False)
    for name, weight in model.named_parameters():
        if weight.ndim == 1:
            nn.init.constant_(weight, float("norm" in name and name.endswith("weight")))
        else:
            nn.init.normal_(weight, std=weight[0].numel() ** -0.5)
    return model


def as_diffusers(ours: HunyuanVideoAvatarTransformer3DModel) -> HunyuanVideoTransformer3DModel:
    """diffusers' HunyuanVideo on our own weights: no second copy of them."""
    names = ("num_attention_heads", "attention_head_dim", "num_layers", "num_single_layers", "num_refiner_layers")
    names += ("mlp_ratio", "text_embed_dim", "pooled_projection_dim", "rope_theta", "rope_axes_dim", "in_channels")
    with torch.device("meta"):
        other = HunyuanVideoTransformer3DModel(guidance_embeds=False, **{name: ours.config[name] for name in names})
    state = {name.replace("image_injection.video_embedder", "x_embedder"): w for name, w in ours.state_dict().items()}
    other.load_state_dict({name: state[name] for name in other.state_dict()}, assign=True)
    return other.eval()


def step_tflops(model: HunyuanVideoAvatarTransformer3DModel, frames: int, per_frame: int, text: int) -> float:
    """Both branches of a step, 10^12: matrix products and attention of all blocks, as computed without adapters.

    Per token and block 24 D^2 for the linear layers (q, k, v, out, MLP of ratio 4) and 4 S D for attention to S tokens.
    """
    config = model.config
    width = config.num_attention_heads * config.attention_head_dim
    tokens = per_frame * (frames + 1) + text
    linear = (8 + 4 * config.mlp_ratio) * width**2 * tokens
    blocks = config.num_layers + config.num_single_layers
    return 2 * blocks * (linear + 4 * tokens**2 * width) / 1e12


def step_inputs(
    model: HunyuanVideoAvatarTransformer3DModel, height: int, width: int, frames: int, text: int, share: float = 0.1
) -> dict[str, Any]:
    """A guided step of one speaker whose face box covers `share` of the picture; audio is encoded beforehand."""
    config, device, dtype = model.config, model.device, model.dtype
    generator = torch.Generator(device).manual_seed(0)

    def randn(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, device=device, dtype=dtype)

    rows, columns = height // 8, width // 8
    mask = torch.zeros(2, 1, 1, rows, columns, device=device, dtype=dtype)
    mask[..., : round(rows * share**0.5), : round(columns * share**0.5)] = 1
    heard = config.frames_per_latent * frames - config.audio_pad_frames
    features = (config.audio_window, config.audio_feature_layers, config.audio_channels)
    return {
        "hidden_states": randn(1, config.in_channels, frames, rows, columns).expand(2, -1, -1, -1, -1),
        "timestep": torch.full((2,), 500.0, device=device),
        "encoder_hidden_states": randn(2, RELEASED_TEXT, config.text_embed_dim),
        "encoder_attention_mask": (torch.arange(RELEASED_TEXT, device=device) < text).to(dtype).expand(2, -1),
        "pooled_projections": randn(2, config.pooled_projection_dim),
        "ref_latents": randn(1, config.in_channels, 1, rows, columns).expand(2, -1, -1, -1, -1),
        "audio": model.encode_audio(randn(2, 1, heard, *features)),
        "face_mask": mask,
        "motion_exp": torch.full((2, 4), 30.0, device=device),
        "motion_pose": torch.full((2, 4), 25.0, device=device),
        "fps": torch.full((2,), 25.0, device=device),
    }


def diffusers_inputs(given: dict[str, Any]) -> dict[str, Any]:
    """The same tokens for diffusers' model: the reference is its first frame."""
    names = ("timestep", "encoder_hidden_states", "encoder_attention_mask", "pooled_projections")
    latents = torch.cat([given["ref_latents"], given["hidden_states"]], dim=2)
    return {"hidden_states": latents, **{name: given[name] for name in names}}


def peak_gb(device: torch.device) -> float:
    """Since the last reset on a GPU; of the process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e9
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def device_peak(device: torch.device) -> float | None:
    """Dense bf16 TFLOP/s of a GPU, by its name."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak for part, peak in PEAKS.items() if part in name), None)


@torch.no_grad()
def measure(
    label: str, model: nn.Module, given: dict[str, Any], size: str, backend: str, tflops: float, rounds: int,
    chosen: bool = False,
) -> StepMeasure:  # fmt: skip
    """The least seconds of some rounds with one attention backend; a backend that does not run says why.

    `chosen`: attention is what it is set to already. A first run that takes more than 10 s is the only one.
    """
    device = given["hidden_states"].device
    try:
        if not chosen:
            model.set_attention_backend(backend)
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
        runs: list[Seconds] = [timed(lambda: model(**given), device)]
        if runs[0].wall <= LONG:
            runs = [timed(lambda: model(**given), device) for _ in range(rounds)]
    except Exception as error:  # an absent kernel is a result, and the others are measured all the same
        why = (str(error).splitlines() or [""])[0]
        return StepMeasure(label, size, backend, None, tflops, None, None, f"{type(error).__name__}: {why}")
    seconds = min(run.wall for run in runs)
    peak = device_peak(device)
    return StepMeasure(
        label, size, backend, seconds, tflops, tflops / seconds / peak if peak else None, peak_gb(device)
    )


def sparse_measure(
    ours: HunyuanVideoAvatarTransformer3DModel, given: dict[str, Any], size: str, tflops: float, rounds: int
) -> StepMeasure:
    """With sparse attention, `tflops` being those of a dense step: the speed is what it amounts to."""
    latents, device = given["hidden_states"], given["hidden_states"].device
    patch = ours.config.patch_size
    grid = (latents.shape[2], latents.shape[3] // patch, latents.shape[4] // patch)
    try:
        set_sparsity(ours, sparsity(grid, device))
        return measure("ours, sparse", ours, given, size, "flex", tflops, rounds, chosen=True)
    finally:
        set_sparsity(ours, None)


def eight_bit_measures(
    ours: HunyuanVideoAvatarTransformer3DModel, inputs: dict[str, dict[str, Any]], backend: str,
    tflops: dict[str, float], rounds: int,
) -> Iterator[StepMeasure]:  # fmt: skip
    """With the blocks' linear layers in 8 bits, which the model then stays in."""
    try:
        in_eight_bits(ours, ours.device)
    except ValueError as error:
        yield StepMeasure("ours, 8-bit", next(iter(inputs)), backend, None, 0.0, None, None, str(error))
        return
    for size, given in inputs.items():
        yield measure("ours, 8-bit", ours, given, size, backend, tflops[size], rounds)


def step_measures(
    config: dict[str, Any],
    device: torch.device,
    dtype: torch.dtype,
    sizes: tuple[tuple[int, int], ...],
    frames: int,
    text: int,
    backends: tuple[str, ...],
    rounds: int,
    compiled: bool,
    fast: bool = False,
) -> Iterator[StepMeasure]:
    """Our model with each backend, diffusers' on the same weights, and ours compiled, at each size in pixels.

    `fast`: also with sparse attention, and at the end in 8 bits.
    """
    ours = random_model(config, device, dtype)
    other = as_diffusers(ours)

    def work(size: tuple[int, int], text: int) -> float:
        cell = 8 * ours.config.patch_size
        return step_tflops(ours, frames, (size[0] // cell) * (size[1] // cell), text)

    seconds: dict[str, float] = {}
    for size in sizes:
        given, name = step_inputs(ours, *size, frames, text), f"{size[0]}x{size[1]}"
        for backend in backends:
            found = measure("ours", ours, given, name, backend, work(size, text), rounds)
            seconds[backend] = found.seconds or math.inf
            yield found
        if fast:
            yield sparse_measure(ours, given, name, work(size, text), rounds)
        padded = work(size, RELEASED_TEXT)
        yield measure("diffusers", other, diffusers_inputs(given), name, "native", padded, rounds)
    best = min(backends, key=lambda backend: seconds[backend])
    inputs = {f"{size[0]}x{size[1]}": step_inputs(ours, *size, frames, text) for size in sizes}
    dense = {f"{size[0]}x{size[1]}": work(size, text) for size in sizes}
    if compiled:
        ours.compile_repeated_blocks()
        for name, given in inputs.items():
            ours.set_attention_backend(best)
            first = timed(functools.partial(ours, **given), device).wall
            found = measure("ours, compiled", ours, given, name, best, dense[name], rounds)
            yield replace(found, note=f"first step {first:.0f} s {found.note}".strip())
    if fast:
        yield from eight_bit_measures(ours, inputs, best, dense, rounds)
