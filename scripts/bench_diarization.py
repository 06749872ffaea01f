"""Our run of a pyannote pipeline against pyannote's own: same models, same audio, one process, interleaved.

    python scripts/bench_diarization.py [--seconds 60] [--rounds 2] [--hour] [--json]

The pipeline has the published shape and random weights (its cost is the published one's, its turns mean nothing).
Ratios are of CPU seconds and of wall seconds, the least of the rounds; embeddings and turns are compared in the same
run. `--hour` also plans the speech of one mixed hour at a 5 s hop and gives real-time factor and peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from random_pyannote import make_pipeline

from dialogue.diarization.pyannote_pipeline import SpeedUp, load_pipeline
from dialogue.measures.speech import listen_to, speech_segments

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
    random = np.random.default_rng(0)
    count = round(seconds * 16_000)
    syllables = np.repeat(random.random(count // 3200 + 1), 3200)[:count]
    phrases = np.repeat(random.random(count // 32_000 + 1) > 0.25, 32_000)[:count]
    return (0.3 * syllables * phrases * random.normal(size=count)).astype(np.float32)


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


def hour(folder: Path) -> dict[str, float]:
    """One mixed hour: voice activity, then diarization in bfloat16 at a 5 s hop."""
    samples = talk(3600.0)
    pipeline = load_pipeline(folder, speed=SpeedUp(bfloat16=True, hop=5.0))
    began = time.perf_counter()
    speech_segments(listen_to(samples[i : i + 16_000 * 30] for i in range(0, len(samples), 16_000 * 30)))
    diarize(pipeline, samples, Run())
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": took, "real_time_factor": took / 3600, "peak_mb": peak}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--hour", action="store_true", help="only the mixed hour: its memory is its own")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        folder = make_pipeline(Path(scratch))
        result = hour(folder) if arguments.hour else compare(folder, arguments.seconds, arguments.rounds)
    if arguments.json:
        print(json.dumps(result, indent=1))
    elif arguments.hour:
        print("one hour: {seconds:.0f} s, real-time factor {real_time_factor:.4f}, {peak_mb:.0f} MB".format(**result))
    else:
        for name, way in result["ways"].items():
            print(f"{name:26}" + "  ".join(f"{key} {value:.4g}" for key, value in way.items()))


if __name__ == "__main__":
    main()
