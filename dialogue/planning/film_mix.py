"""What is heard in a film: its mix as it is, or tracks and lines laid over each other with nobody too low."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from dialogue.measures.measures import Measures
from dialogue.planning.plan import AudioSlice, Mix, MixPart
from dialogue.planning.script import Said
from dialogue.scene.scene import AudioRef, Scene

_UNLIKE = 9.0  # dB between two people that a listener takes for the way they speak
_MOST_GAIN = 60.0  # dB

_Heard = tuple[str, AudioRef, AudioSlice, float]  # speaker, recording as written, what of it, from when in the film


def mix_of(
    scene: Scene, measures: Measures, said: Sequence[Said], own: Mapping[str, bool], warnings: list[str]
) -> tuple[Mix, float]:
    """What is heard, and the second at which it ends. `own`: whether all a speaker's lines have their own recordings.

    What is done to somebody's loudness is added to `warnings`.
    """
    if scene.audio is not None:
        return _given(scene.audio, measures)
    heard = [*_tracks(scene, measures, own), *_lines(said)]
    gains = _levelled(heard, measures, warnings)
    parts = tuple(
        MixPart(audio, at, ref.gain if ref.gain is not None else gains.get(speaker))
        for speaker, ref, audio, at in heard
    )
    return Mix(parts=parts), max((part.at + part.audio.end - part.audio.start for part in parts), default=0.0)


def _given(audio: AudioRef, measures: Measures) -> tuple[Mix, float]:
    duration = measures.recordings[audio.sound].duration
    if audio.channel is None:
        return Mix(audio.path, stream=audio.stream, duration=round(duration, 6)), duration
    whole = AudioSlice(audio.path, 0.0, round(duration, 6), audio.channel, audio.stream)
    return Mix(parts=(MixPart(whole, 0.0),)), duration


def _tracks(scene: Scene, measures: Measures, own: Mapping[str, bool]) -> list[_Heard]:
    found: list[_Heard] = []
    for speaker, member in scene.cast.items():
        track = member.track
        if track is None or own.get(speaker, False):
            continue
        begin, length = measures.start_of(track), measures.recordings[track.sound].duration
        first = max(0.0, -begin)
        if first < length:
            audio = AudioSlice(track.path, round(first, 6), round(length, 6), track.channel, track.stream)
            found.append((speaker, track, audio, round(max(0.0, begin), 6)))
    return found


def _lines(said: Sequence[Said]) -> list[_Heard]:
    return [
        (piece.line.speaker, piece.line.audio, piece.audio, piece.start)
        for piece in said
        if piece.source == "own" and piece.line.audio is not None
    ]


def _levelled(heard: Sequence[_Heard], measures: Measures, warnings: list[str]) -> dict[str, float]:
    """dB by which speakers are turned up who would be far below the loudest; where the scene gives a gain, it stays."""
    levels = _levels(heard, measures)
    written = {speaker for speaker, ref, _, _ in heard if ref.gain is not None}
    loudest = max(levels, key=lambda speaker: levels[speaker], default=None)
    gains: dict[str, float] = {}
    for speaker, level in levels.items():
        below = levels[loudest or speaker] - level
        if below > _UNLIKE and speaker not in written:
            gains[speaker] = round(min(below, _MOST_GAIN), 1)
            warnings.append(
                f"{speaker} is recorded {below:.0f} dB lower than {loudest}, and is turned up by "
                f"{gains[speaker]:.0f} dB in the film; gain: 0 beside the recording leaves it as it is"
            )
    return gains


def _levels(heard: Sequence[_Heard], measures: Measures) -> dict[str, float]:
    """How loud each speaker is in the film as recorded, with the gains the scene gives: dBFS over all they say."""
    powers: dict[str, list[tuple[float, float]]] = {}
    for speaker, ref, audio, _ in heard:
        level = measures.levels.get(ref.heard)
        if level is not None:
            powers.setdefault(speaker, []).append((audio.end - audio.start, 10 ** ((level + (ref.gain or 0.0)) / 10)))
    return {
        speaker: 10 * math.log10(sum(s * power for s, power in found) / sum(seconds for seconds, _ in found))
        for speaker, found in powers.items()
    }
