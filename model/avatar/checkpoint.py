"""The official transformer checkpoint: read, checked key by key, converted in both directions.

Layout of the release: `transformers/mp_rank_00_model_states.pt` holds {"module": weights}; the 8-bit variant is
`…_model_states_fp8.pt` with one scale per quantised linear layer in `…_model_states_fp8_map.pt`. Files are read with
weights_only, so that a checkpoint cannot run code.
"""

from __future__ import annotations

import inspect
import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch
from diffusers.models.modeling_utils import ModelMixin
from diffusers.utils import logging
from torch import Tensor

from model.avatar.official_keys import OfficialTensor, official_tensors
from model.avatar.single_file import SUFFIXES, read_single_file
from model.scaled_linear import ScaledLinear, dequantised, quantised, replace_linear

T = TypeVar("T", bound=ModelMixin)
logger = logging.get_logger(__name__)

TRANSFORMER_FOLDER = "hunyuan-video-t2v-720p/transformers"
CONFIG_NAME = "config.json"


class CheckpointError(ValueError):
    """A checkpoint that cannot be loaded: what is wrong with which file and keys, all at once."""


@dataclass(frozen=True)
class KeyReport:
    """Everything in which a checkpoint's keys and shapes differ from the model's, by official names."""

    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    misshapen: tuple[str, ...] = ()
    unscaled: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.misshapen or self.unscaled)

    def __str__(self) -> str:
        parts = []
        for name in ("missing", "unexpected", "misshapen", "unscaled"):
            keys = getattr(self, name)
            if keys:
                parts.append(f"{len(keys)} {name}:\n  " + "\n  ".join(keys))
        return "\n".join(parts)


# ------------------------------------------------------------------------------------------------------------ files


def find_checkpoint(path: Path, fp8: bool = False) -> Path:
    """The checkpoint file of a path: the file itself, its folder, or a folder above (`weights`, `weights/ckpts`)."""
    if path.is_file():
        return path
    ending = "_model_states_fp8.pt" if fp8 else "_model_states.pt"
    folders = [path, path / "transformers", path / TRANSFORMER_FOLDER, path / "ckpts" / TRANSFORMER_FOLDER]
    for folder in folders:
        found = sorted(folder.glob(f"*{ending}"))
        if found:
            return found[0]
    eight_bit = any(list(folder.glob("*_model_states_fp8.pt")) for folder in folders)
    hint = "an 8-bit one is there: ask for fp8" if eight_bit else "fetch one with `dialogue models pull`"
    raise CheckpointError(
        f"{path}: no transformer checkpoint (wanted *{ending} there or in {TRANSFORMER_FOLDER} below; {hint})"
    )


def _load(file: Path) -> dict[str, Any]:
    try:
        return _load_tensors(file)
    except pickle.UnpicklingError as error:
        raise CheckpointError(
            f"{file}: holds more than tensors, or is damaged, and was not executed (a checkpoint must load with "
            f"weights_only): {error}"
        ) from error


def _load_tensors(file: Path) -> dict[str, Any]:
    try:
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except RuntimeError:  # not the zip format, or truncated: the plain reader knows which
        try:
            content = torch.load(file, map_location="cpu", weights_only=True)
        except (RuntimeError, EOFError) as error:
            raise CheckpointError(f"{file}: not a readable checkpoint ({error})") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{file}: holds a {type(content).__name__}, not a dictionary of tensors")
    return content


