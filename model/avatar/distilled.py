"""Distilled weights: a LoRA that needs few steps, and the file beside it that says how it is to be sampled.

`NAME.json` beside `NAME.safetensors`, all of it optional: `steps` (6), `sigmas` (one a step, falling from 1, before the
shift), `shift` (the scheduler's, 5), `guidance` (1: none), `embedded_guidance` (6, where the transformer takes it),
`strength` (1).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from model.avatar.guidance import Sampling

ADAPTER = "distilled"


@dataclass(frozen=True)
class Distilled:
    """How distilled weights are sampled."""

    steps: int = 6
    sigmas: tuple[float, ...] | None = None
    shift: float = 5.0
    guidance: float = 1.0
    embedded_guidance: float = 6.0
    strength: float = 1.0

    def sampling(self, usual: Sampling) -> Sampling:
        """Few steps at one scale, every one of them whole: a block cache would leave nothing to run."""
        return replace(
            usual, steps=self.steps, sigmas=self.sigmas, guidance=usual.guidance.constant(self.guidance), cache=None,
            embedded_guidance=self.embedded_guidance,
        )  # fmt: skip


def read_distilled(weights: Path) -> Distilled:
    """What the file beside the LoRA says; ValueError with everything in it that is wrong."""
    beside = weights.with_suffix(".json")
    if not beside.is_file():
        return Distilled()
    try:
        known: Any = json.loads(beside.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{beside}: no JSON ({error})") from None
    if not isinstance(known, dict):
        raise ValueError(f"{beside}: a {type(known).__name__}; it must be an object such as {{\"steps\": 6}}")
    names = [field.name for field in fields(Distilled)]
    wrong = [f"{name!r} is unknown; it takes {', '.join(names)}" for name in known if name not in names]
    wrong += [fault for name in names if name in known and (fault := _fault(name, known[name]))]
    sigmas = known.get("sigmas")
    if not wrong and sigmas is not None and len(sigmas) != known.setdefault("steps", len(sigmas)):
        wrong.append(f"steps is {known['steps']}, sigmas are {len(sigmas)}; one of them is wrong")
    if wrong:
        raise ValueError(f"{beside}: {'; '.join(wrong)}")
    return Distilled(**{**known, "sigmas": None if sigmas is None else tuple(map(float, sigmas))})


def _fault(name: str, value: Any) -> str | None:
    def number(one: Any) -> bool:
        return isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < float("inf")

    if name == "steps":
        fits = isinstance(value, int) and not isinstance(value, bool) and value >= 1
        return None if fits else f"steps is {value!r}; it must be a whole number, 1 or more"
    if name == "sigmas":
        listed = isinstance(value, list) and value and all(number(one) and 0 < one <= 1 for one in value)
        falling = listed and all(a > b for a, b in zip(value, value[1:], strict=False))
        return None if value is None or falling else f"sigmas are {value!r}; they must fall, each in 0 < sigma <= 1"
    least = 0 if name in ("guidance", "embedded_guidance") else None
    if not number(value) or (least is None and value <= 0) or (least is not None and value < least):
        return f"{name} is {value!r}; it must be a number, {'0 or more' if least == 0 else 'more than 0'}"
    return None


def take_distilled(pipeline: Any, weights: Path) -> Distilled:
    """Load the LoRA and set the scheduler's shift. LoraError, ValueError: it does not fit, or its file is wrong."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    how = read_distilled(weights)
    pipeline.load_lora_weights(weights, adapter_name=ADAPTER)
    pipeline.set_adapters([ADAPTER], [how.strength])
    pipeline.scheduler = FlowMatchEulerDiscreteScheduler.from_config(pipeline.scheduler.config, shift=how.shift)
    return how
