"""Training of Hallo3: what each phase trains, the loss, dropped conditions, the prepared layout, going on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import small_hallo3 as small
import torch

from model.hallo3.prepared import TrainingClip, batch_of, prepared_videos, training_condition, write_video
from model.hallo3.scheduler import Hallo3Scheduler
from model.hallo3.training import Batch, Dropouts, Recipe, Trainer, dropped, initialise, noised, trained_names


def batch(seed: int = 0, count: int = 2) -> Batch:
    torch.manual_seed(seed)
    return Batch(
        torch.randn(count, 3, 16, 8, 12), torch.randn(count, 3, 16, 8, 12), torch.randn(count, 1, 16, 8, 12),
        torch.randn(count, 6, 12), torch.randn(count, 512), torch.randn(count, 9, 5, 3, 4),
    )  # fmt: skip


def test_each_phase_trains_what_the_release_does() -> None:
    denoiser, reference = small.denoiser(), small.reference()
    identity = trained_names(denoiser, "identity")
    assert {name.split(".", 2)[-1] for name in identity if name.startswith("blocks.0.")} == {
        f"{layer}.{kind}"
        for layer in ("attn1.to_q", "attn1.to_k", "attn1.to_v", "attn1.to_out.0", "norm2.norm", "face.norm",
                      "face.to_q", "face.to_kv", "face.to_out")
        for kind in ("weight", "bias")
    }  # fmt: skip
    assert {name for name in identity if not name.startswith("blocks.")} == {
        f"face_proj.{layer}.{kind}" for layer in ("proj", "norm") for kind in ("weight", "bias")
    }
    assert all("attn1.to_" in name or "norm2.norm" in name for name in trained_names(reference, "identity"))
    assert trained_names(reference, "audio") == set()
    assert all(".audio." in name or name.startswith("audio_proj.") for name in trained_names(denoiser, "audio"))
    everything = set(denoiser.state_dict())
    assert trained_names(denoiser, "base") | trained_names(denoiser, "audio") == everything


def test_the_network_learns_v_of_the_schedule_it_is_sampled_by() -> None:
    latents, noise = torch.randn(3, 2, 4), torch.randn(3, 2, 4)
    noisy, velocity = noised(latents, noise, torch.tensor([0, 500, 999]))
    torch.testing.assert_close(noisy[2], noise[2])  # at the last step nothing of the clip is left
    torch.testing.assert_close(velocity[2], -latents[2])
    scheduler = Hallo3Scheduler(50)
    step = int((scheduler.timesteps == 499).nonzero())
    noisy, velocity = noised(latents, noise, scheduler.timesteps[step].expand(3))
    torch.testing.assert_close(scheduler.predict_original(velocity, noisy, step), latents, rtol=0, atol=5e-3)


def test_conditions_are_left_out_as_often_as_asked_and_the_face_never() -> None:
    given = batch(count=400)
    left = dropped(given, Dropouts(0.1, 0.05, 0.05, 0.05), torch.Generator().manual_seed(0))
    for name, share in (("text", 0.1), ("condition", 0.05), ("reference", 0.05), ("windows", 0.05)):
        without = (getattr(left, name).flatten(1) == 0).all(dim=1).float().mean()
        assert abs(float(without) - share) < 0.04
    assert torch.equal(left.face, given.face) and torch.equal(left.latents, given.latents)


@pytest.mark.parametrize("phase", ["identity", "audio"])
def test_the_loss_falls_and_what_is_frozen_stays_to_the_bit(phase: str) -> None:
    denoiser, reference = small.denoiser(), small.reference()
    initialise(denoiser, phase, torch.Generator().manual_seed(1))  # type: ignore[arg-type]
    before = {**{f"d.{k}": v.clone() for k, v in denoiser.state_dict().items()},
              **{f"r.{k}": v.clone() for k, v in reference.state_dict().items()}}  # fmt: skip
    recipe = Recipe(rate=5e-3, clip=1.0, dropouts=Dropouts(0, 0, 0, 0))
    trainer = Trainer(denoiser, reference, phase, recipe)  # type: ignore[arg-type]
    given = batch()
    losses = []
    for _ in range(20):
        trainer.generator.manual_seed(3)  # the same noise, so that the loss is of the weights alone
        losses.append(trainer.update(given))
    assert losses[-1] < 0.97 * losses[0]
    after = {**{f"d.{k}": v for k, v in denoiser.state_dict().items()},
             **{f"r.{k}": v for k, v in reference.state_dict().items()}}  # fmt: skip
    trained = {f"d.{name}" for name in trained_names(denoiser, phase)} | {  # type: ignore[arg-type]
        f"r.{name}"
        for name in trained_names(reference, phase)  # type: ignore[arg-type]
    }
    assert all(torch.equal(before[name], after[name]) for name in before.keys() - trained)
    assert any(not torch.equal(before[name], after[name]) for name in trained)


def test_saved_and_resumed_is_uninterrupted(tmp_path: Path) -> None:
    def trainer() -> Trainer:
        return Trainer(small.denoiser(), small.reference(), "audio", Recipe(rate=1e-3))

    whole = trainer()
    before = [whole.update(batch(i)) for i in range(2)]
    whole.save(tmp_path / "state.safetensors")
    after = [whole.update(batch(i)) for i in range(2, 4)]
    again = trainer()
    again.resume(tmp_path / "state.safetensors")
    assert again.step == len(before)
    assert [again.update(batch(i)) for i in range(2, 4)] == pytest.approx(after, abs=0)
    with pytest.raises(ValueError, match="of phase 'audio', not 'identity'"):
        Trainer(small.denoiser(), small.reference(), "identity").resume(tmp_path / "state.safetensors")


def test_averages_stand_in_while_asked() -> None:
    trainer = Trainer(small.denoiser(), small.reference(), "audio", Recipe(rate=1e-2))
    for number in range(3):
        trainer.update(batch(number))
    name, parameter = next(iter(trainer.parameters.items()))
    learned = parameter.detach().clone()
    with trainer.averaged():
        assert torch.equal(parameter, trainer.averages[name]) and not torch.equal(parameter, learned)
    assert torch.equal(parameter, learned)


class Halves:
    """A codec that keeps means of 8 x 8 pixels, and what is asked of it."""

    def encode(self, pixels: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
        frames = 1 if pixels.shape[2] <= 3 else (pixels.shape[2] - 1) // 4 + 1
        means = torch.nn.functional.adaptive_avg_pool3d(pixels, (frames, pixels.shape[3] // 8, pixels.shape[4] // 8))
        return torch.cat([means] * 6, dim=1)[:, :16]


def video(folder: Path, frames: int = 20, size: tuple[int, int] = (64, 96)) -> None:
    noise = np.random.default_rng(0)
    pictures = [noise.integers(0, 255, (*size, 3), dtype=np.uint8) for _ in range(frames)]
    write_video(folder, pictures, 25.0, "a face", (30, 10, 20, 25), torch.ones(512), torch.randn(frames, 3, 4))


def test_a_prepared_video_gives_clips_and_a_batch_that_can_be_learnt(tmp_path: Path) -> None:
    video(tmp_path / "one")
    (one,) = prepared_videos(tmp_path)
    assert list(one.starts(9)) == list(range(3, 9))
    clip = one.clip(3, 0, 9, (64, 96))
    assert clip.frames.shape == (9, 3, 64, 96) and clip.windows.shape == (9, 5, 3, 4)
    assert (clip.face_alone[:, :5] == -1).all() and (clip.face_alone[:, 15:30, 35:45] != -1).any()
    made = batch_of([clip, clip], [torch.zeros(1, 6, 12)] * 2, Halves(), torch.Generator().manual_seed(0))
    assert made.condition[:, 1:].abs().max() == 0 and made.reference.shape == (2, 1, 16, 8, 12)
    trainer = Trainer(small.denoiser(), small.reference(), "identity")
    assert np.isfinite(trainer.update(made))


def test_the_condition_is_noisy_and_full_of_holes_but_not_in_its_portrait() -> None:
    seen: list[torch.Tensor] = []

    class Watching(Halves):
        def encode(self, pixels: torch.Tensor, generator: torch.Generator | None) -> torch.Tensor:
            seen.append(pixels)
            return super().encode(pixels, generator)

    frames = torch.full((9, 3, 64, 96), 0.5)
    clip = TrainingClip(frames, frames[0], frames[0], "", torch.zeros(512), torch.zeros(9, 5, 3, 4))
    training_condition(clip, Watching(), torch.Generator().manual_seed(0))
    portrait, motion = seen[0][:, :, 0], seen[0][:, :, 1:]
    assert (portrait == 0.5).all()
    hidden = (motion == 0).all(dim=1).float().mean()
    assert 0.08 < float(hidden) < 0.12
    assert 0.005 < float((motion - 0.5)[motion != 0].std()) < 0.5


def test_a_video_that_is_too_short_or_broken_is_told(tmp_path: Path) -> None:
    video(tmp_path / "short", frames=8)
    with pytest.raises(ValueError, match="has 8 frames; a clip of 9 needs 13"):
        prepared_videos(tmp_path)[0].starts(9)
    (tmp_path / "short" / "video.json").write_text("{}")
    with pytest.raises(ValueError, match=r"video.json: not a prepared video \(KeyError"):
        prepared_videos(tmp_path)
    with pytest.raises(ValueError, match="no prepared videos"):
        prepared_videos(tmp_path / "short")
