"""The official checkpoint of Hallo3: read, checked key by key, converted in both directions.

Layout of the release: `latest` names a folder, `<folder>/mp_rank_00_model_states.pt` holds {"module": weights} of both
networks. Files are read with weights_only, so that a checkpoint cannot run code.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor

from model.grid import frames_for, latents_for
from model.hallo3.official_file import CheckpointError, read_file
from model.hallo3.official_keys import DENOISER, IGNORED, POSITIONS, REFERENCE, ROTARY, official_tensors
from model.hallo3.token_embedding import rotary_table
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel

FILE = "mp_rank_00_model_states.pt"
LATEST = "latest"
CONFIG = "config.json"
PREFIXES = {Hallo3Transformer3DModel: DENOISER, Hallo3ReferenceNetwork: REFERENCE}
_TEXT_TOKENS = 226
_RELEASED_GRID = (13, 30, 45)

Network = Hallo3Transformer3DModel | Hallo3ReferenceNetwork
AnyNetwork = TypeVar("AnyNetwork", Hallo3Transformer3DModel, Hallo3ReferenceNetwork)


# ------------------------------------------------------------------------------------------------------------ files


def find_checkpoint(path: Path) -> Path:
    """The checkpoint file of a path: the file itself, its folder, or a folder above that has `latest`."""
    if path.is_file():
        return path
    for folder in (path, path / "hallo3", path / "pretrained_models" / "hallo3"):
        named = (folder / LATEST).read_text().strip() if (folder / LATEST).is_file() else ""
        files = [folder / FILE, *([folder / named / FILE] if named else []), *sorted(folder.glob(f"*/{FILE}"))]
        found = next((file for file in files if file.is_file()), None)
        if found is not None:
            if len(list(found.parent.glob("mp_rank_*_model_states.pt"))) > 1:
                raise CheckpointError(f"{found.parent}: the weights are split over ranks; join them into {FILE}")
            return found
    raise CheckpointError(f"{path}: no checkpoint of Hallo3 (wanted {LATEST} and <folder>/{FILE} there or in hallo3)")


def read_official(path: Path) -> dict[str, Tensor]:
    """The weights of both networks by official names. Other parts of the training engine are left out."""
    file = find_checkpoint(path)
    content = read_file(file)
    state = content.get("module", content)
    strays = [name for name, value in state.items() if not isinstance(value, Tensor)]
    if strays:
        raise CheckpointError(f"{file}: {', '.join(strays[:8])} are not tensors")
    return {name: tensor for name, tensor in state.items() if not name.startswith(IGNORED)}


# ---------------------------------------------------------------------------------------------------------- config


def token_grid(cosines: Tensor, sines: Tensor) -> tuple[int, int, int]:
    """Frames, rows and columns of a rotary table (tokens, head size): where its time and its rows first change."""
    table = torch.cat([cosines, sines], dim=1).float()
    size = cosines.shape[1]
    time = [*range(size // 4), *range(size, size + size // 4)]
    rows = [*range(size // 4, size * 5 // 8), *range(size + size // 4, size + size * 5 // 8)]

    def first_change(columns: list[int], end: int) -> int:
        changed = (table[:end, columns] != table[0, columns]).any(dim=1).nonzero()
        return int(changed[0]) if len(changed) else end

    frame = first_change(time, table.shape[0])
    width = first_change(rows, frame)
    return table.shape[0] // frame, frame // width, width


def official_config(state: Mapping[str, Tensor], kind: type[Network], **overrides: Any) -> dict[str, Any]:
    """The configuration that a network's tensors (without prefix) imply; `overrides` for what they do not tell.

    They do not tell how an audio window splits into frames and states (5 and 12), and the frame size where the rotary
    tables are left out (480 x 720 pixels, 49 frames). A tensor that is missing counts as the released one.
    """

    def shape(name: str, *released: int) -> tuple[int, ...]:
        found = tuple(state[name].shape) if name in state else released
        return found if len(found) == len(released) else released

    hidden, in_channels, patch, _ = shape("mixins.patch_embed.proj.weight", 3072, 32, 2, 2)
    (head,) = shape("mixins.adaln_layer.query_layernorm_list.0.weight", 64)
    frames, rows, columns = _RELEASED_GRID
    if all(name in state for name in ROTARY):
        frames, rows, columns = token_grid(state[ROTARY[1]], state[ROTARY[0]])
    layers = {name.split(".")[2] for name in state if name.startswith("transformer.layers.")}
    known: dict[str, Any] = {
        "in_channels": in_channels,
        "out_channels": shape("mixins.final_layer.linear.weight", 64, hidden)[0] // patch**2,
        "num_attention_heads": hidden // head,
        "attention_head_dim": head,
        "num_layers": len(layers) or 42,
        "time_embed_dim": shape("time_embed.0.weight", 512, hidden)[0],
        "text_embed_dim": shape("mixins.patch_embed.text_proj.weight", hidden, 4096)[1],
        "patch_size": patch,
        "sample_height": rows * patch,
        "sample_width": columns * patch,
        "sample_frames": frames_for(frames),
        "max_text_seq_length": shape(POSITIONS, 1, _TEXT_TOKENS + frames * rows * columns, hidden)[1]
        - frames * rows * columns,
        "learned_positions": POSITIONS in state,
    }
    if kind is Hallo3Transformer3DModel:
        known |= _context_config(shape, overrides)
    settings = {**known, **overrides}
    unknown = sorted(settings.keys() - inspect.signature(kind.__init__).parameters.keys())
    if unknown:
        raise CheckpointError(f"{kind.__name__} has no setting {', '.join(unknown)}")
    return settings


def _context_config(shape: Any, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Of the face and audio modules."""
    intermediate, features = shape("transformer.audio_proj.proj1.weight", 512, 46080)
    window, states = overrides.get("audio_window", 5), overrides.get("audio_layers", 12)
    (audio_dim,) = shape("transformer.audio_proj.norm.weight", 768)
    (face_dim,) = shape("transformer.face_proj.norm.weight", 1024)
    face_out, face_embed = shape("transformer.face_proj.proj.weight", 4096, 512)
    return {
        "face_embed_dim": face_embed,
        "face_tokens": face_out // face_dim,
        "face_dim": face_dim,
        "audio_channels": features // (window * states),
        "audio_intermediate_dim": intermediate,
        "audio_tokens": shape("transformer.audio_proj.proj3.weight", 24576, intermediate)[0] // audio_dim,
        "audio_dim": audio_dim,
    }


