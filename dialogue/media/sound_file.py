"""A sound file opened: which of its streams is heard, and its decoded frames, each at its place in time.

Time is what a player shows. Where a container dates its packets (mp4, mov, Matroska, WebM, MPEG, FLV), a late start and
gaps are silence, and what overlaps is heard once; elsewhere sound has no time but its samples, counted. The zero of
mp4, mov, Matroska and WebM is their own; streams cut out of a broadcast begin where the first of their streams does.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.ground.errors import Problem, SceneError
from dialogue.media.container import open_container

if TYPE_CHECKING:
    from av.container import InputContainer

LEAST_RATE, HIGHEST_RATE = 4_000, 768_000  # Hz; telephones have 8,000, and loudness is defined from 4,000 on
LESS = 0.1  # seconds that a file may lack and be whole
_OWN_ZERO = frozenset({"mov", "mp4", "matroska", "webm"})
_SHARED_ZERO = frozenset({"mpegts", "mpeg", "flv"})
_BROADCAST = frozenset({"mpegts", "mpeg"})  # their clocks may be set anew
_ROUNDED = Fraction(3, 100)  # seconds by which dated packets may differ from counted samples: dates are rounded
_NEW_CLOCK = 10  # seconds: a broadcast's leap that is no gap
_BACK = 1  # seconds: what begins so much before the end of what was heard is no overlap
_LONGEST_GAP = 4 * 3600  # seconds


def unreadable(path: Path, message: str, hint: str | None = None) -> SceneError:
    return SceneError(Problem(message, file=str(path), hint=hint))


def open_sound(path: Path) -> InputContainer:
    """The file opened by PyAV, with at least one audio stream; SceneError says why not."""
    import av

    if path.is_dir():
        raise unreadable(path, "is a folder; a sound file is needed")
    try:
        container = open_container(path)
    except FileNotFoundError:
        raise unreadable(path, "no such file") from None
    except PermissionError:
        raise unreadable(path, "may not be read", "check its permissions") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise unreadable(
            path, f"cannot be read as sound: {reason.lower()}", "is it damaged or no media file?"
        ) from None
    if not container.streams.audio:
        container.close()
        raise unreadable(path, "has no sound in it", "a recording needs an audio stream")
    return container


def sound_stream(path: Path, container: InputContainer, number: int | None = None) -> Any:
    """Sound stream `number`, from 1; without one the stream a player plays: the first marked as default, or the first.

    SceneError where there is no such stream, or one that cannot be decoded.
    """
    streams: Any = container.streams.audio
    if number is not None and number > len(streams):
        count = "one sound stream" if len(streams) == 1 else f"{len(streams)} sound streams"
        raise unreadable(path, f"has {count}, and no stream {number}")
    stream = streams[number - 1] if number is not None else streams[default_stream(container)]
    context = stream.codec_context
    if context is None:
        raise unreadable(path, "is in a format that cannot be decoded", "export it as WAV, FLAC or MP3")
    if not LEAST_RATE <= (context.sample_rate or LEAST_RATE) <= HIGHEST_RATE:
        message = f"says that it has {context.sample_rate} samples a second: no sound has so "
        message += "few" if context.sample_rate < LEAST_RATE else "many"
        raise unreadable(path, message, "is its header damaged? export it again")
    return stream


def default_stream(container: InputContainer) -> int:
    """Index of the sound stream that players choose: the first marked as default, else the first."""
    from av.stream import Disposition

    marked = [bool(stream.disposition & Disposition.default) for stream in container.streams.audio]
    return marked.index(True) if True in marked else 0


def dated(container: InputContainer) -> bool:
    """Whether the file's packets say when they are heard."""
    return not (_OWN_ZERO | _SHARED_ZERO).isdisjoint(container.format.name.split(","))


def broadcast(container: InputContainer) -> bool:
    """Whether the file's clock may be set anew on its way."""
    return not _BROADCAST.isdisjoint(container.format.name.split(","))


def zero_of(container: InputContainer) -> Fraction:
    """Seconds on the file's clock at which a player's clock is 0."""
    import av

    if not _OWN_ZERO.isdisjoint(container.format.name.split(",")):
        return Fraction(0)
    return Fraction(container.start_time or 0, av.time_base)


@dataclass(frozen=True)
class Placed:
    """A decoded frame: `silence` samples come before it, and its first `skip` samples were heard already."""

    frame: Any
    silence: int
    skip: int

    @property
    def samples(self) -> int:
        """Samples that the recording grows by."""
        return int(self.silence + self.frame.samples - self.skip)


class _Clock:
    """Where the frames of one stream belong, in samples from the player's zero."""

    def __init__(self, path: Path, container: InputContainer) -> None:
        self._path = path
        self._zero = zero_of(container)
        self._broadcast = broadcast(container)
        self._position = 0
        self._begun = False

    def place(self, frame: Any) -> Placed:
        silence, skip = self._shift(frame)
        self._begun = True
        self._position += silence + frame.samples - skip
        return Placed(frame, silence, skip)

    def _shift(self, frame: Any) -> tuple[int, int]:
        if frame.pts is None or frame.time_base is None:
            return 0, 0
        rate = frame.sample_rate
        due = round((frame.pts * frame.time_base - self._zero) * rate)
        off = due - self._position
        leaps = off < -_BACK * rate or (self._broadcast and off > _NEW_CLOCK * rate)
        if self._begun and leaps:
            self._zero += Fraction(off, rate)  # a new clock: what follows goes on where the old one ended
            return 0, 0
        if self._begun and abs(off) <= _ROUNDED * rate:
            return 0, 0
        if off > _LONGEST_GAP * rate:
            message = f"leaps from {self._position / rate:.2f} s to {due / rate:.2f} s"
            raise unreadable(self._path, message, "its times are damaged; export it again")
        return max(0, off), min(frame.samples, max(0, -off))


def placed_frames(path: Path, number: int | None = None) -> Generator[Placed, None, None]:
    """Decoded frames in order, each at its time. Tags around the sound that do not decode are skipped; damage within
    it is an SceneError."""
    import av

    with closing(open_sound(path)) as container:
        stream = sound_stream(path, container, number)
        stream.thread_type = "AUTO"
        due = stream.duration * stream.time_base if stream.codec_context.name == "flac" and stream.duration else None
        clock = _Clock(path, container) if dated(container) else None
        heard, damaged = 0, False
        for packet in _packets(path, container, stream):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                damaged = heard > 0
                continue
            for frame in frames:
                if damaged:
                    at = heard / frame.sample_rate
                    raise unreadable(path, f"is damaged at {at:.2f} s: it cannot be decoded there", "export it again")
                heard += frame.samples
                yield clock.place(frame) if clock is not None else Placed(frame, 0, 0)
        if damaged and clock is not None:  # elsewhere it may be tags behind the sound
            raise unreadable(path, f"is damaged at {heard / stream.rate:.2f} s, to its end", "export it again")
        if not heard:
            raise unreadable(path, "holds no sound: 0 samples", "record or export it again")
        if due is not None and heard < (due - LESS) * stream.rate:  # a FLAC file counts its samples
            seconds = f"{heard / stream.rate:.2f} s of the {float(due):.2f} s it had"
            raise unreadable(path, f"is damaged: it holds {seconds}", "export it again")


def _packets(path: Path, container: InputContainer, stream: Any) -> Iterator[Any]:
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError as error:
            raise unreadable(path, f"breaks off: {(error.strerror or str(error)).lower()}", "is it complete?") from None
        if packet is None:
            return
        yield packet
