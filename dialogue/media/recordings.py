"""Sound files: how long, which channels, how loud; and their samples as a generator hears them, 16 kHz mono.

Everything is counted in decoded samples: containers round or guess their durations (an AAC file here says 8.049 s
and decodes to 8.064 s). Where a container dates its packets, a late start and gaps are silence, as a player shows them
(`dialogue.media.sound_file`). Decoding streams, so that hours of sound fit in little memory. Cover art is ignored.

Shapes: `c` channels, `n` samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from einops import rearrange
from numpy.typing import NDArray

from dialogue.media.ahead import ahead
from dialogue.media.downmix import Downmix
from dialogue.media.loudness import LoudnessMeter
from dialogue.media.media import Recording
from dialogue.media.sound_file import LESS, Placed, dated, open_sound, placed_frames, sound_stream, unreadable
from model.grid import SAMPLE_RATE

Sound = NDArray[np.float32]

_STREAMED = 0x7FFF0000  # bytes; a WAV written to a pipe claims this much or more, and means that it does not know
_NAMES = {
    "FL": "left", "FR": "right", "FC": "center", "LFE": "lfe", "BL": "back-left", "BR": "back-right",
    "SL": "side-left", "SR": "side-right", "BC": "back-center",
}  # fmt: skip


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


@dataclass
class Oddities:
    """What a pass over a recording met, in samples: silence before it, gaps and overlaps in it, what is no number."""

    start: int = 0
    gaps: int = 0
    spoilt: int = 0

    def placed(self, placed: Placed, before: int) -> None:
        """`before`: samples of the recording before this frame."""
        if before:
            self.gaps += placed.silence + placed.skip
        else:
            self.start = placed.silence


def sound_blocks(
    path: Path, seconds: float = 1.0, stream: int | None = None, met: Oddities | None = None
) -> Iterator[tuple[Sound, int]]:
    """The recording as a player plays it: blocks of at least `seconds`, float32 (c, n), each with the rate in Hz.

    `stream`: which of the file's sound streams, from 1; None is the one marked as default. Samples that are no numbers
    are silent. `met` is told what was odd.
    """
    import av

    met = met or Oddities()
    held: list[Sound] = []
    total = 0
    interleaved = _Interleaved()
    samples, rate, channels = 0, 0, 0
    for placed in placed_frames(path, stream):
        frame = placed.frame
        if rate and (frame.sample_rate, frame.layout.nb_channels) != (rate, channels):
            raise unreadable(path, "changes its sample rate or channels midway", "export it again as one plain file")
        rate, channels = frame.sample_rate, frame.layout.nb_channels
        met.placed(placed, total)
        total += placed.samples
        for silent in _silence(placed.silence, rate):
            held.append(np.zeros(silent * channels, np.float32))
            samples += silent
            if samples >= seconds * rate:
                yield _block(held, channels, met), rate
                held, samples = [], 0
        try:
            sound = interleaved.of(frame)
        except (av.error.FFmpegError, ValueError):
            message = f"cannot be read as sound: {channels} channels at {rate} Hz"
            raise unreadable(path, message, "is it damaged? export it again") from None
        held += [np.concatenate(sound)[placed.skip * channels :]] if placed.skip else sound
        samples += frame.samples - placed.skip
        if samples >= seconds * rate:
            yield _block(held, channels, met), rate
            held, samples = [], 0
    if samples:
        yield _block(held, channels, met), rate
    if not total:
        raise unreadable(path, "holds no sound: 0 samples", "record or export it again")


def _silence(samples: int, rate: int) -> Iterator[int]:
    """A stretch of silence, a second at a time."""
    while samples > 0:
        yield min(samples, rate)
        samples -= rate


def _block(held: Sequence[Sound], channels: int, met: Oddities) -> Sound:
    """What was decoded as one block (c, n); samples that are no numbers (a broken plug-in's) are silent."""
    block: Sound = rearrange(np.concatenate(held), "(n c) -> c n", c=channels)
    numbers = np.isfinite(block)
    if numbers.all():
        return block
    met.spoilt += int((~numbers).sum())
    return np.where(numbers, block, np.float32(0))


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


def probe_recording(path: Path, written: str, stream: int | None = None) -> Recording:
    """Duration, rate and channels; `written` is the path as the scene has it. SceneError when it is no sound.

    Uncompressed files are known by their header; others are decoded and counted, at about 2 s per hour of sound.
    """
    header, samples = _header(path, written, stream)
    if samples is not None:
        return _lasting(header, samples, Oddities())
    samples, met = 0, Oddities()
    for placed in placed_frames(path, stream):
        met.placed(placed, samples)
        samples += placed.samples
    return _lasting(header, samples, met)


def _lasting(header: Recording, samples: int, met: Oddities) -> Recording:
    """The recording with its duration; `told` stays only where it is more."""
    duration = samples / header.rate
    told = header.told if header.told is not None and header.told > duration + LESS else None
    start, gaps = (round(count / header.rate, 6) for count in (met.start, met.gaps))
    return replace(header, duration=duration, told=told, start=start, gaps=gaps, spoilt=met.spoilt)


def _header(path: Path, written: str, number: int | None) -> tuple[Recording, int | None]:
    """All that the header tells, of no duration yet, and the samples where it can be believed about them."""
    with closing(open_sound(path)) as container:
        stream = sound_stream(path, container, number)
        names, codec = [c.name for c in stream.layout.channels], stream.codec_context.name
        known = Recording(
            written, 0.0, stream.rate, len(names), _channel_names(names), streams=len(container.streams.audio),
            told=_told(path, stream), origin=f"{codec}, counted",
        )  # fmt: skip
        return known, None if dated(container) else _exact_in_header(path, stream)


def check_beginning(path: Path, stream: int | None = None) -> None:
    """SceneError when the file is no sound, or has no such sound stream, as far as its header and beginning tell."""
    _header(path, path.name, stream)
    with closing(placed_frames(path, stream)) as frames:
        next(frames, None)


def measure_recording(path: Path, written: str, stream: int | None = None) -> Recording:
    """As `probe_recording`, with loudness and peak; decodes the whole file once, ahead of the meter."""
    known, _ = _header(path, written, stream)
    meter: LoudnessMeter | None = None
    samples, met = 0, Oddities()
    for block, rate in ahead(sound_blocks(path, 5.0, stream, met)):
        meter = meter or LoudnessMeter(rate, known.channel_names)
        meter.add(block)
        samples += block.shape[1]
    assert meter is not None  # sound_blocks raises where there is no sound
    loudness, peak = round(meter.integrated(), 2), round(meter.peak(), 2)
    return replace(_lasting(known, samples, met), loudness=loudness, peak=peak)


@dataclass(frozen=True)
class Samples:
    """A recording, or one channel of it (from 1), as float32 mono at 16 kHz, full scale ±1.

    Without a channel all are mixed, so that none cancels another. Sample k is the sound at k/16000 s: resampling adds
    no delay. `stream`: see `sound_blocks`. `start`: seconds of silence before it (below 0: its beginning left out).
    `clean`: without noise and music, to be listened to (`dialogue.media.cleaning`). SceneError when the file is no
    sound or has no such channel.
    """

    path: Path
    channel: int | None = None
    stream: int | None = None
    start: float = 0.0
    clean: bool = False

    def blocks(self, length: int = 30 * SAMPLE_RATE) -> Iterator[Sound]:
        """The whole recording in order, in blocks of `length` samples; the last one may be shorter."""
        held = np.zeros(0, np.float32)
        for piece in self._begun():
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

    def _begun(self) -> Iterator[Sound]:
        """The sound from the `start` on."""
        late = round(self.start * SAMPLE_RATE)
        yield from (np.zeros(silent, np.float32) for silent in _silence(late, SAMPLE_RATE))
        left_out = max(0, -late)
        for piece in self._cleaned() if self.clean else self._resampled():
            yield piece[left_out:]
            left_out = max(0, left_out - len(piece))

    def _cleaned(self) -> Iterator[Sound]:
        from dialogue.media.cleaning import cleaned

        part = f"{self.channel}.{self.stream}"
        return Samples(cleaned(self.path, self._resampled(), part))._resampled()

    def _resampled(self) -> Iterator[Sound]:
        from av import AudioFrame, AudioResampler

        resampler, given, made, rate = None, 0, 0, SAMPLE_RATE
        downmix = Downmix()
        for block, rate in sound_blocks(self.path, stream=self.stream):
            mono = downmix.mono(block) if self.channel is None else self._one(block, self.channel)
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

    def _one(self, block: Sound, channel: int) -> Sound:
        if not 1 <= channel <= len(block):
            count = f"{len(block)} channel" + ("s" if len(block) > 1 else "")
            raise unreadable(self.path, f"has {count}; there is no channel {channel}")
        return np.ascontiguousarray(block[channel - 1])


def read_samples(
    path: Path, channel: int | None = None, stream: int | None = None, clean: bool = False
) -> Sound:
    """All of a recording as float32 mono at 16 kHz: 230 MB per hour."""
    return np.concatenate(list(Samples(path, channel, stream, clean=clean).blocks()))
