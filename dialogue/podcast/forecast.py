"""What a batch will take before it starts: time by the generators' own estimates, room by what clips are like."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dialogue.ground.amounts import duration_text, memory_text
from dialogue.planning.plan import Plan
from dialogue.podcast.schedule import predicted_time

LISTENING = 0.025  # seconds of one core per second of recording: voice activity, vectors, clustering
_BITS_PER_PIXEL = 0.09  # of an encoded frame: .07 … .093 measured at 512x288 and 640x360, grain and all
_SOUND = 16_000  # bytes per second of a film's sound: 128 kbit/s


@dataclass(frozen=True)
class Forecast:
    """`seconds` of work on all workers together ends after `time`; `room` in bytes is taken by clips and films."""

    films: int
    shots: int
    reused: int
    film_seconds: float
    seconds: float
    time: float
    room: int
    free: int

    def __str__(self) -> str:
        reused = f", {self.reused} more are in the cache" if self.reused else ""
        return (
            f"{self.films} film{'s' * (self.films != 1)} of {duration_text(self.film_seconds)} in all: "
            f"{self.shots} shot{'s' * (self.shots != 1)} to make{reused}; about {duration_text(self.time)}, "
            f"{memory_text(self.room)} of disk ({memory_text(self.free)} free)"
        )


def forecast(
    plans: Sequence[Plan], estimates: Sequence[float], frames: int, reused: int, workers: int, place: Path
) -> Forecast:
    """`estimates`: seconds of each shot to make, `frames` of all of them; `plans`: the films to be joined."""
    film_seconds = sum(float(plan.frames / plan.fps) for plan in plans)
    pixels = sum(plan.frames * plan.width * plan.height for plan in plans)
    share = frames / max(1, sum(plan.frames for plan in plans))  # of the frames that are new clips too
    room = pixels * _BITS_PER_PIXEL / 8 * (1 + share) + film_seconds * _SOUND
    free = shutil.disk_usage(place).free
    time = predicted_time(estimates, workers)
    return Forecast(len(plans), len(estimates), reused, film_seconds, sum(estimates), time, round(room), free)