def read_official(
    path: Path, fp8: bool = False, load_key: str = "module", dtype: torch.dtype = torch.bfloat16
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Weights by official names, and the scales of 8-bit layers by layer name (empty when there are none).

    `load_key` is "module" or "ema"; "." when the weights are not nested. `dtype`: what GGUF is unpacked into.
    """
    file = find_checkpoint(path, fp8)
    if file.suffix in SUFFIXES:
        try:
            return read_single_file(file, dtype)
        except ValueError as error:
            raise CheckpointError(str(error)) from error
    content = _load(file)
    if load_key != "." and load_key not in content:
        raise CheckpointError(f"{file}: has no {load_key!r} (it has {', '.join(sorted(content)[:8])})")
    state = content if load_key == "." else content[load_key]
    strays = [key for key, value in state.items() if not isinstance(value, Tensor)]
    if strays:
        raise CheckpointError(f"{file}: {', '.join(strays[:8])} are not tensors")
    scales: dict[str, Tensor] = {}
    if file.stem.endswith("_fp8"):
        beside = file.with_name(f"{file.stem}_map.pt")
        if not beside.is_file():
            raise CheckpointError(f"{file}: its scales are missing (wanted {beside.name} beside it)")
        mapped = _load(beside)
        mapped = mapped.get(load_key, mapped)
        scales = {layer: torch.as_tensor(scale, dtype=torch.float32) for layer, scale in mapped.items()}
    return state, scales


# ---------------------------------------------------------------------------------------------------------- config


def official_config(kind: type[ModelMixin], state: Mapping[str, Tensor], **overrides: Any) -> dict[str, Any]:
    """The configuration that a checkpoint's shapes imply, of a `kind` of transformer; `overrides` for what they do not
    tell.

    Shapes do not tell the rows and layers of the audio features (10 and 5), which blocks have adapters (every second),
    nor the rotary split of a head (16, 56, 56 of 128 channels). A tensor that is missing counts as the released one.
    """
    settings = {**_inferred_config(state, overrides), **overrides}
    known = inspect.signature(kind.__init__).parameters
    unknown = sorted(settings.keys() - known.keys())
    if unknown:
        raise CheckpointError(f"the transformer has no setting {', '.join(unknown)}")
    if settings["attention_head_dim"] != 128 and "rope_axes_dim" not in overrides:
        raise CheckpointError(
            f"attention_head_dim is {settings['attention_head_dim']}, and how rope splits it is not in the weights: "
            f"give rope_axes_dim, or put it into a {CONFIG_NAME} beside the checkpoint"
        )
    return settings


def _inferred_config(state: Mapping[str, Tensor], known: Mapping[str, Any]) -> dict[str, Any]:
    def shape(name: str, *released: int) -> tuple[int, ...]:
        found = tuple(state[name].shape) if name in state else released
        return found if len(found) == len(released) else released

    def count(prefix: str, released: int) -> int:
        return len({key.removeprefix(prefix).split(".")[0] for key in state if key.startswith(prefix)}) or released

    hidden, in_channels, _, patch, _ = shape("img_in.proj.weight", 3072, 16, 1, 2, 2)
    (head,) = shape("double_blocks.0.img_attn_q_norm.weight", 128)
    rows, layers = known.get("audio_window", 10), known.get("audio_feature_layers", 5)
    intermediate, features = shape("audio_proj.proj1.weight", 1024, 19200)
    return {
        "in_channels": in_channels,
        "out_channels": shape("final_layer.linear.weight", 64, hidden)[0] // patch**2,
        "num_attention_heads": hidden // head,
        "attention_head_dim": head,
        "num_layers": count("double_blocks.", 20),
        "num_single_layers": count("single_blocks.", 40),
        "num_refiner_layers": count("txt_in.individual_token_refiner.blocks.", 2),
        "mlp_ratio": shape("double_blocks.0.img_mlp.fc1.weight", 4 * hidden, hidden)[0] / hidden,
        "patch_size": patch,
        "guidance_embeds": "guidance_in.mlp.0.weight" in state,
        "text_embed_dim": shape("txt_in.input_embedder.weight", hidden, 4096)[1],
        "pooled_projection_dim": shape("vector_in.in_layer.weight", hidden, 768)[1],
        "motion_values": hidden // shape("motion_exp.mlp.0.weight", hidden // 4, 256)[0],
        "audio_channels": features // (rows * layers),
        "audio_intermediate_dim": intermediate,
        "audio_tokens_per_frame": shape("audio_proj.proj3.weight", 4 * hidden, intermediate)[0] // hidden,
        "audio_adapter_dim": shape("audio_adapter_blocks.0.to_q.weight", 1024, hidden)[0],
    }


# ------------------------------------------------------------------------------------------------------ conversion


def table_of(model: ModelMixin) -> dict[str, OfficialTensor]:
    """The official tensors of a model, by official name."""
    config = model.config
    adapters = [i for i, block in enumerate(model.transformer_blocks) if block.audio_adapter is not None]
    names = [name for name in model.state_dict() if not name.endswith(".scale")]
    return official_tensors(
        dict.fromkeys(names), config.num_layers, config.num_single_layers, config.num_refiner_layers, adapters
    )


def compare(
    table: Mapping[str, OfficialTensor],
    shapes: Mapping[str, torch.Size],
    state: Mapping[str, Tensor],
    scales: Mapping[str, Tensor],
) -> KeyReport:
    """How a checkpoint differs from a model with our tensors of these shapes. Emotion modules may be absent."""
    misshapen = []
    for name, official in table.items():
        rows = sum(shapes[ours][0] for ours in official.ours)
        wanted = (rows, *shapes[official.ours[0]][1:])
        if name in state and tuple(state[name].shape) != wanted:
            misshapen.append(f"{name}: is {tuple(state[name].shape)}, must be {wanted}")
    eight_bit = {name for name, tensor in state.items() if tensor.dtype == torch.float8_e4m3fn}
    return KeyReport(
        missing=tuple(name for name in table if name not in state and not is_emotion(name)),
        unexpected=tuple(name for name in state if name not in table)
        + tuple(f"{layer} (a scale without a weight)" for layer in scales if f"{layer}.weight" not in state),
        misshapen=tuple(misshapen),
        unscaled=tuple(sorted(name for name in eight_bit if name.removesuffix(".weight") not in scales)),
    )


def is_emotion(name: str) -> bool:
    """Whether a tensor belongs to an emotion module, which the official checkpoint does not have."""
    return "emotion_" in name


def load_official(
    kind: type[T], path: str | Path, dtype: torch.dtype, fp8: bool = False, load_key: str = "module",
    keep_fp8: bool = False, **config: Any,
) -> T:  # fmt: skip
    """The transformer of an official checkpoint, in evaluation mode on the CPU; see its `from_single_file`.

    Args:
        kind: the transformer's class.
        path: the checkpoint file (a GGUF or safetensors file of it too), its folder, or the folder of all official
            weights.
        dtype: of all weights. (The release keeps adapters and audio projection in float32 and casts them at each use.)
        fp8: take the 8-bit file of a folder that has both.
        keep_fp8: 8-bit weights stay so, with their scales, and are multiplied out at each use: the same numbers in half
            the memory. Else they are multiplied out here.
        config: overrides of what the shapes imply; a config.json beside the checkpoint overrides them too.

    Raises:
        CheckpointError: every missing, unexpected or misshapen key, all at once.
    """
    path = Path(path)
    if not path.exists():
        raise CheckpointError(
            f"{path}: no such file or folder (wanted the official transformer; fetch it with `dialogue models pull`)"
        )
    file = find_checkpoint(path, fp8)
    state, scales = read_official(file, load_key=load_key, dtype=dtype)
    if not any(name.startswith(("double_blocks.", "single_blocks.")) for name in state):
        raise CheckpointError(f"{file}: not a HunyuanVideo-Avatar checkpoint (it has {', '.join(list(state)[:5])}, …)")
    beside = file.with_name(CONFIG_NAME)
    stored = json.loads(beside.read_text()) if beside.is_file() else {}
    stored = {name: value for name, value in stored.items() if not name.startswith("_")}
    settings = official_config(kind, state, **{**stored, **config})
    with torch.device("meta"):
        model: T = kind(**settings)
    table, shapes = table_of(model), {name: tensor.shape for name, tensor in model.state_dict().items()}
    report = compare(table, shapes, state, scales)
    if report:
        raise CheckpointError(f"{file}: does not fit the model\n{report}")

    ours: dict[str, Tensor] = {}
    narrow: dict[str, Tensor] = {}  # scales of the layers that stay in 8 bits, by our names
    for name in list(state):
        tensor, scale = state.pop(name), scales.get(name.removesuffix(".weight"))
        stays = keep_fp8 and scale is not None
        if scale is not None:
            tensor = tensor.to(torch.float8_e4m3fn) if stays else dequantised(tensor, scale, dtype)
        parts = table[name].unpack(tensor, [shapes[part][0] for part in table[name].ours])
        # Copied, because the tensors are windows into the file, which may change or go.
        ours.update({part: window.to(tensor.dtype if stays else dtype, copy=True) for part, window in parts.items()})
        if stays and scale is not None:
            narrow.update({part.removesuffix(".weight"): scale for part in parts})
    _narrowed(model, ours, narrow, dtype)
    return _filled(model, ours, dtype, file)


def _narrowed(model: ModelMixin, state: dict[str, Tensor], scales: Mapping[str, Tensor], dtype: torch.dtype) -> None:
    """Layers of the model on meta become 8-bit ones, and the state has their scales."""
    for layer, scale in scales.items():
        replace_linear(model, layer, model.get_submodule(layer).weight.to(torch.float8_e4m3fn), scale, dtype)
        state[f"{layer}.scale"] = scale.clone()


def _filled(model: T, state: dict[str, Tensor], dtype: torch.dtype, file: Path) -> T:
    """The model on meta with these weights; emotion modules that the checkpoint lacks are new and off."""
    model.load_state_dict(state, strict=False, assign=True)
    if model.emotion_keys_values is None:
        logger.warning(f"{file}: has no emotion module; emotions have no effect.")
    fresh = [m for m in model.modules() if any(weight.is_meta for weight in m.parameters(recurse=False))]
    if fresh:
        logger.warning(f"{file}: has no emotion module; it is off until trained (gamma_E = 0).")
    for module in fresh:
        module.to_empty(device="cpu", recurse=False)
        module.reset_parameters()  # type: ignore[operator]
        module.to(dtype)
    model.eval()
    return model


def to_official(model: ModelMixin) -> dict[str, Tensor]:
    """The model's weights by official names, 8-bit ones multiplied out. Emotion modules, without one, keep theirs."""
    state = wide_state(model)
    return {name: official.pack(state) for name, official in table_of(model).items()}


def wide_state(model: ModelMixin) -> dict[str, Tensor]:
    """The model's weights by its own names, with no layer in 8 bits."""
    state = dict(model.state_dict())
    for name, part in model.named_modules():
        if isinstance(part, ScaledLinear):
            state[f"{name}.weight"] = part.multiplied_out()
            del state[f"{name}.scale"]
    return state


def is_quantised(name: str) -> bool:
    """Whether the release stores this official weight in 8 bits: the linear layers of double and single blocks."""
    return name.startswith(("double_blocks.", "single_blocks.")) and name.endswith(
        ("mod.linear.weight", "modulation.linear.weight", "_qkv.weight", "_proj.weight", "fc1.weight", "fc2.weight")
        + ("linear1.weight", "linear2.weight")
    )


def save_official(model: ModelMixin, folder: str | Path, fp8: bool = False) -> Path:
    """Write the official layout (with a config.json that official code ignores); returns the checkpoint file."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    state, scales = to_official(model), {}
    if fp8:
        for name in filter(is_quantised, list(state)):
            state[name], scales[name.removesuffix(".weight")] = quantised(state[name])
        torch.save({"module": scales}, folder / "mp_rank_00_model_states_fp8_map.pt")
    file = folder / f"mp_rank_00_model_states{'_fp8' if fp8 else ''}.pt"
    torch.save({"module": {name: tensor.contiguous() for name, tensor in state.items()}}, file)
    model.save_config(folder)
    return file
