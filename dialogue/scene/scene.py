"""The scene as a person wrote it: the scene language, version 1, as frozen types.

Times are seconds from the scene's start, except `from`/`to`, which are seconds in a recording. Paths are kept as
written, relative to the scene file. Reading, with places for every error, is `dialogue.scene.reader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Labels = Literal["none", "names", "all"]


class _Written(BaseModel):
    """Frozen; a key nobody knows is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, strict=True)


class FaceBox(_Written):
    """`[x, y, width, height]` in pixels of the upright picture; or `{box: …, mouth: …}`.

    `mouth`, where it was set by hand: its middle, or its left and its right corner, the viewer's.
    """

    box: tuple[float, float, float, float]
    mouth: tuple[tuple[float, float], ...] = ()


class FacePoint(_Written):
    """`[x, y]`: the face that this pixel of the upright picture is in."""

    point: tuple[float, float]


class FaceDetect(_Written):
    """`{detect: left|right|largest|N}`: one of the faces found in the picture; N counts from 1, left to right."""

    detect: Literal["left", "right", "largest"] | Annotated[int, Field(ge=1)]


class FaceLike(_Written):
    """`{like: ana.jpg}`: the face in the picture that looks like the one in this image."""

    like: str


Face = FaceBox | FacePoint | FaceDetect | FaceLike


class AudioRef(_Written):
    """A recording, or part of it: `call.wav`, `call.wav#left`, `call.wav#2`, `obs.mkv#stream2`, `obs.mkv#stream2#left`.

    Channels and sound streams count from 1; without a stream it is the one the file marks as default. `start`: seconds
    of the scene at which it begins (None: not written). `gain`: dB it is turned up by in a mix of ours (None: not
    written, and voices far apart are brought to one level).
    """

    path: str
    channel: Annotated[int, Field(ge=1)] | None = None
    stream: Annotated[int, Field(ge=1)] | None = None
    start: float | None = None
    gain: float | None = None

    @property
    def sound(self) -> str:
        """The file and its stream, as a scene writes them; what measures of recordings are found by."""
        return self.path if self.stream is None else f"{self.path}#stream{self.stream}"

    @property
    def heard(self) -> AudioRef:
        """What is heard of it, wherever it begins and however loud it is."""
        return self.model_copy(update={"start": None, "gain": None})

    def __str__(self) -> str:
        """As a scene writes it, without its folders: `call.wav#2`."""
        name = PurePath(self.sound).name
        return name if self.channel is None else f"{name}#{self.channel}"


class Voice(_Written):
    """Who this is in a mixed recording: a diarized label, or a sample of the voice alone. Neither: not heard."""

    speaker: str | None = None
    enroll: str | None = None

    @property
    def none(self) -> bool:
        """Whether this person is said not to be heard."""
        return self.speaker is None and self.enroll is None


class EmotionReference(_Written):
    """A picture of this person in the emotion."""

    image: str
    strength: Annotated[float, Field(ge=0, le=1.5)] = 1.0


class LineEmotion(_Written):
    """Emotion of a line: weights by name (one name, or a blend that sums to 1) and a strength.

    `auto`: told from the script and, where a classifier is there, from the voice; there are no weights then.
    """

    weights: Mapping[str, float]
    strength: Annotated[float, Field(ge=0, le=1.5)] = 1.0
    auto: bool = False


class DraftVoice(_Written):
    """Who speaks this person's lines while there are no recordings of them.

    `voice` is a name that `dialogue voices drafts` lists; `rate` is times its own pace, `pitch` semitones.
    """

    voice: str | None = None
    rate: Annotated[float, Field(ge=0.5, le=2)] = 1.0
    pitch: Annotated[float, Field(ge=-12, le=12)] = 0.0


