"""Cues from the turns of a plan: readable pieces of what is said, each with its speaker.

At most two rows of 42 characters and 7 seconds, cut where the sentence breathes; the usual figures of broadcasters'
subtitle guidelines. East Asian characters count double. Turns without words make no cue.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace

from dialogue.planning.plan import Plan, Turn, Word

ROW = 42  # characters
DRAFT_MARK = "[draft] "  # before what a draft voice says, where that is asked for
_TORN = 3.0  # the price of a break within a word; see `_break_price`
_THAI_BEFORE, _THAI_AFTER = "เแโใไ", "ะาำๅๆฯ"
_JOINERS = "\u200d\u094d\u09cd\u0acd\u0bcd\u0c4d\u0ccd\u0d4d\u17d2"  # zero width joiner; viramas, which join letters
_LONGEST = 7.0  # seconds
_SHORTEST = 1.0  # seconds, where nobody else's cue is in the way


@dataclass(frozen=True, order=True)
class Cue:
    """[start, end) in seconds: `text`, of one or two rows parted by a newline, said by speaker `speaker`."""

    start: float
    end: float
    speaker: str
    text: str


def width_of(text: str) -> int:
    """Columns that a text takes up; East Asian wide characters take two, combining marks none."""
    wide = {"W", "F"}
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in wide else 1
        for letter in text
    )


def _break_price(text: str, at: int) -> float:
    """How badly a text breaks before `text[at]`: 0 after a sentence, 0.35 after a clause, 0.7 between words."""
    before = text[:at].rstrip()[-1:]
    if before in ".!?…。！？":  # noqa: RUF001
        return 0.0
    return 0.35 if before in ",;:—–，、；：" else 0.7  # noqa: RUF001


def _breaks(text: str) -> dict[int, float]:
    """Where a text may break: the index of the first letter after the break, and its price.

    Between words and before any East Asian wide character that is no punctuation; and, dearer, between the letters of
    a word that is wider than a row: an address, or a sentence of a script that has no spaces.
    """
    found = {}
    for at in range(1, len(text)):
        wide = unicodedata.east_asian_width(text[at]) == "W" and unicodedata.category(text[at]).startswith("L")
        if text[at - 1] == " " or (wide and text[at] != " "):
            found[at] = _break_price(text, at)
    start = 0
    for word in text.split(" "):
        if width_of(word) > ROW:
            inside = range(start + 1, start + len(word))
            found |= {at: _TORN for at in inside if at not in found and _letters_part(text[at - 1], text[at])}
        start += len(word) + 1
    return found


def _letters_part(before: str, after: str) -> bool:
    """Whether a word may be torn between these two: never off a mark, a joiner, or a vowel written before or after."""
    bound = unicodedata.category(after) in ("Mn", "Mc", "Me", "Cf") or after in _THAI_AFTER
    return not bound and before not in _THAI_BEFORE and before not in _JOINERS


def _halves(text: str, row: int | None = None) -> tuple[str, str] | None:
    """A text in two, near the middle; in rows, both no wider than `row` when that is possible. None: a short word."""
    best: tuple[float, int] | None = None
    whole = max(1, width_of(text))
    for at, price in _breaks(text).items():
        first, second = width_of(text[:at].rstrip()), width_of(text[at:])
        price += abs(first - second) / whole
        if row is not None and max(first, second) > row:
            price += 10
        if best is None or price < best[0]:
            best = price, at
    return (text[: best[1]].rstrip(), text[best[1] :]) if best else None


def _rows(text: str) -> str:
    halves = _halves(text, ROW) if width_of(text) > ROW else None
    return "\n".join(halves) if halves else text


def _fits(text: str) -> bool:
    if width_of(text) <= ROW:
        return True
    halves = _halves(text, ROW)
    return halves is not None and max(width_of(row) for row in halves) <= ROW


def _pieces(text: str, seconds: float) -> list[str]:
    """The text in cues, each short enough to be shown at once."""
    halves = None if _fits(text) and seconds <= _LONGEST else _halves(text)
    if halves is None:
        return [text]
    share = width_of(halves[0]) / max(1, width_of(halves[0]) + width_of(halves[1]))
    return _pieces(halves[0], seconds * share) + _pieces(halves[1], seconds * (1 - share))


def _lingering(cues: list[Cue], duration: float) -> list[Cue]:
    """Very short cues stay a second, unless another one begins."""
    result = []
    for index, cue in enumerate(cues):
        limit = cues[index + 1].start if index + 1 < len(cues) else duration
        wanted = min(cue.start + _SHORTEST, limit)
        result.append(replace(cue, end=round(max(cue.end, wanted), 3)))
    return result


def words_of(plan: Plan, cue: Cue) -> tuple[Word, ...]:
    """The words of a cue with their times, one for each word of its text; empty where they are not known."""
    shown = cue.text.split()
    for turn in plan.turns:
        if turn.speaker != cue.speaker or not turn.words or not turn.start - 0.01 <= cue.start < turn.end:
            continue
        for first, word in enumerate(turn.words):
            here = turn.words[first : first + len(shown)]
            if word.start >= cue.start - 0.25 and [w.text for w in here] == shown:
                return here
    return ()


def _spans(turn: Turn, pieces: list[str]) -> list[tuple[float, float]]:
    """When each piece is said: by its words, where their times are known, else by its share of the text."""
    if [word.text for word in turn.words] == (turn.text or "").split() and not any(width_of(p) == 0 for p in pieces):
        counts = [len(piece.split()) for piece in pieces]
        if sum(counts) == len(turn.words):  # no word is torn
            firsts = [sum(counts[:index]) for index in range(len(counts))]
            return [
                (turn.words[first].start, turn.words[first + count - 1].end)
                for first, count in zip(firsts, counts, strict=True)
            ]
    total, at, spans = sum(width_of(piece) for piece in pieces), turn.start, []
    for piece in pieces:
        end = at + (turn.end - turn.start) * width_of(piece) / max(1, total)
        spans.append((at, end))
        at = end
    return spans


def _with_room(piece: str, mark: str) -> list[str]:
    """A piece, in two where a mark before it leaves too little room."""
    halves = None if not mark or _fits(mark + piece) else _halves(piece)
    return [piece] if halves is None else [part for half in halves for part in _with_room(half, mark)]


def cues_of(plan: Plan) -> tuple[Cue, ...]:
    """The cues of a plan, sorted by start. Speech that overlaps gives cues that overlap."""
    cues = []
    for turn in plan.turns:
        text = " ".join((turn.text or "").split())
        if not text:
            continue
        mark = DRAFT_MARK if plan.draft_marks and turn.draft is not None else ""
        pieces = [part for piece in _pieces(text, turn.end - turn.start) for part in _with_room(piece, mark)]
        for piece, (start, end) in zip(pieces, _spans(turn, pieces), strict=True):
            cues.append(Cue(round(start, 3), round(end, 3), turn.speaker, _rows(mark + piece)))
    return tuple(_lingering(sorted(cues), plan.duration))
