"""What a film will cost on this machine: windows, seconds of work and memory, from the generator's own formula."""

from __future__ import annotations

from dialogue.generators import generator
from dialogue.planning.choice import Costs
from dialogue.planning.plan import Plan


def costs_of(plan: Plan) -> Costs:
    """The estimates of the plan's generator for its shots."""
    made_by = generator(plan.generator)
    return Costs(tuple(made_by.estimate(plan, shot) for shot in plan.shots))
