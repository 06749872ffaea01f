"""Sound files: how long, which channels, how loud; and their samples as a generator hears them, 16 kHz mono.

Everything is counted in decoded samples: containers round or guess their durations (an AAC file here says 8.049 s
and decodes to 8.064 s). Decoding streams, so that hours of sound fit in little memory. Cover art is ignored.

Shapes: `c` channels, `n` samples.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from einops import rearrange
from numpy.typing import NDArray

from dialogue.ground.errors import InputError, Problem
from dialogue.media.ahead import ahead
from dialogue.media.container import open_container
from dialogue.media.loudness import LoudnessMeter
from dialogue.media.media import Recording
from model.grid import SAMPLE_RATE

if TYPE_CHECKING:
    from av.container import InputContainer

Sound = NDArray[np.float32]

_LESS = 0.1  # seconds that a file may lack and be whole
_STREAMED = 0x7FFF0000  # bytes; a WAV written to a pipe claims this much or more, and means that it does not know
_NAMES = {
    "FL": "left", "FR": "right", "FC": "center", "LFE": "lfe", "BL": "back-left", "BR": "back-right",
    "SL": "side-left", "SR": "side-right", "BC": "back-center",
}  # fmt: skip


def _unreadable(path: Path, message: str, hint: str | None = None) -> InputError:
    return InputError(Problem(message, file=str(path), hint=hint))


def _open(path: Path) -> InputContainer:
    """The file opened by PyAV, with at least one audio stream; InputError says why not."""
    import av

    if path.is_dir():
        raise _unreadable(path, "is a folder; a sound file is needed")
    try:
        container = open_container(path)
    except FileNotFoundError:
        raise _unreadable(path, "no such file") from None
    except PermissionError:
        raise _unreadable(path, "may not be read", "check its permissions") from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(
            path, f"cannot be read as sound: {reason.lower()}", "is it damaged or no media file?"
        ) from None
    if not container.streams.audio:
        container.close()
        raise _unreadable(path, "has no sound in it", "a recording needs an audio stream")
    if container.streams.audio[0].codec_context is None:
        container.close()
        raise _unreadable(path, "is in a format that cannot be decoded", "export it as WAV, FLAC or MP3")
    return container


def _frames(path: Path) -> Iterator[Any]:
    """Decoded frames. Tags around the sound that do not decode are skipped; damage within it is an InputError."""
    import av

    with closing(_open(path)) as container:
        stream: Any = container.streams.audio[0]
        stream.thread_type = "AUTO"
        due = stream.duration * stream.time_base if stream.codec_context.name == "flac" and stream.duration else None
        heard, damaged = 0, False
        for packet in _packets(path, container):
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                damaged = heard > 0
                continue
            for frame in frames:
                if damaged:
                    at = heard / frame.sample_rate
                    raise _unreadable(path, f"is damaged at {at:.2f} s: it cannot be decoded there", "export it again")
                heard += frame.samples
                yield frame
        if not heard:
            raise _unreadable(path, "holds no sound: 0 samples", "record or export it again")
        if due is not None and heard < (due - _LESS) * stream.rate:  # a FLAC file counts its samples
            seconds = f"{heard / stream.rate:.2f} s of the {float(due):.2f} s it had"
            raise _unreadable(path, f"is damaged: it holds {seconds}", "export it again")


def _told(path: Path, stream: Any) -> float | None:
    """Seconds that a WAV, or an MP3 with a Xing or Info frame, says it holds; others do not say, or are believed."""
    codec = stream.codec_context.name
    if codec.startswith("mp3") and stream.duration and _counts_frames(path):
        return float(stream.duration * stream.time_base)
    return _told_by_wav(path) if codec.startswith("pcm_") else None  # ffmpeg tells what is left of a cut WAV


def _told_by_wav(path: Path) -> float | None:
    import wave

    try:
        with wave.open(str(path)) as file:
            streamed = file.getnframes() * file.getnchannels() * file.getsampwidth() >= _STREAMED
            return None if streamed else file.getnframes() / file.getframerate()
    except (wave.Error, EOFError, RuntimeError, ValueError, ArithmeticError):  # no RIFF, or a damaged or unknown one
        return None


def _counts_frames(path: Path) -> bool:
    """Whether an MP3's first frame, after its tags, is one that tells how many follow; else ffmpeg guesses."""
    with path.open("rb") as file:
        head = file.read(10)
        size = sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=False))  # 7 bits a byte
        file.seek(size + 10 if head[:3] == b"ID3" else 0)
        frame = file.read(200)
    return b"Xing" in frame or b"Info" in frame


