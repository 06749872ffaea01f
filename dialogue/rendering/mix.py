"""What is heard where there is no finished mix: tracks and lines laid over each other, each at its own time.

Everything streams in blocks of a second, so hours need no more memory than seconds, and times are exact to the sample
of the mix. Where voices add up to more than full scale a limiter turns just those peaks down; all else is unchanged.

Shapes: `c` channels of the mix (1 or 2), `n` samples.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from einops import rearrange, reduce, repeat
from numpy.typing import NDArray

from dialogue.media.downmix import Downmix
from dialogue.media.recordings import sound_blocks
from dialogue.planning.plan import AudioSlice, MixPart, PlacedSound, Turn
from dialogue.rendering import ffmpeg
from dialogue.rendering.loudness import encode_blocks, write_levelled
from dialogue.rendering.shaping import Shape, shaped
from dialogue.rendering.stitch import aac

_HIGHEST_RATE = 48_000  # Hz
_MOST_CHANNELS = 8  # of AAC
_KEPT_TAPES = 8  # of one recording: each holds its file open
_SILENCE = 48_000  # samples at a time, beyond the end of a recording
_CEILING = 0.97  # of full scale; AAC overshoots a little

Sound = NDArray[np.float32]


class _Tape:
    """A recording, or one channel of it, played forward at the mix's rate. Three and more channels become one."""

    def __init__(self, file: Path, channel: int | None, stream: int | None, rate: int) -> None:
        self.position = 0
        self._blocks = _at_rate(_voices(sound_blocks(file, stream=stream), channel), rate)
        self._held: Sound = np.zeros((1, 0), np.float32)

    def play(self, start: int, end: int) -> Sound:
        """Samples `start` … `end` (c, n), start at `position` or later; silent beyond the recording."""
        pieces: list[Sound] = []
        while self.position < end:
            if not self._held.shape[1]:
                self._held = next(self._blocks, np.zeros((len(self._held), _SILENCE), np.float32))
            first = min(max(0, start - self.position), self._held.shape[1])
            last = min(end - self.position, self._held.shape[1])
            pieces.append(self._held[:, first:last])
            self.position += last
            self._held = self._held[:, last:]
        return np.concatenate(pieces, axis=1) if pieces else np.zeros((1, 0), np.float32)


def _voices(blocks: Iterator[tuple[Sound, int]], channel: int | None) -> Iterator[tuple[Sound, int]]:
    downmix = Downmix()
    for block, rate in blocks:
        if channel is not None:
            yield block[channel - 1 : channel], rate
        elif len(block) > 2:
            yield downmix.mono(block)[None], rate
        else:
            yield block, rate


def _at_rate(blocks: Iterator[tuple[Sound, int]], wanted: int) -> Iterator[Sound]:
    """Resampled without delay: sample k is the sound at k/wanted seconds."""
    from av import AudioFrame, AudioResampler

    resampler: Any = None
    given = made = 0
    rate, c = wanted, 1
    for block, rate in blocks:
        c = len(block)
        if rate == wanted:
            yield block
            continue
        layout = "mono" if c == 1 else "stereo"
        resampler = resampler or AudioResampler("flt", layout, wanted)
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(rearrange(block, "c n -> 1 (n c)")), "flt", layout)
        frame.sample_rate = rate
        given += block.shape[1]
        for part in resampler.resample(frame):
            made += part.samples
            yield rearrange(part.to_ndarray(), "1 (n c) -> c n", c=c)
    if resampler is not None:
        due = round(given * wanted / rate)
        tail = [rearrange(part.to_ndarray(), "1 (n c) -> c n", c=c) for part in resampler.resample(None)]
        rest = np.concatenate([*tail, np.zeros((c, max(0, due - made)), np.float32)], axis=1)
        yield rest[:, : due - made]


class _Shelf:
    """Tapes not in use. Parts of one recording that follow each other share a tape: it is decoded once, in order."""

    def __init__(self, media: Path, rate: int) -> None:
        self._media, self._rate = media, rate
        self._tapes: dict[tuple[str, int | None, int | None], list[_Tape]] = {}

    def take(self, part: MixPart, start: int) -> _Tape:
        audio = part.audio
        tapes = self._tapes.get(audio.heard, [])
        fitting = [tape for tape in tapes if tape.position <= start]
        if not fitting:
            return _Tape(self._media / audio.source, audio.channel, audio.stream, self._rate)
        nearest = max(fitting, key=lambda tape: tape.position)
        tapes.remove(nearest)
        return nearest

    def give(self, part: MixPart, tape: _Tape) -> None:
        kept = self._tapes.setdefault(part.audio.heard, [])
        kept.append(tape)
        del kept[:-_KEPT_TAPES]  # of a sound that begins again and again none is of use any more


