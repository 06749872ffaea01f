"""Words of a script matched to words that were recognised: what is said of each line, and what besides.

By the least number of edits over the whole script (Needleman and Wunsch, 1970), with words that are nearly the same as
half a match, so that a recogniser's slips cost little.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import SequenceMatcher
from functools import lru_cache

import numpy as np

from dialogue.hearing.heard import HeardWord

_SAID = 0.35  # share of a line's words that must be recognised for it to be said
_BAND = 400  # words around the script's share of the recording


def share_said(lines: Sequence[str], heard: Sequence[HeardWord]) -> list[float]:
    """Which share of each line's words was recognised in its place, 0 … 1."""
    script = [(n, word) for n, line in enumerate(lines) for word in words_in(line)]
    matched = _matched([word for _, word in script], [plain(word.text) for word in heard])
    counts, found = [0] * len(lines), [0.0] * len(lines)
    for (line, _), score in zip(script, matched, strict=True):
        counts[line] += 1
        found[line] += score
    return [score / count if count else 1.0 for score, count in zip(found, counts, strict=True)]


def is_said(share: float) -> bool:
    return share >= _SAID


def words_in(line: str) -> list[str]:
    """The words of a line as they compare; each letter by itself in scripts without blanks."""
    return [part for word in line.split() for part in ([*plain(word)] if _unspaced(word) else [plain(word)]) if part]


@lru_cache(maxsize=4096)
def plain(word: str) -> str:
    return re.sub(r"[^\w]", "", word.lower())


def _unspaced(word: str) -> bool:
    return any("\u3040" <= letter <= "\u9fff" for letter in word)


@lru_cache(maxsize=65536)
def _alike(first: str, second: str) -> float:
    """1 the same word, 0.5 and more nearly so, else 0."""
    if first == second:
        return 1.0
    if not first or not second or abs(len(first) - len(second)) > 3:
        return 0.0
    ratio = SequenceMatcher(None, first, second, autojunk=False).ratio()
    return 0.5 + ratio / 4 if ratio > 0.7 else 0.0


def _matched(script: Sequence[str], heard: Sequence[str]) -> list[float]:
    """For each word of the script, how well the word it is matched to fits; 0 where it has none."""
    rows, columns = len(script), len(heard)
    if not rows or not columns:
        return [0.0] * rows
    best = np.zeros((rows + 1, columns + 1), np.float32)
    for row in range(1, rows + 1):
        middle = row * columns // rows
        first, last = max(1, middle - _BAND), min(columns, middle + _BAND)
        scores = np.array([_alike(script[row - 1], heard[column - 1]) for column in range(first, last + 1)], np.float32)
        best[row] = best[row - 1]
        diagonal = best[row - 1, first - 1 : last] + scores
        best[row, first : last + 1] = np.maximum(best[row, first : last + 1], diagonal)
        best[row] = np.maximum.accumulate(best[row])
    found = [0.0] * rows
    row, column = rows, columns
    while row and column:
        if best[row, column] == best[row - 1, column]:
            row -= 1
        elif best[row, column] == best[row, column - 1]:
            column -= 1
        else:
            found[row - 1] = float(best[row, column] - best[row - 1, column - 1])
            row, column = row - 1, column - 1
    return found
