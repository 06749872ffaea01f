"""The small trained model that ships: the same transformer and pipeline, for drawn characters, on a laptop.

Everything it needs lies in `model/weights/tiny`; MODEL_CARD.md there says what it was trained on, how well it does,
and what it cannot do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from model.avatar.conditions import Conditions
from model.avatar.denoising import DenoisingState
from model.avatar.fusion import FusionSchedule
from model.avatar.guidance import Guidance, Sampling
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
from model.tiny.emotion import TinyEmotionEncoder, TinyEmotionNetwork
from model.tiny.log_mel import LogMelAudioEncoder
from model.tiny.sentence_text import SentenceText
from model.tiny.vae import AutoencoderTinyMotion

WEIGHTS = Path(__file__).parents[1] / "weights" / "tiny"
WINDOW = 5  # latents denoised together, 0.8 s, as in training: 9 look no better and cost half as much again
OFFSET = 2  # latents the windows move per step
# Of the sigmas. Steps of about one size, so that the film is a mean of estimates whose windows end at other places:
# with all steps at high noise, as in training, the last step's seams would show.
SHIFT = 2.0


def tiny_sampling(steps: int = 8, guidance: float = 1.0) -> Sampling:
    """How the small model is sampled: few steps that end on its own estimate, audio guidance inside the masks alone."""
    return Sampling(steps=steps, guidance=Guidance.audio_only(guidance), cache=None)


def load_tiny(folder: Path = WEIGHTS, device: torch.device | str = "cpu") -> HunyuanVideoAvatarPipeline:
    """The pipeline with the shipped weights, in float32. Raises FileNotFoundError when they are not there."""
    parts = ("transformer", "vae", "emotion", "text")
    missing = [part for part in parts if not (folder / part).is_dir()]
    if missing:
        raise FileNotFoundError(
            f"{folder} has no {', '.join(missing)}; reinstall the package, or train with `python scripts/train_tiny.py`"
        )
    vae = _part(AutoencoderTinyMotion, folder / "vae", device)
    text = SentenceText(folder / "text" / "pieces.model")
    text.load_state_dict(_tensors(folder / "text" / "embedding.safetensors"))
    return HunyuanVideoAvatarPipeline(
        transformer=_part(HunyuanVideoAvatarTransformer3DModel, folder / "transformer", device),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
        vae=vae,
        text_encoder=text.eval(),
        audio_encoder=LogMelAudioEncoder(),
        emotion_encoder=TinyEmotionEncoder(vae, _part(TinyEmotionNetwork, folder / "emotion", device)),
    )


def save_tiny(pipeline: HunyuanVideoAvatarPipeline, pieces: Path, folder: Path) -> None:
    """Write the parts as `load_tiny` reads them, in float16."""
    from safetensors.torch import save_file

    parts = {"vae": pipeline.vae, "transformer": pipeline.transformer, "emotion": pipeline.emotion_encoder.network}
    for name, part in parts.items():
        part.half().save_pretrained(folder / name)
        part.float()
    (folder / "text").mkdir(parents=True, exist_ok=True)
    (folder / "text" / "pieces.model").write_bytes(pieces.read_bytes())
    text = {name: tensor.half().contiguous() for name, tensor in pipeline.text_encoder.state_dict().items()}
    save_file(text, folder / "text" / "embedding.safetensors")


def denoise_tiny(
    pipeline: HunyuanVideoAvatarPipeline,
    conditions: Conditions,
    fusion: FusionSchedule,
    sampling: Sampling,
    state: DenoisingState,
) -> Iterator[DenoisingState]:
    """`pipeline.denoise` in quick arithmetic; on a CPU with the windows of a step side by side, one core each.

    Two cores that share every multiplication of a small model wait for each other most of the time.
    """
    cores = torch.get_num_threads()
    others = [pipeline.transformer] * (cores - 1) if pipeline.transformer.device.type == "cpu" else []
    steps = pipeline.denoise(conditions, fusion, sampling, state, rows_per_batch=1, replicas=others)
    while state.step < sampling.steps:
        torch.set_num_threads(1)
        try:
            with fast_arithmetic(pipeline.transformer.device):  # entered anew: it must not leak to who takes the state
                state = next(steps)
        finally:
            torch.set_num_threads(cores)
        yield state


def fast_arithmetic(device: torch.device | str = "cpu") -> AbstractContextManager[Any]:
    """bfloat16 multiplication where the processor has it; elsewhere nothing is changed."""
    kind = torch.device(device).type
    if kind == "cuda" and torch.cuda.is_bf16_supported():
        return torch.autocast("cuda", torch.bfloat16)
    if kind == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported():
        return torch.autocast("cpu", torch.bfloat16)
    return nullcontext()


def _part(kind: Any, folder: Path, device: torch.device | str) -> Any:
    """A part in float32, wherever it was saved in float16."""
    known = json.loads((folder / "config.json").read_text())
    part = kind.from_config(known)
    part.load_state_dict(_tensors(folder / "diffusion_pytorch_model.safetensors"))
    return part.to(device).eval()


def _tensors(path: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return {name: tensor.float() for name, tensor in load_file(path).items()}
