"""LoRA files for the avatar transformer, in every layout that they are written in, as diffusers loads them.

Shapes: r rank, I inputs and O outputs of a linear layer.

Two layouts of names: ours (diffusers', peft's), where q, k and v are layers of their own, and the original's, where
one layer is several of ours stacked. There, A (r, I) is shared by all of them and B (O, r) is cut. Either may have a
prefix, or be written as kohya's tools do (`lora_unet_` and underscores, `lora_down`, `lora_up`, `alpha`). The scale
alpha / r is multiplied into B, so that one rule holds for all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from model.avatar.official_keys import OfficialTensor, official_tensors

if TYPE_CHECKING:
    from diffusers.models.modeling_utils import ModelMixin

PREFIXES = ("base_model.model.", "transformer.", "diffusion_model.", "model.", "lora_unet_", "lora_transformer_")
_KEY = re.compile(r"^(?P<layer>.+?)\.(?:lora_(?P<side>A|B|down|up)(?:\.[\w-]+)?\.weight|(?P<alpha>alpha))$")
_SIDES = {"A": "A", "down": "A", "B": "B", "up": "B"}


class LoraError(ValueError):
    """A LoRA that cannot be loaded, with everything about it that does not fit."""


def read_lora(source: str | Path | Mapping[str, Tensor], weight_name: str | None = None) -> dict[str, Tensor]:
    """The tensors of a file, of the one file in a folder, or as given, with what its header says of alpha.

    Nothing is downloaded. LoraError where there is no such file, several to choose from, or no safetensors.
    """
    if isinstance(source, Mapping):
        return dict(source)
    path = Path(source).expanduser()
    if path.is_dir():
        found = [path / weight_name] if weight_name else sorted(path.glob("*.safetensors"))
        if len(found) != 1:
            names = ", ".join(file.name for file in found) or "none"
            raise LoraError(f"{path} has {len(found)} safetensors files ({names}); name one with weight_name")
        path = found[0]
    if not path.is_file():
        raise LoraError(f"{path}: no such file; give a safetensors file or its folder (nothing is downloaded here)")
    try:
        with safe_open(path, framework="pt") as file:
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            header = file.metadata() or {}
    except SafetensorError as error:
        raise LoraError(
            f"{path}: is no safetensors file ({error}); other formats can run code and are not read"
        ) from None
    return {**state, **_alphas(state, header, path.with_name("adapter_config.json"))}


def _alphas(state: Mapping[str, Tensor], header: Mapping[str, str], beside: Path) -> dict[str, Tensor]:
    """The alpha of every layer, where diffusers' header or peft's file beside the weights says it."""
    known: dict[str, Any] = {}
    if "lora_adapter_metadata" in header:
        known = {name.rpartition(".")[2]: value for name, value in json.loads(header["lora_adapter_metadata"]).items()}
    elif beside.is_file():
        known = json.loads(beside.read_text(encoding="utf-8"))
    if "lora_alpha" not in known:
        return {}
    layers = {match["layer"]: tensor for name, tensor in state.items() if (match := _KEY.match(name)) and match["side"]}
    pattern: dict[str, Any] = known.get("alpha_pattern") or {}
    alphas = {}
    for layer in layers:
        alpha = next((value for name, value in pattern.items() if layer.endswith(name)), known["lora_alpha"])
        side_a = next(state[name] for name in state if name.startswith((f"{layer}.lora_A", f"{layer}.lora_down")))
        alphas[f"{layer}.alpha"] = torch.tensor(
            float(alpha) * (side_a.shape[0] ** 0.5 if known.get("use_rslora") else 1)
        )
    return alphas


def diffusers_lora(state: Mapping[str, Tensor], model: ModelMixin) -> dict[str, Tensor]:
    """A LoRA of any layout as `load_lora_adapter(…, prefix=None)` takes it, of alpha equal to its rank.

    LoraError names every tensor that has no place in the model or another shape, all at once.
    """
    shapes = _layers(model)
    table = _table(model, shapes)
    pairs, wrong = _pairs(state, _names(table, shapes))
    ours: dict[str, Tensor] = {}
    for layer, pair in pairs.items():
        if not {"A", "B"} <= set(pair):
            wrong.append(f"{layer} has no {'B' if 'A' in pair else 'A'} (down and up, or A and B, belong together)")
            continue
        down, up = pair["A"], pair["B"]
        official = table.get(f"{layer}.weight") if layer not in shapes else None
        parts = (layer,) if official is None else tuple(name.removesuffix(".weight") for name in official.ours)
        wanted = (sum(shapes[part][0] for part in parts), shapes[parts[0]][1])
        if (up.shape[0], down.shape[-1]) != wanted or up.ndim != 2 or down.ndim != 2 or up.shape[1] != down.shape[0]:
            wrong.append(
                f"{layer} is A {tuple(down.shape)}, B {tuple(up.shape)}; the layer is {wanted[1]} to {wanted[0]}"
            )
            continue
        up = up * (pair["alpha"].item() / down.shape[0]) if "alpha" in pair else up
        cut = {f"{layer}.weight": up} if official is None else official.unpack(up, [shapes[part][0] for part in parts])
        for part in parts:
            ours[f"{part}.lora_A.weight"] = down.clone()
            ours[f"{part}.lora_B.weight"] = cut[f"{part}.weight"].contiguous()
    if wrong or not ours:
        shown = "; ".join(wrong[:12]) + (f"; and {len(wrong) - 12} more" if len(wrong) > 12 else "")
        raise LoraError(f"the LoRA does not fit the model: {shown or 'it has no layer'}")
    return ours


def _layers(model: ModelMixin) -> dict[str, tuple[int, int]]:
    """(O, I) of every linear layer, by the name it has without adapters."""
    return {
        name.removesuffix(".base_layer"): (module.out_features, module.in_features)
        for name, module in model.named_modules()
        if hasattr(module, "out_features") and ".lora_" not in name
    }


def _table(model: ModelMixin, shapes: Mapping[str, tuple[int, int]]) -> dict[str, OfficialTensor]:
    config = model.config
    adapters = [i for i, block in enumerate(model.transformer_blocks) if block.audio_adapter is not None]
    ours = dict.fromkeys(f"{name}.weight" for name in shapes)
    counts = (config.num_layers, config.num_single_layers, config.num_refiner_layers)
    table = official_tensors(ours, *counts, adapters)
    return {name: tensor for name, tensor in table.items() if all(part in ours for part in tensor.ours)}


def _names(table: Mapping[str, OfficialTensor], shapes: Mapping[str, tuple[int, int]]) -> dict[str, str]:
    """Every way to write a layer's name to the name itself; where both layouts have it, ours counts."""
    layers = [*(name.removesuffix(".weight") for name in table), *shapes]
    return {**{name.replace(".", "_"): name for name in layers}, **{name: name for name in layers}}


def _pairs(state: Mapping[str, Tensor], names: Mapping[str, str]) -> tuple[dict[str, dict[str, Tensor]], list[str]]:
    """A, B and alpha of each layer, and what is neither."""
    pairs: dict[str, dict[str, Tensor]] = {}
    wrong = []
    for key, tensor in state.items():
        match = _KEY.match(key)
        layer = match and _known(match["layer"], names)
        if match is None or layer is None:
            wrong.append(f"{key} has no place in it")
        else:
            pairs.setdefault(layer, {})["alpha" if match["alpha"] else _SIDES[match["side"]]] = tensor
    return pairs, wrong


def _known(layer: str, names: Mapping[str, str]) -> str | None:
    """The layer of that name, with or without one of the usual prefixes."""
    if layer in names:
        return names[layer]
    for prefix in PREFIXES:
        if layer.startswith(prefix):
            return _known(layer.removeprefix(prefix), names)
    return None