# ------------------------------------------------------------------------------------------------------ conversion


def network_from(
    state: dict[str, Tensor], kind: type[AnyNetwork], source: str, dtype: torch.dtype = torch.bfloat16, **config: Any
) -> AnyNetwork:
    """A network from official tensors, prefix removed, in evaluation mode on the CPU. Takes them out of `state`.

    Raises:
        CheckpointError: every missing, unexpected or misshapen key, all at once, by official names.
    """
    prefix = PREFIXES[kind]
    settings = official_config(state, kind, **config)
    with torch.device("meta"):
        network: AnyNetwork = kind(**settings)
    shapes = {name: tensor.shape for name, tensor in network.state_dict().items()}
    table = official_tensors(shapes, settings["num_layers"])
    wrong = [f"{prefix}{name} is missing" for name in table if name not in state]
    wrong += [f"{prefix}{name} is unexpected" for name in state if name not in table and name not in ROTARY]
    wrong += [
        f"{prefix}{name} is {tuple(state[name].shape)}, must be {official.shape(shapes)}"
        for name, official in table.items()
        if name in state and tuple(state[name].shape) != official.shape(shapes)
    ]
    if wrong:
        raise CheckpointError(f"{source}: does not fit {kind.__name__}\n  " + "\n  ".join(wrong))
    ours: dict[str, Tensor] = {}
    for name, official in table.items():
        # Copied, because the tensors are windows into the file, which may change or go.
        ours |= {part: piece.to(dtype, copy=True) for part, piece in official.unpack(state.pop(name)).items()}
    network.load_state_dict(ours, assign=True)
    network.eval()
    return network


def load_official(
    path: str | Path, kind: type[AnyNetwork], dtype: torch.dtype = torch.bfloat16, **config: Any
) -> AnyNetwork:
    """One network of an official checkpoint: its folder, a folder above, or the file.

    `config`: overrides of what the shapes imply; a config.json beside `latest` or the file overrides them too, as
    {"transformer": {...}, "reference": {...}}.
    """
    file = find_checkpoint(Path(path))
    state = read_official(file)
    prefix = PREFIXES[kind]
    strays = [name for name in state if not name.startswith((DENOISER, REFERENCE))]
    if strays:
        raise CheckpointError(f"{file}: {', '.join(strays[:8])} belong to neither network")
    mine = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    if not mine:
        raise CheckpointError(f"{file}: not a checkpoint of Hallo3 (it has {', '.join(list(state)[:5])}, …)")
    return network_from(mine, kind, str(file), dtype, **{**_beside(file, kind), **config})


def _beside(file: Path, kind: type[Network]) -> dict[str, Any]:
    for folder in (file.parent, file.parent.parent):
        if (folder / CONFIG).is_file():
            stored: dict[str, Any] = json.loads((folder / CONFIG).read_text())
            return dict(stored.get("transformer" if kind is Hallo3Transformer3DModel else "reference", {}))
    return {}


def to_official(network: Network, rotary: bool = True) -> dict[str, Tensor]:
    """The network's weights by official names, with prefix; rotary tables too, unless `rotary` is false."""
    prefix, config, state = PREFIXES[type(network)], network.config, network.state_dict()
    table = official_tensors(state, config.num_layers)
    official = {f"{prefix}{name}": tensor.pack(state) for name, tensor in table.items()}
    if rotary and config.rotary_positions:
        rows, columns = config.sample_height // config.patch_size, config.sample_width // config.patch_size
        tables = rotary_table(latents_for(config.sample_frames), rows, columns, config.attention_head_dim)
        weight = network.proj_out.weight
        for name, waves in zip(ROTARY, reversed(tables), strict=True):
            official[f"{prefix}{name}"] = waves.to(weight.device, weight.dtype)
    return official


def save_official(denoiser: Hallo3Transformer3DModel, reference: Hallo3ReferenceNetwork, folder: Path) -> Path:
    """Both networks in the official layout; returns the file."""
    file = folder / "1" / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"module": {**to_official(denoiser), **to_official(reference)}}, file)
    (folder / LATEST).write_text("1")
    (folder / "model_config.json").write_text('{"model_class": "SATVideoDiffusionEngine", "model_parallel_size": 1}\n')
    return file
