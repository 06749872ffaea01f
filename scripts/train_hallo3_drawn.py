"""Train a small Hallo3 from nothing on the drawn world, in the phases of the release, and measure it.

    python scripts/train_hallo3_drawn.py --minutes 40 --folder runs/hallo3

"base" stands for the CogVideoX that the release starts from: everything but audio. Then "identity" and "audio" as the
release has them, each frozen where it must be. Prints the loss, and at the end of every phase how the lips follow and
how many of 20 people look like themselves, on people, voices and sentences it never met.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch
from tiny import hallo3_world as world
from tiny.clips import Clip
from tiny.reader import load_reader

from model.hallo3.guidance import Guidance
from model.hallo3.pipeline import Sampling
from model.hallo3.prepared import batch_of
from model.hallo3.training import Phase, Recipe, Trainer, initialise

READER = Path(__file__).parent / "tiny" / "reader.pt"
SHARES: dict[Phase, float] = {"base": 0.6, "identity": 0.1, "audio": 0.3}
RATES: dict[Phase, float] = {"base": 1e-3, "identity": 3e-4, "audio": 2e-3}


def drawn(folder: Path, count: int) -> list[Clip]:
    """The training clips, drawn once and kept."""
    file = folder / f"clips-{count}.pt"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        torch.save([world.draw(number, "train") for number in range(count)], file)
    clips: list[Clip] = torch.load(file, weights_only=False)  # our own file, of this run
    return clips


def examined(model: world.DrawnHallo3, people: int) -> str:
    """Lips and identity on people it never met."""
    clips = [world.draw(number, "test") for number in range(people)]
    judge = load_reader(READER)
    scores = []
    for scale in (1.0, 2.5):
        guided = world.DrawnHallo3(model.denoiser, model.reference, model.codec, Sampling(10, Guidance(scale, scale)))
        scores.append(f"lips {world.lips(guided, judge, clips):.2f} with guidance {scale:g}")
    return f"{', '.join(scores)}, identity {world.identity(model, clips)} of {people}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=240)
    parser.add_argument("--folder", type=Path, default=Path("runs/hallo3"))
    parser.add_argument("--clips", type=int, default=400)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--people", type=int, default=20)
    args = parser.parse_args()
    clips = drawn(args.folder, args.clips)
    items = [world.training_clip(clip) for clip in clips]
    codec = world.PatchCodec()
    codec.fit([item.frames.transpose(0, 1) for item in items[:100]])
    denoiser, reference = world.networks()
    generator = torch.Generator().manual_seed(5)
    for phase, share in SHARES.items():
        if phase == "audio":
            initialise(denoiser, "audio", generator)
        trainer = Trainer(denoiser, reference, phase, Recipe(RATES[phase], clip=1.0, average=0.995, weight_decay=0.0))
        began, budget, losses = time.monotonic(), 60 * args.minutes * share, []
        while (spent := time.monotonic() - began) < budget:
            for group in trainer.optimizer.param_groups:
                group["lr"] = RATES[phase] * min(1.0, (trainer.step + 1) / 50, 2 * (1 - spent / budget) + 0.02)
            chosen = [items[i] for i in torch.randint(len(items), (args.batch,), generator=generator).tolist()]
            texts = [world.words(item.caption) for item in chosen]
            losses.append(trainer.update(batch_of(chosen, texts, codec, generator)))
            if trainer.step % 50 == 0:
                print(f"{phase} {spent:.0f} s step {trainer.step} loss {sum(losses[-50:]) / 50:.4f}", flush=True)
        with torch.no_grad():
            for name, parameter in trainer.parameters.items():
                parameter.copy_(trainer.averages[name])
        trainer.save(args.folder / f"{phase}.safetensors")
        model = world.DrawnHallo3(denoiser.eval(), reference.eval(), codec)
        print(f"{phase}: {examined(model, args.people)}", flush=True)
    denoiser.save_pretrained(args.folder / "transformer")
    reference.save_pretrained(args.folder / "reference")


if __name__ == "__main__":
    main()
