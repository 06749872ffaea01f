"""The comparisons of scripts/compare_reference.py for Hallo3: one function for each kind of fixture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
from einops import rearrange
from fixtures import Check, Fixture
from torch import Tensor


def _grid(about: dict[str, Any]) -> dict[str, Any]:
    """What a state dict without rotary tables does not tell."""
    config = about["config"]
    height, width = config["latent_hw"]
    audio = {"audio_window": config["audio"]["seq_len"], "audio_layers": config["audio"]["blocks"]}
    return {"sample_height": height, "sample_width": width, "sample_frames": config["num_frames"], **audio}


def transformer(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.checkpoint import network_from
    from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel

    about, inputs = fixture.about, fixture.tensors(".inputs")
    sizes = _grid(about)
    plain = {name: value for name, value in sizes.items() if name.startswith("sample_")}
    state = fixture.tensors(".reference").starting("")
    reference = network_from(state, Hallo3ReferenceNetwork, fixture.name, torch.float32, **plain)
    state = fixture.tensors(".denoiser").starting("")
    denoiser = network_from(state, Hallo3Transformer3DModel, fixture.name, torch.float32, **sizes)
    text = inputs["text"]
    bank = reference(inputs["ref_latent"], torch.zeros_like(text))
    banks = fixture.tensors(".reference_bank")
    for number, tokens in enumerate(bank):
        yield fixture.check(f"bank {number}", tokens, banks[f"layers.{number}.bank"], 1e-4)
    windows, latents = inputs["audio_windows"], torch.cat([inputs["x"], inputs["concat"]], dim=2)
    for case in about["cases"]:
        official = fixture.tensors(f".{case['name']}")
        heard = case["conditional"]
        audio = denoiser.encode_audio(windows if heard else torch.zeros_like(windows))
        face = denoiser.encode_face(inputs["face_embedding"])
        with _Streams(denoiser) as seen:
            words = text if heard else torch.zeros_like(text)
            output = denoiser(latents, official["timestep"], words, bank, face, audio)
        found: dict[str, Tensor] = {**seen, "audio_context": audio, "face_context": face, "output": output}
        kept = official["token_indices"]
        for name in official:
            if name in ("timestep", "token_indices"):
                continue
            if name in found:
                ours = found[name]
                if "image_" in name:
                    ours = ours[0][kept]
                elif "text_" in name:
                    ours = ours[0]
                yield fixture.check(f"{case['name']} {name}", ours, official[name], 1e-4)


class _Streams:
    """The token streams between the modules of a denoiser while it runs, by the fixtures' names."""

    def __init__(self, denoiser: Any) -> None:
        self.denoiser, self.seen = denoiser, {}
        self.hooks: list[Any] = []

    def __enter__(self) -> dict[str, Tensor]:
        def kept(name: str, where: int) -> Callable[..., None]:
            return lambda _module, given, *_out: self.seen.update({name: given[where]})

        def made(names: tuple[str, ...]) -> Callable[..., None]:
            return lambda _module, _given, out: self.seen.update(zip(names, out, strict=True))

        embedding = self.denoiser.embedding
        self.hooks.append(embedding.register_forward_hook(made(("image_input", "text_input", "time_embedding"))))
        for number, block in enumerate(self.denoiser.blocks):
            at = f"layers.{number}"
            before = [(block.face, "image_after_self_attention", 0), (block.audio, "image_after_face_attention", 0)]
            before += [(block.norm2, "image_after_audio_attention", 0), (block.norm2, "text_after_self_attention", 1)]
            for module, name, where in before:
                self.hooks.append(module.register_forward_pre_hook(kept(f"{at}.{name}", where)))
            self.hooks.append(block.register_forward_hook(made((f"{at}.image_after_mlp", f"{at}.text_after_mlp"))))
        return self.seen

    def __exit__(self, *_error: object) -> None:
        for hook in self.hooks:
            hook.remove()


