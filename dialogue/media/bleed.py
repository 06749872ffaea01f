"""Cross-talk: another speaker heard through one's own microphone does not open one's mouth.

Two questions. Does the sound of track i reach track j at all, and how late: the phase transform of the generalized
cross-correlation (Knapp and Carter 1976), averaged over windows in which somebody speaks, has a sharp peak where it
does, even through a room. Then, per 10 ms: is track j louder than that bleed explains.

Shapes: `t` tracks, `w` windows, `n` samples at 16 kHz, `k` frequencies, `l` level frames (10 ms).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.segments import Segment
from dialogue.media.recordings import Samples
from dialogue.media.speech import FLOOR_DB, LEVELS_PER_SECOND, Listened, merge, speech_segments
from model.grid import SAMPLE_RATE

Levels = NDArray[np.float32]
Frames = NDArray[np.bool_]

_WINDOW = 16384  # samples of one comparison, 1 s
_MOST_WINDOWS = 160
_BAND = (150.0, 6000.0)  # Hz, where voices are and mains hum is not
_LONGEST_DELAY = 0.3  # seconds, for a talker heard back over a call
_SAME_TIME = 0.001  # seconds: a delay that does not tell who was first
_PEAK = 9.0  # times the spread of the correlation around it
_OTHER_PEAK = 0.08  # of the strongest: what is less may be its own ringing, not sound that goes the other way
_MOST_LOSS = 75.0  # dB; quieter than this, nothing of a voice is left
_LEAST_LOSS = 3.0  # dB that sound loses on its way into another microphone
_COPY = 0.98  # coherence of two files of one recording; two microphones in one room do not reach 0.9
_MOST_COPY_LOSS = 14.0  # dB between them
_MARGIN = 6.0  # dB above the bleed at which a track speaks for itself
_REACH = (0.15, 0.05)  # seconds before and after in which the source may have been louder: echo, and smoothing
_LOUD = 15.0  # dB below a speaker's loudest tenth: frames that show the loss
_SPLINTER = 0.05  # seconds
_LEAST_OWN = 0.15  # seconds; less speech than that between bleed is an echo
_GAP = 0.3  # seconds; a shorter pause is within the sentence


@dataclass(frozen=True)
class Leak:
    """Track `source` is heard in track `into`, `delay` seconds later and `gain` dB louder (below 0: quieter).

    `same`: both hold the same at one time and level, so that nobody can be told from the other.
    """

    source: int
    into: int
    delay: float
    gain: float
    same: bool = False


def own_speech(tracks: Sequence[Samples], heard: Sequence[Listened]) -> tuple[list[tuple[Segment, ...]], list[Leak]]:
    """Per track, when its own speaker speaks; and the leaks found.

    The tracks begin together. `heard` is what `listen` gave for each of them.
    """
    speech = [speech_segments(listened) for listened in heard]
    length = max((len(listened.levels) for listened in heard), default=0)
    levels = [_smooth(np.pad(h.levels, (0, length - len(h.levels)), constant_values=FLOOR_DB)) for h in heard]
    active = [_as_frames(segments, length) for segments in speech]
    leaks = find_leaks(tracks, levels, active)
    own = []
    for j in range(len(tracks)):
        explained = [_explained(leak, levels) for leak in leaks if leak.into == j and not leak.same]
        own.append(_tidy(active[j] & ~np.logical_or.reduce(explained)) if explained else speech[j])
    return own, leaks


def find_leaks(tracks: Sequence[Samples], levels: Sequence[Levels], active: Sequence[Frames]) -> list[Leak]:
    """Who is heard in whose track."""
    starts = _windows(active)
    if len(tracks) < 2 or not starts:
        return []
    spectra = [_spectra(track, starts) for track in tracks]
    leaks: list[Leak] = []
    for i in range(len(tracks)):
        for j in range(i + 1, len(tracks)):
            copies = _coherence(spectra[i], spectra[j]) > _COPY
            leaks += _leaks_between(i, j, _delays(spectra[i], spectra[j]), levels, active, copies)
    return leaks


def _leaks_between(
    i: int, j: int, delays: Sequence[float], levels: Sequence[Levels], active: Sequence[Frames], copies: bool
) -> list[Leak]:
    together = len(delays) == 1 and abs(delays[0]) <= _SAME_TIME
    ways = [(i, j, abs(delay)) for delay in delays if delay > 0 or together]
    ways += [(j, i, abs(delay)) for delay in delays if delay < 0 or together]
    gains = [_gain(levels[source], levels[into], active[source], delay) for source, into, delay in ways]
    least = -_MOST_COPY_LOSS if copies else -_LEAST_LOSS
    if together and all(gain is not None and gain > least for gain in gains):
        return [Leak(i, j, 0.0, 0.0, same=True)]
    # Sound only loses on its way, but the second microphone may be turned up. Where the other one hears nothing
    # back, being later is proof enough; else the level must tell who speaks.
    ceiling = 2 * _LEAST_LOSS if len(ways) == 1 else -_LEAST_LOSS
    return [
        Leak(source, into, delay, min(gain, ceiling))
        for (source, into, delay), gain in zip(ways, gains, strict=True)
        if gain is not None and gain > -_MOST_LOSS
    ]


def _windows(active: Sequence[Frames]) -> list[int]:
    """First samples of at most `_MOST_WINDOWS` windows, spread over the time in which somebody speaks."""
    if not active or not len(active[0]):
        return []
    hop = _WINDOW * LEVELS_PER_SECOND // SAMPLE_RATE
    chosen: set[int] = set()
    for frames in active:
        spoken = [k for k in range(0, len(frames), hop) if frames[k : k + hop].mean() > 0.3]
        share = max(1, _MOST_WINDOWS // len(active))
        chosen |= {spoken[index] for index in np.linspace(0, len(spoken) - 1, min(share, len(spoken))).astype(int)}
    return [k * SAMPLE_RATE // LEVELS_PER_SECOND for k in sorted(chosen)]


def _spectra(track: Samples, starts: Sequence[int]) -> NDArray[np.complex64]:
    """Spectra (w, k) of the windows, zero-padded so that delays do not wrap; one pass over the recording."""
    windows = np.zeros((len(starts), _WINDOW), np.float32)
    position = 0
    for block in track.blocks():
        for w, start in enumerate(starts):
            first, last = max(start, position), min(start + _WINDOW, position + len(block))
            if first < last:
                windows[w, first - start : last - start] = block[first - position : last - position]
        position += len(block)
    found: NDArray[np.complex64] = np.fft.rfft(windows * np.hanning(_WINDOW), 2 * _WINDOW).astype(np.complex64)
    return found


def _delays(a: NDArray[np.complex64], b: NDArray[np.complex64]) -> list[float]:
    """Seconds by which b repeats a: positive, negative, or one of each; empty when they share no sound."""
    frequencies = np.fft.rfftfreq(2 * _WINDOW, 1 / SAMPLE_RATE)
    band = (frequencies >= _BAND[0]) & (frequencies <= _BAND[1])
    cross = b * np.conj(a) * band
    size = np.abs(cross)
    heard = size.max(axis=1) > 1e-6  # a silent window has no phase
    if not heard.any():
        return []
    phase = (cross[heard] / np.maximum(size[heard], 1e-12)).mean(axis=0)
    correlation = np.fft.irfft(phase)
    most = round(_LONGEST_DELAY * SAMPLE_RATE)
    around = np.abs(np.concatenate([correlation[-most:], correlation[: most + 1]]))
    threshold = max(_PEAK * float(np.median(around)) / 0.6745, _OTHER_PEAK * float(around.max()))
    near = round(_SAME_TIME * SAMPLE_RATE)
    strongest = int(around.argmax()) - most
    if abs(strongest) <= near:
        return [strongest / SAMPLE_RATE] if around.max() > threshold else []
    before, after = around[: most - near], around[most + near + 1 :]
    delays = []
    if after.max() > threshold:
        delays.append((int(after.argmax()) + near + 1) / SAMPLE_RATE)
    if before.max() > threshold:
        delays.append((int(before.argmax()) - most) / SAMPLE_RATE)
    return delays


def _coherence(a: NDArray[np.complex64], b: NDArray[np.complex64]) -> float:
    """How much of each is the other, made louder or quieter: 0 … 1."""
    cross = abs(complex(np.vdot(a, b)))
    power = float(np.vdot(a, a).real) * float(np.vdot(b, b).real)
    return cross / power**0.5 if power > 0 else 0.0


def _gain(source: Levels, into: Levels, active: Frames, delay: float) -> float | None:
    """dB from the source to where it is heard, by the quietest fifth: what the other speaker adds only raises it."""
    shift = round(delay * LEVELS_PER_SECOND)
    reach = len(source) - shift
    spoken = active[:reach]
    if not spoken.any():
        return None
    loud = spoken & (source[:reach] >= np.percentile(source[:reach][spoken], 90) - _LOUD)
    return float(np.percentile((into[shift:] - source[:reach])[loud], 20)) if loud.any() else None


def _explained(leak: Leak, levels: Sequence[Levels]) -> Frames:
    """Where what the source said just before is loud enough to be all that is heard."""
    bleed = _recent_loudest(levels[leak.source], leak.delay) + leak.gain
    frames: Frames = levels[leak.into] < bleed + _MARGIN
    return frames


def _tidy(own: Frames) -> tuple[Segment, ...]:
    """Segments of an own speech with holes: splinters dropped, pauses within a sentence closed."""
    whole = [segment for segment in merge(_as_segments(own), _SPLINTER) if segment.duration >= _SPLINTER]
    return tuple(segment for segment in merge(whole, _GAP) if segment.duration >= _LEAST_OWN)


def _recent_loudest(levels: Levels, delay: float) -> Levels:
    """At each frame, the loudest the source was around `delay` before it."""
    from scipy.ndimage import maximum_filter1d

    before, after = (round(seconds * LEVELS_PER_SECOND) for seconds in _REACH)
    shift = round(delay * LEVELS_PER_SECOND)
    shifted = np.concatenate([np.full(shift, FLOOR_DB, np.float32), levels])[: len(levels)]
    loudest: Levels = maximum_filter1d(shifted, before + after + 1, origin=(before - after) // 2)
    return loudest


def _smooth(levels: Levels) -> Levels:
    """Mean over 30 ms, in dB: an own syllable and its bleed line up although a delay is no whole frame."""
    return np.convolve(np.pad(levels, 1, mode="edge"), np.full(3, 1 / 3), "valid").astype(np.float32)


def _as_frames(segments: Sequence[Segment], length: int) -> Frames:
    frames = np.zeros(length, bool)
    for segment in segments:
        frames[round(segment.start * LEVELS_PER_SECOND) : round(segment.end * LEVELS_PER_SECOND)] = True
    return frames


def _as_segments(frames: Frames) -> list[Segment]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(np.int8)))
    return [Segment(a / LEVELS_PER_SECOND, b / LEVELS_PER_SECOND) for a, b in edges.reshape(-1, 2).tolist()]
