"""Training of the transformer: flow matching on latents, face crops first, full frames at the end.

Shapes: B examples, S faces, T latent frames, F = 4T frames heard, C channels, h x w cells, K emotion tokens of X
channels.

Stage "audio" knows no emotion pictures: the reference already has the expression of the clip. Stage "emotion" mixes
clips and stills 1 : 1.5 (HunyuanVideo-Avatar, 4.1) whose expression comes from an emotion picture, whatever the
reference shows. Stage "full" is stage "emotion" on whole pictures of several faces.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from model.avatar.preconditioning import preconditioning
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.tiny.sentence_text import SentenceText

from .batches import Bank, Batch, make_batch
from .halves import in_halves, set_gradients, whole
from .muon import MuonAdam

TRANSFORMER: dict[str, Any] = {
    "in_channels": 32,
    "out_channels": 32,
    "num_attention_heads": 3,
    "attention_head_dim": 64,
    "num_layers": 4,
    "num_single_layers": 3,
    "num_refiner_layers": 1,
    "mlp_ratio": 4.0,
    "patch_size": 2,
    "text_embed_dim": 64,
    "pooled_projection_dim": 64,
    "rope_axes_dim": (16, 24, 24),
    "injection": "token_add",
    "motion_values": 4,
    "fps_embeds": False,
    "audio_form": "released",
    "audio_window": 10,
    "audio_feature_layers": 1,
    "audio_channels": 84,
    "audio_intermediate_dim": 256,
    "audio_tokens_per_frame": 10,
    "audio_adapter_layers": (0, 1, 2, 3),
    "audio_adapter_dim": 192,
    "audio_adapter_heads": 3,
    "audio_pad_frames": 0,
    "emotion_layers": (0, 1, 2, 3),
    "emotion_channels": 64,
    "emotion_dim": 192,
    "emotion_heads": 3,
}
SAVE_SECONDS, EXAM_SECONDS = 300, 1200
NOISE_SHIFT = 40.0  # of the sigmas trained on: most at high noise, where conditions decide the picture
CROP = 12  # cells, each way, of a crop round a face
WHOLE = 0.25  # share of whole pictures in the last stage


def sample_times(rng: np.random.Generator, count: int) -> Tensor:
    """(B,) sigmas: nearly all at high noise, and a third of them pure noise.

    Every movement of the drawn world follows from the conditions, so the picture is decided before anything is
    denoised; time spent at low noise only teaches to undo noise that few steps at high noise never leave.
    """
    u = rng.random(count)
    return torch.from_numpy(
        np.where(rng.random(count) < 0.33, 1.0, NOISE_SHIFT * u / (1 + (NOISE_SHIFT - 1) * u)).clip(0.05, 1)
    ).float()


def predicted(
    model: HunyuanVideoAvatarTransformer3DModel, text: SentenceText, batch: Batch, sigma: Tensor, noise: Tensor
) -> Tensor:
    """The model's velocity for a batch at sigmas (B,)."""
    s = rearrange(sigma, "b -> b 1 1 1 1")
    states, pooled = text.states(batch.tokens)
    with torch.autocast(noise.device.type, torch.bfloat16):
        emotion = None
        if bool(batch.emotion_weight.any()) and model.emotion_keys_values is not None:
            emotion = model.encode_emotion(batch.emotion, batch.emotion_weight)
        velocity: Tensor = model(
            (1 - s) * batch.latents + s * noise,
            1000 * sigma,
            states,
            None,
            pooled,
            batch.reference,
            audio=batch.audio,
            face_mask=batch.masks,
            emotion=emotion,
            motion_exp=(30 * batch.motion[:, :1]).expand(-1, 4),
            motion_pose=(25 * batch.motion[:, 1:]).expand(-1, 4),
        ).sample
    return velocity