def sampler(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.scheduler import ClipState, Hallo3Scheduler, coefficients, log_snr_steps, train_roots

    about, tables = fixture.about, fixture.tensors(".tables")
    yield fixture.check("sqrt(alpha-bar)", train_roots(), tables["full_sqrt_alphas_cumprod"], 1e-6)
    for steps in sorted(int(name) for name in about["info"]):
        at, run = f"steps{steps}", fixture.tensors(f".steps{steps}")
        scheduler = Hallo3Scheduler(steps)
        ours = scheduler.tables
        yield fixture.check(f"{at} timesteps", scheduler.timesteps, tables[f"{at}.timesteps"], 0)
        yield fixture.check(f"{at} index", ours.denoiser_index, tables[f"{at}.denoiser_table_index"], 0)
        for name, tensor in (("solver", ours.roots), ("denoiser", ours.denoiser_roots)):
            yield fixture.check(f"{at} {name}", tensor, tables[f"{at}.{name}_sqrt_alphas"], 1e-6)
        # Each from the fixture's own table before it: in differences of logarithms, and in their quotients, a last bit
        # grows larger than the tolerance.
        roots = tables[f"{at}.solver_sqrt_alphas"][:-1]
        yield fixture.check(f"{at} h", log_snr_steps(roots), tables[f"{at}.h"], 1e-6)
        names = ("r", "multipliers", "noise_scale")
        for name, tensor in zip(names, coefficients(roots, tables[f"{at}.h"]), strict=True):
            yield fixture.check(f"{at} {name}", tensor, tables[f"{at}.{name}"], 1e-6)
        yield fixture.check(f"{at} network timestep", scheduler.timesteps[:, None].float(), run["network_timestep"], 0)
        draws = torch.tensor([scheduler.draws(step, steps) for step in range(steps)])
        yield fixture.check(f"{at} draws", draws, run["draws_per_step"], 0)
        last = draws.cumsum(0)[:-1] - 1
        yield fixture.check(f"{at} noise that counts", run["noise_all"][last], run["noise_used"], 0)
        state = ClipState(0, run["x_init"])
        for step in range(steps):
            velocities = _toy_velocities(about["constants"], state.latents, float(scheduler.timesteps[step]), run)
            for number, name in enumerate(("v_first", "v_second")):
                if step == number:
                    yield fixture.check(f"{at} {name}", torch.cat(velocities), run[name], 2e-5)
            original = _guided(about, velocities, state.latents, scheduler, step)
            yield fixture.check(f"{at} x0 {step}", original, run["x0"][step], 2e-5)
            state = scheduler.step(original, state, run["noise_used"][step] if step < steps - 1 else None)
            yield fixture.check(f"{at} x {step}", state.latents, run["x"][step], 2e-5)
        yield fixture.check(f"{at} final", state.latents, run["final"], 2e-5)


def _guided(about: dict[str, Any], velocities: tuple[Tensor, ...], x: Tensor, scheduler: Any, step: int) -> Tensor:
    from model.hallo3.guidance import Guidance

    scale = about["guidance_scale"]
    originals = tuple(scheduler.predict_original(v, x, step) for v in velocities)
    return Guidance(text=scale, audio=scale).combined(originals)


def _toy_velocities(constants: dict[str, float], x: Tensor, time: float, run: Any) -> tuple[Tensor, ...]:
    """The fixture's toy network, without and with text and audio."""
    phase = torch.tensor(time / constants["period"])
    k0, k1, k2, k3 = (constants[f"k{number}"] for number in range(4))
    common = k0 * x.tanh() * phase.cos() + k1 * run["concat"] * phase.sin() + 0.1 * run["face"].mean()
    return common, common + k2 * run["text"].mean() + k3 * run["audio"].mean() * x


def audio(fixture: Fixture) -> Iterator[Check]:
    yield from audio_projector(fixture) if "audio" in fixture.about else audio_windows(fixture)


def audio_projector(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.projections import AudioProjection, FaceProjection

    about, tensors = fixture.about, fixture.tensors()
    sizes = about["audio"]
    projection = AudioProjection(
        sizes["seq_len"], sizes["blocks"], sizes["channels"], sizes["intermediate_dim"], sizes["context_tokens"],
        sizes["output_dim"],
    )  # fmt: skip
    renamed = {f"proj{n}": f"linear_{n}" for n in (1, 2, 3)} | {"conv1": "halving", "norm": "norm"}
    weights = tensors.starting("audio_proj.")
    projection.load_state_dict(
        {f"{renamed[name.split('.')[0]]}.{name.split('.')[1]}": tensor for name, tensor in weights.items()}
    )
    face = FaceProjection(
        about["face"]["clip_embeddings_dim"], about["face"]["clip_extra_context_tokens"], about["face"]["hidden_size"]
    )
    face.load_state_dict(tensors.starting("face_proj."))
    for name in tensors:
        if not name.endswith(".output"):
            continue
        at = name.removesuffix(".output")
        if at.startswith("face"):
            yield fixture.check(at, face(tensors[f"{at}.input"]), tensors[name], 2e-5)
            continue
        zero = re.fullmatch(r"zero(\d+)", at)
        shape = (1, int(zero[1]), *projection.features) if zero else ()
        given = torch.zeros(shape) if zero else tensors[f"{at}.input"]
        yield fixture.check(at, projection(given), tensors[name], 2e-5)


def audio_windows(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.clips import ClipSchedule
    from model.hallo3.wav2vec_audio import SAMPLE_RATE, frames_heard

    about, tensors = fixture.about, fixture.tensors()
    for case, settings in about["cases"].items():
        frames = frames_heard(settings["samples"], 25)
        yield fixture.exact(f"{case} frames", frames, settings["frames"])
        plan = ClipSchedule(frames, released=True)
        lengths = (plan.padded, plan.clips, plan.clips * plan.clip, (plan.padded - frames) * SAMPLE_RATE // 25)
        names = ("padded_frames", "clips", "rendered_frames", "appended_zero_samples")
        yield fixture.exact(f"{case} lengths", lengths, tuple(settings[name] for name in names))
        windows = [plan.window(frame) for frame in range(plan.padded)]
        yield fixture.check(f"{case} windows", torch.tensor(windows), tensors[f"S{case}.window_index"], 0)
        silent = (-1,) * len(windows[0])
        heard = [[silent if f < 0 else plan.window(f) for f in plan.heard(clip)] for clip in range(plan.clips)]
        yield fixture.check(f"{case} clips", torch.tensor(heard), tensors[f"S{case}.clip_window_index"], 0)
        shown = [(clip, frame) for clip in range(plan.clips) for frame in plan.kept(clip)]
        yield fixture.check(f"{case} output frames", torch.tensor(shown), tensors[f"S{case}.output_frames"], 0)


def conditioning(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.clip_conditions import ClipConditions, rows
    from model.hallo3.clips import ClipSchedule
    from model.hallo3.guidance import Guidance
    from model.hallo3.motion_frames import condition_frames, condition_latents, pixel_mask
    from model.hallo3.portrait import framed
    from model.hallo3.scheduler import spaced_timesteps

    about = fixture.about
    height, width = about["image_size"]
    vae = _vae_of(fixture)
    for case in about["cases"]:
        tensors = fixture.tensors(f".{case}")
        portrait = framed(tensors["portrait"], height, width) * 2 - 1
        mask = (tensors["face_mask"] > 0)[..., None]
        face = framed(tensors["portrait"] * mask, height, width) * 2 - 1
        yield fixture.check(f"{case} reference pixels", face, tensors["reference.pixels"][:, :, 0], 8e-3)
        for name in tensors:
            if vae is not None and name.endswith(".vae_noise"):  # of every encoding, from the stored pixels
                at = name.removesuffix(".vae_noise")
                latent = vae.sample(vae.moments(tensors[f"{at}.pixels"]), tensors[name])
                yield fixture.check(f"{case} {at} latent", latent, tensors[f"{at}.latent"], 5e-4)
        z = rearrange(tensors["reference.latent"], "b c t h w -> b t c h w")
        yield fixture.check(f"{case} reference input", torch.cat([z, z], dim=2), tensors["reference.network_input"], 0)
        known = tensors["conditional_context"]
        yield fixture.check(f"{case} reference text", torch.zeros_like(known), tensors["reference.context"], 0)
        yield fixture.check(f"{case} reference time", torch.zeros(1), tensors["reference.timestep"], 0)
        clips = sorted({int(found[1]) for name in tensors if (found := re.match(r"clip(\d+)\.", name))})
        plan = ClipSchedule(tensors["audio_windows"].shape[0], released=True)
        for clip in clips:
            at = f"clip{clip}"
            kept = pixel_mask(tensors[f"{at}.mask_draw"])
            yield fixture.check(f"{case} {at} mask", kept.byte(), tensors[f"{at}.mask"], 0)
            motion = tensors[f"motion_frames_{at}"] * 2 - 1 if clip else None
            pixels = condition_frames(portrait, motion, kept, plan.motion)
            yield fixture.check(f"{case} {at} pixels", pixels, tensors[f"{at}_condition.pixels"], 8e-3)
            noisy = tensors[f"{at}.x_init"]
            condition = condition_latents(tensors[f"{at}_condition.latent"], noisy.shape[1])
            yield fixture.check(f"{case} {at} concat", condition, tensors[f"{at}.concat"], 0)
            heard = plan.heard(clip)
            windows = tensors["audio_windows"][torch.tensor(heard).clamp(min=0)]
            windows = (windows * torch.tensor([frame >= 0 for frame in heard]).view(-1, 1, 1, 1))[None]
            face_tokens, bank = tensors["face_embedding"][:, None], (tensors[f"{at}.network_bank"][:1],)
            given = ClipConditions(condition, known, windows, torch.zeros_like(windows), face_tokens, bank)
            made = rows(Guidance().branches(), noisy, given)
            yield fixture.check(f"{case} {at} input", made.latents, tensors[f"{at}.network_input"], 1e-6)
            yield fixture.check(f"{case} {at} text", made.text, tensors[f"{at}.network_context"], 0)
            yield fixture.check(f"{case} {at} audio", made.audio, tensors[f"{at}.network_audio"], 4e-3, relative=True)
            assert made.face is not None and made.bank is not None
            yield fixture.check(f"{case} {at} face", made.face[:, 0], tensors[f"{at}.network_face"], 0)
            official = tensors[f"{at}.network_bank"]
            yield fixture.check(f"{case} {at} bank", made.bank[0].expand_as(official), official, 0)
            time = spaced_timesteps(3)[:1].float().expand(2)
            yield fixture.check(f"{case} {at} time", time, tensors[f"{at}.network_timestep"], 0)
            if vae is None:
                continue
            decoded = vae.decode(rearrange(tensors[f"{at}.sampled_latent"], "b t c h w -> b c t h w"))
            decoded = (decoded / 2 + 0.5).clamp(0, 1)
            if clip == 0:
                shown = decoded[:, :, plan.motion : plan.motion + 3]
                yield fixture.check(f"{case} frames", shown, tensors["output_frames_first3"], 8e-3)
            if f"motion_frames_clip{clip + 1}" in tensors:
                last = decoded[:, :, -plan.motion :]
                yield fixture.check(f"{case} motion frames", last, tensors[f"motion_frames_clip{clip + 1}"], 8e-3)


def _vae_of(fixture: Fixture) -> Any:
    """The autoencoder whose weights a conditioning fixture was made with: the vae fixture's of the same set, None
    where there is none. What only it makes is then not compared, and named so."""
    from safetensors.torch import load_file

    from model.hallo3.vae import vae_from

    suffix = fixture.name.split("_", 1)[1] if "_" in fixture.name else ""
    files = sorted(fixture.folder.glob("vae*.state_dict.safetensors"))
    same = [file for file in files if file.name.split(".")[0].endswith(f"_{suffix}")] or files
    return vae_from(load_file(same[0]), same[0].name) if same else None


def geometry(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.portrait import framed

    about, tensors = fixture.about, fixture.tensors()
    for case, settings in about["cases"].items():
        ours, official = framed(tensors[f"{case}.image"], *settings["target"]), tensors[f"{case}.result"]
        if ours.shape != official.shape:  # every second row and column is stored
            ours = ours[:, :, ::2, 0 if settings["mode"] == "pad" else 1 :: 2]
        yield fixture.check(case, ours, official, 2e-4)


def face(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.portrait import grown_rectangle

    about, tensors = fixture.about, fixture.tensors()
    for case, settings in about["cases"].items():
        height, width = settings["size_hw"]
        points = tensors[f"{case.split('.')[0]}.landmarks"][tensors["silhouette_ids"]]
        low, high = points.amin(dim=0).tolist(), points.amax(dim=0).tolist()
        rectangle = grown_rectangle(*low, *high, width, height, settings["ratio"], released=True)
        yield fixture.exact(f"{case} box", list(rectangle), settings["box_xyxy"])
        mask = torch.zeros(height, width, dtype=torch.uint8)
        mask[rectangle[1] : rectangle[3], rectangle[0] : rectangle[2]] = 255
        yield fixture.check(f"{case} mask", mask, tensors[f"{case}.mask"], 0)


def wav2vec(fixture: Fixture) -> Iterator[Check]:
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    from model.hallo3.wav2vec_audio import Wav2VecAudioEncoder, frames_heard, normalised

    about, tensors = fixture.about, fixture.tensors()
    network = Wav2Vec2Model(Wav2Vec2Config(**about["config"])).eval()
    network.load_state_dict(fixture.tensors(".state_dict").starting(""), strict=True)
    encoder = Wav2VecAudioEncoder(network)
    for case, settings in about["cases"].items():
        at = f"n{case}"
        waveform = tensors[f"{at}.waveform"]
        yield fixture.exact(f"{at} frames", frames_heard(waveform.shape[0], 25), settings["frames"])
        given = tensors[f"{at}.encoder_input"]
        padded = torch.nn.functional.pad(normalised(waveform), (0, given.shape[0] - waveform.shape[0]))
        yield fixture.check(f"{at} encoder input", padded, given, 1e-4)
        features = encoder.features(padded)
        yield fixture.check(f"{at} features", features, tensors[f"{at}.conv_features"], 1e-4)
        interpolated = encoder.interpolated(features, settings["padded_frames"])
        yield fixture.check(f"{at} interpolated", interpolated, tensors[f"{at}.interpolated"], 1e-4)
        yield fixture.check(f"{at} states", encoder(waveform, clip=49), tensors[f"{at}.embedding"], 1e-4)
        yield fixture.check(f"{at} unpadded", encoder(waveform), tensors[f"{at}.embedding_unpadded"], 1e-4)
        for name in tensors:
            rate = re.fullmatch(rf"{at}\.embedding_fps(\d+)", name)
            if rate:
                yield fixture.check(
                    f"{at} at {rate[1]} frames/s", encoder(waveform, float(rate[1])), tensors[name], 1e-4
                )


def vae(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.vae import vae_from

    tensors, about = fixture.tensors(), fixture.about
    network = vae_from(fixture.tensors(".state_dict").starting(""), fixture.name)
    network.scaling_factor = 1.0  # the fixture's latents are not scaled
    clip = tensors["clip"]
    yield fixture.exact("pixels", list(clip.shape[-2:]), about["pixels"])
    latents = next(tensors[name] for name in tensors if name.endswith(".latent_in"))
    for name in tensors:
        encoded, decoded = re.fullmatch(r"encode(\d+)\.moments", name), re.fullmatch(r"decode(\d+)\.frames", name)
        if encoded:
            moments = network.moments(clip[:, :, : int(encoded[1])])
            yield fixture.check(name, moments, tensors[name], 5e-4)
            at = name.removesuffix(".moments")
            yield fixture.check(
                f"{at} latent", network.sample(moments, tensors[f"{at}.noise"]), tensors[f"{at}.latent"], 5e-4
            )
        elif decoded:
            yield fixture.check(name, network.decode(latents[:, :, : int(decoded[1])]), tensors[name], 5e-4)


def checkpoint(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.checkpoint import load_official, read_official, to_official
    from model.hallo3.official_keys import ROTARY
    from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel

    about, expected = fixture.about, fixture.tensors(".expected")
    folder = fixture.folder / fixture.name
    audio = about.get("config", {}).get("audio", {})
    heard = {"audio_window": audio.get("seq_len", 5), "audio_layers": audio.get("blocks", 12)}
    stored = read_official(folder)
    ours: dict[str, Tensor] = {}
    for kind in (Hallo3Transformer3DModel, Hallo3ReferenceNetwork):
        settings = heard if kind is Hallo3Transformer3DModel else {}
        ours |= to_official(load_official(folder, kind, torch.bfloat16, **settings))
    yield fixture.exact("keys", len(ours), about["keys"])
    yield fixture.exact("names", sorted(ours), sorted(stored))
    for name, tensor in ours.items():
        official = stored[name] if name.endswith(ROTARY) else expected[name]
        yield fixture.check(name, tensor, official, 0)


def official(fixture: Fixture) -> Iterator[Check]:
    from model.hallo3.checkpoint import to_official
    from model.hallo3.official_keys import DENOISER
    from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel

    about = fixture.about
    total = 0
    for prefix, network in about["networks"].items():
        kind = Hallo3Transformer3DModel if prefix == DENOISER else Hallo3ReferenceNetwork
        with torch.device("meta"):
            ours = kind()
        parameters = sum(parameter.numel() for parameter in ours.parameters())
        total += parameters
        yield fixture.exact(f"{prefix} parameters", parameters, network["parameters"])
        shapes = {
            pattern.replace("{N}", str(number)): tuple(tensor["shape"])
            for pattern, tensor in network["patterns"].items()
            for number in range(tensor["count"])
        }
        yield fixture.exact(f"{prefix} number of keys", len(shapes), network["keys"])
        made = {name: tuple(tensor.shape) for name, tensor in to_official(ours).items()}
        yield fixture.exact(f"{prefix} keys and shapes", made, shapes)
    yield fixture.exact("parameters in all", total, about["total_parameters"])


COMPARISONS: dict[str, Callable[[Fixture], Iterator[Check]]] = {
    comparison.__name__: comparison
    for comparison in (
        transformer, sampler, audio, conditioning, geometry, face, wav2vec, vae, checkpoint, official,
    )
}  # fmt: skip


def is_hallo3(fixture: Fixture, kind: str) -> bool:
    """Whether a fixture is of Hallo3's layout: some kinds are its alone, others are told by what they hold."""
    if kind == "transformer":
        return fixture.has(".denoiser")
    if kind == "checkpoint":
        return fixture.has(".expected")
    about = fixture.about
    if kind == "official":
        return "networks" in about
    if kind == "vae":
        return "ch_mult" in about["config"]
    if kind == "audio":
        return "audio" in about or any("clips" in case for case in dict(about.get("cases", {})).values())
    if kind == "face":
        return any("ratio" in case for case in about["cases"].values())
    return kind in COMPARISONS
