"""What the avatar model costs, ours against diffusers' and the official way, in one run with interleaved pairs.

    python scripts/bench_model.py [--quick] [--rounds 5] [--threads 2] [--json]
    python scripts/bench_model.py --device cuda [--backends native _native_cudnn] [--compile] [--json]

On the CPU: ratios, each with its target and, where both sides compute the same, their largest difference. With
`--device`: one guided step of the 13 B model with random weights at 704x704 and 704x1216, 129 frames: seconds, peak
memory and model FLOP utilisation with each attention backend. `--small` shrinks that to seconds on a CPU.
Exit 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import torch

import model  # noqa: F401  (lets torchaudio import on machines without CUDA)

import diffusers  # isort: skip  (after the torchaudio hook)


def run_cpu(quick: bool, rounds: int) -> Iterator[dict[str, object]]:
    """Print and give each comparison."""
    from model_measures import cpu_measures

    for result in cpu_measures(quick, rounds):
        error = "" if result.error is None else f"  difference {result.error:.1e} (<= {result.limit:g})"
        verdict = "ok" if result.reached else "MISSED"
        print(
            f"{result.name:<58}{result.ratio:9.2f}x  (>= {result.target:g})  ours {result.ours:.4g}, other "
            f"{result.other:.4g} {result.unit}{error}  {verdict}",
            file=sys.stderr,
            flush=True,
        )
        yield {**asdict(result), "reached": result.reached}


def run_device(arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Print and give each measure of a guided step."""
    from model_step_measures import BACKENDS, FULL, SMALL, step_measures

    device = torch.device(arguments.device)
    sizes = tuple(tuple(int(side) for side in size.split("x")) for size in arguments.sizes)
    for found in step_measures(
        SMALL if arguments.small else FULL,
        device,
        torch.bfloat16,
        sizes,  # type: ignore[arg-type]
        arguments.frames,
        arguments.text,
        tuple(arguments.backends or BACKENDS),
        arguments.rounds,
        arguments.compile,
    ):
        if found.seconds is None:
            print(f"{found.model:<16}{found.size:<10}{found.backend:<18} does not run: {found.note}", file=sys.stderr)
        else:
            share = "" if found.utilisation is None else f"  {100 * found.utilisation:.1f} % of peak"
            print(
                f"{found.model:<16}{found.size:<10}{found.backend:<18}{found.seconds:9.3f} s per guided step  "
                f"{found.tflops / found.seconds:8.2f} TFLOP/s{share}  peak {found.peak_gb:.1f} GB  {found.note}",
                file=sys.stderr,
                flush=True,
            )
        yield {**asdict(found), "reached": True}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller VAE sizes")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="results on standard output as JSON")
    parser.add_argument("--device", help="measure guided steps on this device instead: cuda, cuda:1, cpu")
    parser.add_argument("--small", action="store_true", help="with --device: a small configuration")
    parser.add_argument("--sizes", nargs="+", default=["704x704", "704x1216"], help="height x width in pixels")
    parser.add_argument("--frames", type=int, default=33, help="latent frames of a window")
    parser.add_argument("--text", type=int, default=640, help="valid ones of the 831 text tokens")
    parser.add_argument("--backends", nargs="+", help="attention backends by diffusers' names")
    parser.add_argument("--rounds", type=int, default=5, help="timed runs of each side, after one that does not count")
    parser.add_argument("--compile", action="store_true", help="also with the repeated blocks compiled")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    diffusers.utils.logging.set_verbosity_error()
    results = list(run_device(arguments) if arguments.device else run_cpu(arguments.quick, arguments.rounds))
    if arguments.json:
        print(json.dumps(results, indent=1))
    return 0 if all(result["reached"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
