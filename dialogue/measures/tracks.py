"""The microphones of a scene: when each begins, when its own speaker speaks, and how loud they are recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dialogue.ground.segments import Segment
from dialogue.measures.looking import Look
from dialogue.measures.scene_media import Wanted
from dialogue.scene.scene import AudioRef

if TYPE_CHECKING:
    from dialogue.media.recordings import Samples

_ELSEWHERE = 0.04  # seconds, a frame: by less nobody sees that a track begins elsewhere
_AS_LOUD = -6.0  # dB: a voice that loses less was not heard from across a table
_MIXED = -15.0  # dB, where it is heard at the very same time, as no sound through air is
_AT_ONCE = 0.001  # seconds
_HEARD = -45.0  # dB: what is quieter need not be told


@dataclass(frozen=True)
class Tracks:
    """`speech` in seconds of the scene by track as written; `starts` and `levels` by what is heard (`AudioRef.heard`).

    `starts` are those that were found by comparing with the mix, in seconds of the scene; `levels` in dBFS.
    """

    speech: Mapping[AudioRef, tuple[Segment, ...]] = field(default_factory=dict)
    starts: Mapping[AudioRef, float] = field(default_factory=dict)
    levels: Mapping[AudioRef, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    def start_of(self, ref: AudioRef) -> float:
        """The second of the scene at which a recording begins: as written, else as found, else 0."""
        return ref.start if ref.start is not None else self.starts.get(ref.heard, 0.0)


def measured_tracks(look: Look, wanted: Wanted) -> Tracks:
    """Everything about the tracks. SceneError where one cannot be read."""
    starts, told = _starts(look, wanted)
    speech, levels, heard = _speech(look, wanted, starts)
    unknown = {ref: keys for ref, keys in wanted.levels.items() if ref.heard not in levels}
    found = look.each("listening how loud the recordings are", unknown, lambda ref: _level(look, ref))
    look.raise_problems()
    levels |= {ref.heard: level for ref, level in found.items() if level is not None}
    return Tracks(speech, starts, levels, (*told, *heard))


def _samples(look: Look, ref: AudioRef, start: float = 0.0, clean: bool = False) -> Samples:
    from dialogue.media.recordings import Samples

    return Samples(look.path(ref.path), ref.channel, ref.stream, start, clean)


def _level(look: Look, ref: AudioRef) -> float | None:
    def make() -> float | None:
        from dialogue.media.offset import envelope
        from dialogue.media.speech import speaking_level

        return speaking_level(envelope(_samples(look, ref)))

    level: float | None = look.cache.remembered(["level", ref.channel, ref.stream], [look.path(ref.path)], make)
    return level


def _starts(look: Look, wanted: Wanted) -> tuple[dict[AudioRef, float], list[str]]:
    """Where tracks begin, by where they are heard in the mix; what there is to tell about it."""
    mix, tracks = look.file.scene.audio, wanted.tracks
    if mix is None or not tracks:
        return {}, []

    def make() -> list[list[Any]]:
        from dialogue.media.offset import envelope, offset_of

        whole = look.each("comparing the tracks with the mix", {mix: ("audio",), **tracks}, lambda ref: envelope(
            _samples(look, ref)
        ))  # fmt: skip
        look.raise_problems()
        found = [offset_of(whole[ref], whole[mix]) for ref in tracks]
        return [[offset.seconds, offset.clear] for offset in found]

    parts = [[ref.channel, ref.stream] for ref in (mix, *tracks)]
    kept = look.cache.remembered(["starts", parts], [look.path(ref.path) for ref in (mix, *tracks)], make)
    starts: dict[AudioRef, float] = {}
    told: list[str] = []
    for ref, (seconds, clear) in zip(tracks, kept, strict=True):
        off = seconds - (ref.start or 0.0)
        if not clear:
            told.append(f"{ref} was not found in {mix}: that both begin together is taken on trust")
        elif abs(off) > _ELSEWHERE and ref.start is None:
            starts[ref.heard] = seconds
            told.append(f"{ref} begins at {seconds:.2f} s of {mix}, as it is heard there: taken so (start: settles it)")
        elif abs(off) > _ELSEWHERE:
            told.append(f"{ref} has start: {ref.start:g}, but in {mix} it is heard from {seconds:.2f} s on")
    return starts, told


def _speech(
    look: Look, wanted: Wanted, starts: Mapping[AudioRef, float]
) -> tuple[dict[AudioRef, tuple[Segment, ...]], dict[AudioRef, float], list[str]]:
    """Each track's own speech, how loud it is there, and what was heard of it elsewhere."""
    refs = list(wanted.speech)
    if not refs:
        return {}, {}, []
    begins = [ref.start if ref.start is not None else starts.get(ref.heard, 0.0) for ref in refs]

    def make() -> dict[str, Any]:
        from dialogue.media.bleed import own_speech
        from dialogue.media.speech import listen, load_detector, speaking_level

        load_detector()  # before the threads, so that it is loaded once
        clean = bool(look.listening)
        tracks = {ref: _samples(look, ref, start, clean) for ref, start in zip(refs, begins, strict=True)}
        heard = look.each("listening to the tracks", wanted.speech, lambda ref: listen(tracks[ref]))
        look.raise_problems()
        own, leaks = own_speech([tracks[ref] for ref in refs], [heard[ref] for ref in refs])
        return {
            "own": [[[s.start, s.end] for s in segments] for segments in own],
            "levels": [speaking_level(heard[ref].levels, spoken) for ref, spoken in zip(refs, own, strict=True)],
            "gains": [heard[ref].gain for ref in refs],
            "leaks": [dataclasses.asdict(leak) for leak in leaks],
        }

    parts = [[ref.channel, ref.stream, start] for ref, start in zip(refs, begins, strict=True)]
    kept = look.cache.remembered(["speech", parts, *look.listening], [look.path(ref.path) for ref in refs], make)
    names = [ref.sound if ref.channel is None else f"{ref.sound}#{ref.channel}" for ref in refs]
    told = [
        f"{name} is recorded very low: it was turned up by {gain:.0f} dB to be listened to"
        for name, gain in zip(names, kept["gains"], strict=True)
        if gain
    ]
    told += [_told(leak, names) for leak in kept["leaks"] if leak["gain"] > _HEARD]
    own = (tuple(Segment(*edges) for edges in segments) for segments in kept["own"])
    loud = {ref.heard: level for ref, level in zip(refs, kept["levels"], strict=True) if level is not None}
    levels = {} if look.listening else loud  # a film's loudness goes by what is heard in it
    return dict(zip(refs, own, strict=True)), levels, told


def _told(leak: Mapping[str, Any], names: Sequence[str]) -> str:
    """What a writer should know of a voice that is in two tracks."""
    source, into, gain = names[leak["source"]], names[leak["into"]], leak["gain"]
    if leak["same"]:
        return f"{source} and {into} are the same recording: whose voice is heard when cannot be told from them"
    if gain >= (_MIXED if leak["delay"] <= _AT_ONCE else _AS_LOUD):
        return (
            f"{into} holds the voice of {source} too: it is not the microphone of one person alone; that voice opens "
            "no mouth there"
        )
    return f"{source} is heard in {into} too, {-gain:.0f} dB down: that sound opens no mouth there"
