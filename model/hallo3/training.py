"""Training of Hallo3 in two phases: who somebody is, then what they say.

Phase "identity" trains the self-attention of both networks and the face modules; phase "audio" the audio modules alone.
"base" comes before them where there is no CogVideoX to start from: everything but audio. The loss is the plain mean
square of v. Sources: arXiv 2412.00733 and the released configuration, where they differ the
latter.

Shapes: B clips, F video frames, T latent frames, C latent channels, h x w latent cells, L text tokens.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from model.hallo3.official_keys import official_tensors
from model.hallo3.scheduler import TRAIN_STEPS, train_roots
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel

Phase = Literal["base", "identity", "audio"]
PHASES = ("base", "identity", "audio")
# Parts of official names: what each phase trains in the denoiser, and in the reference network.
TRAINED = {
    "identity": (("attention", "face_attn", "face_input_layernorm", "face_proj"), ("attention",)),
    "audio": (("audio_attn", "audio_input_layernorm", "audio_proj"), ()),
}
# Our own names, of the forms that the release does not have.
_OTHER_FORMS = {"identity": (".face.",), "audio": (".audio.", ".audio_keys.")}
_SPREAD = 0.02  # of new weights


@dataclass(frozen=True)
class Dropouts:
    """How often each condition is left out of a clip, so that guidance has something to compare with."""

    text: float = 0.1
    condition: float = 0.05
    reference: float = 0.05
    audio: float = 0.05


@dataclass(frozen=True)
class Recipe:
    """The optimizer's settings; the defaults are the release's."""

    rate: float = 1e-5
    betas: tuple[float, float] = (0.9, 0.95)
    weight_decay: float = 1e-4
    clip: float = 0.1
    average: float = 0.9999  # decay of the averaged weights
    dropouts: Dropouts = Dropouts()


@dataclass(frozen=True, eq=False)
class Batch:
    """Clips to learn from: latents and condition (B, T, C, h, w), reference (B, 1, C, h, w), text (B, L, W), face
    embeddings (B, 512), audio windows (B, F, 5, V, E)."""

    latents: Tensor
    condition: Tensor
    reference: Tensor
    text: Tensor
    face: Tensor
    windows: Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(getattr(self, part.name).to(device) for part in fields(self)))


def trained_names(network: Hallo3Transformer3DModel | Hallo3ReferenceNetwork, phase: Phase) -> set[str]:
    """The names of the parameters that a phase trains, by the release's rule on official names."""
    denoiser = isinstance(network, Hallo3Transformer3DModel)
    if phase == "base":
        return {name for name in network.state_dict() if "audio" not in name}
    wanted = TRAINED[phase][0 if denoiser else 1]
    table = official_tensors(network.state_dict(), network.config.num_layers)
    layers = {
        part.name
        for official, tensor in table.items()
        for part in tensor.parts
        if official.startswith("transformer.") and any(word in official for word in wanted)
    }
    if denoiser:
        layers |= {name for name in network.state_dict() if any(part in name for part in _OTHER_FORMS[phase])}
    return layers


def initialise(
    denoiser: Hallo3Transformer3DModel, phase: Literal["identity", "audio"], generator: torch.Generator | None = None
) -> None:
    """New weights for the modules that a phase adds: normal, those that write back smaller. Norms start as nothing."""
    places = {"identity": (".face.", ".face_proj."), "audio": (".audio.", ".audio_proj.", ".audio_keys.")}[phase]
    smaller = _SPREAD / math.sqrt(2 * denoiser.config.num_layers)
    with torch.no_grad():
        for name, parameter in denoiser.named_parameters():
            if ".norm." in name or not any(place in f".{name}" for place in places):
                continue
            if name.endswith("bias") or "to_scale_shift" in name:
                parameter.zero_()
            else:
                spread = smaller if "to_out" in name else _SPREAD
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * spread)


def noised(latents: Tensor, noise: Tensor, timestep: Tensor) -> tuple[Tensor, Tensor]:
    """Latents (B, …) at training timesteps (B,), and the v that the network shall say."""
    roots = train_roots().to(latents)[timestep].view(-1, *[1] * (latents.ndim - 1))
    others = (1 - roots**2).sqrt()
    return roots * latents + others * noise, roots * noise - others * latents


def dropped(batch: Batch, dropouts: Dropouts, generator: torch.Generator) -> Batch:
    """The batch with some conditions of some clips zero. The face's embedding never is."""

    def left(tensor: Tensor, share: float) -> Tensor:
        kept = torch.rand(len(tensor), generator=generator) >= share
        return tensor * kept.to(tensor).view(-1, *[1] * (tensor.ndim - 1))

    return replace(
        batch,
        text=left(batch.text, dropouts.text),
        condition=left(batch.condition, dropouts.condition),
        reference=left(batch.reference, dropouts.reference),
        windows=left(batch.windows, dropouts.audio),
    )


class Trainer:
    """Both networks, what of them learns in a phase, and the optimizer."""

    def __init__(
        self,
        denoiser: Hallo3Transformer3DModel,
        reference: Hallo3ReferenceNetwork,
        phase: Phase,
        recipe: Recipe | None = None,
        seed: int = 0,
    ) -> None:
        if phase not in PHASES:
            raise ValueError(f"phase is {phase!r}; it is {' or '.join(PHASES)}")
        self.denoiser, self.reference, self.phase = denoiser, reference, phase
        self.recipe = recipe or Recipe()
        self.generator = torch.Generator().manual_seed(seed)
        self.step = 0
        self.parameters: dict[str, nn.Parameter] = {}
        for prefix, network in (("denoiser", denoiser), ("reference", reference)):
            names = trained_names(network, phase)
            for name, parameter in network.named_parameters():
                parameter.requires_grad_(name in names)
                if name in names:
                    self.parameters[f"{prefix}.{name}"] = parameter
        self.optimizer = torch.optim.Adam(
            self.parameters.values(), self.recipe.rate, self.recipe.betas, 1e-8, self.recipe.weight_decay
        )
        self.averages = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}

    def loss(self, batch: Batch) -> Tensor:
        """Mean square of v over the batch, at timesteps spread evenly with one random offset."""
        given = dropped(batch, self.recipe.dropouts, self.generator)
        count = len(batch.latents)
        places = (torch.arange(count) + torch.rand(count, generator=self.generator)) / count
        timestep = (places * TRAIN_STEPS).long().clamp(max=TRAIN_STEPS - 1)
        noise = torch.randn(batch.latents.shape, generator=self.generator).to(batch.latents)
        noisy, velocity = noised(batch.latents, noise, timestep.to(batch.latents.device))
        with torch.set_grad_enabled(self.phase != "audio"):
            bank = self.reference(given.reference, given.text) if self.denoiser.uses_reference else None
            face = self.denoiser.encode_face(given.face)
        # In the first phase nothing is heard: the audio modules are not there yet.
        audio = self.denoiser.encode_audio(given.windows) if self.phase == "audio" else None
        said = self.denoiser(
            torch.cat([noisy, given.condition], dim=2), timestep.to(noisy.device).float(), given.text, bank, face, audio
        )
        loss: Tensor = (said.float() - velocity.float()).square().mean()
        return loss

    def update(self, batch: Batch) -> float:
        """One step; the loss before it."""
        loss = self.loss(batch)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(list(self.parameters.values()), self.recipe.clip)
        self.optimizer.step()
        self.step += 1
        decay = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                self.averages[name].lerp_(parameter, 1 - decay)
        return float(loss.detach())

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """While it lasts the networks have their averaged weights."""
        kept = {name: parameter.detach().clone() for name, parameter in self.parameters.items()}
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(self.averages[name])
        try:
            yield
        finally:
            with torch.no_grad():
                for name, parameter in self.parameters.items():
                    parameter.copy_(kept[name])

    def save(self, file: Path) -> None:
        """What is trained, its averages, the optimizer's moments and the random numbers; tensors alone."""
        tensors = {f"weight.{name}": p.detach().contiguous() for name, p in self.parameters.items()}
        tensors |= {f"average.{name}": tensor for name, tensor in self.averages.items()}
        tensors["rng"] = self.generator.get_state()
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                tensors[f"{key}.{name}"] = torch.as_tensor(value)
        draft = file.with_suffix(".part")
        save_file(tensors, draft, {"step": str(self.step), "phase": self.phase})
        draft.replace(file)

    def resume(self, file: Path) -> None:
        """Go on from `save`. ValueError when it is of another phase or of other networks."""
        from safetensors import safe_open

        with safe_open(file, "pt") as content:
            about = content.metadata() or {}
        tensors = load_file(file)
        if about.get("phase") != self.phase or {f"weight.{n}" for n in self.parameters} - tensors.keys():
            raise ValueError(f"{file}: of other networks, or of phase {about.get('phase')!r}, not {self.phase!r}")
        self.step = int(about["step"])
        self.generator.set_state(tensors["rng"])
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(tensors[f"weight.{name}"])
                self.averages[name].copy_(tensors[f"average.{name}"])
                state = {
                    key: tensors[f"{key}.{name}"]
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"{key}.{name}" in tensors
                }
                if state:
                    self.optimizer.state[parameter] = state
