"""`dialogue render --takes N` and `--retake-until-verified N`: what was tried, and which take the film shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.cli.console import err
from dialogue.cli.progress import shown

if TYPE_CHECKING:
    from dialogue import Order, Take


def made_takes(order: Order, source: Path, shot: int | None, takes: int | None, retakes: int | None) -> bool:
    """Make them and tell of each; whether another take was written into the scene."""
    from dialogue import choose, make_take, retake

    whole = replace(order, shots=None)
    shots = [shot] if shot is not None else [n for n, one in enumerate(order.plan.shots, 1) if not one.locked]
    with shown() as progress:
        for number in shots:
            for count in range(1, (takes or 0) + 1):
                _tell(make_take(whole, number, count, progress))
        tried = retake(whole, retakes, progress, shots) if retakes and shots else ()
    written = False
    for made in tried:
        best = made[-1]
        for take in sorted(made, key=lambda take: take.number):
            _tell(take)
        if not best.chosen and source.suffix in (".yaml", ".yml"):
            choose(source, whole, best.shot, best.number)
            err.print(f"shot {best.shot}: take {best.number} is written into {source}", soft_wrap=True, markup=False)
            written = True
    return written


def _tell(take: Take) -> None:
    said = "as planned" if take.verified else "; ".join(take.faults or ()) or "not looked at"
    err.print(f"shot {take.shot}, take {take.number} (seed {take.seed}): {said}", soft_wrap=True, markup=False)
