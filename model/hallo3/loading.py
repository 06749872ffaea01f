"""The pipeline from the folder of released weights, and converted networks back to one.

Two networks of 5 B and 9 B parameters need not be on the device together: the reference network is asked once per
portrait. `low` even reads it from disk for that and lets it go.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from model.hallo3.checkpoint import load_official
from model.hallo3.pipeline import Hallo3Pipeline
from model.hallo3.t5_text import T5Text
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel
from model.hallo3.vae import load_vae
from model.hallo3.wav2vec_audio import Wav2VecAudioEncoder
from model.hallo3.weights_folder import CONVERTED, WeightsFolder
from model.memory import MEMORY, MemoryPlan


class MissingWeights(FileNotFoundError):
    """The weights are not all there; says which folder, which files, and how to get them."""


def load_denoiser(folder: WeightsFolder, dtype: torch.dtype) -> Hallo3Transformer3DModel:
    """Converted if it is there, else the official checkpoint's."""
    if folder.converted is None:
        official: Hallo3Transformer3DModel = load_official(folder.networks, Hallo3Transformer3DModel, dtype)
        return official
    network: Hallo3Transformer3DModel = Hallo3Transformer3DModel.from_pretrained(folder.converted[0], torch_dtype=dtype)
    network.eval()
    return network


def load_reference(folder: WeightsFolder, dtype: torch.dtype) -> Hallo3ReferenceNetwork:
    """Converted if it is there, else the official checkpoint's."""
    if folder.converted is None:
        official: Hallo3ReferenceNetwork = load_official(folder.networks, Hallo3ReferenceNetwork, dtype)
        return official
    network: Hallo3ReferenceNetwork = Hallo3ReferenceNetwork.from_pretrained(folder.converted[1], torch_dtype=dtype)
    network.eval()
    return network


def load_pipeline(
    path: Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.bfloat16,
    memory: MemoryPlan = MEMORY["high"],
) -> Hallo3Pipeline:
    """The pipeline from the official folder (`pretrained_models` of the release, or its parent).

    Args:
        dtype: of both networks and T5. wav2vec2 computes in float32, the VAE in bfloat16 on a GPU and float32 on a CPU.
        memory: see model/memory.

    Raises:
        MissingWeights: naming folder, files and command.
        CheckpointError: weights that do not fit, every key named.
    """
    folder, device = WeightsFolder.at(path), torch.device(device)
    message = folder.complaint()
    if message is not None or folder.vae is None or folder.t5 is None or folder.wav2vec is None:
        raise MissingWeights(message)
    denoiser = load_denoiser(folder, dtype)
    vae = load_vae(folder.vae, torch.bfloat16 if device.type == "cuda" else torch.float32)
    tokens = int(denoiser.config.max_text_seq_length)
    text, audio = T5Text.from_pretrained(folder.t5, tokens, dtype), Wav2VecAudioEncoder.from_pretrained(folder.wav2vec)
    _check_sizes(denoiser, text, audio)
    if memory.eight_bits:
        denoiser.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    _place(denoiser, memory, device)
    for part in (vae.model, text.model, audio.model):
        _place(part, memory, device)
    return Hallo3Pipeline(denoiser, _reference(folder, dtype, memory, device), vae, text, audio)


def _check_sizes(denoiser: Hallo3Transformer3DModel, text: T5Text, audio: Wav2VecAudioEncoder) -> None:
    config = denoiser.config
    pairs = (
        ("T5's states", text.width, config.text_embed_dim),
        ("wav2vec2's states", audio.width, config.audio_channels),
        ("wav2vec2's layers", audio.layers, config.audio_layers),
    )
    wrong = [f"{what} are {found}, the denoiser wants {wanted}" for what, found, wanted in pairs if found != wanted]
    if wrong:
        raise ValueError(f"the encoders do not fit the denoiser: {'; '.join(wrong)}")


def _place(part: nn.Module, memory: MemoryPlan, device: torch.device) -> None:
    """On the device, or blocks at a time when the plan offloads."""
    from diffusers.hooks import apply_group_offloading

    if not memory.offload:
        part.to(device)
        return
    stream, rest = device.type == "cuda", torch.device("cpu")
    if isinstance(part, Hallo3Transformer3DModel | Hallo3ReferenceNetwork):
        part.enable_group_offload(device, rest, "block_level", num_blocks_per_group=1, use_stream=stream)
    else:
        apply_group_offloading(part, device, rest, "leaf_level", use_stream=stream)


def _reference(
    folder: WeightsFolder, dtype: torch.dtype, memory: MemoryPlan, device: torch.device
) -> Callable[[], Hallo3ReferenceNetwork]:
    """What gives the reference network: kept after the first time, or read anew where main memory is short too."""
    kept: list[Hallo3ReferenceNetwork] = []

    def reference() -> Hallo3ReferenceNetwork:
        if kept:
            return kept[0]
        network = load_reference(folder, dtype)
        _place(network, memory, device)
        if not memory.eight_bits:
            kept.append(network)
        return network

    return reference


def save_converted(
    folder: WeightsFolder, place: Path, dtype: torch.dtype = torch.bfloat16, shard: str = "5GB"
) -> tuple[Path, Path]:
    """Both networks as safetensors in shards, one after the other, so that only one is in memory. Their folders."""
    saved = []
    for kind, name in zip((Hallo3Transformer3DModel, Hallo3ReferenceNetwork), CONVERTED, strict=True):
        network = load_official(folder.networks, kind, dtype)
        network.save_pretrained(place / name, max_shard_size=shard)
        saved.append(place / name)
        del network
    return saved[0], saved[1]
