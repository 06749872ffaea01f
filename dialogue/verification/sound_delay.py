"""How late a film's sound is, and whether it is the plan's at all: its level against that of recordings or turns."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.errors import SceneError
from dialogue.planning.plan import AudioSlice, MixPart, Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Levels = NDArray[np.float32]  # (l,) dBFS per 10 ms

LATE = 0.06  # seconds between sound and picture that nobody notices
_SPEECH, _SILENCE = -20.0, -60.0  # dBFS, where only the plan says when somebody speaks
_NEVER = 30.0  # seconds: a match this far away is none
_ANOTHER = 0.45  # correlation with the recordings: of other talks 0.26 to 0.41, of its own in equal noise 0.7 to 0.9
_BELOW, _FAR_BELOW = 20.0, 35.0  # dB further below what is expected than others; where only turns are known
_LEAST_ALONE = 0.5  # seconds for which somebody has to speak alone to be missed
_ENOUGH = 5.0  # seconds of sound below which chance makes anything alike


@dataclass(frozen=True)
class FilmSoundCheck:
    """`delay`: seconds by which the sound comes after the picture, below 0 before it; None where that cannot be told.

    `another`: the film is heard to have a sound that its plan's recordings do not give.
    """

    delay: float | None
    another: bool = False


def has_sound(film: Path) -> bool:
    """Whether a player would hear anything at all: a sound stream is there and can be read."""
    from dialogue.media.recordings import probe_recording

    try:
        return probe_recording(film, film.name).duration > 0
    except SceneError:
        return False


def voices_in(plan: Plan, media: Path | None, delay: float) -> Levels | None:
    """The level of what is said, (l,) dBFS per 10 ms of the film, without the sounds under it; None without the files.

    `delay`: seconds by which the film's sound comes late.
    """
    import numpy as np

    from dialogue.media.speech import FLOOR_DB, LEVELS_PER_SECOND

    said = _recorded(replace(plan, sounds=()), media)
    if said is None:
        return None
    late = round(delay * LEVELS_PER_SECOND)
    moved = np.full_like(said, FLOOR_DB)
    if late >= 0:
        moved[late:] = said[: len(said) - late]
    else:
        moved[:late] = said[-late:]
    return moved


def _recorded(plan: Plan, media: Path | None) -> Levels | None:
    """The level of the film as its recordings give it; None where they are not at hand."""
    import numpy as np

    from dialogue.media.offset import envelope
    from dialogue.media.recordings import Samples
    from dialogue.media.speech import FLOOR_DB, LEVELS_PER_SECOND
    from dialogue.rendering.shaping import shaped

    if media is None:
        return None
    parts = plan.mix.parts
    if plan.mix.source is not None:
        parts = (MixPart(AudioSlice(plan.mix.source, 0.0, plan.duration, stream=plan.mix.stream), 0.0),)
    power = np.zeros(round(plan.duration * LEVELS_PER_SECOND) + 1)
    known: dict[tuple[str, int | None, int | None], Levels] = {}
    try:
        for part, shape in [*((part, None) for part in parts), *shaped(plan.sounds, plan.turns)]:
            source, channel, stream = part.audio.heard
            if part.audio.heard not in known:
                known[part.audio.heard] = envelope(Samples(media / source, channel, stream))
            first, last = (round(time * LEVELS_PER_SECOND) for time in (part.audio.start, part.audio.end))
            levels = known[part.audio.heard][first:last] + (part.gain or 0.0)
            at = round(part.at * LEVELS_PER_SECOND)
            levels = levels[: max(0, len(power) - at)]
            if shape is not None:
                levels = levels + 20 * np.log10(np.maximum(shape(at, at + len(levels), LEVELS_PER_SECOND), 1e-6))
            power[at : at + len(levels)] += 10 ** (levels / 10)
    except SceneError:
        return None
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))), np.float32) if parts else None


def _turns(plan: Plan) -> Levels:
    """A level for the times in which somebody speaks, and one for those in which nobody does."""
    import numpy as np

    from dialogue.media.speech import LEVELS_PER_SECOND

    levels = np.full(round(plan.duration * LEVELS_PER_SECOND) + 1, _SILENCE, np.float32)
    for turn in plan.turns:
        levels[round(turn.start * LEVELS_PER_SECOND) : round(turn.end * LEVELS_PER_SECOND)] = _SPEECH
    return levels


def _picture_start(film: Path) -> float:
    """Seconds on a player's clock at which the first frame is shown."""
    from dialogue.media.sound_file import open_sound, zero_of

    with closing(open_sound(film)) as container:
        stream = container.streams.video[0] if container.streams.video else None
        if stream is None or stream.start_time is None or stream.time_base is None:
            return 0.0
        return float(stream.start_time * stream.time_base - zero_of(container))


