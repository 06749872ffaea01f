"""Where to cut a long stretch of film: at pauses, so that every shot fills its windows.

W windows of w latents hold 4wW-3 frames (129, 261, 393, … for the released 33), and a shot of one frame more pays for
another window. A small dynamic programme over the pauses finds the cheapest cuts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from model.grid import frames_for, windows_for

_LATENTS = 198  # of the longest shot
_SHOT_COST = 0.05  # of a window: of two cuttings equal in windows, the one with fewer shots
_SPEECH_COST = 3.0  # of cutting into somebody's word: worse than three windows
_BREATH = 8  # frames; a shorter pause is a worse place to cut


@dataclass(frozen=True)
class Pause:
    """Frames [start, end) in which nobody speaks; a cut may be at any frame boundary start … end."""

    start: int
    end: int


@dataclass(frozen=True)
class Limits:
    """The longest shot, in frames, and the latents of a window (None: frames are made one by one)."""

    longest: int
    window: int | None


def limits_of(window: int | None, fps: float, seconds: float = 60.0) -> Limits:
    """What one generator call should hold: as many windows as fit 198 latents, or `seconds` where there are none.

    198 latents are six windows of 33, 789 frames, 32 s at 25 fps. With three such windows, forty turns of a dialogue
    compute 1.10 times the latents they need, with six 1.03 (the pauses of speech are where they are); more would only
    make a lost shot dearer. Shorter windows fill as long a shot: every cut that falls into speech can be seen.
    """
    if window is None:
        return Limits(max(1, round(seconds * fps)), None)
    return Limits(frames_for(max(1, _LATENTS // window) * window), window)


def cuts_within(start: int, end: int, pauses: Sequence[Pause], limits: Limits) -> tuple[int, ...]:
    """Cuts strictly between `start` and `end`, cheapest in windows, at pauses; none when one shot holds it all.

    Between equal costs: fewer shots, longer pauses, the middle of a pause. Only where no pause is within reach
    does a cut fall into speech.
    """
    if end - start <= limits.longest:
        return ()
    frames, prices = _candidates(start, end, pauses, limits)
    best = [0.0] + [float("inf")] * (len(frames) - 1)
    came_from = [0] * len(frames)
    for here in range(1, len(frames)):
        first = bisect_left(frames, frames[here] - limits.longest)
        for before in range(first, here):
            cost = best[before] + _cost(frames[here] - frames[before], limits) + prices[here]
            if cost < best[here] - 1e-9:
                best[here], came_from[here] = cost, before
    cuts = []
    here = came_from[-1]
    while here:
        cuts.append(frames[here])
        here = came_from[here]
    return tuple(reversed(cuts))


def nearest_pause(frame: int, first: int, last: int, pauses: Sequence[Pause]) -> int:
    """The boundary first … last, in a pause, nearest to `frame`; in a long pause, a breath away from the speech.

    `frame` itself when there is no pause in that range.
    """
    best: tuple[float, int] | None = None
    for pause in pauses:
        low, high = max(pause.start, first), min(pause.end, last)
        if low > high:
            continue
        margin = min(_BREATH // 2, (high - low) // 2)
        at = min(max(frame, low + margin), high - margin)
        score = abs(at - frame) + (_BREATH if pause.end - pause.start < _BREATH else 0)
        if best is None or score < best[0]:
            best = score, at
    return best[1] if best else min(max(frame, first), last)


def _cost(frames: int, limits: Limits) -> float:
    windows = 0.0 if limits.window is None else float(windows_for(frames, limits.window))
    return windows + _SHOT_COST


def _candidates(start: int, end: int, pauses: Sequence[Pause], limits: Limits) -> tuple[list[int], list[float]]:
    """Boundaries where a cut may be, in order, and the price of each. The ends are free."""
    price = {start: 0.0, end: 0.0}
    for pause in pauses:
        low, high = max(pause.start, start + 1), min(pause.end, end - 1)
        if low > high:
            continue
        for step in range(9):  # more places in a long pause, so that a shot can fill its windows to the frame
            at = low + (high - low) * step // 8
            price[at] = min(_pause_price(pause, at), price.get(at, float("inf")))
    reach = max(1, limits.longest // 8)
    previous = start
    for at in sorted(price)[1:]:  # speech longer than a shot: somewhere inside it must do
        for between in range(previous + reach, at, reach) if at - previous > limits.longest // 2 else ():
            price[between] = _SPEECH_COST
        previous = at
    frames = sorted(price)
    return frames, [price[frame] for frame in frames]


def _pause_price(pause: Pause, at: int) -> float:
    """0 … 0.4 of a window: a short pause, and a cut close to a word, cost a little."""
    length = pause.end - pause.start
    shortness = max(0.0, 1 - length / _BREATH)
    middle = abs(at - (pause.start + pause.end) / 2) / (length / 2) if length else 0.0
    return 0.3 * shortness + 0.02 * middle * middle + (0.08 if length and middle > 0.99 else 0.0)
