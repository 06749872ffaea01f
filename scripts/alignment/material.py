"""Talks of known truth for the aligner: sentences spoken by machine, with pauses, under music, or told wrongly."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from dialogue.drafts import espeak

RATE = 16_000
LINES = 24
VOICES = {"en": ("en-us+m3", "en-gb+f2"), "de": ("de+m7", "de+f4"), "fr": ("fr+m1", "fr+f5")}
SENTENCES = Path(__file__).parent


@dataclass(frozen=True)
class Talk:
    """A recording (n,), its script as (speaker, text), and when each line is said; None: it is not.

    `swapped`: the lines that are said elsewhere than the script has them. `extra`: stretches that no line covers.
    """

    samples: NDArray[np.float32]
    script: tuple[tuple[str, str], ...]
    truth: tuple[tuple[float, float] | None, ...]
    swapped: frozenset[int] = frozenset()
    extra: tuple[tuple[float, float], ...] = ()


def talk(
    seed: int, language: str, pauses: tuple[float, float], music: bool = False, missing: int = 0, swaps: int = 0,
    extra: int = 0,
) -> Talk:  # fmt: skip
    """A talk of two; `missing` lines are not said, `swaps` pairs of neighbours change places, `extra` are ad libbed."""
    random = np.random.default_rng(seed)
    sentences = (SENTENCES / f"{language}.txt").read_text(encoding="utf-8").strip().splitlines()
    order = random.permutation(len(sentences))
    count = min(LINES, len(sentences) - extra)
    script = [(("ana", "ben")[n % 2], sentences[i]) for n, i in enumerate(order[:count])]
    said: list[int] = list(range(count))
    swapped: set[int] = set()
    for at in random.choice(np.arange(1, count - 1, 3), swaps, replace=False):
        said[at], said[at + 1] = said[at + 1], said[at]
        swapped |= {int(at), int(at) + 1}
    left_out = {int(n) for n in random.choice([n for n in range(count) if n not in swapped], missing, replace=False)}
    adlibs = {int(n): sentences[order[count + k]] for k, n in enumerate(random.choice(count, extra, replace=False))}
    parts, at = [np.zeros(RATE // 2, np.float32)], RATE // 2
    truth: list[tuple[float, float] | None] = [None] * count
    heard_extra: list[tuple[float, float]] = []
    for n in said:
        spoken = [] if n in left_out else [(n, script[n][1])]
        if n in adlibs:
            spoken.append((-1, adlibs[n]))
        for which, text in spoken:
            sound = _spoken(text, VOICES[language][n % 2])
            span = (at / RATE, (at + len(sound)) / RATE)
            if which >= 0:
                truth[which] = span
            else:
                heard_extra.append(span)
            pause = np.zeros(round(RATE * random.uniform(*pauses)), np.float32)
            parts += [sound, pause]
            at += len(sound) + len(pause)
    samples = np.concatenate(parts)
    room = random.standard_normal(len(samples)).astype(np.float32) * 10 ** (-60 / 20)
    samples = samples + room + (_music(len(samples), random) if music else 0)
    return Talk(samples.astype(np.float32), tuple(script), tuple(truth), frozenset(swapped), tuple(heard_extra))


def _spoken(text: str, voice: str) -> NDArray[np.float32]:
    sound, rate = espeak.speak(text, voice, voice[:2], 1.0)
    common = np.gcd(rate, RATE)
    sound = np.asarray(resample_poly(sound, RATE // common, rate // common), np.float32)
    inside = np.flatnonzero(np.abs(sound) > 0.01 * np.abs(sound).max())
    sound = sound[inside[0] : inside[-1] + 1]
    return np.asarray(sound * (0.1 / np.sqrt(np.mean(sound**2))), np.float32)


def _music(count: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Chords that change every two seconds, with a beat, 10 dB below the speech."""
    time = np.arange(count) / RATE
    bed = np.zeros(count)
    for first in range(0, count, 2 * RATE):
        here = time[first : first + 2 * RATE]
        root = 110 * 2 ** (random.integers(0, 12) / 12)
        for step in (1, 1.26, 1.5, 2, 3):
            bed[first : first + 2 * RATE] += np.sin(2 * np.pi * root * step * here + random.uniform(0, 6)) / step
    beat = (np.sin(2 * np.pi * 2 * time) > 0.95) * random.standard_normal(count)
    bed += beat * np.sqrt(np.mean(bed**2))
    return np.asarray(bed * (0.1 * 10 ** (-10 / 20) / np.sqrt(np.mean(bed**2))), np.float32)
