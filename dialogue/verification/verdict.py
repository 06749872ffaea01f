"""A film's mouths against its plan: who moves while speaking, who while listening, and how far sound and lips part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.planning.plan import Plan
from dialogue.verification.activity import Activity, mouth_activity
from dialogue.verification.activity import speaking as speaking_frames
from dialogue.verification.sound_delay import LATE as LATE_SOUND
from dialogue.verification.sound_delay import FilmSoundCheck, check_sound, has_sound, unheard, voices_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Curve = NDArray[np.float32]  # (frames,)

STILL = 0.15  # grey levels per frame: a mouth that moves less, speaking, does not move at all
LEAK = 0.4  # of a speaker's own movement that they may show while they listen
LATE = 2  # frames between lips and sound that nobody notices
_MARGIN = 3  # frames around a turn that belong to neither speech nor silence
_LAGS = range(-6, 7)  # frames
_FITS, _CHANCE = 0.2, 1.5  # the least correlation that says something; standard errors between two that differ
_ENOUGH = 12  # frames of speech or of silence below which nothing is concluded


@dataclass(frozen=True)
class Verdict:
    """One speaker over the whole film. Movements are grey levels per frame, None where there was too little to see.

    `lag`: frames by which the mouth follows the sound (negative: runs ahead) where it is clear. `delay`: seconds by
    which the film's sound is late, None where that cannot be told. `faults` is empty when all is well.
    """

    speaker: str
    seconds: float
    speaking: float | None
    listening: float | None
    lag: int | None
    faults: tuple[str, ...]
    delay: float | None = None


def verify(film: Path, plan: Plan, media: Path | None = None) -> tuple[Verdict, ...]:
    """The verdict on every speaker of the plan who is seen in a shot.

    `media`: what the plan's paths are relative to, where the film's recordings are at hand to be compared with.
    """
    gone: frozenset[str] = frozenset()
    if plan.turns and not has_sound(film):
        delay, said = None, ["the film has no sound, and the plan has speech"]
    else:
        sound = check_sound(film, plan, media)
        delay, said = sound.delay, _of_sound(sound)
        gone = unheard(film, plan, media, delay or 0.0) if not sound.another else gone
    found = _verdicts(film, plan, _voices(plan, media, delay))
    mute = {who: ["nothing of them is heard where the plan has them speak"] for who in gone}
    return tuple(replace(v, delay=delay, faults=(*v.faults, *mute.get(v.speaker, []), *said)) for v in found)


def _of_sound(sound: FilmSoundCheck) -> list[str]:
    """What is wrong with the sound, the same for everybody."""
    if sound.another:
        return ["the film's sound is not what the plan's recordings give; is it another film, or another plan's?"]
    if sound.delay is None or abs(sound.delay) <= LATE_SOUND:
        return []
    return [f"the sound is {'late' if sound.delay > 0 else 'early'} by {abs(sound.delay) * 1000:.0f} ms"]


def _verdicts(film: Path, plan: Plan, voices: Curve | None) -> tuple[Verdict, ...]:
    """`voices`: how the level of what is said changes, where the film's own is also that of sounds under it."""
    activities = mouth_activity(film, plan)
    loudness = _loudness(film, plan) if voices is None else voices
    seen = [s.id for s in plan.speakers if any(a.speaker == s.id for a in activities)]
    return tuple(_verdict(plan, speaker, [a for a in activities if a.speaker == speaker], loudness) for speaker in seen)


def _verdict(plan: Plan, speaker: str, activities: Sequence[Activity], loudness: Curve) -> Verdict:
    import numpy as np

    speaks, near = speaking_frames(plan, speaker), speaking_frames(plan, speaker, _MARGIN)
    others = np.any([speaking_frames(plan, s.id) for s in plan.speakers if s.id != speaker] or [speaks & False], axis=0)
    voiced, silent, alone = [], [], []
    for activity in activities:
        span = slice(activity.shot.start + 1, activity.shot.end)  # the first frame has nothing before it
        moves = activity.movement[1:]
        voiced.append(moves[speaks[span]])
        silent.append(moves[~near[span]])
        alone.append((moves, loudness[span], (speaks & ~others)[span]))
    speaking, listening = _mean(voiced), _mean(silent)
    lag = _lag(alone) if speaking is not None and speaking >= STILL else None
    faults = [*_faults(speaking, listening, lag), *_elsewhere(activities)]
    return Verdict(speaker, float(speaks.sum() / plan.fps), speaking, listening, lag, tuple(faults))