def unheard(film: Path, plan: Plan, media: Path | None, delay: float) -> frozenset[str]:
    """The speakers of whom nothing is heard where they alone are to speak; `delay`: of the film's sound, in seconds.

    A voice is gone that is much further below what its recordings give than the best of the others is (a film may be
    turned up or down as a whole), or below what anybody hears. Lines that are silent until they are recorded are not
    looked for.
    """
    import numpy as np

    from dialogue.media.offset import envelope
    from dialogue.media.recordings import Samples
    from dialogue.media.speech import LEVELS_PER_SECOND

    heard, expected = envelope(Samples(film)), voices_in(plan, media, delay)
    least = _LEAST_ALONE * LEVELS_PER_SECOND
    count = len(heard) if expected is None else min(len(heard), len(expected))
    levels: dict[str, tuple[float, float]] = {}  # what is heard, and how far that is above what is expected
    for who, alone in _alone(plan, np.arange(count) / LEVELS_PER_SECOND - delay).items():
        if alone.sum() >= least:
            loud = float(np.percentile(heard[:count][alone], 90))
            due = _SPEECH if expected is None else float(np.percentile(expected[:count][alone], 90))
            levels[who] = loud, loud - due
    best = max((above for _, above in levels.values()), default=0.0)
    far = _BELOW if expected is not None else _FAR_BELOW
    return frozenset(who for who, (loud, above) in levels.items() if above < best - far or loud < _SILENCE)


def _alone(plan: Plan, times: NDArray[np.float64]) -> dict[str, NDArray[np.bool_]]:
    """By speaker, at which of these seconds of the film they are to be heard and nobody else is."""
    import numpy as np

    talking = {speaker.id: np.zeros(len(times), bool) for speaker in plan.speakers}
    for turn in plan.turns:
        if turn.draft != "silence":
            talking[turn.speaker] |= (times >= turn.start) & (times < turn.end)
    many = np.sum(list(talking.values()), axis=0) if talking else np.zeros(len(times))
    return {who: theirs & (many == 1) for who, theirs in talking.items()}


def check_sound(film: Path, plan: Plan, media: Path | None = None) -> FilmSoundCheck:
    """The film's sound against the plan's.

    `media`: what the plan's paths are relative to; without it, or without the files, the turns are compared.
    """
    from dialogue.media.offset import envelope, offset_of
    from dialogue.media.recordings import Samples
    from dialogue.media.speech import LEVELS_PER_SECOND

    try:
        heard = envelope(Samples(film))
    except SceneError:  # no sound
        return FilmSoundCheck(None)
    recorded = _recorded(plan, media)
    found = [offset_of(planned, heard) for planned in (recorded, _turns(plan)) if planned is not None]
    another = recorded is not None and found[0].alike < _ANOTHER and len(recorded) > _ENOUGH * LEVELS_PER_SECOND
    clear = [offset.seconds for offset in found if offset.clear and abs(offset.seconds) < _NEVER]
    if another or not clear:
        return FilmSoundCheck(None, another)
    return FilmSoundCheck(round(clear[0] - _picture_start(film), 3))
