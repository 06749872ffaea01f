"""The plan: who speaks when, with which mouth, in which emotion, in which shot. Readable, editable, diffable JSON.

Turns are in seconds from the film's start; shots are in whole frames. Face boxes are in pixels of the output frame.
Paths are relative to the scene's folder. Nothing here depends on the clock, the host or an absolute path.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from dialogue.ground.box import Box
from model.grid import FrameClock

PLAN_VERSION = 1
LEAST_LOOP = 0.5  # seconds; what begins again sooner is a tone
LEAST_FACE = 8  # pixels of the frame a side; a smaller face has no mouth that could be seen


@dataclass(frozen=True)
class AudioSlice:
    """`start` … `end` seconds of a recording, or of one of its channels (from 1; None is all of them mixed).

    `stream`: which of the file's sound streams, from 1; None is the one it marks as default.
    """

    source: str
    start: float
    end: float
    channel: int | None = None
    stream: int | None = None

    @property
    def heard(self) -> tuple[str, int | None, int | None]:
        """File, channel and stream: what is played, whichever piece of it."""
        return self.source, self.channel, self.stream


@dataclass(frozen=True)
class Emotion:
    """Weights by name, which sum to 1, and how strongly: 0 … 1.5. No weights: the picture as it is."""

    weights: tuple[tuple[str, float], ...] = ()
    strength: float = 1.0


@dataclass(frozen=True)
class Word:
    """A word of a turn, [start, end) in seconds of the film. `sounds`: its phones (ARPABET), each with its start."""

    text: str
    start: float
    end: float
    sounds: str | None = None


@dataclass(frozen=True)
class Feeling:
    """What a speaker feels from `at` seconds after the beginning of a turn on."""

    at: float
    emotion: Emotion


@dataclass(frozen=True)
class Turn:
    """A segment of the film in which one speaker speaks.

    `audio` holds the speech of the turn and is as long as the turn. `origin` says where the turn came from; `draft`
    is the draft voice that speaks it, while it has no recording; `words` are those of `text`, where they were heard.
    `emotion` is that of the whole turn; where it changes on the way, `course` says how. `felt`: how it was told, where
    the scene leaves that to be found.
    """

    speaker: str
    start: float
    end: float
    audio: AudioSlice
    text: str | None = None
    emotion: Emotion = Emotion()
    origin: str = ""
    draft: str | None = None
    words: tuple[Word, ...] = ()
    course: tuple[Feeling, ...] = ()
    felt: str | None = None

    @property
    def feelings(self) -> tuple[Feeling, ...]:
        """Its emotions one after the other, the first from its beginning on."""
        return self.course or (Feeling(0.0, self.emotion),)


@dataclass(frozen=True)
class EmotionReference:
    """A picture of the speaker in the emotion `name`."""

    name: str
    image: str
    strength: float = 1.0


@dataclass(frozen=True)
class Speaker:
    """One of the cast, as shown everywhere: plan, captions, report."""

    id: str
    name: str
    color: str  # "#rrggbb"
    emotions: tuple[EmotionReference, ...] = ()


@dataclass(frozen=True)
class Mouth:
    """The corners of a mouth in the output frame, the viewer's left one first, and how sure they are, 0 … 1."""

    left: tuple[float, float]
    right: tuple[float, float]
    confidence: float = 1.0


@dataclass(frozen=True)
class Face:
    """Where a speaker is in a shot: the face itself, and the padded region that is theirs alone.

    `mouth` is where it opens; None where nobody has looked.
    """

    speaker: str
    box: Box
    region: Box
    origin: str = ""
    mouth: Mouth | None = None

    @property
    def own_mouth(self) -> Mouth | None:
        """The mouth, where it lies in the box: who moves a box by hand and leaves its mouth means the box."""
        if self.mouth is None:
            return None
        (ax, ay), (bx, by) = self.mouth.left, self.mouth.right
        return self.mouth if self.box.padded(0.1).contains((ax + bx) / 2, (ay + by) / 2) else None


