"""A small Hallo3 with random weights: 3 latent frames of 8 x 12 cells, two blocks."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel

SHARED = {
    "num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 2, "time_embed_dim": 16, "text_embed_dim": 12,
    "sample_height": 8, "sample_width": 12, "sample_frames": 9, "max_text_seq_length": 6,
}  # fmt: skip
CONTEXT = {
    "face_dim": 20, "audio_layers": 3, "audio_channels": 4, "audio_intermediate_dim": 8, "audio_tokens": 2,
    "audio_dim": 10,
}  # fmt: skip
LATENTS, TOKENS = 3, 24


def denoiser(seed: int = 0, **settings: Any) -> Hallo3Transformer3DModel:
    torch.manual_seed(seed)
    network = Hallo3Transformer3DModel(**{**SHARED, **CONTEXT, **settings})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    network.eval()
    return network


def reference(seed: int = 1, **settings: Any) -> Hallo3ReferenceNetwork:
    torch.manual_seed(seed)
    network = Hallo3ReferenceNetwork(**{**SHARED, **settings})
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    network.eval()
    return network


def inputs(network: Hallo3Transformer3DModel, seed: int = 2) -> dict[str, Any]:
    """Arguments of one forward."""
    torch.manual_seed(seed)
    portrait = torch.randn(1, 1, 16, 8, 12)
    windows = torch.randn(1, 9, 5, 3, 4)
    with torch.no_grad():
        bank = reference()(portrait, torch.zeros(1, 6, 12))
        face, audio = network.encode_face(torch.randn(1, 512)), network.encode_audio(windows)
    return {
        "latents": torch.randn(1, LATENTS, 32, 8, 12), "timestep": torch.tensor([437.0]),
        "text": torch.randn(1, 6, 12), "bank": bank, "face": face, "audio": audio,
    }  # fmt: skip


def spread(tensor: Tensor) -> float:
    return float(tensor.abs().max())