def _elsewhere(activities: Sequence[Activity]) -> list[str]:
    """One sentence for all the shots in which the face opens beside its mouth."""
    wrong = [(activity.shot.index + 1, activity.elsewhere) for activity in activities if activity.elsewhere]
    if not wrong:
        return []
    shots = ", ".join(str(number) for number, _ in wrong)
    (_, (x, y)) = wrong[0]
    where = f"at [{x:.0f}, {y:.0f}] (shot{'s' * (len(wrong) > 1)} {shots})"
    return [f"what opens is not the mouth of the plan, but {where}"]


def _faults(speaking: float | None, listening: float | None, lag: int | None) -> list[str]:
    faults = []
    if speaking is not None and speaking < STILL:
        faults.append("the mouth does not move while they speak")
    if listening is not None and listening > STILL and (speaking is None or listening > LEAK * speaking):
        faults.append("the mouth moves while they listen")
    if lag is not None and abs(lag) > LATE:
        faults.append(f"the mouth {'follows' if lag > 0 else 'runs ahead of'} the sound by {abs(lag)} frames")
    return faults


def _mean(parts: Sequence[Curve]) -> float | None:
    import numpy as np

    joined = np.concatenate(parts)
    return float(joined.mean()) if len(joined) >= _ENOUGH else None


def _loudness(film: Path, plan: Plan) -> Curve:
    """(frames,): change of the film's own sound level from frame to frame, in dB, floored at silence."""
    import numpy as np

    from dialogue.ground.errors import SceneError
    from dialogue.media.recordings import read_samples
    from model.grid import SAMPLE_RATE

    try:
        sound = read_samples(film)
    except SceneError:  # a film without sound has no lag
        return np.zeros(plan.frames, np.float32)
    edges = [plan.clock.sample_at(frame, SAMPLE_RATE) for frame in range(plan.frames + 1)]
    sound = np.pad(sound, (0, max(0, edges[-1] - len(sound))))
    power = np.add.reduceat(np.square(sound[: edges[-1]], dtype=np.float64), edges[:-1]) / np.diff(edges)
    level = 10 * np.log10(np.maximum(power, 1e-5))
    return np.abs(np.diff(level, prepend=level[0])).astype(np.float32)


def _voices(plan: Plan, media: Path | None, delay: float | None) -> Curve | None:
    """As `_loudness`, of what is said alone; None where that is not known, or nothing lies under it."""
    import numpy as np

    from dialogue.media.speech import LEVELS_PER_SECOND

    said = voices_in(plan, media, delay) if plan.sounds and delay is not None else None
    if said is None:
        return None
    edges = [round(plan.clock.seconds_at(frame) * LEVELS_PER_SECOND) for frame in range(plan.frames + 1)]
    power = np.pad(10 ** (said.astype(np.float64) / 10), (0, max(0, edges[-1] - len(said))))
    level = 10 * np.log10(np.maximum(np.add.reduceat(power[: edges[-1]], edges[:-1]) / np.diff(edges), 1e-5))
    return np.abs(np.diff(level, prepend=level[0])).astype(np.float32)


def _lag(parts: Sequence[tuple[Curve, Curve, NDArray[np.bool_]]]) -> int | None:
    """The shift at which the mouth's movement fits the sound's best, where they alone speak; None when unclear."""
    import numpy as np

    fits = []
    for lag in _LAGS:
        mouth, sound = [], []
        for moves, change, speaks in parts:
            shifted = np.roll(change, lag)
            usable = speaks & np.roll(speaks, lag)
            usable[: max(0, lag)] = False
            usable[len(usable) + min(0, lag) :] = False
            mouth.append(moves[usable])
            sound.append(shifted[usable])
        x, y = np.concatenate(mouth), np.concatenate(sound)
        if len(x) < 2 * _ENOUGH or x.std() == 0 or y.std() == 0:
            return None
        fits.append(float(np.corrcoef(x, y)[0, 1]))
    best, at_once = int(np.argmax(fits)), fits[_LAGS.index(0)]
    if fits[best] < _FITS:
        return None
    # In few frames chance makes another shift fit as well as none: it has to be better by what chance may do.
    if fits[best] - at_once < _CHANCE / np.sqrt(len(x)):
        return 0 if at_once >= _FITS else None
    return _LAGS[best]
