"""The denoising loop: windows, batches, devices, saving and resuming, speakers, emotion, any length."""

from __future__ import annotations

import copy
import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from shot import CELLS, WINDOW, conditions, picture, pipeline
from torch import Generator, Tensor

from model.avatar.conditions import Conditions
from model.avatar.denoising import DenoisingState, denoise
from model.avatar.fusion import FusionSchedule, position_shift, released_ring
from model.avatar.guidance import CacheSchedule, Guidance, Ramp, Sampling
from model.avatar.state_file import StateError, load_state, save_state
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline, SpeakerTrack

PIPE = pipeline()
FRAMES = 41  # 11 latents: three windows of 5
SHORT = Sampling(6, Guidance(text_steps=2), CacheSchedule(first=2, every=2, until=4))
"""Full, full, full, cached, full, full."""


def last(states: Iterator[DenoisingState]) -> DenoisingState:
    return list(states)[-1]


def run(
    given: Conditions,
    sampling: Sampling = SHORT,
    fusion: FusionSchedule | None = None,
    pipe: HunyuanVideoAvatarPipeline = PIPE,
    rows_per_batch: int = 2,
    **options: object,
) -> Tensor:
    fusion = fusion or pipe.schedule(given.frames, WINDOW)
    start = pipe.start(given, fusion, Generator().manual_seed(0))
    return last(pipe.denoise(given, fusion, sampling, start, rows_per_batch, **options)).latents  # type: ignore[arg-type]


def test_a_film_of_one_window_equals_the_plain_loop() -> None:
    given, steps = conditions(frames=17), 4
    ours = run(given, Sampling(steps, cache=None))

    scheduler = FlowMatchEulerDiscreteScheduler(shift=5)
    scheduler.set_timesteps(sigmas=np.linspace(1, 0, steps + 1)[:-1].tolist())
    latents = PIPE.start(given, PIPE.schedule(17, WINDOW), Generator().manual_seed(0)).latents
    with torch.no_grad():
        for number, time in enumerate(scheduler.timesteps):
            velocities = []
            for text, audio in ((given.negative, torch.zeros_like(given.audio)), (given.text, given.audio)):
                assert text is not None and given.emotion is not None
                emotion = PIPE.transformer.encode_emotion(given.emotion.tokens, given.emotion.weights)
                velocities.append(
                    PIPE.transformer(
                        latents, time.expand(1), text.states, text.mask, text.pooled, given.reference, audio,
                        given.face_mask * 0.6, emotion, torch.full((1, 4), 30), torch.full((1, 4), 25),
                        torch.tensor([25.0]),
                    ).sample
                )  # fmt: skip
            scale = (1 - number / steps) * 5.5 + 2
            guided = velocities[0] + scale * (velocities[1] - velocities[0])
            latents = scheduler.step(guided, time, latents, return_dict=False)[0]
    torch.testing.assert_close(ours, latents, rtol=0, atol=2e-5)


@pytest.mark.parametrize("rows_per_batch", [1, 3, 6])
def test_windows_in_any_batch_give_the_same(rows_per_batch: int) -> None:
    given = conditions(FRAMES)
    torch.testing.assert_close(run(given, rows_per_batch=rows_per_batch), run(given), rtol=0, atol=5e-5)


def several_transformers_give_the_same_bits() -> None:
    copies = [copy.deepcopy(PIPE.transformer) for _ in range(2)]
    assert torch.equal(run(conditions(FRAMES), replicas=copies), run(conditions(FRAMES)))


def test_windows_on_several_transformers_give_bit_for_bit_the_same() -> None:
    """In a process of its own: what other libraries set for the floats of one thread is not set for its workers."""
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}; import model, torch, runpy; torch.set_num_threads(1); "
        f"runpy.run_path({__file__!r})['several_transformers_give_the_same_bits']()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_windows_in_any_order_give_the_same() -> None:
    given = conditions(FRAMES)
    backwards = dataclasses.replace(PIPE.schedule(FRAMES, WINDOW), starts=(7, 3, 0))
    forwards = dataclasses.replace(backwards, starts=(0, 3, 7))
    uncached = dataclasses.replace(SHORT, cache=None)  # what is cached where windows overlap is the last one's
    torch.testing.assert_close(run(given, uncached, backwards), run(given, uncached, forwards), rtol=0, atol=2e-6)


