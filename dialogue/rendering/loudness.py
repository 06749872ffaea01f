"""A film's sound brought to one loudness, as ffmpeg's loudnorm does it in two passes: measured, then turned up or down.

All of it by one gain where its peaks leave room for that, else by loudnorm's own dynamic gain, which holds the peaks.
What comes out is measured again, for a dynamic gain and the encoder may miss a little; what is off is aimed at anew.
Measured by ffmpeg's ebur128: what loudnorm itself tells of a few seconds is up to 1 LU off.
"""

from __future__ import annotations

import math
import os
import re
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from einops import rearrange
from numpy.typing import NDArray

from dialogue.rendering import ffmpeg
from dialogue.rendering.stitch import aac

Sound = NDArray[np.float32]
Blocks = Callable[[], Iterator[Sound]]  # (c, n), the same every time

PEAK = -1.0  # dBTP, that a film's sound never exceeds
_ROOM = 0.4  # dB by which AAC may overshoot what it was given
_OFF = 0.2  # LU from what is wanted that nobody need aim at again
_TOLD = 0.5  # LU from what is wanted that are told
_TRIES = 3  # by each way to hold the peaks
_SHORT = 3.5  # seconds: in less loudnorm knows no dynamic gain
_RANGE = 20  # LU: of loudness within the film, which is left as it is
_FINE = 192_000  # Hz, at which a limiter sees the peaks between the samples


@dataclass(frozen=True)
class Measured:
    """Integrated loudness and its gate's threshold in LUFS, true peak in dBTP, loudness range in LU."""

    loudness: float
    peak: float
    range: float
    threshold: float


def write_levelled(blocks: Blocks, rate: int, channels: int, wanted: float, output: Path) -> None:
    """The sound as AAC in an m4a file, `wanted` LUFS loud with no true peak above `PEAK`. Silence stays silence.

    Where that cannot be, as near as the peaks allow; see `shortfall`.
    """
    before, seconds = _measured(blocks(), rate, channels)
    if not math.isfinite(before.loudness) or before.loudness <= -70:
        encode_blocks(blocks(), rate, channels, output, lambda raw: raw)
        return
    aim, ceiling = wanted, PEAK - _ROOM
    nearest = math.inf
    with tempfile.TemporaryDirectory(prefix=".loudness-", dir=output.parent) as folder:
        draft = Path(folder) / "sound.m4a"
        for tried in range(2 * _TRIES):
            if tried == _TRIES:  # nearer it does not come
                aim, ceiling = wanted, PEAK - _ROOM
            limited = tried >= _TRIES or seconds < _SHORT
            encode_blocks(blocks(), rate, channels, draft, _levelling(before, limited, aim, ceiling, rate))
            got = measured_file(draft)
            off = abs(got.loudness - wanted) + 100 * max(0.0, got.peak - PEAK)
            if off < nearest:
                nearest = off
                os.replace(draft, output)
            if off <= _OFF:
                return
            aim += wanted - got.loudness
            ceiling -= max(0.0, got.peak - PEAK + 0.05)


def shortfall(file: Path, wanted: float) -> str | None:
    """What a listener should know of a film's sound that is not as loud as wanted; None where it is."""
    got = measured_file(file)
    if abs(got.loudness - wanted) <= _TOLD:
        return None
    if got.loudness <= -70:
        return f"the film is silent, so loudness: {wanted:g} changes nothing"
    away = f"the film is {got.loudness:.1f} LUFS loud, not the {wanted:g} of loudness:"
    return f"{away} its peaks, at {got.peak:.1f} dBTP, may not exceed {PEAK:g}, and leave no more room"


def _levelling(before: Measured, limited: bool, aim: float, ceiling: float, rate: int) -> Callable[[Any], Any]:
    """The filters that bring what was measured to `aim`; `limited`: by a limiter where one gain is not all."""
    gain = aim - before.loudness
    if before.peak + gain <= ceiling:
        return lambda raw: raw.filter("volume", f"{gain:.3f}dB")
    if limited or not -70 <= aim <= -5 or ceiling < -9:
        limit = 10 ** (ceiling / 20)
        return lambda raw: (
            raw.filter("volume", f"{gain:.3f}dB")
            .filter("aresample", _FINE)
            .filter("alimiter", limit=limit, level=0, latency=1, attack=5, release=50)
            .filter("aresample", rate)
        )
    told = {
        "measured_I": min(0.0, before.loudness),
        "measured_TP": min(99.0, before.peak),
        "measured_LRA": min(99.0, before.range),
        "measured_thresh": min(0.0, before.threshold),
        "I": aim,
        "TP": ceiling,
        "LRA": _RANGE,
    }
    options = {name: f"{value:.2f}" for name, value in told.items()}
    # loudnorm dates its last three seconds wrongly, which a player would show as a hole: dated anew by their samples.
    return lambda raw: (
        raw.filter("loudnorm", linear="false", **options).filter("aresample", rate).filter("asetpts", "N/SR/TB")
    )


def encode_blocks(
    blocks: Iterable[Sound], rate: int, channels: int, output: Path, through: Callable[[Any], Any]
) -> None:
    """The sound through some filters as AAC in an m4a file."""
    import ffmpeg as graph

    raw = graph.input("pipe:0", f="f32le", ar=rate, ac=channels)
    encoded = through(raw).output(ffmpeg.path(output), f="mp4", fflags="+bitexact", **aac(channels))
    with ffmpeg.feeding(encoded, "mix the sound") as stdin:
        for block in blocks:
            stdin.write(rearrange(block, "c n -> n c").tobytes())


def _measured(blocks: Iterable[Sound], rate: int, channels: int) -> tuple[Measured, float]:
    """The whole as it comes, and the seconds."""
    import ffmpeg as graph

    said: deque[bytes] = deque(maxlen=40)
    raw = graph.input("pipe:0", f="f32le", ar=rate, ac=channels)
    samples = 0
    with ffmpeg.feeding(_meter(raw), "measure the sound", said=said) as stdin:
        for block in blocks:
            samples += block.shape[1]
            stdin.write(rearrange(block, "c n -> n c").tobytes())
    return _read(said), samples / rate


def measured_file(file: Path) -> Measured:
    """A file's sound as a player has it."""
    said: deque[bytes] = deque(maxlen=40)
    with ffmpeg.feeding(_meter(ffmpeg.source(file)["a"]), "measure the sound", said=said):
        pass
    return _read(said)


def _meter(stream: Any) -> Any:
    return stream.filter("ebur128", peak="true", framelog="verbose").output("-", f="null")


def _read(said: Iterable[bytes]) -> Measured:
    told = b"\n".join(line.rstrip() for line in said).decode(errors="replace").rpartition("Summary:")[2]
    values = [_value(told, name) for name in ("I", "Peak", "LRA", "Threshold")]
    return Measured(*values)


def _value(told: str, name: str) -> float:
    found = re.search(rf"^ *{name}: *(\S+) ", told, re.MULTILINE)
    return float(found[1]) if found else -math.inf
