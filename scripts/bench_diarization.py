"""Our run of a pyannote pipeline against pyannote's own: same models, same audio, one process, interleaved.

    python scripts/bench_diarization.py [--seconds 60] [--rounds 2] [--hour] [--json]

The pipeline has the published shape and random weights (its cost is the published one's, its turns mean nothing).
Ratios are of CPU seconds and of wall seconds, the least of the rounds; embeddings and turns are compared in the same
run. `--hour` instead times `dialogue plan` of a scene with one mixed hour of mp3 at a 5 s hop: real-time factor and the
largest memory of any process in it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from random_pyannote import make_pipeline

from dialogue.diarization.pyannote_pipeline import SpeedUp, load_pipeline

WAYS = {
    "pyannote": None,
    "ours, float32": SpeedUp(),
    "ours, bfloat16": SpeedUp(bfloat16=True),
    "ours, bfloat16, 5 s hop": SpeedUp(bfloat16=True, hop=5.0),
}


@dataclass
class Run:
    """The least cost of the rounds, and what came out."""

    cpu: float = float("inf")
    wall: float = float("inf")
    embeddings: NDArray[np.float32] | None = None
    turns: Any = None


def talk(seconds: float) -> NDArray[np.float32]:
    """Noise with the rhythm of syllables and pauses, 16 kHz; seeded."""
    return np.concatenate(list(talk_by_the_second(seconds)))


def talk_by_the_second(seconds: float) -> Iterator[NDArray[np.float32]]:
    random = np.random.default_rng(0)
    speaks = True
    for second in range(math.ceil(seconds)):
        speaks = bool(random.random() > 0.25) if second % 2 == 0 else speaks
        syllables = np.repeat(random.random(5, np.float32), 3200)
        sound = 0.3 * speaks * syllables * random.standard_normal(16_000, np.float32)
        yield sound[: round(min(1.0, seconds - second) * 16_000)]


def diarize(pipeline: Any, samples: NDArray[np.float32], run: Run) -> None:
    def hook(name: str, artefact: Any, **more: Any) -> None:
        if name == "embeddings" and "completed" not in more:
            run.embeddings = artefact

    file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": 16_000, "uri": "bench"}
    cpu, wall = time.process_time(), time.perf_counter()
    run.turns = pipeline(file, hook=hook).speaker_diarization
    run.cpu, run.wall = min(run.cpu, time.process_time() - cpu), min(run.wall, time.perf_counter() - wall)


def compare(folder: Path, seconds: float, rounds: int) -> dict[str, Any]:
    samples = talk(seconds)
    pipelines = {name: load_pipeline(folder, speed=speed) for name, speed in WAYS.items()}
    runs = {name: Run() for name in WAYS}
    for pipeline in pipelines.values():
        diarize(pipeline, samples[: 16_000 * 12], Run())  # first calls choose kernels
    for _ in range(rounds):
        for name, pipeline in pipelines.items():
            diarize(pipeline, samples, runs[name])
    own = runs["pyannote"]
    return {"seconds": seconds, "ways": {name: _against(own, run) for name, run in runs.items()}}


def _against(own: Run, run: Run) -> dict[str, Any]:
    found = {
        "cpu_s": run.cpu,
        "wall_s": run.wall,
        "cpu_ratio": own.cpu / run.cpu,
        "wall_ratio": own.wall / run.wall,
        "turns": len(run.turns),
    }
    assert own.embeddings is not None and run.embeddings is not None
    if run.embeddings.shape == own.embeddings.shape:
        length = np.linalg.norm(own.embeddings, axis=-1) * np.linalg.norm(run.embeddings, axis=-1)
        found["largest_difference"] = float(np.nanmax(np.abs(run.embeddings - own.embeddings)))
        found["least_cosine"] = float(np.nanmin((own.embeddings * run.embeddings).sum(-1) / length))
        found["same_turns"] = bool(run.turns == own.turns)
    return found


SCENE = """\
scene: 1
cast:
  ana: {voice: {speaker: SPEAKER_00}, face: [120, 80, 180, 200]}
  ben: {voice: {speaker: SPEAKER_01}, face: [420, 90, 170, 190]}
audio: hour.mp3
picture: two.png
"""


def hour(folder: Path, seconds: float = 3600.0) -> dict[str, float]:
    """`dialogue plan --hop 5` of a scene with one mixed hour, from mp3 to plan, as a process of its own."""
    import imageio_ffmpeg
    from PIL import Image

    place = folder / "hour"
    place.mkdir()
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "f32le", "-ar", "16000", "-ac", "1", "-i", "-"]
    command += ["-ar", "44100", "-b:a", "64k", str(place / "hour.mp3")]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for sound in talk_by_the_second(seconds):
            encoder.stdin.write(sound.tobytes())
    Image.new("RGB", (704, 448), "gray").save(place / "two.png")
    (place / "scene.yaml").write_text(SCENE)
    environment = {**os.environ, "DIALOGUE_DIARIZATION": str(folder), "XDG_CACHE_HOME": str(place / "cache")}
    plan = [sys.executable, "-m", "dialogue", "plan", str(place / "scene.yaml"), "--hop", "5", "-o", str(place / "out")]
    began = time.perf_counter()
    subprocess.run(plan, env=environment, check=True, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - began
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    turns = len((place / "out/turns.rttm").read_text().splitlines())
    return {
        "seconds": took,
        "real_time_factor": took / seconds,
        "peak_mb": used.ru_maxrss / 1024,
        "cpu_s": used.ru_utime + used.ru_stime,
        "turns": turns,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--hour", action="store_true", help="only the mixed hour")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_pipeline(Path(scratch))
        result = hour(folder) if arguments.hour else compare(folder, arguments.seconds, arguments.rounds)
    if arguments.json:
        print(json.dumps(result, indent=1))
    elif arguments.hour:
        told = "one hour: {seconds:.0f} s, real-time factor {real_time_factor:.4f}, {peak_mb:.0f} MB, {turns} turns"
        print(told.format(**result))
    else:
        for name, way in result["ways"].items():
            print(f"{name:26}" + "  ".join(f"{key} {value:.4g}" for key, value in way.items()))


if __name__ == "__main__":
    main()