def _packets(path: Path, container: InputContainer) -> Iterator[Any]:
    import av

    packets = container.demux(container.streams.audio[0])
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError as error:
            raise _unreadable(
                path, f"breaks off: {(error.strerror or str(error)).lower()}", "is it complete?"
            ) from None
        if packet is None:
            return
        yield packet


class _Interleaved:
    """Decoded frames of any sample format as float32 (n c), full scale ±1.

    Converted to one interleaved plane by ffmpeg: reading the planes of an 8-channel frame crashes PyAV 18.
    """

    def __init__(self) -> None:
        self._converter: Any = None

    def of(self, frame: Any) -> list[Sound]:
        from av import AudioResampler

        self._converter = self._converter or AudioResampler("flt", frame.layout, frame.sample_rate)
        channels = frame.layout.nb_channels
        # Not to_ndarray, which copies: an hour of mp3 is 137 000 frames.
        return [
            np.frombuffer(part.planes[0], np.float32, part.samples * channels)
            for part in self._converter.resample(frame)
        ]


def sound_blocks(path: Path, seconds: float = 1.0) -> Iterator[tuple[Sound, int]]:
    """The recording as it is: blocks of at least `seconds`, float32 (c, n), each with the rate in Hz."""
    import av

    held: list[Sound] = []
    interleaved = _Interleaved()
    samples, rate, channels = 0, 0, 0
    for frame in _frames(path):
        if rate and (frame.sample_rate, frame.layout.nb_channels) != (rate, channels):
            raise _unreadable(path, "changes its sample rate or channels midway", "export it again as one plain file")
        rate, channels = frame.sample_rate, frame.layout.nb_channels
        try:
            held += interleaved.of(frame)
        except (av.error.FFmpegError, ValueError):
            message = f"cannot be read as sound: {channels} channels at {rate} Hz"
            raise _unreadable(path, message, "is it damaged? export it again") from None
        samples += frame.samples
        if samples >= seconds * rate:
            yield rearrange(np.concatenate(held), "(n c) -> c n", c=channels), rate
            held, samples = [], 0
    if held:
        yield rearrange(np.concatenate(held), "(n c) -> c n", c=channels), rate


def _channel_names(names: list[str]) -> tuple[str, ...]:
    if len(names) == 1:
        return ("mono",)
    if len(names) == 2:
        return ("left", "right")
    return tuple(_NAMES.get(name, str(number)) for number, name in enumerate(names, 1))


def _exact_in_header(path: Path, stream: Any) -> int | None:
    """Samples of an uncompressed file by its header, where the file is as long as the header says."""
    codec = stream.codec_context
    if not codec.name.startswith("pcm_") or not stream.duration or codec.format is None:
        return None
    samples = round(stream.duration * stream.time_base * stream.rate)
    size = samples * stream.channels * codec.format.bytes
    return samples if 0 < size <= path.stat().st_size else None


def probe_recording(path: Path, written: str) -> Recording:
    """Duration, rate and channels; `written` is the path as the scene has it. InputError when it is no sound.

    Uncompressed files are known by their header; others are decoded and counted, at about 2 s per hour of sound.
    """
    header, samples = _header(path, written)
    if samples is None:
        samples = sum(frame.samples for frame in _frames(path))
    return _lasting(header, samples)


def _lasting(header: Recording, samples: int) -> Recording:
    """The recording with its duration; `told` stays only where it is more."""
    duration = samples / header.rate
    told = header.told if header.told is not None and header.told > duration + _LESS else None
    return replace(header, duration=duration, told=told)


