"""What the media say: durations, picture sizes, faces found, who speaks when. The one look before planning.

Times are seconds from a recording's own start, boxes are pixels of the upright picture, and paths are as the scene
writes them. Every value carries its origin: the program, file or rule it came from, in words a plan can print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialogue.box import Box
from dialogue.scene.scene import AudioRef


@dataclass(frozen=True, order=True)
class Segment:
    """[start, end) in seconds."""

    start: float
    end: float

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise ValueError(f"a segment from {self.start} to {self.end} s; it ends at or after its start")

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, order=True)
class LabelledSegment:
    """[start, end) in seconds, spoken by `label`; `text` where the source has words (captions)."""

    start: float
    end: float
    label: str
    text: str | None = None
    origin: str = ""

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True)
class Recording:
    """A sound file, or the sound of a film.

    `duration` is in seconds and exact (counted in samples, not estimated from a bit rate). `channel_names` has one
    entry per channel: left, right, … as the file names them, else "1", "2", …. `loudness` is integrated LUFS
    (ITU-R BS.1770-4, -70 for silence) and `peak` the largest sample in dBFS (-120 for silence); both are None when
    only the headers were read. `told`: seconds that the file says it has, where it holds less: it may be cut off.
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


@dataclass(frozen=True)
class Picture:
    """A picture turned upright: its size in pixels, after the EXIF orientation has been applied."""

    path: str
    width: int
    height: int
    origin: str = ""


@dataclass(frozen=True)
class FoundFace:
    """A face found in a picture, brow to chin. `score` orders faces of one detector only; it is no probability."""

    box: Box
    score: float
    origin: str = ""


@dataclass(frozen=True)
class Measures:
    """Everything the planner may know about the media of one scene.

    - `recordings`, `pictures`: every file the scene names, by its path as written (without `#channel`).
    - `faces`: the faces of the pictures in which the scene says `detect`, left to right.
    - `likes`: for `{like: image}` in a picture, keyed (picture, image): the box of the face that is alike.
    - `speech`: when somebody speaks in the track, bleed of the other tracks taken out; only for the tracks whose
      turns the scene does not give (`measure`), empty after `probe`.
    - `diarization`: who speaks when in the mix, sorted by start; from the file the scene names, or automatic.
    - `drawn`: whether the pictures of the shots are of the drawn world of the small model, where a scene may use it.
    - `warnings`: what a writer should know, one sentence each.
    """

    recordings: Mapping[str, Recording] = field(default_factory=dict)
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    faces: Mapping[str, tuple[FoundFace, ...]] = field(default_factory=dict)
    likes: Mapping[tuple[str, str], Box] = field(default_factory=dict)
    speech: Mapping[AudioRef, tuple[Segment, ...]] = field(default_factory=dict)
    diarization: tuple[LabelledSegment, ...] = ()
    warnings: tuple[str, ...] = ()
    drawn: Mapping[str, bool] = field(default_factory=dict)
