"""Hallo3 trained from nothing on one person of the drawn world: it learns to speak, and the reader sees it."""

from __future__ import annotations

import shutil

import pytest
import torch

from model.hallo3.guidance import Guidance
from model.hallo3.pipeline import Sampling
from model.hallo3.prepared import batch_of
from model.hallo3.training import Phase, Recipe, Trainer, initialise, trained_names
from scripts.tiny import hallo3_world as world
from scripts.tiny.reader import load_reader
from scripts.train_hallo3_drawn import READER

pytestmark = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng, which gives the voices, is missing"
)
PERSON = 7


def test_the_video_code_keeps_what_the_reader_reads() -> None:
    """Encoded and decoded, mouths open as before."""
    clips = [world.draw(number, "train") for number in range(12)]
    codec = world.PatchCodec()
    codec.fit([clip.frames.float().transpose(0, 1) / 127.5 - 1 for clip in clips])
    reader = load_reader(READER)

    class Decoded(world.DrawnHallo3):
        def film(self, clip: world.Clip, seed: int = 0) -> torch.Tensor:
            pixels = clip.frames.float().transpose(0, 1)[None] / 127.5 - 1
            again = self.codec.decode(self.codec.encode(pixels))[0].transpose(0, 1)
            return ((again + 1) * 127.5).clamp(0, 255).byte()

    assert world.lips(Decoded(*world.networks(), codec), reader, clips) > 0.9


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_one_person_learns_to_speak_in_the_phases_of_the_release() -> None:
    clips = [world.draw(number, "train", person=PERSON) for number in range(32)]
    items = [world.training_clip(clip) for clip in clips]
    codec = world.PatchCodec()
    codec.fit([item.frames.transpose(0, 1) for item in items])
    denoiser, reference = world.networks(num_layers=2)
    generator = torch.Generator().manual_seed(2)
    plan: dict[Phase, tuple[int, float]] = {"base": (110, 3e-3), "identity": (10, 5e-4), "audio": (220, 5e-3)}
    losses: dict[str, list[float]] = {}
    frozen: dict[str, torch.Tensor] = {}
    for phase, (steps, rate) in plan.items():
        if phase == "audio":
            initialise(denoiser, "audio", generator)
            kept = denoiser.state_dict().keys() - trained_names(denoiser, "audio")
            frozen = {f"d.{name}": denoiser.state_dict()[name].clone() for name in kept}
            frozen |= {f"r.{name}": tensor.clone() for name, tensor in reference.state_dict().items()}
        trainer = Trainer(denoiser, reference, phase, Recipe(rate, clip=1.0, weight_decay=0.0))
        losses[phase] = []
        for step in range(steps):
            for group in trainer.optimizer.param_groups:
                group["lr"] = rate * min(1.0, (step + 1) / 20, 2 * (1 - step / steps))
            chosen = [items[i] for i in torch.randint(len(items), (8,), generator=generator).tolist()]
            texts = [world.words(item.caption) for item in chosen]
            losses[phase].append(trainer.update(batch_of(chosen, texts, codec, generator)))
    assert sum(losses["base"][-20:]) < 0.75 * sum(losses["base"][:20])
    assert sum(losses["audio"][-40:]) < 0.95 * sum(losses["audio"][:40])
    now = {f"d.{name}": tensor for name, tensor in denoiser.state_dict().items()}
    now |= {f"r.{name}": tensor for name, tensor in reference.state_dict().items()}
    assert all(torch.equal(tensor, now[name]) for name, tensor in frozen.items())
    unheard = [world.draw(number, "validation", person=PERSON) for number in range(8)]
    model = world.DrawnHallo3(denoiser.eval(), reference.eval(), codec, Sampling(8, Guidance(2.0, 2.0)))
    deaf = [world.draw(number + 100, "validation", person=PERSON) for number in range(8)]
    follows = world.lips(model, load_reader(READER), unheard)
    # The same films held against what others said: what chance gives.
    swapped = world.lips_against(model, load_reader(READER), unheard, deaf)
    assert follows > 0.4 and follows > abs(swapped) + 0.2, f"lips {follows:.2f}, held against others' {swapped:.2f}"
