"""The lines of a script, heard in one recording: imitated, edges on pauses, words by forced alignment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialogue.drafts.engine import DraftError, Engine
from dialogue.drafts.engines import ENGINES, engine, engine_for
from dialogue.ground.segments import Segment
from dialogue.hearing.edges import on_pauses, speech_runs
from dialogue.hearing.features import FRAMES_PER_SECOND, HOP, RATE, features, loud
from dialogue.hearing.forced import available, words_of
from dialogue.hearing.heard import Difference, Heard, HeardLine, HeardWord
from dialogue.hearing.imitation import Placed, Template, place_templates

_SURE, _UNSURE = 0.03, -0.3  # likeness at which a line is surely this one, and below which it is asked about
# A line of some length that fits this much better elsewhere is looked for there, and its neighbour where that does.
_MISFIT, _NEIGHBOUR, _SHORT = -0.25, -0.1, 0.8
_DOUBTED = -0.15  # likeness below which a line may have changed places with its neighbour
_EXTRA = 1.2  # seconds of speech that no line covers, to be told of
_AGREE = 0.30  # seconds: how far forced alignment may put an edge from where imitation has it

Report = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ScriptLine:
    """A line to be found: its index in the scene's `lines`, who says it, and what."""

    item: int
    speaker: str
    text: str


def way_of(language: str) -> str | None:
    """How lines of a language are heard here, in words a plan prints; None where nothing can."""
    found = _imitator(language)
    if found is None:
        return None
    return f"heard by imitation ({found.NAME})" + (" and pocketsphinx" if available(language) else "")


