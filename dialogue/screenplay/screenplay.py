"""A script read from another form: who is in it, what is said in which order, and what had no meaning here.

Nothing of the source is lost in silence: what a scene has no key for is a `Remark`, which becomes a comment at its
place, or a sentence in `notes`, which the summary prints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dialogue.scene.line import LINE_KEYS
from dialogue.scene.scene import Face, LineEmotion

_RESERVED = frozenset((*LINE_KEYS, "pause"))


@dataclass(frozen=True)
class Person:
    """One of the cast. `name` is what the script calls them; `track` and `label` as in a scene's cast."""

    name: str
    face: Face | None = None
    track: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class Said:
    """A line. `together`: it starts when the line before it starts. Times are seconds of the whole recording."""

    speaker: str  # a key of the cast
    text: str
    emotion: LineEmotion | None = None
    together: bool = False
    audio: str | None = None
    start: float | None = None
    end: float | None = None


@dataclass(frozen=True)
class Silence:
    """Seconds in which nobody speaks."""

    seconds: float


@dataclass(frozen=True)
class Remark:
    """What the script says that a scene has no key for: an action, a note, a transition. `what` names its kind."""

    what: str
    text: str


@dataclass(frozen=True)
class Heading:
    """A new place or picture: a shot begins. `prompt` says what is to be seen; `picture` where the script has one."""

    prompt: str
    picture: str | None = None


Item = Said | Silence | Remark | Heading


@dataclass(frozen=True)
class Note:
    """A sentence for the summary; `line` of the source, from 1, where it is known."""

    message: str
    line: int | None = None


@dataclass(frozen=True)
class Screenplay:
    """A whole script. `people` by their key, in the order they first speak."""

    people: Mapping[str, Person]
    items: tuple[Item, ...]
    title: str | None = None
    picture: str | None = None
    prompt: str | None = None
    audio: str | None = None
    language: str | None = None
    notes: tuple[Note, ...] = ()

    @property
    def said(self) -> tuple[Said, ...]:
        return tuple(item for item in self.items if isinstance(item, Said))

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What a scene has no key for: kept as comments."""
        return tuple(item for item in self.items if isinstance(item, Remark))


@dataclass
class Draft:
    """A script in the making: people get their keys as they are first named."""

    people: dict[str, Person] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def key(self, name: str) -> str:
        """The key of the person called `name`, whatever its case; a new one where nobody is."""
        shown = " ".join(name.split())
        for key, person in self.people.items():
            if person.name.casefold() == shown.casefold():
                return key
        key = key_of(shown, self.people)
        self.people[key] = Person(_as_name(shown))
        return key

    def note(self, message: str, line: int | None = None) -> None:
        if all(known.message != message for known in self.notes):
            self.notes.append(Note(message, line))

    def finished(
        self,
        title: str | None = None,
        picture: str | None = None,
        prompt: str | None = None,
        audio: str | None = None,
        language: str | None = None,
    ) -> Screenplay:
        return Screenplay(
            dict(self.people), tuple(self.items), title, picture, prompt, audio, language, tuple(self.notes)
        )


def key_of(name: str, taken: Mapping[str, Person]) -> str:
    """A cast key made of a name: `Mr. Brown` is mr_brown. Never one of `taken`, never a key that lines have."""
    plain = re.sub(r"[^\w]+", "_", name.lower()).strip("_")[:48] or "person"
    key, number = plain if plain not in _RESERVED else f"{plain}_", 2
    while key in taken:
        key, number = f"{plain}_{number}", number + 1
    return key


def _as_name(name: str) -> str:
    """As it is shown: a name in capitals, as screenplays write it, in the usual case."""
    return name.title() if name.isupper() else name