def _header(path: Path, written: str) -> tuple[Recording, int | None]:
    """All that the header tells, of no duration yet, and the samples where it can be believed about them."""
    with closing(_open(path)) as container:
        stream = container.streams.audio[0]
        names, codec = [c.name for c in stream.layout.channels], stream.codec_context.name
        known = Recording(
            written, 0.0, stream.rate, len(names), _channel_names(names),
            told=_told(path, stream), origin=f"{codec}, counted",
        )  # fmt: skip
        return known, _exact_in_header(path, stream)


def measure_recording(path: Path, written: str) -> Recording:
    """As `probe_recording`, with loudness and peak; decodes the whole file once, ahead of the meter."""
    known, _ = _header(path, written)
    meter: LoudnessMeter | None = None
    samples = 0
    for block, rate in ahead(sound_blocks(path, seconds=5.0)):
        meter = meter or LoudnessMeter(rate, known.channel_names)
        meter.add(block)
        samples += block.shape[1]
    assert meter is not None  # sound_blocks raises where there is no sound
    loudness, peak = round(meter.integrated(), 2), round(meter.peak(), 2)
    return replace(_lasting(known, samples), loudness=loudness, peak=peak)


@dataclass(frozen=True)
class Samples:
    """A recording, or one channel of it (from 1), as float32 mono at 16 kHz, full scale ±1.

    Without a channel all channels are averaged. Sample k is the sound at k/16000 s: resampling adds no delay.
    InputError when the file is no sound or has no such channel.
    """

    path: Path
    channel: int | None = None

    def blocks(self, length: int = 30 * SAMPLE_RATE) -> Iterator[Sound]:
        """The whole recording in order, in blocks of `length` samples; the last one may be shorter."""
        held = np.zeros(0, np.float32)
        for piece in self._resampled():
            held = np.concatenate([held, piece])
            while len(held) >= length:
                yield held[:length]
                held = held[length:]
        if len(held):
            yield held

    def read(self, start: float = 0.0, end: float | None = None) -> Sound:
        """The sound from `start` to `end` seconds, both to the nearest sample; beyond the recording it is silent."""
        first = round(start * SAMPLE_RATE)
        last = None if end is None else round(end * SAMPLE_RATE)
        kept: list[Sound] = []
        position = 0
        for block in self.blocks(SAMPLE_RATE):
            part = block[max(0, first - position) : None if last is None else max(0, last - position)]
            if len(part):  # an empty view would keep its block in memory
                kept.append(part)
            position += len(block)
            if last is not None and position >= last:
                break
        sound = np.concatenate(kept) if kept else np.zeros(0, np.float32)
        if last is not None:
            sound = np.pad(sound, (0, max(0, last - first - len(sound))))
        return sound

    def _resampled(self) -> Iterator[Sound]:
        from av import AudioFrame, AudioResampler

        resampler, given, made, rate = None, 0, 0, SAMPLE_RATE
        for block, rate in sound_blocks(self.path):
            mono = self._mono(block)
            given += len(mono)
            if rate == SAMPLE_RATE:
                yield mono
                continue
            resampler = resampler or AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
            frame = AudioFrame.from_ndarray(mono[None], format="flt", layout="mono")
            frame.sample_rate = rate
            for part in resampler.resample(frame):
                made += part.samples
                yield part.to_ndarray()[0]
        if resampler is not None:
            due = round(given * SAMPLE_RATE / rate)
            tail = [part.to_ndarray()[0] for part in resampler.resample(None)]
            rest = np.concatenate([*tail, np.zeros(max(0, due - made), np.float32)])
            yield rest[: due - made]

    def _mono(self, block: Sound) -> Sound:
        if self.channel is None:
            return np.ascontiguousarray(block.mean(axis=0, dtype=np.float32))
        if not 1 <= self.channel <= len(block):
            count = f"{len(block)} channel" + ("s" if len(block) > 1 else "")
            raise _unreadable(self.path, f"has {count}; there is no channel {self.channel}")
        return np.ascontiguousarray(block[self.channel - 1])


def read_samples(path: Path, channel: int | None = None) -> Sound:
    """All of a recording as float32 mono at 16 kHz: 230 MB per hour."""
    return np.concatenate(list(itertools.chain(Samples(path, channel).blocks())))
