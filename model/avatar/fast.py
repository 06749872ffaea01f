"""Steps that call the transformer less, each by its name: what is kept for it between steps, and what stands in for it.

Shapes: C latent channels, R latents of the ring, h/w latent cells.

Windows move from step to step, so nothing is kept by window: all of it is velocities on the ring, per latent, as the
windows of a step have already been averaged there.

`cfg-cache` (after FasterCache, arXiv 2410.19355): in the phase of audio guidance every second step runs the conditional
branch alone; what guidance added is taken from the step before. `taylor` (after TaylorSeer, arXiv 2503.06923, of the
velocity instead of every block): two of three steps are forecast in a straight line from the last two that ran.
`easy-cache` (after EasyCache, arXiv 2507.02860): a step is left out while the velocity is expected to have changed by
less than a twentieth since the last one that ran.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor

from model.avatar.hook_cache import HookMemory, HookStep

WARM = 0.2  # of all steps, at the start, that always run: the picture is decided there
EVERY = 3  # taylor: of so many steps one runs
CHANGE = 0.05  # easy-cache: expected relative change that may add up


@dataclass(frozen=True, eq=False)
class Past:
    """What accelerated steps remember. `times` and `velocities`: of the last steps that ran, newest first.

    `inputs`: latents that those began with. `excess`: what guidance of 1 adds, from step `excess_step`. `changed`: what
    easy-cache expects to have changed since. `hooks`: what diffusers' caches keep, `ratios`: what one measured in every
    step so far. All but that of one `phase` of guidance.
    """

    phase: bool | None = None
    times: tuple[float, ...] = ()
    velocities: tuple[Tensor, ...] = ()  # (1, C, R, h, w) each
    inputs: tuple[Tensor, ...] = ()
    excess: Tensor | None = None
    excess_step: int = -1
    changed: float = 0.0
    hooks: HookMemory | None = None
    ratios: tuple[float, ...] = ()


def warm(steps: int) -> int:
    """How many steps at the start run whole and attend to all."""
    return max(2, round(WARM * steps))


def forecast(
    names: tuple[str, ...], past: Past, number: int, steps: int, time: float, latents: Tensor
) -> tuple[Tensor | None, Past]:
    """The velocity of step `number` without the transformer, or None when it must run. The last step always runs."""
    if number < warm(steps) or number == steps - 1 or len(past.velocities) < 2:
        return None, past
    if "taylor" in names and (number - warm(steps)) % EVERY != EVERY - 1:
        (first, second), (newer, older) = past.velocities, past.times
        return first + (first - second) * ((time - newer) / (newer - older)), past
    if "easy-cache" in names:
        (first, second), (x, before) = past.velocities, past.inputs
        rate = (first - second).abs().mean() / (x - before).abs().mean()
        moved = latents - x
        changed = past.changed + float(rate * moved.abs().mean() / first.abs().mean())
        if changed < CHANGE:
            return first + moved, replace(past, changed=changed)
    return None, past


def skips_unconditional(names: tuple[str, ...], past: Past, number: int) -> bool:
    """Whether guidance of this step may be taken from the step before."""
    return "cfg-cache" in names and past.phase is True and past.excess is not None and past.excess_step == number - 1


def of_phase(past: Past | None, audio: bool) -> Past:
    """What is remembered of this phase of guidance: nothing of another."""
    return past if past is not None and past.phase == audio else Past(phase=audio, ratios=past.ratios if past else ())


def remembered(
    names: tuple[str, ...], past: Past, time: float, velocity: Tensor, latents: Tensor, hooks: HookStep | None = None
) -> Past:
    """After a step that ran."""
    if hooks is not None:
        measured = (sum(hooks.ratios) / len(hooks.ratios),) if hooks.ratios else ()
        return replace(past, hooks=hooks.memory(), ratios=past.ratios + measured)
    if not {"taylor", "easy-cache"} & set(names):
        return past
    return replace(
        past,
        times=(time, *past.times)[:2],
        velocities=(velocity, *past.velocities)[:2],
        inputs=(latents, *past.inputs)[:2] if "easy-cache" in names else (),
        changed=0.0,
    )
