"""What the media of a film hold before it is made: the faces of a picture, the voices of a mix, the sound of a plan."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.film.plan import Source, read
from dialogue.film.render import order as order_of
from dialogue.ground.atomic import appearing
from dialogue.ground.box import Box
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.given import as_names, as_path
from dialogue.ground.progress import OnProgress, untold
from dialogue.ground.sealed import is_sealed, seal
from dialogue.planning.plan import Mix, MixPart
from dialogue.rendering.film_order import Order
from dialogue.scene.reader import SceneFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SAMPLES = 5  # turns of a voice to listen to


@dataclass(frozen=True)
class OpenVoice:
    """A voice of the mix that is nobody's yet: how long it speaks in seconds, and its longest turns."""

    label: str
    seconds: float
    turns: tuple[tuple[float, float], ...]


def faces(picture: str | Path) -> tuple[Box, ...]:
    """The faces in a picture, left to right, in its own pixels. SceneError where it is none."""
    from dialogue.media.faces import detect

    return tuple(face.box for face in detect(as_path(picture, "a picture")))


def voices(
    source: Source, *, variables: Mapping[str, Any] | None = None, progress: OnProgress = untold
) -> tuple[OpenVoice, ...]:
    """The voices of a scene's mix that no member of its cast has yet, who speaks most first.

    SceneError where the scene or its media cannot be read. A plan that was written has no open voices.
    """
    file = read(source, variables)
    if not isinstance(file, SceneFile) or file.scene.audio is None:
        return ()
    from dialogue.measures.look import measure
    from dialogue.measures.scene_media import wanted_by
    from dialogue.planning.voices import cast_voices

    wanted = wanted_by(file.scene).mixed
    if not wanted:
        return ()
    heard = measure(file, progress).diarization
    found = []
    for stranger in cast_voices(heard, file.scene.cast, wanted).strangers:
        turns = [(part.start, part.end) for part in heard if part.label == stranger.label]
        longest = sorted(turns, key=lambda turn: turn[0] - turn[1])[:_SAMPLES]
        found.append(OpenVoice(stranger.label, stranger.seconds, tuple(longest)))
    return tuple(sorted(found, key=lambda voice: -voice.seconds))


def pixels(picture: str | Path) -> NDArray[np.uint8]:
    """A picture as people see it, turned as its camera says: (height, width, 3) RGB. SceneError where it is none."""
    from dialogue.media.pictures import open_picture

    return open_picture(as_path(picture, "a picture"))


def length(recording: str | Path) -> float:
    """Of a recording, in seconds. SceneError where it is none."""
    from dialogue.media.recordings import probe_recording

    place = as_path(recording, "a recording")
    return probe_recording(place, place.name).duration


def peaks(
    recording: str | Path, cache: str | Path, *, channel: int | None = None, level: int = 0
) -> tuple[bytes, float]:
    """The outline of a waveform: pairs of int8, lowest and highest, and how many pairs there are in a second.

    `channel`: one of the recording, from 1; None: all of them. `level`: how coarse, 0 the finest. `cache`: where it is
    kept, as hours of sound take seconds. SceneError where it is no recording.
    """
    import numpy as np

    from dialogue.media.peaks import SAMPLES, STEP, level_of, peaks_of

    place = as_path(recording, "a recording")
    if not place.is_file():
        raise SceneError(Problem("no such recording", str(place)))
    status = place.stat()
    told = [place, channel, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
    stamp = hashlib.sha256("|".join(map(str, told)).encode()).hexdigest()[:24]
    kept = as_path(cache, "the cache") / "peaks" / f"{stamp}.npz"
    if is_sealed(kept):
        with np.load(kept) as stored:
            outline, rate = stored["peaks"], int(stored["rate"])
    else:
        outline, rate = peaks_of(place, channel)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with appearing(kept) as draft, draft.open("wb") as file:
            np.savez_compressed(file, peaks=outline, rate=rate)
            file.flush()
            seal(draft, kept)
    return level_of(outline, level).tobytes(), rate / (SAMPLES * STEP**level)


def sound(
    source: Source | Order, *, speakers: str | Collection[str] | None = None, progress: OnProgress = untold
) -> Path | None:
    """What a film will sound like: a file of its own, or one in the cache. None where nothing is heard.

    source: what `order` gave; or a scene, a plan.json, or what `plan` gave.
    speakers: whose turns alone are heard, by their ids, as loud as they are in the whole; None: the film as it is.
    KeyError for somebody who is not in the plan.
    """
    from dialogue.rendering.render import sound as sound_of

    order = source if isinstance(source, Order) else order_of(source, overwrite=True, progress=progress)
    if speakers is None:
        return sound_of(order, progress)
    plan, speakers = order.plan, as_names(speakers)
    for speaker in speakers:
        if all(one.id != speaker for one in plan.speakers):
            raise KeyError(speaker)
    gains = {part.audio.heard: part.gain for part in plan.mix.parts}
    turns = tuple(turn for turn in plan.turns if turn.speaker in speakers)
    parts = tuple(MixPart(turn.audio, turn.start, gains.get(turn.audio.heard)) for turn in turns)
    some = replace(plan, turns=turns, mix=Mix(parts=parts), sounds=(), loudness=None)
    return sound_of(replace(order, plan=some), progress)
