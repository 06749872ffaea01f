"""Fountain (fountain.io): screenplays in plain text, parsed by screenplain; what it leaves out is found here and told.

screenplain drops notes, boneyards and the title page, takes lyrics for action, and hears no cue in a script without
capitals. Notes and boneyards are put aside before it reads, as marks at their place, and taken up again after.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from dialogue.screenplay.delivery import emotion_in
from dialogue.screenplay.screenplay import Draft, Heading, Remark, Said, Screenplay

_ASIDE = re.compile(r"\[\[(?P<note>.*?)\]\]|/\*(?P<boneyard>.*?)\*/", re.DOTALL)
_MARK = re.compile("\uf8e0(\\d+)\uf8e1")  # private-use characters around a number
_EXTENSION = re.compile(r"\s*\(([^()]*)\)")
_UNCASED_CUE = re.compile(r"^[^\W\d_a-zA-Z][\w .·・'’-]{0,19}$")
_WIDE = str.maketrans("（）", "()")  # brackets as East Asian scripts write them
_KINDS = {"~": "lyrics", "=": "synopsis"}
_STANDING = re.compile(r"\s*(?:>.*|={3,}\s*)$")
_SYNOPSIS = re.compile(r"\s*=(?!=).*\S")
_OFF_SCREEN = ("OS", "OC", "VO", "OFF")
_TITLE_KEYS = ("Title",)
_HEADING = re.compile(r"^(INT\.?/EXT|EXT\.?/INT|I/E|INT|EXT|EST)\b[. ]*", re.IGNORECASE)
_PLACES = {"INT": "indoors", "EXT": "outdoors", "EST": "a view of"}


@dataclass
class _Reading:
    """`text` with notes and boneyards as marks; `asides` what they said."""

    text: str
    asides: list[Remark] = field(default_factory=list)
    draft: Draft = field(default_factory=Draft)

    def line_of(self, words: str) -> int | None:
        """The line of the source on which these words first stand."""
        at = self.text.find(words)
        return None if at < 0 else self.text.count("\n", 0, at) + 1


def read_fountain(text: str) -> Screenplay:
    """A screenplay. Its lines in order, headings as shots, everything else as remarks at its place."""
    from screenplain.parsers.fountain import parse
    from screenplain.types import Action, Dialog, DualDialog, PageBreak, Section, Slug, Transition

    reading = _put_aside(text.removeprefix("\ufeff").translate(_WIDE))
    reading.text = _cues_marked(reading)
    parsed = parse(io.StringIO(_alone(reading.text)))
    for paragraph in parsed:
        if isinstance(paragraph, Dialog):
            _dialog(reading, paragraph, together=False)
        elif isinstance(paragraph, DualDialog):
            _dialog(reading, paragraph.left, together=False)
            _dialog(reading, paragraph.right, together=True)
        elif isinstance(paragraph, Slug):
            reading.draft.items.append(Heading(prompt_of(_plain(reading, str(paragraph.line)))))
            _remark(reading, "synopsis", paragraph.synopsis)
        elif isinstance(paragraph, Section):
            _remark(reading, "section", str(paragraph.text))
            _remark(reading, "synopsis", paragraph.synopsis)
        elif isinstance(paragraph, Transition):
            _remark(reading, "transition", str(paragraph.line))
        elif isinstance(paragraph, Action):
            _action(reading, [str(line) for line in paragraph.lines])
        elif not isinstance(paragraph, PageBreak):  # a page break says nothing of a film
            raise TypeError(f"screenplain gave a {type(paragraph).__name__}, which is not known here")
    title = " ".join(parsed.title_page.get("Title", ())) or None
    for name, values in parsed.title_page.items():
        if name not in _TITLE_KEYS:
            reading.draft.items.insert(0, Remark(name.lower(), " ".join(values)))
    return reading.draft.finished(title=_plain(reading, title) if title else None)


def prompt_of(heading: str) -> str:
    """A heading in words for a generator: `INT. KITCHEN - NIGHT` is `kitchen, night, indoors`."""
    match = _HEADING.match(heading)
    place = _PLACES.get(match[1].upper().replace(".", "")[:3], "") if match else ""
    rest = heading[match.end() :] if match else heading
    parts = [part.strip().lower() for part in re.split(r"\s+[-–—]+\s+", rest) if part.strip()]
    return ", ".join([*parts, place] if place != "a view of" else [place + " " + ", ".join(parts)]).strip(", ")


def _put_aside(text: str) -> _Reading:
    """Notes and boneyards as marks, which keep their lines so that the rest stays where it is."""
    asides: list[Remark] = []

    def mark(match: re.Match[str]) -> str:
        what = "note" if match["note"] is not None else "boneyard"
        asides.append(Remark(what, " ".join((match[what] or "").split())))
        return f"\uf8e0{len(asides) - 1}\uf8e1" + "\n" * (match[0].count("\n") if what == "boneyard" else 0)

    return _Reading(_ASIDE.sub(mark, text), asides)


def _cues_marked(reading: _Reading) -> str:
    """`@` before cues in scripts that have no capitals (Chinese, Hindi, Arabic, …): a short line before others."""
    lines = reading.text.split("\n")
    for index, line in enumerate(lines[:-1]):
        bare = line.strip()
        alone = index == 0 or not lines[index - 1].strip()
        caseless = bare.lower() == bare.upper() and _UNCASED_CUE.match(_EXTENSION.sub("", bare).strip())
        if alone and lines[index + 1].strip() and caseless:
            lines[index] = "@" + bare
            reading.draft.note(f"{bare!r} is taken for the name of who speaks (write @{bare} to be sure)", index + 1)
    return "\n".join(lines)


def _alone(text: str) -> str:
    """Rows that are no speech whatever stands below them, parted from the others: `> THE END <`, `===`, `= synopsis`.

    screenplain hears `> THE END <` above a page break as a person who says it.
    """
    rows = text.split("\n")
    alone = [
        bool(_STANDING.match(row)) or (bool(_SYNOPSIS.match(row)) and not before.strip())  # in a speech it is words
        for before, row in zip(["", *rows], rows, strict=False)
    ]
    return "\n".join(f"\n{row}\n" if apart else row for row, apart in zip(rows, alone, strict=True))


def _plain(reading: _Reading, text: str) -> str:
    """The text without marks; what they stand for follows as remarks."""
    for number in _MARK.findall(text):
        reading.draft.items.append(reading.asides[int(number)])
    return " ".join(_MARK.sub(" ", text).split())


def _remark(reading: _Reading, what: str, text: str | None) -> None:
    if text and (plain := _plain(reading, text)):
        reading.draft.items.append(Remark(what, plain))


def _action(reading: _Reading, lines: Sequence[str]) -> None:
    for kind, text in _grouped(lines):
        _remark(reading, kind, text)


def _grouped(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """The lines of an action, lyrics (`~`) and synopses (`=`) apart."""
    kinds = [_KINDS.get(line.lstrip()[:1], "action") for line in lines]
    if set(kinds) <= {"action"}:
        yield "action", " ".join(lines)
        return
    for kind, line in zip(kinds, lines, strict=True):
        yield kind, line.strip() if kind == "action" else line.lstrip()[1:].strip()


def _dialog(reading: _Reading, dialog: Any, together: bool) -> None:
    """One cue: its words as one line, parted only where a parenthetical turns the emotion."""
    cue = _plain(reading, str(dialog.character)).removesuffix("^").strip()
    extensions = [found for found in _EXTENSION.findall(cue) if found.strip(". ").upper() not in ("CONT'D", "CONT’D")]
    draft = reading.draft
    speaker = draft.key(_EXTENSION.sub("", cue).strip())
    for extension in extensions:
        draft.items.append(Remark("where", f"{draft.people[speaker].name} ({extension})"))
        if extension.replace(".", "").upper() in _OFF_SCREEN:
            shown = draft.people[speaker].name
            draft.note(f"{shown} speaks off screen ({extension}) here; a shot's faces: say who is seen", None)
    spoken: list[str] = []
    emotion = None
    for parenthetical, block in dialog.blocks:
        text = _plain(reading, str(block))
        if not parenthetical:
            spoken.append(text.removeprefix("~").strip())
            continue
        delivery = text.strip().removeprefix("(").removesuffix(")").strip()
        felt = emotion_in(delivery)
        if delivery.replace(".", "").upper() in _OFF_SCREEN:
            draft.items.append(Remark("where", f"{draft.people[speaker].name} ({delivery})"))
        elif felt is None and delivery:
            draft.items.append(Remark("how", f"({delivery})"))
        elif felt is not None and spoken and felt != emotion:
            draft.items.append(Said(speaker, " ".join(spoken), emotion, together))
            spoken, together, emotion = [], False, felt
        elif felt is not None:
            emotion = felt
    if spoken:
        draft.items.append(Said(speaker, " ".join(word for word in spoken if word), emotion, together))