def flow_loss(
    model: HunyuanVideoAvatarTransformer3DModel, text: SentenceText, batch: Batch, sigma: Tensor, noise: Tensor
) -> Tensor:
    """Weighted error of the preconditioned prediction (model/preconditioning.py), which has unit spread at every sigma.

    Channels count alike: the VAE was trained with noise on them, so that each is as large as it matters. Cells count by
    what is drawn there.
    """
    velocity = predicted(model, text, batch, sigma, noise)
    spread = (model.config.latent_spread, model.config.latent_spread_outside)
    known = preconditioning(noise, 1000 * sigma, batch.masks, *spread)
    error = (velocity.float() - (noise - batch.latents)) * known.variance.sqrt() / known.spread
    # Background cells of tiny spread would otherwise count as much as a mouth.
    weights = batch.weights * (0.15 + 0.85 * batch.masks.sum(1, keepdim=True).clamp(max=1))
    return (error.square() * weights).mean() / weights.mean()


def groups_of(model: nn.Module, text: nn.Module) -> list[dict[str, Any]]:
    """Muon for the matrices of the blocks; Adam for what enters, leaves and modulates; emotions learn faster."""
    muon, fast, slow = [], [], []
    for name, p in model.named_parameters():
        inner = (
            "transformer_blocks" in name
            or "audio_" in name
            or "emotion_" in name
            or "context_embedder.token_refiner" in name
        )
        modulates = (
            "norm1.linear" in name or "norm1_context.linear" in name or "norm.linear" in name or "norm_out" in name
        )
        if p.ndim == 2 and inner and not modulates and "norm_out" not in name:
            muon.append(p)
        elif "emotion" in name:
            fast.append(p)
        else:
            slow.append(p)
    return [
        {"params": muon, "factor": 1.0, "muon": True},
        {"params": fast, "factor": 1.0},
        {"params": slow + list(text.parameters()), "factor": 0.5},
    ]


@dataclass(frozen=True)
class Stage:
    """A share of the training: until which part of the time, on what."""

    name: str
    until: float
    emotions: bool
    full: bool


STAGES = (Stage("audio", 0.15, False, False), Stage("emotion", 0.6, True, False), Stage("full", 1.0, True, True))


