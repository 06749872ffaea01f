"""The comparisons of scripts/compare_reference.py: one function for each kind of fixture, named by its first word."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from einops import rearrange, repeat
from fixtures import Check, Fixture, Tensors
from torch import Tensor


def official_overrides(config: dict[str, Any], about: dict[str, Any]) -> dict[str, Any]:
    """What the shapes of an official state dict do not tell about the transformer."""
    overrides = {
        "rope_axes_dim": tuple(config["rope_dim_list"]),
        "rope_theta": config.get("rope_theta", 256),
        "audio_window": config.get("audio_seq_len", 10),
        "audio_feature_layers": config.get("audio_blocks", 5),
    }
    if "double_stream_list" in about:
        overrides["audio_adapter_layers"] = tuple(about["double_stream_list"])
    return overrides


def load_transformer(fixture: Fixture) -> Any:
    """The transformer of a `transformer_*` fixture, through the official checkpoint format."""
    from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel as Transformer

    about = fixture.about
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "fixture_model_states.pt"
        torch.save({"module": fixture.tensors(".state_dict").starting("")}, file)
        return Transformer.from_single_file(file, torch.float32, **official_overrides(about["config"], about))


INPUTS = {
    "hidden_states": "x", "timestep": "t", "encoder_hidden_states": "text_states",
    "encoder_attention_mask": "text_mask", "pooled_projections": "text_states_2", "ref_latents": "ref_latents",
    "face_mask": "face_mask", "motion_exp": "motion_exp", "motion_pose": "motion_pose", "fps": "fps",
    "guidance": "guidance",
}  # fmt: skip


def forward_inputs(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The official call's inputs under this library's names."""
    inputs = {ours: tensors[f"in.{theirs}"] for ours, theirs in INPUTS.items() if f"in.{theirs}" in tensors}
    return {**inputs, "audio": tensors["in.audio_prompts"].unsqueeze(1)}


def transformer(fixture: Fixture) -> Iterator[Check]:
    network = load_transformer(fixture)
    seen = _watched(network)
    for case, about in fixture.about["cases"].items():
        tensors = fixture.tensors(f".{case}")
        inputs = forward_inputs(tensors)
        output = network(**inputs, return_block_cache=True)
        yield fixture.check(f"{case} output", output.sample, tensors["out"], 2e-5, relative=True)
        found = {**seen, **_joined(network, seen, output.block_cache, inputs)}
        lengths = about.get("valid_txt_tokens") or [inputs["encoder_hidden_states"].shape[1]] * len(output.sample)
        for name in tensors:
            if name not in found or (name.endswith(".img") and f"{name}_after_adapter" in found and name not in seen):
                continue
            ours, theirs = found[name], tensors[name]
            if ours.ndim == 3 and name.startswith(("mid.single", "mid.cache_out", "mid.txt", "mid.double")):
                # After the words that are there, rows are of nobody's making.
                start = theirs.shape[1] - inputs["encoder_hidden_states"].shape[1]
                start = 0 if ".txt" in name or "mid.txt" in name else start
                if ".img" in name:
                    yield fixture.check(f"{case} {name}", ours, theirs, 2e-5, relative=True)
                    continue
                for row, valid in enumerate(lengths):
                    part = slice(start + int(valid))
                    yield fixture.check(f"{case} {name}", ours[row, part], theirs[row, part], 2e-5, relative=True)
            else:
                # Waves of 1000 times the guidance turn thousands of radians: their last bits are the machine's.
                allowed = 5e-5 if name.endswith("guidance_in") else 2e-5
                yield fixture.check(f"{case} {name}", ours, theirs, allowed, relative=True)
        yield from _adapters(fixture, case, tensors, seen)
        if "out_cached" in tensors:
            later = {**inputs, "timestep": tensors["in.t_cached"]}
            cached = network(**later, block_cache=output.block_cache).sample
            yield fixture.check(f"{case} cached output", cached, tensors["out_cached"], 2e-5, relative=True)


