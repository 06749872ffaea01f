"""How the sounds under a film come and go: gain, fades, the room they make for speech, repeats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dialogue.planning.plan import MixPart, PlacedSound, Turn

# Of samples first … last of the film at a rate: what each is multiplied by, (n,).
Shape = Callable[[int, int, int], NDArray[np.float32]]

ATTACK, RELEASE = 0.25, 0.8  # seconds: it is down when the first word begins, and comes back slowly after the last
_HELD = 1.5  # seconds of a pause in which it stays down: up and down between two sentences is heard as pumping
_SEAM = 0.05  # seconds in which a sound that begins again fades over from its own end


def shaped(sounds: Sequence[PlacedSound], turns: Sequence[Turn]) -> Iterator[tuple[MixPart, Shape]]:
    """Every time that a sound is played, and its shape."""
    spoken = _spoken(turns)
    for sound in sounds:
        for part, seamed in _plays(sound):
            yield part, _shape(sound, spoken, part, seamed)


def _plays(sound: PlacedSound) -> Iterator[tuple[MixPart, tuple[bool, bool]]]:
    """Once, or one after the other until the sound ends; with whether each fades over from one before, to one after."""
    length = sound.audio.end - sound.audio.start
    if not sound.loop or sound.start + length >= sound.end:
        audio = replace(sound.audio, end=min(sound.audio.end, sound.audio.start + sound.end - sound.start))
        yield MixPart(audio, sound.start), (False, False)
        return
    at, first = sound.start, True
    while at < sound.end:
        last = at + length >= sound.end
        end = sound.audio.start + min(length, sound.end - at)
        yield MixPart(replace(sound.audio, end=end), at), (not first, not last)
        if last:
            return
        at, first = at + length - _SEAM, False


def _shape(sound: PlacedSound, spoken: NDArray[np.float64], part: MixPart, seamed: tuple[bool, bool]) -> Shape:
    level = 10 ** (sound.gain / 20)
    end = part.at + part.audio.end - part.audio.start

    def shape(first: int, last: int, rate: int) -> NDArray[np.float32]:
        when = (np.arange(first, last) + 0.5) / rate
        factor = level * _rising(when - sound.start, sound.fade_in) * _rising(sound.end - when, sound.fade_out)
        if seamed[0]:
            factor = factor * _rising(when - part.at, _SEAM)
        if seamed[1]:
            factor = factor * _rising(end - when, _SEAM)
        if sound.duck:
            factor = factor * 10 ** (-sound.duck * down(when, spoken) / 20)
        return np.asarray(factor, dtype=np.float32)

    return shape


def _rising(since: NDArray[np.float64], seconds: float) -> NDArray[np.float64]:
    """From 0 to 1 in so many seconds, as a quarter of a sine: two of them that cross keep the power."""
    if seconds <= 0:
        return np.ones_like(since)
    return np.asarray(np.sin(np.clip(since / seconds, 0, 1) * np.pi / 2))


def _spoken(turns: Sequence[Turn]) -> NDArray[np.float64]:
    """When anybody speaks, (stretches, 2) in seconds; pauses that are too short to come back in are within."""
    found: list[list[float]] = []
    for turn in sorted(turns, key=lambda turn: turn.start):
        if found and turn.start - found[-1][1] < _HELD:
            found[-1][1] = max(found[-1][1], turn.end)
        else:
            found.append([turn.start, turn.end])
    return np.asarray(found, dtype=np.float64).reshape(-1, 2)


def down(when: NDArray[np.float64], spoken: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far the sounds are down at these times, 0 … 1: all the way while anybody speaks, on a straight line in dB."""
    found = np.zeros_like(when)
    if not len(when):
        return found
    near = spoken[(spoken[:, 1] + RELEASE > when[0]) & (spoken[:, 0] - ATTACK < when[-1])]
    for start, end in near:
        ramp = np.minimum((when - start + ATTACK) / ATTACK, (end + RELEASE - when) / RELEASE)
        found = np.maximum(found, np.clip(ramp, 0, 1))
    return found
