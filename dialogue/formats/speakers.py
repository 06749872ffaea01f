"""Who speaks in the cues of a file, by the names people and programs write before words.

`Name: words`, `[SPEAKER_00] words`, `(speaker 0) words`, `(Name)` on a line of its own, `>> NAME: words`, and `>>`
alone for another speaker without a name. What holds for a name is decided over the whole file: a phrase before a colon
in the middle of a cue is no name, and where names stand only at a change the speaker goes on until the next one.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dialogue.formats.cue import Cue

_TAG = re.compile(r"</?[a-zA-Z][^>]*>|<\d[\d:.]*>|\{\\[^}]*\}")
_WORD_TIME = re.compile(r"<\d+:[\d:.]+>")
_COLON = re.compile(r"([^\W_][^:\[\]()<>!?]{0,39}?)\s*:(?:\s+(.*)|$)")
_BRACKET = re.compile(r"(?:\[([^\]\n]{1,60})\]|\(([^)\n]{1,60})\))\s*(:?)\s*(.*)")
_CHANGE = re.compile(r"(?:>>+|»|&gt;&gt;)\s*(.*)")
_NUMBERED = re.compile(r"(?:speaker|spk|spkr|sprecher|locuteur|hablante|s)[ _-]?\w{1,3}", re.IGNORECASE)
_SOUND = re.compile(
    r"music|musi[kc]|m[uú]sica|musique|applau|aplauso|laugh|laughter|risas|rires|lach|cheer|silence|blank|inaudible|"
    r"unintelligible|crosstalk|noise|sound|sing|sigh|cough|pause|breath|chuckl|gasp|beep|ring|no audio",
    re.IGNORECASE,
)
_PARTICLES = frozenset({"de", "da", "di", "del", "der", "den", "la", "le", "van", "von", "und", "and", "y", "e", "of"})
OTHERS = ("speaker 1", "speaker 2")  # who speaks by turns where only the change is marked


@dataclass(frozen=True)
class Said:
    """Words of a cue under a speaker; None where the file does not say whose they are."""

    cue: Cue
    speaker: str | None
    words: str


@dataclass(frozen=True)
class Spoken:
    """What is said in a file, in order. `changes`: the first cue in which only a change of speaker is marked."""

    said: tuple[Said, ...]
    changes: Cue | None


@dataclass(frozen=True)
class _Row:
    """A line of a cue: whether another speaker begins, the name before the words and how it is written, the words."""

    cue: Cue
    first: bool  # of its cue
    change: bool
    name: str | None
    form: str  # colon, bracket or ""
    words: str
    whole: str  # the words with what stands before them


def spoken(cues: Sequence[Cue]) -> Spoken:
    """What the cues say, each word once."""
    rows = [row for cue, lines in _fresh(cues) for row in _rows(cue, lines)]
    names = _names(rows)
    said: list[Said] = []
    speaker: str | None = None
    turn = -1
    changes: Cue | None = None
    by_change = any(row.change and row.name not in names for row in rows)
    for row in rows:
        named = row.name is not None and row.name in names
        if named:
            speaker = row.name
        elif row.change or (by_change and speaker is None):
            turn += 1
            speaker = OTHERS[turn % 2]
            changes = changes or row.cue
        words = row.words if named else row.whole
        if not words and not named:
            continue
        if said and said[-1].cue is row.cue and said[-1].speaker == speaker and not (named and row.first):
            said[-1] = Said(row.cue, speaker, f"{said[-1].words} {words}".strip())
        else:
            said.append(Said(row.cue, speaker, words))
    return Spoken(tuple(one for one in said if one.words or one.speaker), changes)


def _fresh(cues: Sequence[Cue]) -> Iterator[tuple[Cue, list[str]]]:
    """The lines of each cue; of captions that roll up, those alone that were not on the screen before."""
    rolling = any(_WORD_TIME.search(cue.payload) for cue in cues)
    before: list[str] = []
    for cue in cues:
        lines = [line for line in (html.unescape(_TAG.sub("", row)).strip() for row in cue.payload.split("\n")) if line]
        kept = 0
        if rolling:
            kept = next((n for n in range(min(len(before), len(lines)), 0, -1) if before[-n:] == lines[:n]), 0)
        before = lines or before
        yield cue, lines[kept:]


def _rows(cue: Cue, lines: Sequence[str]) -> Iterator[_Row]:
    alone: str | None = None  # a name on a line of its own
    first = True
    for index, line in enumerate(lines):
        plain = line.lstrip("-–— ").strip() if line[:1] in "-–—" else line
        change = _CHANGE.fullmatch(plain)
        text = change[1] if change else plain
        if _is_sound(text):
            continue
        bracket = _BRACKET.fullmatch(text)
        label = (bracket[1] or bracket[2]).strip() if bracket else ""
        if bracket and _SOUND.search(label) and not bracket[3]:
            text, bracket = bracket[4], None  # a sound before words
        colon = _COLON.fullmatch(text)
        if bracket and (_looks(label) or bracket[3]):
            if not bracket[4] and index + 1 < len(lines) and alone is None:
                alone = label
                continue
            yield _Row(cue, first, bool(change), _tidy(label), "bracket", bracket[4], text)
        elif alone is not None:
            yield _Row(cue, first, bool(change), _tidy(alone), "bracket", text, text)
        elif colon:
            yield _Row(cue, first, bool(change), _tidy(colon[1]), "colon", colon[2] or "", text)
        else:
            yield _Row(cue, first, bool(change), None, "", text, text)
        alone, first = None, False


def _names(rows: Sequence[_Row]) -> dict[str, int]:
    """What is a name in this file, and how often: it begins a cue or follows a mark, and looks like one or recurs."""
    counts = Counter(row.name for row in rows if row.name is not None and (row.first or row.change))
    brackets = {row.name for row in rows if row.form == "bracket"}
    counts.update({name: 1 for name in brackets if name is not None and name not in counts})
    return {
        name: count
        for name, count in counts.items()
        if name is not None and (name in brackets or count > 1 or len(name.split()) == 1 or _looks(name))
    }


def _looks(name: str) -> bool:
    """Whether it looks like a name or a label: `Ana Ruiz`, `SPEAKER_00`, `speaker 0`."""
    if _SOUND.search(name):
        return False
    if _NUMBERED.fullmatch(name.strip()) or re.fullmatch(r"\w*\d\w*", name.strip()):
        return True
    words = name.split()
    capital = [word for word in words if word.lower() not in _PARTICLES]
    return 0 < len(words) <= 5 and bool(capital) and all(not word[0].islower() for word in capital)


def _is_sound(text: str) -> bool:
    """`♪♪`, `♪ a song ♪`, `[Music]`, `(laughs)`: nobody's words."""
    if not any(letter.isalnum() for letter in text) or text[:1] in "♪♫":
        return True
    alone = re.fullmatch(r"[\[(*]([^\])*]*)[\])*]", text)
    return bool(alone and (_SOUND.search(alone[1]) or not _looks(alone[1])))


def _tidy(name: str) -> str:
    return " ".join(name.split())