@dataclass
class _Playing:
    """A part that has begun: at sample `at` of the mix its tape is at `start`."""

    part: MixPart
    shape: Shape | None
    tape: _Tape
    at: int
    start: int
    end: int  # in the mix


@dataclass(frozen=True)
class Heard:
    """What a film is mixed of: speech as it is, sounds under it, and the turns for which they make room."""

    parts: tuple[MixPart, ...]
    sounds: tuple[PlacedSound, ...] = ()
    turns: tuple[Turn, ...] = ()

    @property
    def slices(self) -> tuple[AudioSlice, ...]:
        return (*(part.audio for part in self.parts), *(sound.audio for sound in self.sounds))


def mixed(heard: Heard, media: Path, duration: float, rate: int, channels: int, start: float = 0.0) -> Iterator[Sound]:
    """The mix in blocks (c, n) of a second, float32, before the limiter: the plain sum of the parts.

    From `start` seconds of the film on, for `duration` seconds.
    """
    laid = [*((part, None) for part in heard.parts), *shaped(heard.sounds, heard.turns)]
    waiting = sorted(laid, key=lambda one: one[0].at, reverse=True)
    shelf, playing = _Shelf(media, rate), list[_Playing]()
    since = round(start * rate)
    total = since + round(duration * rate)
    for begin in range(since, total, rate):
        end = min(begin + rate, total)
        block = np.zeros((channels, end - begin), np.float32)
        while waiting and round(waiting[-1][0].at * rate) < end:
            part, shape = waiting.pop()
            at, first = round(part.at * rate), round(part.audio.start * rate)
            stop = at + round((part.audio.end - part.audio.start) * rate)
            if stop > begin:
                tape = shelf.take(part, first + max(0, begin - at))
                playing.append(_Playing(part, shape, tape, at, first, stop))
        for now in playing:
            first, last = max(now.at, begin), min(now.end, end)
            sound = now.tape.play(now.start + first - now.at, now.start + last - now.at)
            factor = _factor(now.part.gain) if now.shape is None else now.shape(first, last, rate)
            block[:, first - begin : last - begin] += _spread(sound, channels) * factor
        for over in [now for now in playing if now.end <= end]:
            playing.remove(over)
            shelf.give(over.part, over.tape)
        yield block


def _factor(gain: float | None) -> float:
    """dB to a factor."""
    return math.pow(10, (gain or 0.0) / 20)


def _spread(sound: Sound, channels: int) -> Sound:
    if len(sound) == channels:
        return sound
    spread: Sound = reduce(sound, "c n -> 1 n", "mean") if channels == 1 else repeat(sound, "1 n -> c n", c=channels)
    return spread


def _format(heard: Heard, media: Path) -> tuple[int, int]:
    """Rate and channels of the mix: the finest of its parts', at most 48 kHz, at most stereo."""
    rates, channels = [8_000], 1
    for source, channel, stream in {audio.heard for audio in heard.slices}:
        block, rate = next(sound_blocks(media / source, stream=stream))
        rates.append(min(rate, _HIGHEST_RATE))
        channels = max(channels, 2 if channel is None and len(block) == 2 else 1)
    return max(rates), channels


def write_sound(file: Path, stream: int | None, output: Path) -> None:
    """One recording whole, all its channels, as AAC in an m4a file; as `write_mix` else."""
    import ffmpeg as graph

    blocks = sound_blocks(file, stream=stream)
    first, rate = next(blocks)
    downmix, channels = Downmix(), len(first) if len(first) <= _MOST_CHANNELS else 1
    raw = graph.input("pipe:0", f="f32le", ar=rate, ac=channels)
    encoded = raw.output(ffmpeg.path(output), f="mp4", fflags="+bitexact", **aac(channels))
    with ffmpeg.feeding(encoded, "encode the sound") as stdin:
        for block, _ in itertools.chain([(first, rate)], blocks):
            heard = block if len(block) == channels else downmix.mono(block)[None]
            stdin.write(rearrange(heard, "c n -> n c").tobytes())


def write_mix(
    heard: Heard, media: Path, duration: float, output: Path, start: float = 0.0, loudness: float | None = None
) -> None:
    """Mix what is heard (paths relative to `media`) from `start` on, `duration` seconds of AAC in an m4a file.

    `loudness`: LUFS of the whole; None: as it comes. DialogueError when ffmpeg fails, SceneError when a recording
    cannot be decoded.
    """
    rate, channels = _format(heard, media)

    def blocks() -> Iterator[Sound]:
        return mixed(heard, media, duration, rate, channels, start)

    if loudness is not None:
        write_levelled(blocks, rate, channels, loudness, output)
        return
    # level=0: no make-up gain; latency=1: the look-ahead is taken out again, so nothing moves in time.
    encode_blocks(
        blocks(), rate, channels, output,
        lambda raw: raw.filter("alimiter", limit=_CEILING, level=0, latency=1, attack=5, release=50),
    )  # fmt: skip
