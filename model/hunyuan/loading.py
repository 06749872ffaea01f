"""The pipeline from the folder of released weights, and back to one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from model.avatar.pipeline import HunyuanVideoAvatarPipeline
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.hunyuan.checkpoint import load_official
from model.hunyuan.llava_text import LlavaTextStates
from model.hunyuan.prompt_encoder import ClipPooled, PromptEncoder
from model.hunyuan.vae import Tiling, load_vae
from model.hunyuan.weights_folder import WeightsFolder
from model.hunyuan.whisper_audio import WhisperAudioEncoder
from model.memory import MEMORY, MemoryPlan, apply_memory

SHIFT = 5.0  # of the released scripts


class MissingWeights(FileNotFoundError):
    """The weights are not all there; says which folder, which files, and how to get them."""


def load_transformer(
    folder: WeightsFolder, dtype: torch.dtype, fp8: bool = False, quantization_config: Any = None
) -> HunyuanVideoAvatarTransformer3DModel:
    """The transformer: converted if there is one, else the official checkpoint.

    `quantization_config` is a diffusers configuration (TorchAo, Quanto, bitsandbytes); it needs a converted one.
    """
    if not folder.is_converted:
        if quantization_config is not None:
            raise ValueError(
                f"{folder.transformer}: quantization needs converted weights; run `dialogue models convert` first"
            )
        return load_official(folder.transformer, dtype=dtype, fp8=fp8)
    transformer: HunyuanVideoAvatarTransformer3DModel = HunyuanVideoAvatarTransformer3DModel.from_pretrained(
        folder.transformer, torch_dtype=dtype, quantization_config=quantization_config
    )
    transformer.eval()
    return transformer


def load_pipeline(
    path: Path,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.bfloat16,
    memory: MemoryPlan = MEMORY["high"],
    fp8: bool = False,
    tiling: Tiling | None = None,
    quantization_config: Any = None,
) -> HunyuanVideoAvatarPipeline:
    """The pipeline from the official folder (`weights/ckpts` of the release, or its parent).

    Args:
        dtype: of transformer and text encoders. Whisper computes in float32, the VAE in float16 on a GPU and float32
            on a CPU, as the release.
        memory: see model/memory.
        tiling: of the VAE; None: the release's tiles.

    Raises:
        MissingWeights: naming folder, files and command.
        CheckpointError: a transformer checkpoint that does not fit, every key named.
    """
    folder, device = WeightsFolder.at(path), torch.device(device)
    message = folder.complaint()
    if message is not None:
        raise MissingWeights(message)
    pipeline = HunyuanVideoAvatarPipeline(
        transformer=load_transformer(folder, dtype, fp8, quantization_config),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        vae=load_vae(folder.vae, torch.float16 if device.type == "cuda" else torch.float32, tiling),
        text_encoder=PromptEncoder(
            LlavaTextStates.from_pretrained(folder.llava, dtype), ClipPooled.from_pretrained(folder.clip, dtype)
        ),
        audio_encoder=WhisperAudioEncoder.from_pretrained(folder.whisper),
    )
    apply_memory(pipeline, memory, device)
    return pipeline
