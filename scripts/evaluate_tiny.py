"""Measure the small model on drawn characters, voices and sentences it never met.

    python scripts/evaluate_tiny.py                  the table of the model card, seed 0
    python scripts/evaluate_tiny.py --seed 5 --json  others, as JSON
    python scripts/evaluate_tiny.py --ablations      masks, emotion module, fusion offset, guidance, motion conditions
    python scripts/evaluate_tiny.py --variants A B   folders of weights side by side: the injections, say

A seed draws characters, voices' speed and pitch, sentences and places anew from the test split, which training never
touches.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import torch
from tiny import measures
from tiny.reader import load_reader

from model.tiny.tiny import WEIGHTS, load_tiny, tiny_sampling

TARGETS = {
    "single": ">= .93",
    "speaker": ">= .90",
    "own": ">= .90",
    "other": "<= .10",
    "silent": "<= .10",
    "lag0": "1",
    "emotion": ">= .85",
    "identity": "1",
    "background": ">= 36",
    "seam": "<= 1.05",
    "drift": "<= 1",
    "seconds_per_second": "<= 3",
    "peak_gb": "<= 2",
}


def table(examiner: measures.Examiner, count: int, rounds: int, people: int, seconds: int) -> dict[str, float]:
    """Every figure of the model card."""
    found = {**measures.speed(examiner), **measures.lips(examiner, count)}
    found["emotion"] = measures.emotions(examiner, rounds)["accuracy"]
    found["identity"] = measures.identity(examiner, people)
    return {**found, **measures.long_film(examiner, seconds)}


def ablations(examiner: measures.Examiner, count: int, rounds: int) -> Iterator[tuple[str, dict[str, float]]]:
    """What can be taken from or done to one trained model; each row is (what, figures)."""
    usual = examiner.sampling or tiny_sampling()
    yield "as shipped", measures.lips(examiner, count)
    yield "no audio masks (every voice everywhere)", who_moves(examiner, count, whole=True)
    yield "with audio masks", who_moves(examiner, count, whole=False)
    yield "emotion module off", {"emotion": measures.emotions(examiner, rounds, emotions=False)["accuracy"]}
    yield "emotion module on", {"emotion": measures.emotions(examiner, rounds)["accuracy"]}
    for scale in (1.0, 1.25, 1.5, 2.0):
        guided = replace(examiner, sampling=tiny_sampling(usual.steps, scale))
        yield f"audio guidance {scale}", measures.lips(guided, count)
    for steps in (1, 2, 4, 8):
        yield f"{steps} steps", measures.lips(replace(examiner, sampling=tiny_sampling(steps)), count)
    for offset in (0, 3, 5, 7, 10):
        yield f"fusion offset {offset}", measures.long_film(replace(examiner, offset=offset), 12)
    for pose in (0, 25, 50):
        sampling = replace(usual, pose=(pose,) * 4)
        yield f"motion pose {pose}", motion(replace(examiner, sampling=sampling), count)
    for expression in (0, 30, 60):
        sampling = replace(usual, expression=(expression,) * 4)
        yield f"motion expression {expression}", motion(replace(examiner, sampling=sampling), count)


def variant(examiner: measures.Examiner, count: int, rounds: int, people: int) -> dict[str, float]:
    """What the papers compare injections by: motion and identity; and whether emotions show."""
    found = measures.lips(examiner, count)
    return {
        "single": found["single"],
        "speaker": found["speaker"],
        **motion(examiner, count),
        "identity": measures.identity(examiner, people),
        "face_psnr": measures.face_psnr(examiner, count),
        "emotion": measures.emotions(examiner, rounds)["accuracy"],
    }


def who_moves(examiner: measures.Examiner, count: int, whole: bool) -> dict[str, float]:
    """One of two speaks: the movement of the other's mouth as a share of the speaker's."""
    share = []
    for number in range(count):
        pair = examiner.clip(1000 + number, (True, False))
        film = examiner.film(pair, masks=measures.whole_picture(pair) if whole else None)
        reads = [examiner.read(film, face)[0] for face in pair.stage.faces]
        share.append(float(reads[1].std() / reads[0].std().clamp(min=1e-6)))
    return {"silent": sum(share) / len(share)}


BANDS = {"head": (-1.3, -0.7), "brows": (-0.6, -0.34)}  # heights in radii from the middle of the face


def motion(examiner: measures.Examiner, count: int) -> dict[str, float]:
    """Mean change from frame to frame in 1/255: above the brows, where only the head moves, and of the brows; and how
    much it is in the drawn truth."""
    change: dict[str, list[float]] = {}
    for number in range(count):
        clip = examiner.clip(7000 + number, (True,))
        face = clip.stage.faces[0]
        left, right = max(0, int(face.x - face.radius)), int(face.x + face.radius)
        for film, whose in ((examiner.film(clip).float(), ""), (clip.frames.float(), "true_")):
            for name, band in BANDS.items():
                top, bottom = (max(0, int(face.y + edge * face.radius)) for edge in band)
                seen = film[:, :, top:bottom, left:right]
                change.setdefault(whose + name, []).append(float((seen[1:] - seen[:-1]).abs().mean()))
    return {name: sum(values) / count for name, values in change.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print JSON alone")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--steps", type=int, default=4, help="of denoising (default: 4, as the generator; speed: 8)")
    parser.add_argument("--count", type=int, default=6, help="clips of each kind")
    parser.add_argument("--rounds", type=int, default=4, help="clips of each emotion")
    parser.add_argument("--people", type=int, default=50, help="people in the identity test")
    parser.add_argument("--seconds", type=int, default=60, help="length of the long film")
    parser.add_argument("--ablations", action="store_true")
    parser.add_argument("--variants", type=Path, nargs="+", help="folders of weights to compare")
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    reader = load_reader(Path(__file__).parent / "tiny" / "reader.pt")

    def examiner_of(weights: Path) -> measures.Examiner:
        return measures.Examiner(load_tiny(weights), reader, args.seed, tiny_sampling(args.steps))

    examiner = examiner_of(args.weights)
    if args.ablations or args.variants:
        compared = ablations(examiner, args.count, args.rounds)
        if args.variants:
            compared = (
                (folder.name, variant(examiner_of(folder), args.count, args.rounds, args.people))
                for folder in args.variants
            )
        rows = {}
        for name, figures in compared:
            rows[name] = figures
            if not args.json:
                print(f"{name:42s}", "  ".join(f"{k} {v:.3f}" for k, v in figures.items()), flush=True)
        if args.json:
            print(json.dumps(rows, indent=1))
        return
    found = table(examiner, args.count, args.rounds, args.people, args.seconds)
    if args.json:
        print(json.dumps({"seed": args.seed, **found}, indent=1))
        return
    for name, value in found.items():
        print(f"{name:20s} {value:8.3f}   {TARGETS.get(name, '')}")


if __name__ == "__main__":
    main()
