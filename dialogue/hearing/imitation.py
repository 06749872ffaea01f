"""Lines found in a recording by imitating them: each spoken by a draft voice, and warped in time onto what is heard.

The lines follow each other; between two of them any stretch of the recording may be left out, which costs what is said
in it, and a line may be left out, which costs its length. Costs are shares of what a wrong match costs, so that 1 is
chance.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from einops import einsum
from numpy.typing import NDArray

from dialogue.hearing.features import FRAMES_PER_SECOND, Features

_SKIPPED_SPEECH = 0.20  # a frame of speech that is no line's
_MISSING = 0.45  # a frame of a line that is not said
_SLOW, _FAST = 0.08, 0.06  # besides the match, for going at half or at twice the pace
_SILENCE = 0.35  # a silent frame of a line, wherever it is matched
_SILENT_FRAME = 0.5  # a frame of a line matched to silence
_OTHERS_VOICE = 0.6  # a frame of a line matched to speech that is somebody else's
_PAUSED = 0.03  # a frame of silence in the middle of a line
_BREATHS = 4  # frames of a line between places at which it may pause
_UNBROKEN = 12  # frames at a line's beginning and end in which it does not pause: no single sound across a gap
_BAND = 100.0  # seconds around where the script's share puts a line
_SWAPPED = 4.0  # for two neighbours to change places
_BARRED = 1e4  # a frame in which a line cannot be
_NEVER = np.float32(1e9)


@dataclass(frozen=True)
class Template:
    """A line as a draft voice says it: features (t, c), and which frames of it are silent (t,)."""

    features: Features
    silent: NDArray[np.bool_]


@dataclass(frozen=True)
class Placed:
    """[start, end) in seconds of the recording, and how much better it fits here than anywhere else: 0 … 1."""

    start: float
    end: float
    alike: float


@dataclass(frozen=True)
class _Step:
    """One line's choices, for every frame j of the recording (t + 1,).

    `where`: the frame at which the line has ended, when j frames have passed. `placed`: whether it is said, when it
    ends at j; `starts` and `spent`: at which frame it then began, and what the match costs.
    """

    where: NDArray[np.int32]
    placed: NDArray[np.bool_]
    starts: NDArray[np.int32]
    spent: NDArray[np.float32]


@dataclass(frozen=True)
class _Swap:
    """A line after the one before it, or before that one: where the second is `chosen` (t + 1,), it costs less."""

    taken: _Step
    sooner: _Step
    later: _Step
    chosen: NDArray[np.bool_]


@dataclass(frozen=True)
class _Recording:
    """What is heard (t, c), when somebody speaks and where no line can be (t,); what a wrong match costs."""

    heard: Features
    speech: NDArray[np.bool_]
    barred: NDArray[np.bool_]
    chance: float

    @cached_property
    def skipped(self) -> NDArray[np.float64]:
        """(t + 1,) the cost of leaving out all speech before a frame."""
        spoken = self.speech & ~self.barred
        return np.concatenate([[0.0], np.cumsum(spoken * _SKIPPED_SPEECH)]).astype(np.float64)


def place_templates(
    templates: Sequence[Template], heard: Features, speech: NDArray[np.bool_], allowed: Sequence[NDArray[np.bool_]],
    swaps: Collection[int] = (), barred: NDArray[np.bool_] | None = None,
) -> list[Placed | None]:  # fmt: skip
    """Where each template is said in `heard` (t, c), in order; None for one that is not.

    `speech` (t,): whether anybody speaks. `allowed[i]` (t,): whether it may be the speaker of template i who does.
    `swaps`: every i for which template i + 1 may be said before template i. `barred` (t,): where no line can be.
    """
    frames = len(heard)
    if not templates or not frames:
        return [None] * len(templates)
    barred = np.zeros(frames, bool) if barred is None else barred
    recording = _Recording(heard, speech, barred, _chance(templates, heard))
    lengths = np.array([len(template.silent) for template in templates], float)
    middles = (np.cumsum(lengths) - lengths / 2) / lengths.sum() * frames

    def step(index: int, best: NDArray[np.float64]) -> tuple[_Step, NDArray[np.float64]]:
        band = _band(middles[index], lengths[index], frames)
        return _stepped(recording, templates[index], allowed[index], best, band)

    # levels[i][j]: the least cost with the first i templates placed within the first j frames
    levels = [recording.skipped.copy()]
    history: list[_Step | _Swap] = []
    for index in range(len(templates)):
        taken, best = step(index, levels[index])
        if index - 1 in swaps:
            sooner, between = step(index, levels[index - 1])
            later, turned = step(index - 1, between)
            swapped = turned + _SWAPPED < best
            history.append(_Swap(taken, sooner, later, swapped))
            levels.append(np.where(swapped, turned + _SWAPPED, best))
        else:
            history.append(taken)
            levels.append(best)
    return _back(history, frames)


def _stepped(
    recording: _Recording, template: Template, allowed: NDArray[np.bool_], best: NDArray[np.float64],
    band: tuple[int, int],
) -> tuple[_Step, NDArray[np.float64]]:  # fmt: skip
    """One more line after what `best` has, (t + 1,): said or not; and the least cost with it."""
    skipped = recording.skipped
    ends, starts = _warp(recording, template, allowed, best, band)
    missing = best + _MISSING * (~template.silent).sum()
    through = np.where(ends < missing, ends, missing) - skipped
    # from here on, frames may pass: the least over all earlier ends, plus the speech in between
    carried = np.minimum.accumulate(through)
    where = np.maximum.accumulate(np.where(through <= carried, np.arange(len(best)), 0)).astype(np.int32)
    spent = (ends - best[starts]).astype(np.float32)
    return _Step(where, ends < missing, starts, spent), carried + skipped


def _margin(spent: NDArray[np.float32], start: int, end: int) -> float:
    """How much less the line costs here than anywhere else in the recording, as a share of that; 1 at the most."""
    reach = (end - start) // 2
    elsewhere = np.concatenate([spent[: max(0, start + reach)], spent[end + reach :]])
    second = float(elsewhere.min(initial=float(_NEVER)))
    return 1.0 if second >= float(_NEVER) / 2 else 1 - float(spent[end]) / second


def _band(middle: float, length: float, frames: int) -> tuple[int, int]:
    reach = _BAND * FRAMES_PER_SECOND + length + 0.15 * frames
    return max(0, int(middle - reach)), min(frames, int(middle + reach))


def _chance(templates: Sequence[Template], heard: Features) -> float:
    """What two frames that have nothing to do with each other are apart, on average."""
    random = np.random.default_rng(0)
    said = np.concatenate([template.features[~template.silent] for template in templates])
    if not len(said):
        return 1.0
    a, b = said[random.integers(len(said), size=2000)], heard[random.integers(len(heard), size=2000)]
    return float(1 - np.mean(np.sum(a * b, axis=1))) or 1.0


def _warp(
    recording: _Recording, template: Template, allowed: NDArray[np.bool_], best: NDArray[np.float64],
    band: tuple[int, int],
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:  # fmt: skip
    """The least cost with the template ending before frame j, (t + 1,), and the frame at which it began."""
    first, last = band
    width = last - first
    here, speech, barred = recording.heard[first:last], recording.speech[first:last], recording.barred[first:last]
    extra = np.where(~speech, _SILENT_FRAME, np.where(allowed[first:last], 0.0, _OTHERS_VOICE)) + _BARRED * barred
    # within a line the recording may pause where nobody speaks, at hardly any cost
    pause = np.concatenate([[0.0], np.cumsum(np.where(speech | barred, _BARRED, _PAUSED))])
    places = np.arange(width + 1)
    cost = np.full(width + 1, float(_NEVER))  # ending before frame first + j
    start = np.zeros(width + 1, np.int32)
    for number, row in enumerate(template.features):
        if template.silent[number]:
            local = _SILENCE + _BARRED * barred
        else:
            local = (1 - einsum(here, row, "t c, c -> t")) / recording.chance + extra
        if number == 0:
            step = best[first:last]
            begun = np.arange(first, last, dtype=np.int32)
            cost[1:], start[1:] = step + local, begun
            cost[0] = _NEVER
            continue
        options = np.stack([cost[1:] + _SLOW, cost[:-1], np.concatenate([[_NEVER], cost[:-2]]) + _FAST])
        came = np.stack([start[1:], start[:-1], np.concatenate([[0], start[:-2]])])
        chosen = options.argmin(axis=0)
        cost[1:] = np.take_along_axis(options, chosen[None], 0)[0] + local
        start[1:] = np.take_along_axis(came, chosen[None], 0)[0]
        cost[0] = _NEVER
        if number % _BREATHS == 0 and _UNBROKEN <= number < len(template.silent) - _UNBROKEN:
            waited = np.minimum.accumulate(cost - pause)
            came_from = np.maximum.accumulate(np.where(cost - pause <= waited, places, 0))
            cost, start = waited + pause, start[came_from]
    ends, starts = np.full(len(best), float(_NEVER)), np.zeros(len(best), np.int32)
    ends[first : last + 1], starts[first : last + 1] = cost, start
    return ends, starts


def _back(history: Sequence[_Step | _Swap], frames: int) -> list[Placed | None]:
    """From the recording's end back to its beginning, the choice at every line that led there."""
    found: list[Placed | None] = [None] * len(history)
    at, index = frames, len(history) - 1
    while index >= 0:
        step = history[index]
        if isinstance(step, _Swap) and step.chosen[at]:
            found[index - 1], at = _taken(step.later, at)
            found[index], at = _taken(step.sooner, at)
            index -= 2
            continue
        found[index], at = _taken(step.taken if isinstance(step, _Swap) else step, at)
        index -= 1
    return found


def _taken(step: _Step, at: int) -> tuple[Placed | None, int]:
    """The line where it is said when `at` frames have passed after it, and how many had before it."""
    end = int(step.where[at])
    if not step.placed[end]:
        return None, end
    start = int(step.starts[end])
    alike = _margin(step.spent, start, end)
    return Placed(start / FRAMES_PER_SECOND, end / FRAMES_PER_SECOND, round(alike, 3)), start
