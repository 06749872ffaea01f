"""Names and layout of the official checkpoint's tensors (SwissArmyTransformer), beside ours.

The official code packs q, k, v, and the modulation of both norms of a block, into one layer each; ours follow
diffusers' CogVideoX. Every tensor is mapped by its own name, because parts of names repeat inside others (`attention`,
`dense`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

DENOISER, REFERENCE = "model.diffusion_model.", "ref_model.diffusion_model."
IGNORED = ("first_stage_model.", "conditioner.")  # other parts of the training engine, which a save may hold
POSITIONS = "mixins.pos_embed.pos_embedding"
ROTARY = ("mixins.pos_embed.freqs_sin", "mixins.pos_embed.freqs_cos")  # made anew from the sizes


@dataclass(frozen=True)
class Part:
    """A tensor of ours, or one of its `of` equal chunks along dimension 0."""

    name: str
    chunk: int = 0
    of: int = 1


@dataclass(frozen=True)
class OfficialTensor:
    """An official tensor: parts of ours stacked along dimension 0."""

    parts: tuple[Part, ...]

    def pack(self, state: Mapping[str, Tensor]) -> Tensor:
        """Our tensors -> the official one."""
        pieces = [state[part.name].chunk(part.of)[part.chunk] for part in self.parts]
        return pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def unpack(self, official: Tensor) -> dict[str, Tensor]:
        """The official tensor -> ours. All parts are equally tall."""
        pieces = official.chunk(len(self.parts))
        ours: dict[str, dict[int, Tensor]] = {}
        for part, piece in zip(self.parts, pieces, strict=True):
            ours.setdefault(part.name, {})[part.chunk] = piece
        return {name: torch.cat([held[n] for n in sorted(held)]) for name, held in ours.items()}

    def shape(self, shapes: Mapping[str, torch.Size]) -> tuple[int, ...]:
        """The official shape, from ours."""
        rows = sum(shapes[part.name][0] // part.of for part in self.parts)
        return (rows, *shapes[self.parts[0].name][1:])


def _whole(*names: str) -> tuple[Part, ...]:
    return tuple(Part(name) for name in names)


def _modulation(block: str) -> tuple[Part, ...]:
    """shift, scale, gate for: video before attention, video before MLP, text before attention, text before MLP."""
    order = (("norm1", (0, 1, 2)), ("norm2", (0, 1, 2)), ("norm1", (3, 4, 5)), ("norm2", (3, 4, 5)))
    return tuple(Part(f"{block}.{norm}.linear", chunk, 6) for norm, chunks in order for chunk in chunks)


def _around() -> Iterator[tuple[str, tuple[Part, ...]]]:
    yield "time_embed.0", _whole("embedding.time_embedding.linear_1")
    yield "time_embed.2", _whole("embedding.time_embedding.linear_2")
    yield "mixins.patch_embed.proj", _whole("embedding.proj")
    yield "mixins.patch_embed.text_proj", _whole("embedding.text_proj")
    yield "mixins.final_layer.norm_final", _whole("norm_out.norm")
    yield "mixins.final_layer.adaLN_modulation.1", _whole("norm_out.linear")
    yield "mixins.final_layer.linear", _whole("proj_out")
    yield "transformer.final_layernorm", _whole("norm_final")
    yield "transformer.face_proj.proj", _whole("face_proj.proj")
    yield "transformer.face_proj.norm", _whole("face_proj.norm")
    for number in (1, 2, 3):
        yield f"transformer.audio_proj.proj{number}", _whole(f"audio_proj.linear_{number}")
    yield "transformer.audio_proj.conv1", _whole("audio_proj.halving")
    yield "transformer.audio_proj.norm", _whole("audio_proj.norm")


def _block(i: int) -> Iterator[tuple[str, tuple[Part, ...]]]:
    official, ours = f"transformer.layers.{i}", f"blocks.{i}"
    yield f"mixins.adaln_layer.adaLN_modulations.{i}.1", _modulation(ours)
    yield f"mixins.adaln_layer.query_layernorm_list.{i}", _whole(f"{ours}.attn1.norm_q")
    yield f"mixins.adaln_layer.key_layernorm_list.{i}", _whole(f"{ours}.attn1.norm_k")
    yield f"{official}.input_layernorm", _whole(f"{ours}.norm1.norm")
    yield f"{official}.post_attention_layernorm", _whole(f"{ours}.norm2.norm")
    yield f"{official}.attention.query_key_value", _whole(*(f"{ours}.attn1.to_{x}" for x in "qkv"))
    yield f"{official}.attention.dense", _whole(f"{ours}.attn1.to_out.0")
    yield f"{official}.mlp.dense_h_to_4h", _whole(f"{ours}.ff.net.0.proj")
    yield f"{official}.mlp.dense_4h_to_h", _whole(f"{ours}.ff.net.2")
    for kind in ("face", "audio"):
        yield f"{official}.{kind}_input_layernorm", _whole(f"{ours}.{kind}.norm")
        yield f"{official}.{kind}_attn.query", _whole(f"{ours}.{kind}.to_q")
        yield f"{official}.{kind}_attn.key_value", _whole(f"{ours}.{kind}.to_kv")
        yield f"{official}.{kind}_attn.dense", _whole(f"{ours}.{kind}.to_out")


def official_tensors(ours: Mapping[str, object], layers: int) -> dict[str, OfficialTensor]:
    """Every official tensor of a network whose state dict has the keys `ours`, without prefix and rotary tables.

    Keys of ours that the official code has no counterpart for (the paper's other forms) keep their names.
    """
    modules = [*_around(), *(module for i in range(layers) for module in _block(i))]
    table = {
        f"{official}.{kind}": OfficialTensor(tuple(Part(f"{p.name}.{kind}", p.chunk, p.of) for p in parts))
        for official, parts in modules
        for kind in ("weight", "bias")
        if f"{parts[0].name}.{kind}" in ours
    }
    for official, name in (
        (POSITIONS, "embedding.positions"),
        ("transformer.position_embeddings.weight", "embedding.unused_positions"),
    ):
        if name in ours:
            table[official] = OfficialTensor(_whole(name))
    covered = {part.name for tensor in table.values() for part in tensor.parts}
    table.update({name: OfficialTensor(_whole(name)) for name in ours if name not in covered})
    return table
