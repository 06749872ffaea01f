"""Where the official numbers lie, and the transformer fixtures as models and inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file
from torch import Tensor

FOLDER = Path(__file__).parents[2].parent / "shared" / "parity" / "hunyuan-video-avatar"
HALLO3 = FOLDER.parent / "hallo3"

needs_parity = pytest.mark.skipif(not FOLDER.is_dir(), reason="the official numbers (../shared/parity) are not here")
needs_hallo3 = pytest.mark.skipif(not HALLO3.is_dir(), reason="the official numbers (../shared/parity) are not here")
TRANSFORMERS = ("transformer_small_a", "transformer_small_b")
CASES = tuple((name, case) for name in TRANSFORMERS for case in ("case0", "case1"))


def official_overrides(official: dict[str, Any]) -> dict[str, Any]:
    """What a checkpoint's shapes do not tell, from the official configuration of a fixture."""
    return {"rope_axes_dim": tuple(official["rope_dim_list"]), "rope_theta": official["rope_theta"]}


def description(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    return found


def case_tensors(name: str, case: str) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = load_file(FOLDER / f"{name}.{case}.safetensors")
    return tensors


def forward_inputs(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The official call's inputs under our names."""
    names = {
        "x": "hidden_states",
        "t": "timestep",
        "text_states": "encoder_hidden_states",
        "text_mask": "encoder_attention_mask",
        "text_states_2": "pooled_projections",
        "ref_latents": "ref_latents",
        "face_mask": "face_mask",
        "motion_exp": "motion_exp",
        "motion_pose": "motion_pose",
        "fps": "fps",
        "guidance": "guidance",
    }
    inputs = {ours: tensors[f"in.{theirs}"] for theirs, ours in names.items() if f"in.{theirs}" in tensors}
    return {**inputs, "audio": tensors["in.audio_prompts"].unsqueeze(1)}


def relative_error(ours: Tensor, official: Tensor) -> float:
    return float((ours - official).abs().max() / official.abs().max())
