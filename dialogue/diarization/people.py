"""Voices to people: which of the cast each label is, by their own word, by their voice, or by elimination."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialogue.diarization.tidy import ghosts

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Diarization, Voice

LEAST_MARGIN = 0.03  # cosine by which the best pairing of a voice must beat its next best label


@dataclass(frozen=True)
class Match:
    """One of the cast and the label that is theirs. `margin` is None where no voices were compared."""

    member: str
    label: str
    how: str
    similarity: float | None = None
    margin: float | None = None

    @property
    def sure(self) -> bool:
        return self.margin is None or self.margin >= LEAST_MARGIN


@dataclass(frozen=True)
class People:
    """`matches` in the cast's order; `unknown` labels belong to nobody; `absent` members have no label."""

    matches: tuple[Match, ...]
    unknown: tuple[str, ...]
    absent: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def member_of(self, label: str) -> str | None:
        """Who speaks under `label`; None for an unknown voice."""
        return next((match.member for match in self.matches if match.label == label), None)


def match_people(
    diarization: Diarization, said: Mapping[str, str], enrolled: Mapping[str, Voice], cast: Sequence[str]
) -> People:
    """Labels to the cast.

    - `said`: member -> label, as the scene says; taken as it is.
    - `enrolled`: member -> voice of their sample, in the diarization's own vectors; paired for the highest sum.
    - the rest of `cast` gets the rest of the labels in order of first speaking, with a warning unless one is left.
    """
    matches = {m: Match(m, label, "the scene says so") for m, label in said.items() if label in diarization.labels}
    free = [label for label in _by_first_word(diarization) if label not in said.values()]
    for match in _by_voice(diarization, free, {m: v for m, v in enrolled.items() if m not in matches}):
        matches[match.member] = match
        free.remove(match.label)
    rest = [m for m in cast if m not in matches and m not in said and m not in enrolled]
    people = [label for label in free if label not in ghosts(diarization)]
    warnings = []
    for member, label in zip(rest, people, strict=False):
        how = "the only one left" if len(rest) == len(people) == 1 else "in order of first speaking"
        matches[member] = Match(member, label, how)
        free.remove(label)
    if len(rest) > 1 and people:
        pairs = ", ".join(f"{member} is {label}" for member, label in zip(rest, people, strict=False))
        warnings.append(
            f"voices were given to people in order of first speaking: {pairs}"
            " (say `voice: {enroll: sample.wav}` or `voice: {speaker: LABEL}` to be sure)"
        )
    return People(
        tuple(matches[member] for member in cast if member in matches),
        tuple(free),
        tuple(member for member in cast if member not in matches),
        tuple(warnings),
    )


def _by_first_word(diarization: Diarization) -> list[str]:
    return list(dict.fromkeys(segment.label for segment in sorted(diarization.segments)))


def _by_voice(diarization: Diarization, labels: Sequence[str], enrolled: Mapping[str, Voice]) -> list[Match]:
    """The pairing of members and labels with the highest sum of cosines, and how far each is from the next label."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    labels = [label for label in labels if label in diarization.voices]
    if not labels or not enrolled:
        return []
    members = list(enrolled)
    alike = np.stack([enrolled[m] for m in members]) @ np.stack([diarization.voices[label] for label in labels]).T
    found = []
    for row, column in zip(*linear_sum_assignment(-alike), strict=True):
        others = np.delete(alike[row], column)
        margin = float(alike[row, column] - others.max()) if others.size else None
        found.append(Match(members[row], labels[column], "their voice", float(alike[row, column]), margin))
    return found