@dataclass(frozen=True)
class Shot:
    """Frames `start` … `end` (half-open) of the film: one picture, one camera set-up, one generator call.

    `view` is the part of the upright picture, in its own pixels, that fills the output frame; where it reaches
    beyond the picture the frame is padded. A speaker of the plan without a face here is off screen.

    `spec` is the shot of the scene, from 0, that it is cut from, where the scene lists shots. `seed` stands for the
    plan's, and is that of take `take` (None: the first); `locked`: its clip stays whatever changes.
    """

    index: int
    start: int
    end: int
    picture: str
    view: Box
    faces: tuple[Face, ...]
    prompt: str = ""
    spec: int | None = None
    seed: int | None = None
    take: int | None = None
    locked: bool | None = None

    @property
    def frames(self) -> int:
        return self.end - self.start


@dataclass(frozen=True)
class MixPart:
    """A slice of a recording, heard from `at` seconds of the film on, turned up by `gain` dB (None: as it is)."""

    audio: AudioSlice
    at: float
    gain: float | None = None


@dataclass(frozen=True)
class Mix:
    """What is heard: one recording, muxed untouched, or parts laid over each other.

    `stream` and `duration` are of `source`: which of its sound streams, and its seconds; the film may go on in silence.
    """

    source: str | None = None
    parts: tuple[MixPart, ...] = ()
    stream: int | None = None
    duration: float | None = None


@dataclass(frozen=True)
class PlacedSound:
    """A bed or an effect, heard from `start` to `end` seconds of the film, and nobody's speech.

    `audio` is once through it; with `loop` it begins again until `end`. `gain` is in dB, fades in seconds; `duck`: dB
    by which it is turned down while anybody speaks.
    """

    audio: AudioSlice
    start: float
    end: float
    gain: float = 0.0
    fade_in: float = 0.0
    fade_out: float = 0.0
    duck: float = 0.0
    loop: bool = False


@dataclass(frozen=True)
class Plan:
    """One film. `duration` is the audio's, in seconds; the shots cover `frames` frames without a gap.

    `reads`: what else the scene names, of which nothing is made here: never to be written over.
    """

    title: str
    generator: str
    generator_reason: str
    seed: int
    fps: Fraction
    width: int
    height: int
    duration: float
    speakers: tuple[Speaker, ...]
    turns: tuple[Turn, ...]
    shots: tuple[Shot, ...]
    mix: Mix
    captions: tuple[str, ...] = ()
    transcript: tuple[str, ...] = ()
    burn_in: bool = False
    labels: str = "all"  # what the animatic writes on the picture: none, names or all
    font: str | None = None
    warnings: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    sounds: tuple[PlacedSound, ...] = ()
    loudness: float | None = None  # LUFS of the whole film; None: as it comes
    draft_marks: bool = False  # captions mark what a draft voice says
    version: int = PLAN_VERSION

    @property
    def clock(self) -> FrameClock:
        return FrameClock(self.fps)

    @property
    def frames(self) -> int:
        return self.shots[-1].end if self.shots else 0

    @property
    def media(self) -> tuple[str, ...]:
        """Every file the film is made of, once."""
        named = [shot.picture for shot in self.shots]
        named += [reference.image for speaker in self.speakers for reference in speaker.emotions]
        named += [turn.audio.source for turn in self.turns]
        named += [part.audio.source for part in self.mix.parts]
        named += [sound.audio.source for sound in self.sounds]
        named += [single for single in (self.mix.source, self.font) if single is not None]
        return tuple(dict.fromkeys(named))

    def speaker(self, speaker_id: str) -> Speaker:
        """The speaker of that id; KeyError when there is none."""
        for speaker in self.speakers:
            if speaker.id == speaker_id:
                return speaker
        raise KeyError(f"no speaker {speaker_id!r} in the plan; it has {[s.id for s in self.speakers]}")