class Trainer:
    """Model, EMA, optimizer and clock of one run; everything that `save` writes, `resume` reads."""

    def __init__(
        self,
        config: dict[str, Any],
        text: SentenceText,
        minutes: float,
        rate: float,
        batch: int,
        device: str = "cpu",
        seed: int = 11,
        steps: int | None = None,
    ) -> None:
        torch.manual_seed(seed)
        self.model = HunyuanVideoAvatarTransformer3DModel(**config)
        for block in self.model.transformer_blocks:
            if block.emotion_module is not None:
                block.emotion_module.gamma.data.fill_(1.0)  # alive from the first step
        # The noise comes in quietly: at the sigmas of the sampler it says next to nothing, and the reference
        # everything.
        self.model.image_injection.video_embedder.proj.weight.data.mul_(0.15)
        self.model.set_attention_backend("_native_math")  # for short sequences the quickest backward on a CPU
        nn.init.zeros_(self.model.proj_out.weight)
        nn.init.zeros_(self.model.proj_out.bias)
        self.device = torch.device(device)
        self.model.to(self.device)
        self.text = text.to(self.device)
        self.ema, self.ema_text = copy.deepcopy(self.model).eval(), copy.deepcopy(text)
        self.parameters = [*self.model.parameters(), *self.text.parameters()]
        self.averages = [*self.ema.parameters(), *self.ema_text.parameters()]
        self.optimizer = MuonAdam(groups_of(self.model, self.text))
        self.minutes, self.steps, self.rate, self.batch = minutes, steps, rate, batch
        self.step, self.spent, self.rng = 0, 0.0, np.random.default_rng(seed)

    @property
    def progress(self) -> float:
        """Share of the training done: of its steps where they are counted, else of its minutes."""
        return self.step / self.steps if self.steps else self.spent / 60 / self.minutes

    def stage(self) -> Stage:
        return next((stage for stage in STAGES if self.progress < stage.until), STAGES[-1])

    def batches(self, crops: Bank, full: Bank | None) -> Iterator[Batch]:
        """What the stage of the moment learns from: stills come 1.5 times as often as clips once there are emotions."""
        while True:
            stage = self.stage()
            if stage.full and full is not None and full.clips and self.rng.random() < WHOLE:
                yield make_batch(full.draw(self.rng, max(2, self.batch // 8)), self.rng, 5, None, True)
                continue
            still = stage.emotions and self.rng.random() < 0.5  # of half as many again: 1 : 1.5
            count = self.batch * 3 // 2 if still else self.batch
            yield make_batch(crops.draw(self.rng, count), self.rng, 1 if still else 3, CROP, stage.emotions)

    def update(self, batch: Batch) -> float:
        """One step on both cores; the loss."""
        count = len(batch.latents)
        sigma = sample_times(self.rng, count)
        noise = torch.from_numpy(self.rng.standard_normal(batch.latents.shape, dtype=np.float32))
        fields = [getattr(batch, name).to(self.device) for name in Batch.__dataclass_fields__]
        sigma, noise = sigma.to(self.device), noise.to(self.device)

        def half(share: tuple[Tensor, ...]) -> tuple[tuple[Tensor | None, ...], Tensor]:
            loss = flow_loss(self.model, self.text, Batch(*share[:-2]), share[-2], share[-1])
            return torch.autograd.grad(loss, self.parameters, allow_unused=True), loss.detach()

        split = in_halves if self.device.type == "cpu" else whole
        gradients, losses = split(half, *fields, sigma, noise)
        set_gradients(self.parameters, gradients)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        factor = min(1.0, (self.step + 1) / 100, max(0.03, (1 - self.progress) / 0.45))
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * factor * group["factor"]
        self.optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(self.averages, self.parameters, max(0.015, 1 / (self.step + 2)))
        self.step += 1
        return float(sum(losses)) / len(losses)

    def save(self, path: Path) -> None:
        state = {
            "model": self.model.state_dict(),
            "ema": self.ema.state_dict(),
            "text": self.text.state_dict(),
            "ema_text": self.ema_text.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "spent": self.spent,
            "rng": json.dumps(self.rng.bit_generator.state),
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def resume(self, path: Path) -> None:
        state = torch.load(path, weights_only=True, map_location=self.device)
        for part in ("model", "ema", "text", "ema_text", "optimizer"):
            getattr(self, part).load_state_dict(state[part])
        self.step, self.spent = state["step"], state["spent"]
        self.rng.bit_generator.state = json.loads(state["rng"])


def run(
    trainer: Trainer,
    crops: Bank,
    full: Bank | None,
    state: Path,
    report: Callable[[str], None] = print,
    examine: Callable[[Trainer], str] | None = None,
) -> None:
    """Train until the time is spent, saving, looking for new clips and examining every few minutes."""
    batches = trainer.batches(crops, full)
    saved = examined = time.time()
    losses: list[float] = []
    while trainer.progress < 1:
        began = time.time()
        losses.append(trainer.update(next(batches)))
        trainer.spent += min(20.0, time.time() - began)  # a process that was stopped for a while has not trained
        if trainer.step % 50 == 0:
            where = f"{trainer.spent:.0f}s step {trainer.step} {trainer.stage().name}"
            report(f"flow {where} loss {np.mean(losses):.4f} clips {len(crops.clips)}")
            losses.clear()
        if time.time() - saved > SAVE_SECONDS:
            trainer.save(state)
            if examine is not None and time.time() - examined > EXAM_SECONDS:
                report(f"flow step {trainer.step} {examine(trainer)}")
                examined = time.time()
            for bank in (crops, full):
                if bank is not None:
                    bank.refresh()
            saved = time.time()
    trainer.save(state)