def _watched(network: Any) -> dict[str, Tensor]:
    """What passes between the modules of the transformer while it runs, by the fixtures' names."""
    seen: dict[str, Tensor] = {}

    def out(module: Any, *names: str) -> None:
        def hook(_module: Any, _given: Any, made: Any) -> None:
            made = made if isinstance(made, tuple) else (made,)
            seen.update({name: tensor.clone() for name, tensor in zip(names, made, strict=False)})

        if module is not None:
            module.register_forward_hook(hook)

    time = network.time_text_embed
    embedders = {
        "time_in": time.timestep_embedder,
        "vector_in": time.text_embedder,
        "guidance_in": time.guidance_embedder,
    }
    embedders |= {"motion_exp": time.motion_exp, "motion_pose": time.motion_pose, "fps_proj": time.fps}
    for name, module in embedders.items():
        out(module, f"mid.emb.{name}")
    out(time, "mid.vec")
    out(network.audio_proj, "mid.audio_proj")
    out(network.image_injection, "mid.img_tokens_in")
    out(network.context_embedder, "mid.txt_tokens_in")
    out(network.rope, "in.freqs_cos", "in.freqs_sin")
    adapters = 0
    for number, block in enumerate(network.transformer_blocks):
        at = f"mid.double.{number}"
        out(block, f"{at}.img_after_adapter", f"{at}.txt")
        if block.audio_adapter is not None:
            names = f"{at}.img", f"adapter.{adapters}.before"
            block.audio_adapter.register_forward_pre_hook(
                lambda _module, given, names=names: seen.update({name: given[0].clone() for name in names})
            )
            out(block.audio_adapter, f"adapter.{adapters}.after")
            adapters += 1
        else:
            out(block, f"{at}.img")
    for number, block in enumerate(network.single_transformer_blocks):
        out(block, f"single.{number}.img", f"single.{number}.txt")
    return seen


def _adapters(fixture: Fixture, case: str, tensors: Tensors, seen: dict[str, Tensor]) -> Iterator[Check]:
    """What each audio adapter adds, where the face mask is: ours is added in place, the release's not yet masked."""
    number = 0
    while f"mid.adapter.{number}.out" in tensors:
        added = seen[f"adapter.{number}.after"] - seen[f"adapter.{number}.before"]
        official, mask = tensors[f"mid.adapter.{number}.out"], tensors["in.face_mask"][:, 0, :, ::2, ::2]
        weights = rearrange(mask, "b t h w -> b t (h w) 1")
        masked = rearrange(official * weights, "b t n d -> b (t n) d")
        ours = added[:, -masked.shape[1] :]
        yield fixture.check(
            f"{case} mid.adapter.{number}.out", ours, masked, 2e-5 * float(tensors["out"].abs().max()) + 1e-5
        )
        number += 1


