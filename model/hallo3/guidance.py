"""Guidance: how far a step goes beyond what an unconditioned network would do, for text, audio and picture.

The release has one scale of 3.5 for text and audio together, in two passes. With other scales than equal ones each
condition is a pass of its own: u + text (c_text - u) + audio (c_audio - u); a picture scale above 1 adds a pass without
reference and condition latents. The two forms differ in number even where the scales agree: one conditions on both at
once.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Branch:
    """What a pass is conditioned on."""

    text: bool
    audio: bool
    picture: bool = True


@dataclass(frozen=True)
class Guidance:
    """Scales: of text, audio and picture. 1 is none of it."""

    text: float = 3.5
    audio: float = 3.5
    picture: float = 1.0

    def branches(self) -> tuple[Branch, ...]:
        """The passes of a step, unconditioned first."""
        free = Branch(False, False)
        if self.text == self.audio:
            passes = [Branch(True, True)] if self.text == 1 else [free, Branch(True, True)]
        else:
            passes = [free, Branch(True, False), Branch(False, True)]
        if self.picture != 1:
            passes.append(Branch(True, True, picture=False))
            if Branch(True, True) not in passes:
                passes.append(Branch(True, True))
        return tuple(passes)

    def combined(self, passes: tuple[Tensor, ...]) -> Tensor:
        """One prediction from those of `branches()`, in their order."""
        by = dict(zip(self.branches(), passes, strict=True))
        free, both = by.get(Branch(False, False)), by.get(Branch(True, True))
        if self.text != self.audio:
            assert free is not None
            text, audio = by[Branch(True, False)], by[Branch(False, True)]
            out = free + self.text * (text - free) + self.audio * (audio - free)
        else:
            assert both is not None
            out = both if free is None else free + self.text * (both - free)
        if self.picture != 1:
            assert both is not None
            out = out + (self.picture - 1) * (both - by[Branch(True, True, picture=False)])
        return out