@pytest.mark.parametrize("stop", range(1, 6))
def test_saved_and_resumed_equals_uninterrupted_bit_for_bit(stop: int, tmp_path: Path) -> None:
    given, fusion = conditions(FRAMES), PIPE.schedule(FRAMES, WINDOW)
    start = PIPE.start(given, fusion, Generator().manual_seed(0))
    file = tmp_path / "shot.safetensors"
    for state in PIPE.denoise(given, fusion, SHORT, start):
        if state.step == stop:
            save_state(state, file, "this work")
            break
    resumed = load_state(file, "this work")
    assert resumed.step == stop and (resumed.cache is not None) == (stop == 3)
    assert torch.equal(last(PIPE.denoise(given, fusion, SHORT, resumed)).latents, run(given))
    assert [path.name for path in tmp_path.iterdir()] == ["shot.safetensors"]


def test_a_state_of_other_work_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "shot.safetensors"
    save_state(DenoisingState(2, torch.zeros(1, 4, 5, 4, 8)), file, "this work")
    with pytest.raises(StateError, match="of other work"):
        load_state(file, "that work")
    file.write_bytes(file.read_bytes()[:50])
    with pytest.raises(StateError, match="not a state to resume from"):
        load_state(file, "this work")


def test_an_interrupted_write_leaves_the_old_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "shot.safetensors"
    save_state(DenoisingState(1, torch.zeros(1, 4, 5, 4, 8)), file, "work")

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("model.avatar.state_file.save_file", full_disk)
    with pytest.raises(OSError, match="no space"):
        save_state(DenoisingState(2, torch.ones(1, 4, 5, 4, 8)), file, "work")
    assert load_state(file, "work").step == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_swapping_speakers_with_their_masks_and_emotions_changes_nothing() -> None:
    given = conditions(FRAMES, latents=11)
    assert given.emotion is not None
    swapped = dataclasses.replace(
        given,
        audio=given.audio.flip(1),
        face_mask=given.face_mask.flip(1),
        emotion=dataclasses.replace(
            given.emotion, tokens=given.emotion.tokens.flip(1), weights=given.emotion.weights.flip(1)
        ),
    )
    torch.testing.assert_close(run(swapped), run(given), rtol=0, atol=2e-5)


def test_a_speaker_under_an_empty_mask_changes_nothing() -> None:
    two, one = conditions(FRAMES), conditions(FRAMES)
    assert one.emotion is not None
    two = dataclasses.replace(two, face_mask=two.face_mask * torch.tensor([1.0, 0.0]).view(1, 2, 1, 1, 1))
    one = dataclasses.replace(
        one,
        audio=one.audio[:, :1],
        face_mask=one.face_mask[:, :1],
        emotion=dataclasses.replace(one.emotion, tokens=one.emotion.tokens[:, :1], weights=one.emotion.weights[:, :1]),
    )
    torch.testing.assert_close(run(two), run(one), rtol=0, atol=2e-5)


def test_without_audio_guidance_silence_is_the_unconditional_branch() -> None:
    given = conditions(FRAMES)
    silent = dataclasses.replace(given, audio=torch.zeros_like(given.audio))
    strong = Sampling(3, Guidance.audio_only(5.0, inside_masks=False), None)
    none = Sampling(3, Guidance.audio_only(1.0), None)
    torch.testing.assert_close(run(silent, strong), run(silent, none), rtol=0, atol=2e-5)


def test_guidance_inside_masks_leaves_the_rest_of_a_step_alone() -> None:
    given = conditions(17)
    one = Sampling(1, Guidance.audio_only(6.0), None)
    unguided = run(given, Sampling(1, Guidance.audio_only(1.0), None))
    difference = (run(given, one, rows_per_batch=1) - unguided).abs().amax(dim=(0, 1))
    outside = given.face_mask.sum(dim=1)[0] == 0
    assert float(difference[outside].max()) == 0
    assert float(difference[~outside].min()) > 0


