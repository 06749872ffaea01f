"""What one file of media is found to be: a recording, a picture, a face in a picture.

Times are seconds from a recording's own start, boxes are pixels of the upright picture, and paths are as the scene
writes them. Every value carries its origin: the program, file or rule it came from, in words a plan can print.
"""

from __future__ import annotations

from dataclasses import dataclass

from dialogue.ground.box import Box

SURE = 0.5  # confidence from which a mouth is taken as it is


@dataclass(frozen=True)
class Recording:
    """A sound file, or the sound of a film.

    `duration` is in seconds and exact (counted in samples, not estimated from a bit rate). `channel_names` has one
    entry per channel: left, right, … as the file names them, else "1", "2", …. `loudness` is integrated LUFS
    (ITU-R BS.1770-4, -70 for silence) and `peak` the largest sample in dBFS (-120 for silence); both are None when
    only the headers were read. `told`: seconds that the file says it has, where it holds less: it may be cut off.
    `streams` of sound are in the file, of which this is one. By the file's own clock it begins `start` seconds after a
    player's 0 and leaps by `gaps` seconds in all: both are silence and within the duration. `spoilt` samples are no
    numbers, and silent.
    """

    path: str
    duration: float
    rate: int
    channels: int
    channel_names: tuple[str, ...]
    loudness: float | None = None
    peak: float | None = None
    told: float | None = None
    origin: str = ""
    streams: int = 1
    start: float = 0.0
    gaps: float = 0.0
    spoilt: int = 0


@dataclass(frozen=True)
class Picture:
    """A picture turned upright: its size in pixels, after the EXIF orientation has been applied."""

    path: str
    width: int
    height: int
    origin: str = ""


@dataclass(frozen=True)
class Mouth:
    """The corners of a mouth in pixels, the viewer's left one first, and how sure they are, 0 … 1."""

    left: tuple[float, float]
    right: tuple[float, float]
    confidence: float
    origin: str = ""


@dataclass(frozen=True)
class FoundFace:
    """A face found in a picture, brow to chin. `score` orders faces of one detector only; it is no probability."""

    box: Box
    score: float
    origin: str = ""
    mouth: Mouth | None = None
