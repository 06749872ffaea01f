"""What the avatar model costs, ours against diffusers' and the official way, in one run with interleaved pairs.

    python scripts/bench_model.py [--quick] [--rounds 5] [--threads 2] [--json]
    python scripts/bench_model.py --device cuda [--backends native _native_cudnn] [--compile] [--exact] [--json]

On the CPU: ratios, each with its target and, where both sides compute the same, their largest difference. With
`--device`: one guided step of the 13 B model with random weights at 704x704 and 704x1216, 129 frames: seconds, peak
memory and model FLOP utilisation with each attention backend, with sparse attention and in 8 bits, and what 10 s of
film then take with each shortcut of docs/fast.md (`--exact`: no shortcuts). Steps of more than 10 s are run once: on an
H100 all of it is meant to take less than 10 minutes. `--small` shrinks it to seconds on a CPU.
Exit 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import torch

import model  # noqa: F401  (lets torchaudio import on machines without CUDA)

import diffusers  # isort: skip  (after the torchaudio hook)


if TYPE_CHECKING:
    from model_step_measures import StepMeasure


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

    measured: list[StepMeasure] = []
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
        not arguments.exact,
    ):
        measured.append(found)
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
    if not arguments.exact:
        films(measured)


def films(measured: Sequence[StepMeasure]) -> None:
    """10 s of film with each shortcut, by the steps that were measured at the last size; the VAE is not in it."""
    from bench_fast import rows_counted

    size = measured[-1].size
    here = [one for one in measured if one.size == size and one.seconds]
    rows = {
        kind: min((one.seconds for one in here if one.model == kind and one.seconds), default=None)
        for kind in ("ours", "ours, sparse", "ours, 8-bit")
    }
    if rows["ours"] is None:
        return
    for counted in rows_counted():
        dense, sparse = rows["ours, 8-bit" if "8-bit" in counted.names else "ours"], rows["ours, sparse"]
        if dense is None or (counted.sparse and sparse is None):
            continue
        seconds = counted.seconds(dense / 2, (sparse or 0.0) / 2)
        print(f"10 s at {size}, {', '.join(counted.names) or 'exact'}: {seconds:.4g} s", file=sys.stderr, flush=True)


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
    parser.add_argument("--exact", action="store_true", help="with --device: without the shortcuts of docs/fast.md")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    diffusers.utils.logging.set_verbosity_error()
    results = list(run_device(arguments) if arguments.device else run_cpu(arguments.quick, arguments.rounds))
    if arguments.json:
        print(json.dumps(results, indent=1))
    return 0 if all(result["reached"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
