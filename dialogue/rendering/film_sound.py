"""A film's sound before it is muxed: a recording whose packets mp4 can hold as they are, or why it is encoded once."""

from __future__ import annotations

import tempfile
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from dialogue.ground.errors import DialogueError
from dialogue.media.recordings import probe_recording
from dialogue.media.sound_file import broadcast, default_stream, open_sound, sound_stream, zero_of
from dialogue.rendering import ffmpeg

# What mp4 holds and players of today play; everything else is encoded once to AAC.
COPIED = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})


@dataclass(frozen=True)
class FilmSound:
    """Sound stream `stream` (from 0) of a file, its packets muxed as they are, `late` seconds after ffmpeg would."""

    file: Path
    stream: int = 0
    late: float = 0.0


def untouched(file: Path, number: int | None) -> FilmSound | None:
    """The recording as it is, where the film can hold it so: None where it is in another code, has gaps, which players
    treat each in their own way, or is refused by the mp4 it was tried in. SceneError where it cannot be decoded.
    """
    with closing(open_sound(file)) as container:
        stream = sound_stream(file, container, number)
        index = number - 1 if number is not None else default_stream(container)
        # What ffmpeg takes for 0: of a broadcast's streams it counts those alone that it is to use.
        first = stream.start_time * stream.time_base if broadcast(container) and stream.start_time else None
        first = Fraction(container.start_time or 0, 1_000_000) if first is None else first
        sound = FilmSound(file, index, round(float(first - zero_of(container)), 6))
        copied = stream.codec_context.codec.canonical_name in COPIED
    found = probe_recording(file, file.name, number)
    return sound if copied and not found.gaps and not found.spoilt and _held(sound) else None


def _held(sound: FilmSound) -> bool:
    """Whether an mp4 takes the packets."""
    with tempfile.TemporaryDirectory(prefix="sound-") as folder:
        import ffmpeg as graph

        stream = graph.output(source_of(sound), ffmpeg.path(Path(folder) / "sound.mp4"), c="copy", f="mp4")
        try:
            ffmpeg.run(stream, "copy the sound")
        except DialogueError:
            return False
        return True


def source_of(sound: FilmSound) -> Any:
    """The stream as an input of a graph of ffmpeg-python."""
    late = {"itsoffset": sound.late} if sound.late else {}
    return ffmpeg.source(sound.file, **late)[f"a:{sound.stream}"]
