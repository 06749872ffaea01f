"""Words and phones of an English line by forced alignment: pocketsphinx, whose model comes in its wheel (BSD)."""

from __future__ import annotations

import re
import threading
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dialogue.hearing.heard import HeardWord

_FRAME = 0.01  # seconds
_LOCK = threading.Lock()  # a decoder aligns one text at a time
_SILENT = {"<sil>", "<s>", "</s>", "[NOISE]", "SIL"}
_ONES = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen""".split()  # noqa: SIM905
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905


def available(language: str) -> bool:
    return language == "en" and find_spec("pocketsphinx") is not None


def words_of(samples: NDArray[np.float32], text: str, start: float) -> tuple[HeardWord, ...] | None:
    """The words of `text` in (n,) samples at 16 kHz that begin at `start` seconds; None where they do not fit.

    Words the dictionary lacks are left out and take the time between their neighbours.
    """
    shown = text.split()
    spoken = [[part for part in _spoken(word) if _decoder().lookup_word(part)] for word in shown]
    flat = [part for parts in spoken for part in parts]
    if not flat:
        return None
    with _LOCK:
        segments = _aligned(samples, " ".join(flat))
    if segments is None or len(segments) != len(flat):
        return None
    return _gathered(shown, spoken, segments, start)


def _aligned(samples: NDArray[np.float32], text: str) -> list[tuple[float, float, tuple[Any, ...]]] | None:
    decoder = _decoder()
    sound = (np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes()
    try:
        decoder.set_align_text(text)
        _decode(decoder, sound)
        if decoder.hyp() is None:
            return None
        decoder.set_alignment()
        _decode(decoder, sound)
        alignment = decoder.get_alignment()
    except RuntimeError:  # the text cannot be fitted to the sound
        return None
    found = []
    for word in alignment or ():
        if word.name in _SILENT:
            continue
        phones = tuple((p.name, p.start * _FRAME, (p.start + p.duration) * _FRAME) for p in word)
        found.append((word.start * _FRAME, (word.start + word.duration) * _FRAME, phones))
    return found


def _decode(decoder: Any, sound: bytes) -> None:
    decoder.start_utt()
    decoder.process_raw(sound, full_utt=True)
    decoder.end_utt()


def _gathered(
    shown: list[str], spoken: list[list[str]], segments: list[tuple[float, float, tuple[Any, ...]]], start: float
) -> tuple[HeardWord, ...]:
    """One entry a written word; one whose sounds are not known lies between its neighbours."""
    at, spans = 0, []
    for parts in spoken:
        here = segments[at : at + len(parts)]
        at += len(parts)
        phones = tuple((n, round(a + start, 3), round(b + start, 3)) for _, _, found in here for n, a, b in found)
        spans.append((here[0][0] + start, here[-1][1] + start, phones) if here else None)
    words = []
    for index, (word, span) in enumerate(zip(shown, spans, strict=True)):
        if span is None:
            before = next((s[1] for s in reversed(spans[:index]) if s), segments[0][0] + start)
            after = next((s[0] for s in spans[index + 1 :] if s), before)
            span = (before, max(before, after), ())
        words.append(HeardWord(word, round(span[0], 3), round(span[1], 3), span[2]))
    return tuple(words)


def _spoken(word: str) -> list[str]:
    """A written word as the dictionary has it: lower case, numbers in words."""
    plain = re.sub(r"[’`]", "'", word.lower())
    if re.fullmatch(r"\W*\d{1,4}\W*", plain):
        return _number(int(re.sub(r"\D", "", plain)))
    return [part for part in re.findall(r"[a-z']+", plain) if part.strip("'")]


def _number(value: int) -> list[str]:
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]
    if value < 1000 or 2000 <= value < 2010:
        unit, name = (100, "hundred") if value < 1000 else (1000, "thousand")
        return [_ONES[value // unit], name, *(_number(value % unit) if value % unit else [])]
    return [*_number(value // 100), *(_number(value % 100) if value % 100 else ["hundred"])]


@lru_cache(maxsize=1)
def _decoder() -> Any:
    from pocketsphinx import Decoder

    return Decoder(lm=None, loglevel="FATAL", samprate=16000.0)
