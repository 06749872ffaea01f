"""The generators that a scene may name, best first: one entry each. All else about one is in its own module."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """Where a generator is. `drawn`: it knows drawn people of one world alone, and is taken unasked for them alone."""

    module: str
    drawn: bool = False


# A scene that names none gets the first one that can run on the machine and knows its pictures.
GENERATORS = {
    "hunyuan-avatar": Entry("dialogue.generators.hunyuan.avatar"),
    "hallo3": Entry("dialogue.generators.hallo3.hallo3"),
    "tiny": Entry("dialogue.generators.tiny.tiny", drawn=True),
    "animatic": Entry("dialogue.generators.animatic.animatic"),
}


def knows_drawn_alone(name: str | None) -> bool:
    """Whether the generator of that name smears every picture that is not of its drawn world."""
    return name in GENERATORS and GENERATORS[name].drawn
