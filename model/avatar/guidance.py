"""What a denoising step does besides one forward: guidance, mask factor, and which steps reuse block outputs.

The defaults are the official release's constants, for any number of steps; every one of them is a field.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from model.fast_names import SAMPLED, checked, hooked_name


@dataclass(frozen=True)
class Ramp:
    """A guidance scale that runs straight from `start` at step 0 to `end` after the last step."""

    start: float
    end: float

    def at(self, step: int, steps: int) -> float:
        return (1 - step / steps) * (self.start - self.end) + self.end


@dataclass(frozen=True)
class StepGuidance:
    """One step. `scale` 1 or less: no unconditional forward at all (what diffusers means by it).

    `negative_text`: the unconditional branch has the negative prompt, else the same prompt and only no audio.
    `mask_factor` multiplies the face masks in both branches.
    """

    scale: float
    negative_text: bool
    mask_factor: float

    @property
    def guided(self) -> bool:
        return self.scale > 1


@dataclass(frozen=True)
class Guidance:
    """Two phases: `text_steps` steps of text and audio guidance with weaker masks, then audio guidance alone.

    velocity = u + scale (c - u). With `inside_masks` the excess over the conditional velocity c counts only under
    the face masks M: velocity = c + (scale - 1) M (c - u), so that guidance cannot touch the background.
    """

    text: Ramp = Ramp(7.5, 2.0)
    text_steps: int = 10
    text_mask_factor: float = 0.6
    audio: Ramp = Ramp(6.5, 3.5)
    inside_masks: bool = False

    def at(self, step: int, steps: int) -> StepGuidance:
        """The guidance of step `step` (0-based) of `steps`."""
        if not 0 <= step < steps:
            raise ValueError(f"step {step} of {steps}: steps are counted from 0")
        if step < self.text_steps:
            return StepGuidance(self.text.at(step, steps), True, self.text_mask_factor)
        return StepGuidance(self.audio.at(step, steps), False, 1.0)

    def constant(self, scale: float) -> Guidance:
        """The same phases at one scale throughout."""
        return replace(self, text=Ramp(scale, scale), audio=Ramp(scale, scale))

    @staticmethod
    def audio_only(scale: float, inside_masks: bool = True) -> Guidance:
        """One constant audio scale at every step; `scale` 1 is no guidance."""
        return Guidance(text_steps=0, audio=Ramp(scale, scale), inside_masks=inside_masks)


@dataclass(frozen=True)
class CacheSchedule:
    """Which steps run the whole transformer; the others run its last block on the previous full step's tokens.

    Full: the `first` steps, then every `every`-th up to and with step `until`, then every one. The release runs a
    full step never again from step 50 on (`stop` 50), which it meets only beyond 50 steps; None mends that.
    """

    first: int = 15
    every: int = 5
    until: int = 40
    stop: int | None = None

    def full(self, step: int) -> bool:
        if step <= self.until:
            return step < self.first or step % self.every == 0
        return self.stop is None or step < self.stop


@dataclass(frozen=True)
class Sampling:
    """How a shot is denoised. The defaults are the release's; `cache` None makes every step a full one.

    `expression` and `pose`: the four motion scalars each that the release feeds the model at inference.
    `embedded_guidance`: the scale a guidance-distilled transformer is told (`guidance_embeds`; the release has none).
    `sigmas`: one per step, before the scheduler's shift, as distilled weights want them; None: evenly from 1.
    `fast`: names of model/avatar/fast, which call the transformer less and change the numbers.
    `mag_ratios`: of `mag-cache`, how much residuals grow from step to step; (): all steps run, and they are measured.
    """

    steps: int = 50
    guidance: Guidance = field(default_factory=Guidance)
    cache: CacheSchedule | None = field(default_factory=CacheSchedule)
    expression: tuple[int, ...] = (30, 30, 30, 30)
    pose: tuple[int, ...] = (25, 25, 25, 25)
    embedded_guidance: float = 6.0
    sigmas: tuple[float, ...] | None = None
    fast: tuple[str, ...] = ()
    mag_ratios: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise ValueError(f"steps is {self.steps}; it must be 1 or more")
        object.__setattr__(self, "fast", checked(self.fast, SAMPLED))
        if "mag-cache" in self.fast and self.mag_ratios is None:
            raise ValueError("fast has mag-cache, which needs mag_ratios of these weights: see docs/fast.md")
        if self.sigmas is not None and len(self.sigmas) != self.steps:
            raise ValueError(f"steps is {self.steps}, but there are {len(self.sigmas)} sigmas; give one per step")

    def full(self, step: int) -> bool:
        """Whether step `step` runs every block; a cache by hooks decides that instead of `cache`."""
        return step == 0 or self.cache is None or hooked_name(self.fast) is not None or self.cache.full(step)

    def full_steps(self) -> int:
        """How many of the steps run every block: what the work of a shot is counted in."""
        return sum(self.full(step) for step in range(self.steps))