def hear_lines(
    samples: NDArray[np.float32], lines: Sequence[ScriptLine], language: str,
    voices: Mapping[str, Sequence[Segment]] | None = None, report: Report | None = None,
) -> Heard:  # fmt: skip
    """The lines in (n,) samples at 16 kHz, in the order of the script.

    `voices`: when each speaker is known to speak; a speaker who is not in it may speak at any time.
    """
    from dialogue.media.speech import BLOCK, listen_to

    imitator = _imitator(language)
    if imitator is None or not lines or not len(samples):
        return Heard()
    listened = listen_to(samples[at : at + BLOCK] for at in range(0, len(samples), BLOCK))
    frames = -(-len(samples) // HOP)
    speech = _per_frame(listened.probabilities, 512, frames) > 0.35
    heard = features(samples, speech)
    templates = [_template(imitator, line.text, language, report, n, len(lines)) for n, line in enumerate(lines)]
    allowed = [_allowed(voices, line.speaker, frames) for line in lines]
    placed = place_templates(templates, heard, speech, allowed)
    if pairs := _may_swap(placed):
        placed = place_templates(templates, heard, speech, allowed, pairs)
    moved = _moved(templates, placed, heard, speech, allowed)
    places = [moved.get(n, place) for n, place in enumerate(placed)]
    active = _per_level(listened.probabilities, len(listened.levels)) > 0.3
    spans = _spans(places, speech_runs(listened.levels, active, 0.01))
    way = way_of(language) or ""
    found = {
        lines[n].item: _heard_line(samples, lines[n], span, place, language, way)
        for n, place in enumerate(places)
        if place is not None and (span := spans.get(n)) is not None
    }
    ordered = _in_order(places, moved)
    return Heard(found, tuple(_differences(lines, places, ordered, found, speech, voices)))


def _imitator(language: str) -> Engine | None:
    """The engine whose voice the lines are imitated with: not the user's own program, which may take minutes."""
    ready = (engine(name) for name in ENGINES if name != "command")
    fit = (made for made in ready if not made.languages() or language in made.languages())
    return next((made for made in fit if made.missing() is None), None) if engine_for(language) else None


def _template(imitator: Engine, text: str, language: str, report: Report | None, done: int, total: int) -> Template:
    from scipy.signal import resample_poly

    if report is not None:
        report("hearing the lines", done, total)
    try:
        sound, rate = imitator.speak(text, imitator.voices(language)[0], language, 1.0)
    except DraftError:
        sound, rate = np.zeros(0, np.float32), RATE
    common = np.gcd(rate, RATE)
    at_rate = np.asarray(resample_poly(sound, RATE // common, rate // common) if len(sound) else sound, np.float32)
    level = np.abs(at_rate)
    inside = np.flatnonzero(level > 0.01 * level.max(initial=1e-9))
    cut = at_rate[inside[0] : inside[-1] + 1] if len(inside) else np.zeros(HOP, np.float32)
    voiced = loud(cut)
    return Template(features(cut, voiced), ~voiced)


def _allowed(voices: Mapping[str, Sequence[Segment]] | None, speaker: str, frames: int) -> NDArray[np.bool_]:
    if voices is None or speaker not in voices:
        return np.ones(frames, bool)
    mask = np.zeros(frames, bool)
    for part in voices[speaker]:
        mask[_around(part.start, part.end)] = True
    return mask


def _around(start: float, end: float) -> slice:
    """The frames of a span in seconds and of a tenth of a second on both sides, as far as there are any."""
    return slice(max(0, int((start - 0.1) * FRAMES_PER_SECOND)), int((end + 0.1) * FRAMES_PER_SECOND) + 1)


def _per_frame(probabilities: NDArray[np.float32], hop: int, frames: int) -> NDArray[np.float32]:
    """Per 32 ms to per 20 ms: the value at the middle of each frame."""
    at = np.minimum((np.arange(frames) * HOP + HOP // 2) // hop, max(0, len(probabilities) - 1))
    return probabilities[at] if len(probabilities) else np.zeros(frames, np.float32)


def _per_level(probabilities: NDArray[np.float32], levels: int) -> NDArray[np.float32]:
    """Per 32 ms to per 10 ms, widened by one frame on both sides: the detector opens and closes late."""
    at = np.minimum((np.arange(levels) * 160 + 80) // 512, max(0, len(probabilities) - 1))
    wide = np.maximum(probabilities, np.maximum(np.roll(probabilities, 1), np.roll(probabilities, -1)))
    return wide[at] if len(probabilities) else np.zeros(levels, np.float32)


def _may_swap(placed: Sequence[Placed | None]) -> set[int]:
    """Every line that may be said after the one below it: where one of the two does not fit or is missing."""
    poor = {n for n, place in enumerate(placed) if place is None or place.alike < _DOUBTED}
    return {n for n in range(len(placed) - 1) if {n, n + 1} & poor}


def _misfits(placed: Sequence[Placed | None]) -> set[int]:
    """Lines that the order of the script forces to where they do not fit."""
    fits = [0.0 if place is None or place.end - place.start < _SHORT else place.alike for place in placed]
    found = {n for n, fit in enumerate(fits) if fit < _MISFIT}
    return found | {n for n, fit in enumerate(fits) if fit < _NEIGHBOUR and {n - 1, n + 1} & found}


def _in_order(places: Sequence[Placed | None], moved: Mapping[int, Placed]) -> set[int]:
    """As many lines as follow each other as the script has them; of two that do not, the one that was not sought."""
    said = [n for n, place in enumerate(places) if place is not None]
    starts = {n: place.start for n, place in enumerate(places) if place is not None}
    best: dict[int, tuple[float, int | None]] = {}  # the most lines in order up to this one, and the one before it
    for n in said:
        before = [(best[m][0], m) for m in said if m < n and starts[m] < starts[n]]
        count, last = max(before, default=(0.0, None))
        best[n] = (count + (0.9 if n in moved else 1.0), last)
    at = max(said, key=lambda n: best[n][0], default=None)
    found: set[int] = set()
    while at is not None:
        found.add(at)
        at = best[at][1]
    return found


def _spans(places: Sequence[Placed | None], runs: Sequence[Segment]) -> dict[int, tuple[float, float]]:
    """The lines that are said, edges on pauses, none over the next, in whatever order they are said."""
    said = sorted((place.start, place.end, n) for n, place in enumerate(places) if place is not None)
    edged = on_pauses([(start, end) for start, end, _ in said], runs)
    return {n: span for (_, _, n), span in zip(said, edged, strict=True) if span is not None}


def _moved(
    templates: Sequence[Template], placed: Sequence[Placed | None], heard: NDArray[np.float32],
    speech: NDArray[np.bool_], allowed: Sequence[NDArray[np.bool_]],
) -> dict[int, Placed]:  # fmt: skip
    """Lines that are not said in their place but elsewhere, in speech that is no other line's."""
    misfits = _misfits(placed)
    taken = np.zeros(len(speech), bool)
    for n, place in enumerate(placed):
        if place is not None and n not in misfits:
            taken[_frames(place)] = True
    found: dict[int, Placed] = {}
    for index, place in enumerate(placed):
        free = speech & ~taken
        if (place is not None and index not in misfits) or free.sum() < 0.5 * len(templates[index].silent):
            continue
        (elsewhere,) = place_templates([templates[index]], heard, speech, [allowed[index]], barred=taken)
        if elsewhere is not None and elsewhere.alike > (_NEIGHBOUR if index in misfits else _SURE):
            found[index] = elsewhere
            taken[_frames(elsewhere)] = True
    return found


def _frames(place: Placed) -> slice:
    return slice(int(place.start * FRAMES_PER_SECOND), int(place.end * FRAMES_PER_SECOND) + 1)


def _heard_line(
    samples: NDArray[np.float32], line: ScriptLine, span: tuple[float, float], place: Placed, language: str, way: str
) -> HeardLine:
    start, end = (round(edge, 3) for edge in span)
    words: tuple[HeardWord, ...] | None = None
    if available(language):
        first = max(0.0, start - 0.15)
        words = words_of(samples[int(first * RATE) : int((end + 0.15) * RATE)], line.text, first)
        near = words is not None and abs(words[0].start - start) < _AGREE and abs(words[-1].end - end) < _AGREE
        words = words if near else None
    sure = round(min(1.0, max(0.0, 0.5 + (place.alike - _UNSURE) / (2 * (_SURE - _UNSURE)) * 0.5)), 2)
    return HeardLine(start, end, sure, way, words or _words_by_length(line.text, start, end))


def _words_by_length(text: str, start: float, end: float) -> tuple[HeardWord, ...]:
    """Words as long as their letters ask, where nothing heard them one by one."""
    words = text.split()
    total = sum(len(word) + 1 for word in words)
    at, found = start, []
    for word in words:
        until = at + (end - start) * (len(word) + 1) / total
        found.append(HeardWord(word, round(at, 3), round(until, 3)))
        at = until
    return tuple(found)


def _differences(
    lines: Sequence[ScriptLine], placed: Sequence[Placed | None], ordered: Collection[int],
    found: Mapping[int, HeardLine], speech: NDArray[np.bool_], voices: Mapping[str, Sequence[Segment]] | None,
) -> list[Difference]:  # fmt: skip
    told = []
    for index, (line, place) in enumerate(zip(lines, placed, strict=True)):
        if place is None or line.item not in found:
            told.append(Difference("missing", line.item))
        elif index not in ordered:
            told.append(Difference("moved", line.item, found[line.item].start, found[line.item].end))
        elif place.alike < _UNSURE:
            told.append(Difference("unsure", line.item, found[line.item].start, found[line.item].end))
    free = speech.copy()
    if voices is not None and voices:  # speech of people without lines here is no difference
        known = np.zeros(len(free), bool)
        for parts in voices.values():
            known |= _allowed({"": parts}, "", len(free))
        free &= known
    for heard in found.values():
        free[_around(heard.start, heard.end)] = False
    edges = np.flatnonzero(np.diff(np.concatenate([[0], free.astype(np.int8), [0]])))
    for first, last in _joined(edges, FRAMES_PER_SECOND // 4):
        if (last - first) / FRAMES_PER_SECOND >= _EXTRA:
            start, end = first / FRAMES_PER_SECOND, last / FRAMES_PER_SECOND
            before = [item for item, line in found.items() if line.start < start]
            told.append(Difference("extra", max(before, default=lines[0].item), round(start, 2), round(end, 2)))
    return told


def _joined(edges: NDArray[np.int_], gap: int) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if runs and first - runs[-1][1] < gap:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs
