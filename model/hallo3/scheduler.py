"""How noise becomes a clip: SDE-DPM-Solver++(2M) over a zero-terminal-SNR schedule, as the release computes it.

The network predicts v: x0 = a x - sqrt(1 - a^2) v, with a = sqrt(alpha-bar). The release rescales the schedule twice:
the solver's coefficients come from the few chosen entries, rescaled among themselves; the a of x0 is the nearest entry
of the whole rescaled table. Both are kept. Source: arXiv 2211.01095 (solver), 2305.08891 (zero terminal SNR).

Shapes: n steps, x any shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from diffusers import CogVideoXDPMScheduler
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerMixin
from torch import Tensor

TRAIN_STEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012


@dataclass(frozen=True, eq=False)
class ClipState:
    """A half-denoised clip before step `step`: its latents, and the x0 of the step before."""

    step: int
    latents: Tensor
    original: Tensor | None = None


class Solver(Protocol):
    """One step at a time, from v."""

    timesteps: Tensor

    def set_timesteps(self, steps: int) -> None: ...

    def advance(self, velocity: Tensor, state: ClipState, generator: torch.Generator | None) -> ClipState: ...


def alphas_cumprod() -> Tensor:
    """alpha-bar of the 1000 training steps before any rescaling, float64."""
    betas = torch.linspace(BETA_START**0.5, BETA_END**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0)


def zero_snr(roots: Tensor) -> Tensor:
    """sqrt(alpha-bar), falling, moved so that the last is 0 and the first stays."""
    if len(roots) == 1:
        return torch.zeros_like(roots)
    first, last = roots[0], roots[-1]
    return (roots - last) * (first / (first - last))


def train_roots() -> Tensor:
    """sqrt(alpha-bar) of the 1000 training steps, zero at the last, float32."""
    return zero_snr(alphas_cumprod().float().sqrt())


def spaced_timesteps(steps: int) -> Tensor:
    """The release's: 999 downwards, `steps` of 1000 evenly, truncated; (n,) int64."""
    if not 0 < steps <= TRAIN_STEPS:
        raise ValueError(f"{steps} steps; there are 1 to {TRAIN_STEPS}")
    # numpy's, as released: torch's linspace rounds otherwise, and whole numbers are cut to the one below.
    return torch.from_numpy(np.linspace(TRAIN_STEPS - 1, 0, steps, endpoint=False).astype(np.int64))


@dataclass(frozen=True, eq=False)
class SolverTables:
    """What a step needs, for n steps: all (n - 1,) but `roots` (n + 1,), `denoiser_index` and `denoiser_roots` (n,)."""

    roots: Tensor
    denoiser_index: Tensor
    denoiser_roots: Tensor
    h: Tensor
    r: Tensor
    multipliers: Tensor  # (n - 1, 4): x' = m1 x - m2 (m3 x0 - m4 x0 of before) + noise; the first step has no before
    noise: Tensor


def solver_tables(timesteps: Tensor) -> SolverTables:
    """The coefficients of a run over these timesteps (falling)."""
    chosen = zero_snr(alphas_cumprod()[timesteps.flip(0)].float().sqrt()).flip(0)
    full = train_roots()
    index = (chosen[:, None] - full[None]).abs().argmin(dim=1)
    roots = torch.cat([chosen, chosen.new_ones(1)])
    h = log_snr_steps(chosen)
    return SolverTables(roots, index, full[index], h, *coefficients(chosen, h))


def log_snr_steps(chosen: Tensor) -> Tensor:
    """How far each step goes in half the log-SNR, from sqrt(alpha-bar) at each (n,): (n - 1,)."""
    rate = (chosen**2 / (1 - chosen**2)).sqrt().log()
    return rate[1:] - rate[:-1]


def coefficients(chosen: Tensor, h: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`r`, `multipliers` and `noise` of SolverTables, from sqrt(alpha-bar) at each step (n,) and `log_snr_steps`."""
    a, after = chosen[:-1], chosen[1:]
    r = torch.cat([h.new_full((1,), torch.nan), h[:-1] / h[1:]])[: len(h)]
    m1 = ((1 - after**2) / (1 - a**2)).sqrt() * (-h).exp()
    m2 = (-2 * h).expm1() * after
    m3, m4 = 1 + 1 / (2 * r), 1 / (2 * r)
    noise = (1 - after**2).sqrt() * (1 - (-2 * h).exp()).sqrt()
    return r, torch.stack([m1, m2, m3, m4], dim=1), noise


class Hallo3Scheduler(SchedulerMixin, ConfigMixin):  # type: ignore[misc]
    """The release's solver, to the last bit that matters. Noise is drawn on the CPU, in the release's order."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, steps: int = 50) -> None:
        self.set_timesteps(steps)

    def set_timesteps(self, steps: int) -> None:
        self.timesteps = spaced_timesteps(steps)
        self.tables = solver_tables(self.timesteps)

    @staticmethod
    def draws(step: int, steps: int) -> int:
        """Gaussian draws of a step: the last of them counts. One in the first, none in the last, else two."""
        return 0 if step == steps - 1 else min(step + 1, 2)

    def predict_original(self, velocity: Tensor, latents: Tensor, step: int) -> Tensor:
        """x0 from v at step `step`."""
        a = self.tables.denoiser_roots[step].to(latents)
        return a * latents - (1 - a**2).sqrt() * velocity

    def advance(self, velocity: Tensor, state: ClipState, generator: torch.Generator | None) -> ClipState:
        """One step on."""
        original = self.predict_original(velocity.to(state.latents), state.latents, state.step)
        noise = None
        for _ in range(self.draws(state.step, len(self.timesteps))):
            noise = torch.randn(state.latents.shape, generator=generator)
        return self.step(original, state, noise)

    def step(self, original: Tensor, state: ClipState, noise: Tensor | None) -> ClipState:
        """One step on from a known x0, with the noise that counts (None in the last step)."""
        if state.step == len(self.timesteps) - 1:
            return ClipState(state.step + 1, original, original)
        assert noise is not None
        m1, m2, m3, m4 = self.tables.multipliers[state.step].to(original).unbind()
        wanted = original
        if state.step > 0:
            assert state.original is not None
            wanted = m3 * original - m4 * state.original
        noisy = m1 * state.latents - m2 * wanted + self.tables.noise[state.step].to(original) * noise.to(original)
        return ClipState(state.step + 1, noisy, original)


class DiffusersSolver:
    """diffusers' own CogVideoXDPMScheduler with the same schedule: not to the bit, and known to many tools."""

    def __init__(self, steps: int = 50) -> None:
        self.scheduler = CogVideoXDPMScheduler(
            beta_start=BETA_START, beta_end=BETA_END, beta_schedule="scaled_linear", prediction_type="v_prediction",
            rescale_betas_zero_snr=True, snr_shift_scale=1.0, timestep_spacing="trailing", clip_sample=False,
            set_alpha_to_one=True,
        )  # fmt: skip
        self.set_timesteps(steps)

    def set_timesteps(self, steps: int) -> None:
        self.scheduler.set_timesteps(steps)
        self.timesteps = self.scheduler.timesteps

    def advance(self, velocity: Tensor, state: ClipState, generator: torch.Generator | None) -> ClipState:
        """One step on."""
        now = int(self.timesteps[state.step])
        before = int(self.timesteps[state.step - 1]) if state.step else None
        latents, original = self.scheduler.step(
            velocity.to(state.latents), state.original, now, before, state.latents, generator=generator
        )
        return ClipState(state.step + 1, latents, original)