def _joined(network: Any, seen: dict[str, Tensor], cache: Any, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The official tensors that are several of ours put together."""
    found = {"mid.cache_out": torch.cat([cache.image(), cache.text], dim=1)}
    for number in range(len(network.single_transformer_blocks)):
        found[f"mid.single.{number}"] = torch.cat([seen[f"single.{number}.img"], seen[f"single.{number}.txt"]], dim=1)
    frames = inputs["hidden_states"].shape[2]
    spoken = seen["mid.audio_proj"][:, 0]
    found["mid.emb.audio_proj"] = spoken
    before = repeat(spoken[:, :1], "b 1 k d -> b n k d", n=network.config.audio_pad_frames)
    together = torch.cat([before, spoken], dim=1)
    found["mid.audio_tokens_per_latent"] = rearrange(together, "b (t f) k d -> b t (f k) d", t=frames)
    return found


def checkpoint(fixture: Fixture) -> Iterator[Check]:
    from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel as Transformer

    folder = fixture.folder / fixture.name
    tensors, about = fixture.opened(folder / "io.safetensors"), fixture.about
    for fp8, what in ((False, "out_bf16_file"), (True, "out_fp8_file")):
        overrides = official_overrides(about["config"], about)
        network = Transformer.from_single_file(folder, torch.float32, fp8=fp8, **overrides)
        seen = _watched(network)
        yield fixture.check(what, network(**forward_inputs(tensors)).sample, tensors[what], 2e-5, relative=True)
        for name in ("in.freqs_cos", "in.freqs_sin"):
            yield fixture.check(f"{what} {name}", seen[name], tensors[name], 1e-6)


def pipeline(fixture: Fixture) -> Iterator[Check]:
    from diffusers import FlowMatchEulerDiscreteScheduler

    from model.avatar.conditions import Conditions, TextStates
    from model.avatar.denoising import DenoisingState, denoise
    from model.avatar.fusion import released_ring
    from model.avatar.guidance import CacheSchedule, Guidance, Ramp, Sampling

    about, tensors = fixture.about, fixture.tensors()
    network = load_transformer(Fixture(fixture.folder, about["weights"].split(".")[0]))
    text = TextStates(tensors["in.pos"], tensors["in.pos_mask"], tensors["in.pos2"])
    negative = TextStates(tensors["in.neg"], tensors["in.neg_mask"], tensors["in.neg2"])
    for case, settings in about["cases"].items():
        audio = tensors[f"{case}.in.audio_prompts"].unsqueeze(1)
        given = Conditions(text, tensors["in.ref_latents"], audio, tensors["in.face_mask"], negative, fps=about["fps"])
        fusion = released_ring(settings["N"], tensors["in.ref_latents"].shape[2])
        sampling = Sampling(
            settings["steps"], Guidance(text=Ramp(about["guidance_scale"], 2.0)), CacheSchedule(stop=50),
            tuple(about["motion_exp"]), tuple(about["motion_pose"]),
        )  # fmt: skip
        state = DenoisingState(0, tensors[f"{case}.in.latents"][:, :, : fusion.ring])
        states = [state]
        scheduler = FlowMatchEulerDiscreteScheduler(shift=about["shift"])
        states += denoise([network], scheduler, given, fusion, sampling, state)
        for call in settings.get("calls", ()):
            step, window = divmod(call, len(fusion.starts))
            ours = states[step].latents[0][:, list(fusion.windows(step)[window])]
            yield fixture.check(f"{case} call {call}", ours, tensors[f"{case}.calls_fp32.{call}"], 1e-4)
        final = states[-1].latents[:, :, : fusion.latents]
        yield fixture.check(f"{case} latents", final, tensors[f"{case}.final_fp32"], 1e-4)
        rounded = tensors[
            f"{case}.final_bf16"
        ]  # with the release's rounding of latents to bfloat16, which we leave out
        loose = fixture.check(f"{case} latents, rounded each step", final, rounded, 0.06, relative=True)
        yield replace(loose, loose=True)


def vae(fixture: Fixture) -> Iterator[Check]:
    from model.hunyuan.vae import load_vae

    about, tensors = fixture.about, fixture.tensors()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "config.json").write_text(json.dumps(about["config"]))
        torch.save(fixture.tensors(".state_dict").starting(""), folder / "pytorch_model.pt")
        network = load_vae(folder)
    tiling = network.tiling
    for case, settings in about["cases"].items():
        network.set_tiling(tiling if settings["tiled"] else None)
        if f"{case}.x" in tensors:
            moments = network.encode(tensors[f"{case}.x"]).parameters
            yield fixture.check(case, moments, tensors[f"{case}.moments"], 5e-5)
        else:
            pixels = torch.cat(list(network.decode_pixels(tensors[f"{case}.z"])), dim=2)
            yield fixture.check(case, pixels, tensors[f"{case}.y"], 5e-5)


def llava(fixture: Fixture) -> Iterator[Check]:
    from safetensors.torch import save_file
    from transformers import LlavaForConditionalGeneration

    from model.hunyuan.llava_text import LlavaTextStates, PromptTemplate

    about, tensors = fixture.about, fixture.tensors()
    config = {"model_type": "llava", "image_token_index": about["image_token_index"], "projector_hidden_act": "gelu"}
    config |= {"text_config": about["text_config"], "vision_config": about["vision_config"]}
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "config.json").write_text(json.dumps(config))
        weights = tensors.starting("sd.")
        save_file(weights, Path(scratch) / "model.safetensors", metadata={"format": "pt"})
        network = LlavaForConditionalGeneration.from_pretrained(scratch).eval()
    crop, length = about["crop_start"], about["padded_len"]
    encoder = LlavaTextStates(
        network, None, PromptTemplate("{}", crop, length - crop), about["hidden_state_skip_layer"]
    )
    for case in about["cases"]:
        mask = tensors[f"{case}.attention_mask_in"][:, :length]
        states, out_mask = encoder.states(tensors[f"{case}.input_ids"], mask, tensors[f"{case}.pixel_values"])
        yield fixture.check(f"{case} states", states, tensors[f"{case}.out"], 1e-5)
        yield fixture.check(f"{case} mask", out_mask, tensors[f"{case}.out_mask"], 0)


def whisper(fixture: Fixture) -> Iterator[Check]:
    from transformers import WhisperConfig, WhisperFeatureExtractor
    from transformers.models.whisper.modeling_whisper import WhisperEncoder

    from model.hunyuan.whisper_audio import WhisperAudioEncoder

    about, tensors = fixture.about, fixture.tensors()
    network = WhisperEncoder(WhisperConfig(**about["whisper_config"])).eval()
    weights = tensors.starting("sd.")
    left_out = network.load_state_dict(weights, strict=False)
    missing = set(left_out.missing_keys) - {"embed_positions.weight"}  # sinusoids, which the model makes itself
    yield fixture.exact("keys", (missing, left_out.unexpected_keys), (set(), []))
    extractor = WhisperFeatureExtractor(feature_size=about["whisper_config"]["num_mel_bins"])
    plain = WhisperAudioEncoder(network, extractor, half_mel=False).log_mel(tensors["wav"])
    columns = tensors["mel_first"].shape[1]
    yield fixture.check("log-mel", plain[0, :, :columns], tensors["mel_first"], 1e-4)
    yield fixture.check("log-mel of silence", plain[0, :, -1], tensors["mel_pad_column"], 1e-4)
    encoder = WhisperAudioEncoder(network, extractor)
    states = encoder.states(encoder.log_mel(tensors["wav"]))
    yield fixture.check("states", states[tensors["hidden_rows"]], tensors["hidden_at_rows"], 1e-4)
    mean = torch.tensor([states.double().sum().item() / states.numel()])
    yield fixture.check("mean of states", mean, torch.tensor([about["hidden_sum_f64"] / states.numel()]), 1e-4)


def rope(fixture: Fixture) -> Iterator[Check]:
    from model.avatar.rope import AvatarRotaryPosEmbed

    about, tensors = fixture.about, fixture.tensors()
    for case, settings in {**about.get("cases", {}), **about.get("sampled", {})}.items():
        shift = "width" if settings.get("mode") == "timecat-w" else "none"
        embed = AvatarRotaryPosEmbed(tuple(settings["rope_dim_list"]), about["theta"], -1, shift)
        for kind, table in zip(("cos", "sin"), embed(*settings["token_grid_thw"]), strict=True):
            rows = tensors.get(f"{case}.rows")
            ours = table if rows is None else table[rows]
            theirs = tensors.get(f"{case}.{kind}", tensors.get(f"{case}.{kind}_rows"))
            assert theirs is not None, f"{case}.{kind} is not in the fixture"
            yield fixture.check(f"{case} {kind}", ours, theirs, 1e-6)


def audio(fixture: Fixture) -> Iterator[Check]:
    from model.avatar.fusion import released_audio_frames, released_ring
    from model.hunyuan.whisper_audio import frame_windows

    about, tensors = fixture.about, fixture.tensors()
    rows = tensors["whisper_hidden_states"].transpose(0, 1)
    for case, settings in about["cases"].items():
        named = re.match(r"fps([0-9.]+)", case)
        fps, frames = float(named[1] if named else settings.get("fps", about["fps"])), settings["encode_shape"][1]
        prompts = frame_windows(rows, frames, fps)
        if f"{case}.encode" in tensors:
            yield fixture.check(f"{case} prompts", prompts[None], tensors[f"{case}.encode"], 0)
        else:
            some = prompts[tensors[f"{case}.encode_rows"]][None]
            yield fixture.check(f"{case} prompts", some, tensors[f"{case}.encode_at_rows"], 0)
        padded = released_audio_frames(frames)
        fusion = released_ring(padded)
        heard = torch.nn.functional.pad(prompts, (0, 0) * 3 + (0, 4 * fusion.ring - frames)).flatten(1).any(dim=1)
        flags = tensors[f"{case}.pipeline_nonzero_frames"]
        yield fixture.check(f"{case} frames heard", heard.long(), (flags != 0).long(), 0)
        names = ("sampler_len", "infer_latents", "kept_latents", "pipeline_len", "single_segment")
        ours = (padded, fusion.ring, fusion.latents, 4 * fusion.ring, len(fusion.starts) == 1)
        yield fixture.exact(f"{case} lengths", ours, tuple(settings[name] for name in names))


def face(fixture: Fixture) -> Iterator[Check]:
    from model.avatar.face_mask import latent_mask, released_rectangle

    about, tensors = fixture.about, fixture.tensors()
    for case, settings in about["cases"].items():
        height, width = settings["image_hw"]
        box = tuple(settings["box_xywh"]) if settings["box_xywh"] else None
        x0, y0, x1, y1 = rectangle = released_rectangle(box, width, height, about["area"])
        yield fixture.exact(f"{case} pixels", [y0, y1, x0, x1], settings["pixel_rect_y0_y1_x0_x1"])
        mask = latent_mask(rectangle, width, height)
        yield fixture.check(f"{case} latent", mask, tensors[f"{case}.latent"][0, 0, 0], 1e-6)
        yield fixture.check(f"{case} patch", mask[::2, ::2], tensors[f"{case}.patch"][0, 0, 0], 1e-6)


def scheduler(fixture: Fixture) -> Iterator[Check]:
    from diffusers import FlowMatchEulerDiscreteScheduler

    from model.avatar.denoising import timesteps_of

    tensors = fixture.tensors()
    for case, settings in fixture.about["cases"].items():
        base = FlowMatchEulerDiscreteScheduler(shift=settings["shift"])
        ours = timesteps_of(base, settings["num_inference_steps"])
        yield fixture.check(f"{case} sigmas", ours.sigmas, tensors[f"{case}.sigmas"], 1e-6)
        yield fixture.check(f"{case} timesteps", ours.timesteps, tensors[f"{case}.timesteps"], 2e-4)
        for step in settings["steps_stored"]:
            ours = timesteps_of(base, settings["num_inference_steps"])
            ours.set_begin_index(step)
            out = ours.step(tensors[f"{case}.v"], ours.timesteps[step], tensors[f"{case}.x"], return_dict=False)[0]
            yield fixture.check(f"{case} step {step}", out, tensors[f"{case}.step{step}.out"], 1e-6)


def fusion(fixture: Fixture) -> Iterator[Check]:
    from diffusers import FlowMatchEulerDiscreteScheduler

    from model.avatar.denoising import timesteps_of
    from model.avatar.fusion import released_ring
    from model.avatar.guidance import CacheSchedule, Guidance, Ramp, Sampling
    from model.hunyuan.loading import SHIFT

    tensors = fixture.tensors()
    for case, settings in fixture.about["cases"].items():
        frames, steps = settings["audio_prompt_frames_N"], settings["steps"]
        text = Ramp(settings.get("guidance_scale", 7.5), 2.0)
        sampling = Sampling(steps, Guidance(text=text), CacheSchedule(stop=50))
        ring = released_ring(frames, tensors[f"{case}.latent_idx"].shape[1])
        calls = [(step, window) for step in range(steps) for window in range(len(ring.starts))]
        starts = [ring.shifted(step)[window] for step, window in calls]
        heard = [ring.audio_frames(start) for start in starts]
        guidance = [sampling.guidance.at(step, steps) for step, _ in calls]
        columns = {
            "step": [step for step, _ in calls],
            "latent_start": starts,
            "latent_idx": [ring.windows(step)[window] for step, window in calls],
            "audio_idx": heard,
            "recorded_audio_value": [[i + 1 if i < frames else 0 for i in call] for call in heard],
            "is_cache": [int(not sampling.full(step)) for step, _ in calls],
            "uncond_text_is_negative": [int(at.negative_text) for at in guidance],
        }
        for name, values in columns.items():
            yield fixture.check(f"{case} {name}", torch.tensor(values), tensors[f"{case}.{name}"], 0)
        times = timesteps_of(FlowMatchEulerDiscreteScheduler(shift=SHIFT), steps).timesteps
        called = torch.stack([times[step] for step, _ in calls])
        yield fixture.check(f"{case} timestep", called, tensors[f"{case}.timestep"], 2e-4)
        scales = torch.tensor([at.scale for at in guidance])
        yield fixture.check(f"{case} cfg_scale", scales, tensors[f"{case}.cfg_scale"], 1e-6)
        factors = torch.tensor([at.mask_factor for at in guidance])
        yield fixture.check(f"{case} face_mask_factor", factors, tensors[f"{case}.face_mask_factor"], 1e-6)
        lengths = (ring.ring, 4 * ring.ring, ring.latents, len(ring.starts), abs(ring.offset))
        names = ("latent_ring", "audio_ring", "kept_latents", "segments_per_step", "shift_per_step")
        yield fixture.exact(f"{case} lengths", lengths, tuple(settings[name] for name in names))


def resolution(fixture: Fixture) -> Iterator[Check]:
    from model.hunyuan.image_size import released_size

    rows = fixture.about["rows"]
    ours = [list(released_size(*row["in_wh"], row["image_size"])) for row in rows]
    yield fixture.exact(f"{len(rows)} sizes", ours, [row["out_wh"] for row in rows])


def official(fixture: Fixture) -> Iterator[Check]:
    from model.avatar.checkpoint import to_official
    from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel as Transformer

    about = fixture.about
    with torch.device("meta"):
        network = Transformer()
    yield fixture.exact("parameters", sum(p.numel() for p in network.parameters()), about["total_params"])
    shapes = {
        pattern.replace("{i}", str(number)): tuple(tensor["shape"])
        for pattern, tensor in about["patterns"].items()
        for number in range(tensor["count"])
    }
    yield fixture.exact("keys and shapes", {k: tuple(t.shape) for k, t in to_official(network).items()}, shapes)


COMPARISONS: dict[str, Callable[[Fixture], Iterator[Check]]] = {
    comparison.__name__: comparison
    for comparison in (
        transformer, checkpoint, pipeline, vae, llava, whisper, rope, audio, face, scheduler, fusion, resolution,
        official,
    )
}  # fmt: skip
