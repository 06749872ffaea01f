"""The parts of the pipeline from the folder of released weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.hunyuan.llava_text import LlavaTextStates
from model.hunyuan.prompt_encoder import ClipPooled, PromptEncoder
from model.hunyuan.vae import Tiling, load_vae
from model.hunyuan.weights_folder import WeightsFolder
from model.hunyuan.whisper_audio import WhisperAudioEncoder

SHIFT = 5.0  # of the released scripts


class MissingWeights(FileNotFoundError):
    """The weights are not all there; says which folder, which files, and how to get them."""


def load_transformer(
    folder: WeightsFolder, dtype: torch.dtype, fp8: bool = False, quantization_config: Any = None
) -> HunyuanVideoAvatarTransformer3DModel:
    """The transformer: converted if there is one, else the official checkpoint.

    An 8-bit file stays in 8 bits, with its scales.
    `quantization_config` is a diffusers configuration (TorchAo, Quanto, bitsandbytes); it needs a converted one.
    """
    if not folder.is_converted:
        if quantization_config is not None:
            raise ValueError(
                f"{folder.transformer}: quantization needs converted weights; run `dialogue models convert` first"
            )
        official: HunyuanVideoAvatarTransformer3DModel = HunyuanVideoAvatarTransformer3DModel.from_single_file(
            folder.transformer, dtype=dtype, fp8=fp8, keep_fp8=True
        )
        return official
    transformer: HunyuanVideoAvatarTransformer3DModel = HunyuanVideoAvatarTransformer3DModel.from_pretrained(
        folder.transformer, torch_dtype=dtype, quantization_config=quantization_config
    )
    transformer.eval()
    return transformer


def load_components(
    path: Path,
    device: torch.device,
    dtype: torch.dtype | dict[str, torch.dtype],
    fp8: bool = False,
    tiling: Tiling | None = None,
    quantization_config: Any = None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The pipeline's parts, by name, on the CPU; see `HunyuanVideoAvatarPipeline.from_pretrained`.

    `given`: parts that are used instead. ValueError for what is no part.
    """
    given = given or {}
    strange = sorted(
        set(given) - {"transformer", "scheduler", "vae", "text_encoder", "audio_encoder", "emotion_encoder"}
    )
    if strange:
        raise ValueError(f"{', '.join(strange)}: an official folder does not take it; a folder of save_pretrained may")
    if isinstance(dtype, dict):
        raise ValueError(f"dtype is {dtype}; for an official folder it is one type, of transformer and text encoders")
    folder = WeightsFolder.at(path)
    message = folder.complaint()
    if message is not None:
        raise MissingWeights(message)
    loaders: dict[str, Callable[[], Any]] = {
        "transformer": lambda: load_transformer(folder, dtype, fp8, quantization_config),
        "scheduler": lambda: FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        "vae": lambda: load_vae(folder.vae, torch.float16 if device.type == "cuda" else torch.float32, tiling),
        "text_encoder": lambda: PromptEncoder(
            LlavaTextStates.from_pretrained(folder.llava, dtype), ClipPooled.from_pretrained(folder.clip, dtype)
        ),
        "audio_encoder": lambda: WhisperAudioEncoder.from_pretrained(folder.whisper),
    }
    return {**{name: load() for name, load in loaders.items() if name not in given}, **given}
