"""Diarization with no gated weights: voice activity, voice vectors and clustering.

It hears one voice at a time; where two are about equally likely the stretch is flagged as possible overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dialogue.diarization.clusters import centers, cluster, estimate_speakers, likeliest_path
from dialogue.diarization.diarization import Diarization
from dialogue.diarization.voice_encoder import RATE, VoiceEncoder, mean_voice
from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.media.speech import listen_to, speech_segments

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dialogue.diarization.diarization import Samples, Voice

METHOD = "open voices (voice activity, voice vectors, clustering)"
_HOP = 0.2  # seconds between the vectors of one stretch of speech
_CLEAR = 0.5  # seconds of speech on both sides that make a window good enough to cluster by
_SCALE = 20.0  # cosine to log likelihood
_CHANGE_COST = 1.5
_UNSURE = 0.05  # cosine between the best and the next voice under which neither is sure
_UNSURE_SHARE = 0.5  # and of the recording's median: voices far apart are less far where both speak
_LEAST_UNSURE = 0.6  # seconds


def diarize_by_voice(samples: Samples, speech: Sequence[Segment], speakers: int | None, reason: str) -> Diarization:
    """Who speaks in `speech` (from voice activity). `speakers`: how many, None to estimate, with a warning."""
    import numpy as np

    if not speech:
        return Diarization((), METHOD, reason, warnings=("nobody speaks in the recording",))
    where = [_window_centers(segment) for segment in speech]
    times = np.concatenate(where)
    owner = np.repeat(np.arange(len(speech)), [len(each) for each in where])
    vectors = VoiceEncoder().embed_around(samples, times, _speech_level(samples, speech))
    clear = _clear_windows(times, owner, speech)
    warnings = []
    if speakers is None:
        speakers = estimate_speakers(vectors[clear])
        warnings.append(f"the number of speakers was guessed from the voices: {speakers} (say it with --speakers)")
    labels = cluster(vectors[clear], speakers)
    path, scores = _relabel(vectors, clear, labels)
    found = len(np.unique(path))
    if found < speakers:
        warnings.append(f"{speakers} speakers were expected, {found} voices were found")
    names = {k: f"SPEAKER_{n:02d}" for n, k in enumerate(dict.fromkeys(path.tolist()))}
    voices = {names[k]: v for k, v in zip(np.unique(path).tolist(), centers(vectors, path), strict=True)}
    return Diarization(
        segments=tuple(_segments(speech, owner, times, path, names)),
        method=METHOD,
        reason=reason,
        voices=voices,
        unsure=tuple(_unsure(times, scores)),
        warnings=tuple(warnings),
    )


def voice_of(samples: Samples) -> Voice:
    """The voice in a sample of one speaker alone: its speech only, or all of it when none is found."""
    import numpy as np

    speech = speech_segments(listen_to([samples])) or (Segment(0.0, len(samples) / RATE),)
    times = np.concatenate([_window_centers(segment) for segment in speech])
    return mean_voice(VoiceEncoder().embed_around(samples, times, _speech_level(samples, speech)))


def _window_centers(segment: Segment) -> NDArray[np.float64]:
    import numpy as np

    count = max(1, round(segment.duration / _HOP))
    return np.asarray(segment.start + (np.arange(count) + 0.5) * segment.duration / count)


def _speech_level(samples: Samples, speech: Sequence[Segment]) -> float:
    import numpy as np

    power = [np.square(samples[int(s.start * RATE) : int(s.end * RATE)], dtype=np.float64) for s in speech]
    return float(np.sqrt(np.concatenate(power).mean())) if power else 0.0


def _clear_windows(
    times: NDArray[np.float64], owner: NDArray[np.int64], speech: Sequence[Segment]
) -> NDArray[np.bool_]:
    """Windows well inside speech; all of them when hardly any is."""
    import numpy as np

    starts = np.asarray([s.start for s in speech])[owner]
    ends = np.asarray([s.end for s in speech])[owner]
    clear = (times - starts >= _CLEAR) & (ends - times >= _CLEAR)
    return np.asarray(clear if clear.sum() >= max(8, 0.2 * len(times)) else np.ones(len(times), bool))


def _relabel(
    vectors: NDArray[np.float32], clear: NDArray[np.bool_], labels: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The likeliest path of voices through all windows; centres and path settle on each other."""
    import numpy as np

    voices = centers(vectors[clear], labels)
    path = np.zeros(len(vectors), np.int64)
    for _ in range(4):
        scores = vectors @ voices.T
        new = likeliest_path(_SCALE * (scores - scores.max(axis=1, keepdims=True)), _CHANGE_COST)
        if np.array_equal(new, path) or len(np.unique(new[clear])) < len(voices):
            path = new
            break
        path = new
        voices = centers(vectors[clear], path[clear])
    return path, vectors @ voices.T


def _segments(
    speech: Sequence[Segment],
    owner: NDArray[np.int64],
    times: NDArray[np.float64],
    path: NDArray[np.int64],
    names: dict[int, str],
) -> list[LabelledSegment]:
    """Each stretch of speech cut half way between the windows where the voice changes."""
    import numpy as np

    found = []
    for index, stretch in enumerate(speech):
        here = np.flatnonzero(owner == index)
        changes = [i for i in here[1:] if path[i] != path[i - 1]]
        cuts = [stretch.start, *(float(times[i - 1] + times[i]) / 2 for i in changes), stretch.end]
        labels = [path[here[0]], *(path[i] for i in changes)]
        found += [
            LabelledSegment(start, end, names[int(label)], origin=METHOD)
            for start, end, label in zip(cuts, cuts[1:], labels, strict=False)
        ]
    return found


def _unsure(times: NDArray[np.float64], scores: NDArray[np.float32]) -> list[Segment]:
    """Stretches in which the best two voices are about equally likely."""
    import numpy as np

    if scores.shape[1] < 2:
        return []
    top = np.sort(scores, axis=1)
    margins = top[:, -1] - top[:, -2]
    close = margins < max(_UNSURE, _UNSURE_SHARE * float(np.median(margins)))
    found: list[Segment] = []
    for time in times[close]:
        if found and time - found[-1].end <= 1.5 * _HOP:
            found[-1] = Segment(found[-1].start, float(time + _HOP / 2))
        else:
            found.append(Segment(float(time - _HOP / 2), float(time + _HOP / 2)))
    return [segment for segment in found if segment.duration >= _LEAST_UNSURE]
