"""Voices to people: which label of a diarization is whom, by the voices that people are known by.

A label is taken for somebody only when it is surely them: nearer to them than any stranger's voice was, and nearer to
nobody else by as much. What could be somebody is a question, and what could not is nobody's. Labels that the scene
gives by name, and what is left by elimination, are the planner's business (`dialogue.planning.voices`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from dialogue.diarization.strangers import strangers

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dialogue.diarization.diarization import Diarization, Voice

    Voices = NDArray[np.float32]  # (n, d), rows of length 1

Verdict = Literal["sure", "ask", "nobody"]
_OUTDONE = 2  # times `apart`: a label that is nearer to somebody else by so much is not this person's


@dataclass(frozen=True)
class Scale:
    """What the cosines between voices of one encoder mean.

    From `sure` on two recordings are of one person, if no other voice, no other person and none of the `strangers` (the
    encoder's own, if any) is within `apart` of it; below `ask` they are not. From `halves` on two labels of a recording
    may be one voice cut in two.
    """

    sure: float
    ask: float
    apart: float
    halves: float
    strangers: Callable[[], Voices] | None = None


# GE2E: two people were 0.87 alike at most, whoever was enrolled and whoever was heard, and most people are more alike
# to themselves in another recording of a kind (docs/diarization.md). Halves of one voice are 0.857 … 0.96 alike.
OPEN_VOICES = Scale(sure=0.88, ask=0.60, apart=0.04, halves=0.845, strangers=strangers)
# The encoders of published pipelines are trained by margins, which spreads voices more. Not measured here, for want of
# weights: between strangers papers and tools find 0 … 0.4 and accept from 0.5 … 0.6 on, so this is the careful side.
PUBLISHED = Scale(sure=0.70, ask=0.40, apart=0.10, halves=0.65)


def scale_of(diarizer: str) -> Scale:
    """The scale of the voices that a way to diarize compares, by its name."""
    return OPEN_VOICES if diarizer in ("", "voices") else PUBLISHED


@dataclass(frozen=True)
class Match:
    """A label and the person nearest to it, or the other way round.

    `next_voice` is by how much it is nearer to them than the next label of the recording is, `next_person` than it is
    to the next person, `next_stranger` than either is to a voice that is nobody's; None where there is no next.
    """

    label: str
    person: str
    similarity: float
    next_voice: float | None
    next_person: float | None
    next_stranger: float | None
    verdict: Verdict

    def __str__(self) -> str:
        return f"{self.person} is {self.label}: {self.figures}"

    @property
    def figures(self) -> str:
        """The likeness and its margins, in words."""
        margins = [(self.next_voice, "the next voice"), (self.next_person, "the next person")]
        if self.verdict == "ask" and self.similarity >= OPEN_VOICES.sure:  # what else may have decided
            margins.append((self.next_stranger, "a stranger"))
        told = [f"{abs(m):.2f} {'nearer' if m >= 0 else 'further'} than {what}" for m, what in margins if m is not None]
        return ", ".join([f"voices {self.similarity:.2f} alike", *told])


@dataclass(frozen=True)
class Matches:
    """Every label with the person it is, may be or is not; and who is not surely heard, with the label nearest to them.

    More than one label may surely be one person's: a voice cut in two.
    """

    labels: tuple[Match, ...] = ()
    unheard: tuple[Match, ...] = ()


def match_voices(
    voices: Mapping[str, Voice], people: Mapping[str, Voice], scale: Scale, taken: Collection[str] = ()
) -> Matches:
    """Who each label of `voices` is. `people` are in the same vectors; labels in `taken` are somebody else's."""
    import numpy as np

    labels, names = [label for label in voices if label not in taken], list(people)
    if not labels or not names:
        return Matches()
    known, heard = np.stack([people[name] for name in names]), np.stack([voices[label] for label in labels])
    alike, halves = known @ heard.T, heard @ heard.T >= scale.halves
    strange = _strangest(known, heard, scale)
    theirs = {row: columns for row in range(len(names)) if (columns := _surely(alike, strange, row, scale))}

    def match(row: int, column: int, verdict: Verdict) -> Match:
        similarity = float(alike[row, column])
        voices, persons = np.delete(alike[row], column), np.delete(alike[:, column], row)
        next_voice = similarity - float(voices.max()) if voices.size else None
        next_person = similarity - float(persons.max()) if persons.size else None
        next_stranger = None if strange is None else similarity - float(strange[row, column])
        return Match(labels[column], names[row], similarity, next_voice, next_person, next_stranger, verdict)

    found = []
    for column in range(len(labels)):
        owner = next((row for row, columns in theirs.items() if column in columns), None)
        if owner is not None:
            found.append(match(owner, column, "sure"))
            continue
        near = [row for row in range(len(names)) if row not in theirs or halves[column, theirs[row]].any()]
        best = max(near or range(len(names)), key=lambda row: alike[row, column])
        found.append(match(best, column, "ask" if near and alike[best, column] >= scale.ask else "nobody"))
    free = [column for column in range(len(labels)) if all(column not in columns for columns in theirs.values())]
    unheard = []
    for row in (row for row in range(len(names)) if row not in theirs and free):
        rivals = alike.max(axis=0) - _OUTDONE * scale.apart
        best = max(free, key=lambda column: (alike[row, column] >= rivals[column], alike[row, column]))
        likely = alike[row, best] >= max(scale.ask, rivals[best])
        unheard.append(match(row, best, "ask" if likely else "nobody"))
    return Matches(tuple(found), tuple(unheard))


def _strangest(known: Voices, heard: Voices, scale: Scale) -> Voices | None:
    """(people, labels): how alike the person or the label is to the nearest stranger; None where there are none."""
    import numpy as np

    others = scale.strangers() if scale.strangers is not None else None
    if others is None or others.shape[1] != known.shape[1]:
        return None
    nearest = np.maximum((known @ others.T).max(axis=1)[:, None], (heard @ others.T).max(axis=1)[None, :])
    return np.asarray(nearest, np.float32)


def _surely(alike: Voices, strange: Voices | None, row: int, scale: Scale) -> list[int]:
    """The labels (columns) that are surely this person's (row); none where another label is nearly as near."""
    import numpy as np

    others = np.delete(alike, row, axis=0).max(axis=0, initial=-1.0)
    others = others if strange is None else np.maximum(others, strange[row])
    sure = (alike[row] >= scale.sure) & (alike[row] - others >= scale.apart)
    if not sure.any() or (alike[row][~sure] > alike[row][sure].min() - scale.apart).any():
        return []
    return [int(column) for column in np.flatnonzero(sure)]


def perhaps_one_voice(found: Diarization, scale: Scale) -> tuple[tuple[str, str, float], ...]:
    """Pairs of labels that may be halves of one voice, each with how alike they are; the nearest pair first."""
    labels = [label for label in found.labels if label in found.voices]
    pairs = [
        (first, second, float(found.voices[first] @ found.voices[second]))
        for index, first in enumerate(labels)
        for second in labels[index + 1 :]
    ]
    return tuple(sorted((pair for pair in pairs if pair[2] >= scale.halves), key=lambda pair: -pair[2]))


def is_name(label: str) -> bool:
    """Whether a label is a person's name, as captions have it; not SPEAKER_03, spk1, MEE006, A, Speaker B."""
    letters = "".join(letter for letter in label if letter not in " .-'’")
    written = letters.isalpha() and letters[0] == letters[0].upper() and not letters.isupper()
    return written and not label.casefold().startswith(("speaker", "unknown"))
