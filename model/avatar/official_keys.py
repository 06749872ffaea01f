"""Names and layout of the official checkpoint's tensors, beside ours.

The official code packs q, k, v (and in single blocks the MLP) into one linear layer and numbers its adapters apart
from the blocks; ours follow diffusers' HunyuanVideo. The final modulation is (shift, scale) there and (scale, shift)
in diffusers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class OfficialTensor:
    """One official tensor: our tensors stacked along dimension 0, or one of ours with its halves swapped."""

    ours: tuple[str, ...]
    swapped: bool = False

    def pack(self, state: Mapping[str, Tensor]) -> Tensor:
        """Our tensors -> the official one."""
        if self.swapped:
            return torch.cat(state[self.ours[0]].chunk(2)[::-1])
        return state[self.ours[0]] if len(self.ours) == 1 else torch.cat([state[name] for name in self.ours])

    def unpack(self, official: Tensor, rows: list[int]) -> dict[str, Tensor]:
        """The official tensor -> ours, which have these numbers of rows."""
        if self.swapped:
            return {self.ours[0]: torch.cat(official.chunk(2)[::-1])}
        parts = torch.split(official, rows) if len(rows) > 1 else (official,)
        return dict(zip(self.ours, parts, strict=True))


def _perceptron(official: str, ours: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield f"{official}.mlp.0", (f"{ours}.linear_1",)
    yield f"{official}.mlp.2", (f"{ours}.linear_2",)


def _embedders() -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "img_in.proj", ("image_injection.video_embedder.proj",)
    yield "ref_in.proj", ("image_injection.reference_embedder.proj",)
    yield "before_proj", ("image_injection.reference_proj",)
    yield from _perceptron("time_in", "time_text_embed.timestep_embedder")
    yield from _perceptron("guidance_in", "time_text_embed.guidance_embedder")
    yield "vector_in.in_layer", ("time_text_embed.text_embedder.linear_1",)
    yield "vector_in.out_layer", ("time_text_embed.text_embedder.linear_2",)
    yield from _perceptron("motion_exp", "time_text_embed.motion_exp")
    yield from _perceptron("motion_pose", "time_text_embed.motion_pose")
    yield from _perceptron("fps_proj", "time_text_embed.fps")
    yield "txt_in.input_embedder", ("context_embedder.proj_in",)
    yield from _perceptron("txt_in.t_embedder", "context_embedder.time_text_embed.timestep_embedder")
    yield "txt_in.c_embedder.linear_1", ("context_embedder.time_text_embed.text_embedder.linear_1",)
    yield "txt_in.c_embedder.linear_2", ("context_embedder.time_text_embed.text_embedder.linear_2",)
    for number in (1, 2, 3):
        yield f"audio_proj.proj{number}", (f"audio_proj.linear_{number}",)
    yield "audio_proj.norm", ("audio_proj.norm",)
    yield "final_layer.linear", ("proj_out",)


def _refiner_block(i: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    official = f"txt_in.individual_token_refiner.blocks.{i}"
    ours = f"context_embedder.token_refiner.refiner_blocks.{i}"
    yield f"{official}.norm1", (f"{ours}.norm1",)
    yield f"{official}.self_attn_qkv", tuple(f"{ours}.attn.to_{x}" for x in "qkv")
    yield f"{official}.self_attn_proj", (f"{ours}.attn.to_out.0",)
    yield f"{official}.norm2", (f"{ours}.norm2",)
    yield f"{official}.mlp.fc1", (f"{ours}.ff.net.0.proj",)
    yield f"{official}.mlp.fc2", (f"{ours}.ff.net.2",)
    yield f"{official}.adaLN_modulation.1", (f"{ours}.norm_out.linear",)


def _double_block(i: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    official, ours = f"double_blocks.{i}", f"transformer_blocks.{i}"
    yield f"{official}.img_mod.linear", (f"{ours}.norm1.linear",)
    yield f"{official}.img_attn_qkv", tuple(f"{ours}.attn.to_{x}" for x in "qkv")
    yield f"{official}.img_attn_q_norm", (f"{ours}.attn.norm_q",)
    yield f"{official}.img_attn_k_norm", (f"{ours}.attn.norm_k",)
    yield f"{official}.img_attn_proj", (f"{ours}.attn.to_out.0",)
    yield f"{official}.img_mlp.fc1", (f"{ours}.ff.net.0.proj",)
    yield f"{official}.img_mlp.fc2", (f"{ours}.ff.net.2",)
    yield f"{official}.txt_mod.linear", (f"{ours}.norm1_context.linear",)
    yield f"{official}.txt_attn_qkv", tuple(f"{ours}.attn.add_{x}_proj" for x in "qkv")
    yield f"{official}.txt_attn_q_norm", (f"{ours}.attn.norm_added_q",)
    yield f"{official}.txt_attn_k_norm", (f"{ours}.attn.norm_added_k",)
    yield f"{official}.txt_attn_proj", (f"{ours}.attn.to_add_out",)
    yield f"{official}.txt_mlp.fc1", (f"{ours}.ff_context.net.0.proj",)
    yield f"{official}.txt_mlp.fc2", (f"{ours}.ff_context.net.2",)


def _single_block(i: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    official, ours = f"single_blocks.{i}", f"single_transformer_blocks.{i}"
    yield f"{official}.linear1", (*(f"{ours}.attn.to_{x}" for x in "qkv"), f"{ours}.proj_mlp")
    yield f"{official}.linear2", (f"{ours}.proj_out",)
    yield f"{official}.q_norm", (f"{ours}.attn.norm_q",)
    yield f"{official}.k_norm", (f"{ours}.attn.norm_k",)
    yield f"{official}.modulation.linear", (f"{ours}.norm.linear",)


def _adapter(j: int, layer: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    official, ours = f"audio_adapter_blocks.{j}", f"transformer_blocks.{layer}.audio_adapter"
    yield f"{official}.norm1", (f"audio_keys_values.{j}.norm",)
    yield f"{official}.to_kv", (f"audio_keys_values.{j}.to_kv",)
    yield f"{official}.norm2", (f"{ours}.norm",)
    yield f"{official}.to_q", (f"{ours}.to_q",)
    yield f"{official}.to_out", (f"{ours}.to_out",)


def official_tensors(
    ours: Mapping[str, object], layers: int, single_layers: int, refiner_layers: int, adapter_layers: list[int]
) -> dict[str, OfficialTensor]:
    """Every official tensor of a model whose state dict has the keys `ours`.

    Keys of ours that the official code has no counterpart for (emotion modules) keep their names.
    """
    modules = list(_embedders())
    for i in range(refiner_layers):
        modules += _refiner_block(i)
    for i in range(layers):
        modules += _double_block(i)
    for i in range(single_layers):
        modules += _single_block(i)
    for j, layer in enumerate(adapter_layers):
        modules += _adapter(j, layer)
    table = {
        f"{official}.{kind}": OfficialTensor(tuple(f"{name}.{kind}" for name in names))
        for official, names in modules
        for kind in ("weight", "bias")
        if f"{names[0]}.{kind}" in ours
    }
    for kind in ("weight", "bias"):
        swapped = OfficialTensor((f"norm_out.linear.{kind}",), swapped=True)
        table[f"final_layer.adaLN_modulation.1.{kind}"] = swapped
    covered = {name for tensor in table.values() for name in tensor.ours}
    table.update({name: OfficialTensor((name,)) for name in ours if name not in covered})
    return table