def test_an_emotion_changes_only_the_latents_it_holds_at_in_its_layer_alone() -> None:
    """With the weights of one latent changed, a film of separate windows changes only in that latent's window."""
    given = conditions(FRAMES, latents=11)
    assert given.emotion is not None
    weights = given.emotion.weights.clone()
    weights[:, 0, 1] += 1
    other = dataclasses.replace(given, emotion=dataclasses.replace(given.emotion, weights=weights))
    still = FusionSchedule(11, 11, WINDOW, (0, 5, 6), 0, 11)
    difference = (run(other, fusion=still) - run(given, fusion=still)).abs().amax(dim=(0, 1, 3, 4))
    assert float(difference[:5].min()) > 0 and float(difference[6:].max()) == 0


@pytest.mark.parametrize("frames", [1, 4, 17, 18, 61])
@pytest.mark.parametrize("steps", [1, 3])
def test_any_length_and_number_of_steps(frames: int, steps: int) -> None:
    rows, columns = CELLS
    mask = torch.zeros(1, rows, columns)
    mask[:, :, : columns // 2] = 1
    speakers = [
        SpeakerTrack(mask, torch.randn(3000), (picture(),), torch.tensor([[0.7]])),
        SpeakerTrack(mask.flip(-1)),
    ]
    video = PIPE(picture(), "two friends", speakers, frames, sampling=Sampling(steps), window=WINDOW).frames
    assert video.shape == (frames, rows * 8, columns * 8, 3) and video.dtype == torch.uint8


def test_the_same_seed_gives_the_same_video_and_another_another() -> None:
    mask = torch.ones(1, *CELLS)

    def video(seed: int) -> Tensor:
        generator = Generator().manual_seed(seed)
        speakers = [SpeakerTrack(mask, torch.randn(500, generator=Generator().manual_seed(1)))]
        frames: Tensor = PIPE(
            picture(), "a friend", speakers, 9, sampling=Sampling(2), window=WINDOW, generator=generator
        ).frames
        return frames

    assert torch.equal(video(1), video(1))
    assert not torch.equal(video(1), video(2))


def test_frames_come_one_by_one_and_no_more_than_asked_for() -> None:
    state = DenoisingState(1, torch.randn(1, 4, 300, *CELLS))
    stream = PIPE.decode(state, 7)
    assert next(stream).shape == (CELLS[0] * 8, CELLS[1] * 8, 3)
    assert len(list(stream)) == 6


def test_the_releases_ring_runs_through_the_same_loop() -> None:
    given = conditions(22)
    fusion = released_ring(22, WINDOW, offset=3)
    assert fusion.ring == 9 and fusion.counts(1).count(2) == 1
    state = last(
        denoise([PIPE.transformer], PIPE.scheduler, given, fusion, SHORT, PIPE.start(given, fusion, Generator()))
    )
    assert state.latents.shape[2] == 9 and state.latents.isfinite().all()


def test_conditions_that_do_not_fit_are_refused_by_name() -> None:
    given = conditions(FRAMES)
    with pytest.raises(ValueError, match="one mask per voice"):
        dataclasses.replace(given, face_mask=given.face_mask[:, :1])
    with pytest.raises(ValueError, match="hears 20 at most"):
        run(given, fusion=position_shift(5, WINDOW))
    with pytest.raises(ValueError, match="multiples of 16"):
        PIPE.conditions(picture().resize((60, 32)), "x", [SpeakerTrack(torch.ones(1, *CELLS))], 5)
    with pytest.raises(ValueError, match="first axis is 1 or 2"):
        PIPE.conditions(picture(), "x", [SpeakerTrack(torch.ones(3, *CELLS))], 5)


def test_scales_may_fall_below_one_on_the_way() -> None:
    given = conditions(FRAMES)
    falling = Sampling(6, Guidance(text_steps=0, audio=Ramp(2.0, 0.0)), CacheSchedule(first=1, every=3, until=6))
    assert run(given, falling).isfinite().all()
    rising = Sampling(6, Guidance(text_steps=0, audio=Ramp(0.5, 4.0)), CacheSchedule(first=1, every=5, until=6))
    assert run(given, rising).isfinite().all()
