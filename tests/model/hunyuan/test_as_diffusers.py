"""The pipeline as diffusers' users expect one: saved, loaded, moved, offloaded, called and refused as any other."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import cpu_offload
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, UniPCMultistepScheduler
from official_folder import write_official_folder
from PIL import Image
from shot import Samples, Shrinker, Words
from shot import pipeline as stand_in
from torch import Generator, Tensor

from model.avatar.guidance import Guidance, Sampling
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline, SpeakerTrack
from model.tiny.tiny import load_tiny

FRAMES, STEPS = 12, 3


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_official_folder(tmp_path_factory.mktemp("weights") / "ckpts")


@pytest.fixture(scope="module")
def pipe(official: Path) -> HunyuanVideoAvatarPipeline:
    return quiet(HunyuanVideoAvatarPipeline.from_pretrained(official, dtype=torch.float32))


def fresh(official: Path) -> HunyuanVideoAvatarPipeline:
    return quiet(HunyuanVideoAvatarPipeline.from_pretrained(official, dtype=torch.float32))


def quiet(pipe: Any) -> Any:
    pipe.set_progress_bar_config(disable=True)
    return pipe


def picture(seed: int = 0) -> Image.Image:
    noise = torch.rand(32, 48, 3, generator=Generator().manual_seed(seed))
    return Image.fromarray((noise * 255).to(torch.uint8).numpy())


def inputs(**changes: object) -> dict[str, Any]:
    mask = torch.zeros(1, 4, 6)
    mask[..., :3] = 1
    voice = torch.randn(8000, generator=Generator().manual_seed(4))
    given = {
        "image": picture(),
        "prompt": "two friends",
        "speakers": [SpeakerTrack(mask, voice, (picture(1),), torch.ones(1, 1)), SpeakerTrack(mask.flip(-1))],
        "frames": FRAMES,
        "sampling": Sampling(STEPS),
        "window": 5,
        "generator": Generator().manual_seed(0),
    }
    return {**given, **changes}


def frames(pipe: HunyuanVideoAvatarPipeline, **changes: object) -> Any:
    return pipe(**inputs(**changes)).frames


def latents(pipe: HunyuanVideoAvatarPipeline, **changes: object) -> Tensor:
    made: Tensor = frames(pipe, output_type="latent", **changes)
    return made


# ------------------------------------------------------------------------------------------------ saving and loading


def test_saved_and_loaded_it_makes_the_same_video(pipe: HunyuanVideoAvatarPipeline, tmp_path: Path) -> None:
    pipe.save_pretrained(tmp_path)
    index = json.loads((tmp_path / "model_index.json").read_text())
    assert index["_class_name"] == "HunyuanVideoAvatarPipeline"
    assert index["text_encoder"] == ["model.hunyuan.prompt_encoder", "PromptEncoder"]
    again = quiet(HunyuanVideoAvatarPipeline.from_pretrained(str(tmp_path)))
    assert isinstance(again, DiffusionPipeline) and again.scheduler.config.shift == 5
    assert torch.equal(frames(again), frames(pipe))
    assert not any(part.training for part in again.components.values() if isinstance(part, torch.nn.Module))


def test_the_shipped_small_model_goes_through_the_same_folder(tmp_path: Path) -> None:
    pipe = quiet(load_tiny())
    pipe.save_pretrained(tmp_path)
    again = quiet(HunyuanVideoAvatarPipeline.from_pretrained(tmp_path))
    mask = torch.ones(1, 8, 8)
    call = inputs(image=picture().resize((64, 64)), frames=5, sampling=Sampling(2, Guidance.audio_only(1.0), None))
    call["speakers"] = [
        SpeakerTrack(mask, torch.randn(8000, generator=Generator().manual_seed(1)), (picture(1),), torch.ones(1, 1))
    ]
    first = pipe(**call).frames.int()
    second = again(**{**call, "generator": Generator().manual_seed(0)}).frames.int()
    # Not bit by bit: where weights lie in memory changes the last bit of products, and so at times a grey level.
    assert first.shape == second.shape and (first - second).abs().max() <= 2 and (first == second).float().mean() > 0.95
    assert again.emotion_encoder.vae is again.vae


def test_saved_twice_it_is_the_same_files(pipe: HunyuanVideoAvatarPipeline, tmp_path: Path) -> None:
    pipe.save_pretrained(tmp_path / "a")
    HunyuanVideoAvatarPipeline.from_pretrained(tmp_path / "a").save_pretrained(tmp_path / "b")
    for name in ("a", "b"):
        assert any((tmp_path / name).rglob("*.safetensors"))
    first, second = (
        {f.relative_to(tmp_path / n): f for f in (tmp_path / n).rglob("*.*") if f.is_file()} for n in ("a", "b")
    )
    assert set(first) == set(second)
    assert all(file.read_bytes() == second[name].read_bytes() for name, file in first.items() if file.suffix != ".json")


def test_a_variant_is_saved_beside_the_rest_and_asked_for_by_name(official: Path, tmp_path: Path) -> None:
    full = fresh(official)
    full.save_pretrained(tmp_path)
    half = fresh(official).to(torch.bfloat16)
    half.save_pretrained(tmp_path, variant="bf16")
    load = HunyuanVideoAvatarPipeline.from_pretrained
    other = quiet(load(tmp_path, torch_dtype=torch.bfloat16, variant="bf16"))
    assert other.transformer.dtype == other.text_encoder.dtype == torch.bfloat16
    plain = quiet(load(tmp_path))
    assert torch.equal(frames(plain), frames(full))
    stored = other.text_encoder.state_dict()
    assert all(torch.equal(tensor, stored[name]) for name, tensor in half.text_encoder.state_dict().items())
    with pytest.raises(ValueError, match="variant=fp4"):
        load(tmp_path, variant="fp4")


@pytest.mark.parametrize("name", ["dtype", "torch_dtype"])
def test_the_type_is_chosen_at_loading_by_either_name(
    pipe: HunyuanVideoAvatarPipeline, name: str, tmp_path: Path
) -> None:
    pipe.save_pretrained(tmp_path)
    half = quiet(HunyuanVideoAvatarPipeline.from_pretrained(tmp_path, **{name: torch.bfloat16}))
    assert {half.transformer.dtype, half.vae.dtype, half.text_encoder.dtype} == {torch.bfloat16}
    assert half.audio_encoder.dtype == torch.float32  # as the release computes it
    mixed = HunyuanVideoAvatarPipeline.from_pretrained(tmp_path, **{name: {"transformer": torch.float16}})
    assert mixed.transformer.dtype == torch.float16 and mixed.vae.dtype == torch.float32
    exact, rounded = latents(pipe), latents(half)
    assert (exact - rounded).norm() < 0.1 * exact.norm()


def test_parts_given_are_used_and_not_loaded(pipe: HunyuanVideoAvatarPipeline, official: Path, tmp_path: Path) -> None:
    pipe.save_pretrained(tmp_path)
    scheduler = FlowMatchEulerDiscreteScheduler(shift=3)
    for folder in (tmp_path, official):
        again = HunyuanVideoAvatarPipeline.from_pretrained(folder, transformer=pipe.transformer, scheduler=scheduler)
        assert again.transformer is pipe.transformer and again.scheduler is scheduler
    with pytest.raises(ValueError, match="unet: an official folder does not take it"):
        HunyuanVideoAvatarPipeline.from_pretrained(official, unet=None)


def test_a_pipeline_without_its_optional_part_is_saved_and_loaded(
    pipe: HunyuanVideoAvatarPipeline, tmp_path: Path
) -> None:
    assert pipe.emotion_encoder is None
    pipe.save_pretrained(tmp_path)
    again = HunyuanVideoAvatarPipeline.from_pretrained(tmp_path)
    assert again.emotion_encoder is None and set(again.components) == set(pipe.components)
    rebuilt = quiet(HunyuanVideoAvatarPipeline(**pipe.components))
    assert torch.equal(frames(rebuilt), frames(pipe))


def test_what_cannot_be_saved_is_named_before_anything_is_written(tmp_path: Path) -> None:
    stand_ins = HunyuanVideoAvatarPipeline(
        stand_in().transformer, FlowMatchEulerDiscreteScheduler(shift=5), Shrinker(), Words(), Samples()
    )
    with pytest.raises(ValueError, match=r"vae \(Shrinker\), text_encoder \(Words\), audio_encoder \(Samples\)"):
        stand_ins.save_pretrained(tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_hub_id_is_looked_for_in_the_cache_and_never_fetched_unasked(
    pipe: HunyuanVideoAvatarPipeline, tmp_path: Path
) -> None:
    load = HunyuanVideoAvatarPipeline.from_pretrained
    with pytest.raises(ValueError, match="'somebody/something' is no folder here .* local_files_only=False"):
        load("somebody/something", cache_dir=tmp_path)
    commit = "0" * 40
    snapshot = tmp_path / "models--somebody--something" / "snapshots" / commit
    pipe.save_pretrained(snapshot)
    refs = tmp_path / "models--somebody--something" / "refs"
    refs.mkdir()
    (refs / "main").write_text(commit)
    assert torch.equal(frames(quiet(load("somebody/something", cache_dir=tmp_path))), frames(pipe))


def test_another_pipelines_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model_index.json").write_text('{"_class_name": "FluxPipeline"}')
    with pytest.raises(ValueError, match="is of a FluxPipeline"):
        HunyuanVideoAvatarPipeline.from_pretrained(tmp_path)


def test_a_pipeline_of_another_ones_parts_shares_them(pipe: HunyuanVideoAvatarPipeline) -> None:
    again = quiet(HunyuanVideoAvatarPipeline.from_pipe(pipe))
    assert again is not pipe and all(again.components[name] is part for name, part in pipe.components.items())
    assert torch.equal(frames(again), frames(pipe))
    other = quiet(HunyuanVideoAvatarPipeline.from_pipe(pipe, scheduler=FlowMatchEulerDiscreteScheduler(shift=2)))
    assert other.transformer is pipe.transformer and not torch.equal(latents(other), latents(pipe))
    with pytest.raises(ValueError, match="unet: no part of this pipeline"):
        HunyuanVideoAvatarPipeline.from_pipe(pipe, unet=None)

    class Bare(DiffusionPipeline):  # type: ignore[misc]
        def __init__(self, scheduler: object) -> None:
            super().__init__()
            self.register_modules(scheduler=scheduler)

    with pytest.raises(ValueError, match="a Bare has no audio_encoder, text_encoder, transformer, vae; give them"):
        HunyuanVideoAvatarPipeline.from_pipe(Bare(pipe.scheduler))


# ---------------------------------------------------------------------------------------------- moving and offloading


def test_it_moves_and_changes_type_as_a_whole(official: Path) -> None:
    pipe = fresh(official).to("cpu", torch.float64)
    assert pipe.dtype == torch.float64 and pipe.device == torch.device("cpu")
    assert {part.dtype for part in pipe.components.values() if isinstance(part, torch.nn.Module)} == {torch.float64}
    back = quiet(pipe.to(torch.float32))
    assert torch.equal(frames(back), frames(fresh(official)))


@pytest.mark.parametrize("way", ["model", "sequential", "block_level", "leaf_level"])
def test_offloaded_it_makes_the_same_video_twice(pipe: HunyuanVideoAvatarPipeline, official: Path, way: str) -> None:
    away = fresh(official)
    if way == "model":
        away.enable_model_cpu_offload(device="cpu")
        assert all(hasattr(part, "_hf_hook") for part in (away.text_encoder, away.transformer, away.vae))
    elif way == "sequential":
        # diffusers names the device cpu:0, which accelerate cannot hold apart from cpu; the hooks are the same
        for part in away.components.values():
            if isinstance(part, torch.nn.Module):
                cpu_offload(part, torch.device("cpu"), offload_buffers=len(part._parameters) > 0)
        assert next(away.transformer.parameters()).is_meta
    else:
        cpu = torch.device("cpu")
        away.enable_group_offload(cpu, cpu, offload_type=way, num_blocks_per_group=1)
    assert torch.equal(frames(away), frames(pipe))
    assert torch.equal(frames(away), frames(pipe))


def test_what_else_saves_memory_changes_nothing_or_little(pipe: HunyuanVideoAvatarPipeline, official: Path) -> None:
    """Attention slicing, offload of all but one part, hooks taken off again; weights kept in 8 bits; float16."""
    sliced = fresh(official)
    sliced.enable_attention_slicing()
    assert torch.equal(frames(sliced), frames(pipe))
    cpu = torch.device("cpu")
    most = fresh(official)
    most.enable_group_offload(onload_device=cpu, offload_type="leaf_level", exclude_modules=["vae"])
    assert torch.equal(frames(most), frames(pipe))
    back = fresh(official)
    back.enable_model_cpu_offload(device="cpu")
    back.remove_all_hooks()
    assert torch.equal(frames(back), frames(pipe))
    exact = latents(pipe)
    narrow = fresh(official)
    narrow.transformer.enable_layerwise_casting(torch.float8_e4m3fn, torch.float32)
    assert 0 < float((latents(narrow) - exact).norm()) < 0.2 * float(exact.norm())
    half = latents(fresh(official).to(torch.float16))
    assert half.isfinite().all() and (half - exact).norm() < 0.05 * exact.norm()


def test_methods_that_are_no_forward_fetch_their_part_too(official: Path) -> None:
    """With a model offloaded whole, its hook must run before `encode_reference` and `decode`."""
    away, fetched = fresh(official), []
    away.enable_model_cpu_offload(device="cpu")
    hook = away.vae._hf_hook
    before = hook.pre_forward

    def noted(module: Any, *args: Any, **options: Any) -> Any:
        fetched.append(type(module).__name__)
        return before(module, *args, **options)

    hook.pre_forward = noted
    frames(away)
    assert len(fetched) >= 3  # reference, emotion picture, decoding


# --------------------------------------------------------------------------------------------------------- the call


def test_a_tuple_says_the_same_as_the_output(pipe: HunyuanVideoAvatarPipeline) -> None:
    (plain,) = pipe(**inputs(), return_dict=False)
    assert torch.equal(plain, frames(pipe))


def test_frames_in_every_type_are_the_same_frames(pipe: HunyuanVideoAvatarPipeline) -> None:
    raw = frames(pipe)
    assert raw.shape == (FRAMES, 32, 48, 3) and raw.dtype == torch.uint8
    pil, array, tensor = (frames(pipe, output_type=name) for name in ("pil", "np", "pt"))
    assert len(pil) == 1 and len(pil[0]) == FRAMES and np.array_equal(np.asarray(pil[0][3]), raw[3].numpy())
    assert array.shape == (1, *raw.shape) and np.array_equal((array[0] * 255).round(), raw.numpy())
    assert tensor.shape == (1, FRAMES, 3, 32, 48) and torch.equal(tensor[0].permute(0, 2, 3, 1), raw.float() / 255)
    coded = latents(pipe)
    assert coded.shape == (1, 4, 4, 4, 6)
    decoded = torch.stack(list(pipe.vae.decode(coded)))[:FRAMES]
    assert torch.equal(decoded, raw)


def test_a_batch_is_its_videos_one_by_one(pipe: HunyuanVideoAvatarPipeline) -> None:
    prompts, images = ["two friends", "by the fire"], [picture(), picture(2)]
    together = frames(pipe, prompt=prompts, image=images, generator=[Generator().manual_seed(seed) for seed in (1, 2)])
    alone = [
        frames(pipe, prompt=prompt, image=image, generator=Generator().manual_seed(seed))
        for prompt, image, seed in zip(prompts, images, (1, 2), strict=True)
    ]
    assert torch.equal(together, torch.stack(alone))
    assert not torch.equal(alone[0], alone[1])


def test_several_videos_of_a_prompt_differ_and_are_repeatable(pipe: HunyuanVideoAvatarPipeline) -> None:
    two = frames(pipe, num_videos_per_prompt=2)
    assert two.shape[0] == 2 and not torch.equal(two[0], two[1])
    assert torch.equal(two, frames(pipe, num_videos_per_prompt=2))
    assert torch.equal(two[0], frames(pipe))
    assert frames(pipe, prompt=["a", "b"], num_videos_per_prompt=2, output_type="np").shape[0] == 4


def test_steps_guidance_and_sigmas_of_the_call_are_those_of_the_sampling(pipe: HunyuanVideoAvatarPipeline) -> None:
    assert torch.equal(latents(pipe, num_inference_steps=2), latents(pipe, sampling=Sampling(2)))
    scaled = latents(pipe, guidance_scale=3.0)
    assert pipe.guidance_scale == 3.0 and pipe.num_timesteps == STEPS
    assert torch.equal(scaled, latents(pipe, sampling=Sampling(STEPS, Guidance().constant(3.0))))
    assert not torch.equal(scaled, latents(pipe))
    evenly = [1 - step / STEPS for step in range(STEPS)]
    torch.testing.assert_close(latents(pipe, sigmas=evenly), latents(pipe))
    assert not torch.equal(latents(pipe, sigmas=[1.0, 0.9, 0.2]), latents(pipe))


def test_noise_that_is_given_is_what_it_starts_from(pipe: HunyuanVideoAvatarPipeline) -> None:
    """The generator draws the reference's noise first, then the film's."""
    given = pipe.conditions(**{n: inputs()[n] for n in ("image", "prompt", "speakers", "frames", "window")})
    assert given.frames == FRAMES
    noise = torch.randn(1, 4, 5, 4, 6)
    before = noise.clone()
    first = latents(pipe, latents=noise)
    assert torch.equal(first, latents(pipe, latents=noise)) and torch.equal(noise, before)
    assert not torch.equal(first, latents(pipe, latents=noise.flip(2)))


def test_a_callback_sees_every_step_and_may_change_the_latents(pipe: HunyuanVideoAvatarPipeline) -> None:
    seen: list[tuple[int, float, tuple[int, ...]]] = []

    def look(one: Any, step: int, time: Tensor, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        assert one is pipe
        seen.append((step, float(time), tuple(tensors["latents"].shape)))
        return tensors

    plain = latents(pipe, callback_on_step_end=look)
    assert torch.equal(plain, latents(pipe))
    assert [step for step, _, _ in seen] == [0, 1, 2] and seen[0][1] == 1000 and seen[2][1] < seen[1][1]

    def blank(_: Any, step: int, __: Tensor, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"latents": torch.zeros_like(tensors["latents"])} if step == STEPS - 1 else {}

    assert float(latents(pipe, callback_on_step_end=blank).abs().max()) == 0

    def early(_: Any, step: int, __: Tensor, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"latents": tensors["latents"] + 1} if step == 0 else {}

    assert not torch.equal(latents(pipe, callback_on_step_end=early), plain)


def test_a_callback_may_end_the_call(pipe: HunyuanVideoAvatarPipeline) -> None:
    steps: list[int] = []

    def stop(one: Any, step: int, *_: object) -> None:
        steps.append(step)
        one._interrupt = step == 1

    assert frames(pipe, callback_on_step_end=stop).shape[0] == FRAMES
    assert steps == [0, 1]
    assert torch.equal(frames(pipe), frames(pipe))  # and the next call runs to its end


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"frames": 0}, "frames is 0; it must be a whole number, 1 or more"),
    ({"frames": 2.5}, "frames is 2.5; it must be a whole number"),
    ({"fps": 0}, "fps is 0; it must be frames per second, more than 0"),
    ({"num_inference_steps": 0}, "num_inference_steps is 0; it must be a whole number, 1 or more"),
    ({"num_videos_per_prompt": 0}, "num_videos_per_prompt is 0"),
    ({"guidance_scale": -1.0}, "guidance_scale is -1.0; it must be 0 or more"),
    ({"guidance_scale": float("nan")}, "guidance_scale is nan"),
    ({"sigmas": [0.5, 0.7]}, r"sigmas are \[0.5, 0.7\]; they must fall"),
    ({"sigmas": [1.0, 0.5], "num_inference_steps": 3}, "num_inference_steps is 3, sigmas are 2"),
    ({"output_type": "mp4"}, "output_type is 'mp4'; it is uint8, pil, np, pt, latent"),
    ({"prompt": 3}, "prompt is 3; it must be a string"),
    ({"prompt": []}, r"prompt is \[\]"),
    ({"image": np.zeros((32, 48, 3))}, "image is a ndarray; it must be a PIL image"),
    ({"image": Image.new("RGB", (50, 32))}, "the picture is 50 x 32 pixels; both must be multiples of 16"),
    ({"image": [picture(), picture()]}, "image has 2 pictures, prompt 1 prompts"),
    ({"speakers": []}, r"speakers is \[\]; a shot has at least one SpeakerTrack"),
    ({"speakers": ["Ana"]}, "speakers has a str; they are SpeakerTrack"),
    ({"generator": 3}, "generator is a int; it is a torch.Generator"),
    ({"generator": [Generator()] * 2}, "generator has 2 generators, the call makes 1 videos"),
    (
        {"latents": torch.zeros(1, 4, 4, 4, 6)},
        r"\(1, 4, 4, 4, 6\); they must be noise of \(1, 4, 5, 4, 6\)",
    ),
    ({"callback_on_step_end_tensor_inputs": ["prompt_embeds"]}, "it takes latents"),
    ({"window": 0}, "window is 0"),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=lambda value: value[:24] if isinstance(value, str) else "")
def test_a_wrong_argument_is_named_with_its_value_and_rule(
    pipe: HunyuanVideoAvatarPipeline, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        frames(pipe, **changes)


def test_all_that_is_wrong_is_said_at_once(pipe: HunyuanVideoAvatarPipeline) -> None:
    with pytest.raises(ValueError, match=r"(?s)frames is -1.*fps is -2.*output_type is 'gif'"):
        frames(pipe, frames=-1, fps=-2, output_type="gif")


def test_a_scheduler_is_used_as_it_is_or_refused(pipe: HunyuanVideoAvatarPipeline) -> None:
    other = copy.copy(pipe)
    other.scheduler = FlowMatchEulerDiscreteScheduler(shift=1.5, invert_sigmas=False)
    assert not torch.equal(latents(other), latents(pipe))
    for scheduler, said in (
        (UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True), "UniPCMultistepScheduler"),
        (FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True), "use_dynamic_shifting"),
        (FlowMatchEulerDiscreteScheduler(stochastic_sampling=True), "stochastic_sampling"),
    ):
        other.scheduler = scheduler
        with pytest.raises(ValueError, match=said):
            latents(other)

    class Mine(FlowMatchEulerDiscreteScheduler):  # type: ignore[misc]
        def step(self, velocity: Tensor, *args: Any, **options: Any) -> Any:
            return super().step(velocity * 0, *args, **options)

    other.scheduler = Mine(shift=5)
    noise = torch.randn(1, 4, 5, 4, 6)
    assert torch.equal(latents(other, latents=noise), noise[:, :, :4])