class Member(_Written):
    """One of the cast."""

    name: str | None = None
    face: Face | None = None
    track: AudioRef | None = None
    voice: Voice | None = None
    emotions: Mapping[str, EmotionReference] = {}
    emotion: Literal["auto", "off"] | None = None  # of lines that name none; None: as the scene
    color: str | None = None
    draft: DraftVoice | None = None


class SpokenLine(_Written):
    """A line of the script.

    `together`: it starts when the line before it starts. `draft`: the draft voice that speaks it, which nobody writes.
    """

    speaker: str
    text: str
    audio: AudioRef | None = None
    start: float | None = Field(default=None, alias="from")
    end: float | None = Field(default=None, alias="to")
    after: float | None = None
    gap: float | None = None
    together: bool = False
    emotion: LineEmotion | None = None
    draft: str | None = None


class Pause(_Written):
    """Silence between two lines, in seconds."""

    pause: Annotated[float, Field(ge=0)]


Line = SpokenLine | Pause


class ShotSpec(_Written):
    """One picture and camera set-up. `lines` counts from 1 and names the lines spoken in it.

    `seed` stands for the scene's; take N is made with the seed N - 1 further on. A locked shot is never made again.
    `framing` close: it is cut to whoever speaks, each seen close.
    """

    picture: str | None = None
    prompt: str | None = None
    until: float | None = None
    lines: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    faces: Mapping[str, Face] = {}
    seed: Annotated[int, Field(ge=0)] | None = None
    take: Annotated[int, Field(ge=1)] = 1
    locked: bool = False
    framing: Literal["whole", "close"] = "whole"


class LinePlace(_Written):
    """A moment told by item `line` of `lines`, from 1: where it begins, for a `from`, or ends, for a `to`.

    `before`: so many seconds before it begins; `after`: so many after it ends, below 0 before that.
    """

    line: Annotated[int, Field(ge=1)]
    before: float | None = None
    after: float | None = None


class Sound(_Written):
    """A bed or an effect under the film: heard, and nobody's speech.

    `fade`: seconds in and out. `duck`: dB by which it is turned down while anybody speaks.
    """

    file: AudioRef
    start: float | LinePlace = Field(default=0.0, alias="from")
    end: float | LinePlace | None = Field(default=None, alias="to")
    gain: float = 0.0
    fade: tuple[float, float] = (0.0, 0.0)
    duck: float = 0.0
    loop: bool = False


class Output(_Written):
    """`size` is (width, height) in pixels; absent, it follows the first picture. `loudness`: LUFS of the whole film."""

    size: tuple[int, int] | None = None
    fps: str = "25"  # a whole number, a decimal or a fraction such as 30000/1001
    captions: tuple[Literal["srt", "vtt"], ...] = ()
    transcript: tuple[Literal["txt", "json", "vtt"], ...] = ()
    burn_in: bool = False
    labels: Labels = "all"
    font: str | None = None
    loudness: float | None = None
    draft_marks: bool = False


class Scene(_Written):
    """The whole scene file."""

    scene: Literal[1]
    title: str | None = None
    language: str | None = None
    clean: bool = False  # recordings, to be listened to
    generator: str | None = None
    seed: Annotated[int, Field(ge=0)] = 0
    output: Output = Output()
    cast: Mapping[str, Member]
    picture: str | None = None
    prompt: str | None = None
    audio: AudioRef | None = None
    emotion: Literal["auto", "off"] = "off"  # of lines that name none
    diarization: str = "auto"  # auto, off, or a file: .rttm .vtt .srt
    lines: tuple[Line, ...] = ()
    shots: tuple[ShotSpec, ...] = ()

    def feels_by_itself(self, speaker: str, line: SpokenLine | None = None) -> bool:
        """Whether the emotion of this line, or of somebody who has no lines, is to be told from script and voice."""
        if line is not None and line.emotion is not None:
            return line.emotion.auto
        return (self.cast[speaker].emotion or self.emotion) == "auto"
    sound: tuple[Sound, ...] = ()
