"""The folder of weights: read, refused with reasons, converted in shards."""

from __future__ import annotations

import collections
from pathlib import Path

import numpy as np
import pytest
import torch
from hallo3_folder import networks, write_hallo3_folder

from model.hallo3.checkpoint import find_checkpoint, load_official, to_official
from model.hallo3.loading import MissingWeights, load_pipeline, save_converted
from model.hallo3.official_file import CheckpointError
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel
from model.hallo3.vae import load_vae
from model.hallo3.weights_folder import WeightsFolder
from model.memory import MEMORY


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hallo3_folder(tmp_path_factory.mktemp("weights") / "pretrained_models")


def saved(folder: Path, content: object) -> Path:
    file = folder / "1" / "mp_rank_00_model_states.pt"
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(content, file)
    (folder / "latest").write_text("1")
    return folder


def test_both_networks_come_back_as_they_were_and_their_size_is_read_from_the_rotary_tables(weights: Path) -> None:
    denoiser, reference = (network.bfloat16() for network in networks())
    for kind, network in ((Hallo3Transformer3DModel, denoiser), (Hallo3ReferenceNetwork, reference)):
        found = load_official(weights, kind)
        assert {k: v for k, v in found.config.items() if not k.startswith("_")} == {
            k: v for k, v in network.config.items() if not k.startswith("_")
        }
        state = found.state_dict()
        assert all(torch.equal(tensor, state[name]) for name, tensor in network.state_dict().items())
        assert not found.training and found.dtype == torch.bfloat16


def test_every_key_that_does_not_fit_is_named_at_once(tmp_path: Path) -> None:
    state = {**to_official(networks()[0]), **to_official(networks()[1])}
    del state["model.diffusion_model.time_embed.0.bias"]
    state["model.diffusion_model.mystery"] = torch.zeros(1)
    state["model.diffusion_model.transformer.face_proj.proj.bias"] = torch.zeros(3)
    state["first_stage_model.decoder"] = torch.zeros(1)  # of the training engine: not ours to judge
    with pytest.raises(CheckpointError) as told:
        load_official(saved(tmp_path, {"module": state}), Hallo3Transformer3DModel)
    text = str(told.value)
    for part in ("time_embed.0.bias is missing", "mystery is unexpected", "face_proj.proj.bias is (3,), must be (80,)"):
        assert part in text
    assert load_official(tmp_path, Hallo3ReferenceNetwork).config.num_layers == 2


def test_a_training_save_with_random_states_is_refused_with_the_reason(tmp_path: Path) -> None:
    content = {"module": {}, "random_rng_state": collections.OrderedDict(), "np_rng_state": np.random.get_state()}
    with pytest.raises(CheckpointError, match="state of NumPy's random numbers.*was refused.*Save the weights alone"):
        load_official(saved(tmp_path, content), Hallo3Transformer3DModel)


@pytest.mark.parametrize(("content", "told"), [(b"", "mp_rank"), (b"PK\x03\x04 cut", "mp_rank")])
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes, told: str) -> None:
    folder = saved(tmp_path, {})
    (folder / "1" / "mp_rank_00_model_states.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=told):
        load_official(folder, Hallo3Transformer3DModel)


def test_another_model_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="double_blocks.0.weight belong to neither network"):
        load_official(saved(tmp_path, {"module": {"double_blocks.0.weight": torch.zeros(1)}}), Hallo3Transformer3DModel)


def test_ema_saves_and_the_named_folder_are_found(tmp_path: Path) -> None:
    folder = saved(tmp_path, {})
    (folder / "1").rename(folder / "30000-ema")
    (folder / "latest").write_text("30000-ema\n")
    assert find_checkpoint(folder).parent.name == "30000-ema"


def test_what_is_missing_is_named_with_the_command(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(MissingWeights, match="3d-vae.pt.*dialogue models pull hallo3"):
        load_pipeline(tmp_path)
    assert WeightsFolder.at(weights.parent).missing() == ()


def test_converted_weights_are_sharded_and_give_the_same_networks(tmp_path: Path, weights: Path) -> None:
    folder = WeightsFolder.at(weights)
    save_converted(folder, tmp_path, torch.bfloat16, shard="100KB")
    assert len(list((tmp_path / "transformer").glob("*.safetensors"))) > 1
    converted = WeightsFolder(tmp_path)
    assert converted.converted is not None
    again = Hallo3Transformer3DModel.from_pretrained(converted.converted[0], torch_dtype=torch.bfloat16)
    state = again.state_dict()
    official = load_official(weights, Hallo3Transformer3DModel)
    assert all(torch.equal(tensor, state[name]) for name, tensor in official.state_dict().items())


def test_an_autoencoder_that_is_something_else_is_told(tmp_path: Path) -> None:
    torch.save({"state_dict": {"encoder.mystery": torch.zeros(1)}}, tmp_path / "3d-vae.pt")
    with pytest.raises(CheckpointError, match="not the autoencoder of CogVideoX"):
        load_vae(tmp_path / "3d-vae.pt")


@pytest.mark.parametrize("memory", ["low", "balanced", "high"])
def test_memory_plans_give_a_clip(weights: Path, memory: str) -> None:
    from model.hallo3.film import clips_of
    from model.hallo3.pipeline import Portrait, Sampling

    pipeline = load_pipeline(weights, dtype=torch.float32, memory=MEMORY[memory])
    schedule, generator = pipeline.schedule(5), torch.Generator().manual_seed(1)
    picture = torch.randint(0, 256, (64, 96, 3), dtype=torch.uint8, generator=generator)
    pixels = pipeline.pixels(picture)
    first = pipeline.condition(pixels, None, generator)
    bank = pipeline.bank(picture, (30, 10, 60, 50), generator)
    voice = pipeline.voice(torch.randn(16000 // 5, generator=generator), schedule, 25.0)
    portrait = Portrait(pixels, pipeline.face(torch.zeros(1, 512)), bank, pipeline.texts(["two friends"]), (voice,))
    (clip,) = clips_of(pipeline, portrait, schedule, Sampling(2), generator, first)
    assert clip.shape == (5, 3, 64, 96) and torch.isfinite(clip).all()
    _seen.setdefault("high" if memory == "balanced" else memory, []).append(clip)
    if len(_seen.get("high", [])) == 2:
        assert torch.equal(*_seen["high"])  # offloading moves weights, not numbers


@pytest.mark.parametrize("form", ["released", "paper"])
@pytest.mark.parametrize("motion", [1, 2, 4, 8])
def test_any_number_of_motion_frames_in_either_form(weights: Path, motion: int, form: str) -> None:
    """As one short clip its latents are those of the autoencoder; frame by frame there are as many as frames."""
    from model.hallo3.pipeline import Hallo3Pipeline

    vae = load_vae(WeightsFolder.at(weights).vae or weights)
    denoiser = load_official(weights, Hallo3Transformer3DModel, torch.float32)
    denoiser.register_to_config(sample_frames=49)
    pipeline = Hallo3Pipeline(denoiser, lambda: None, vae, None, None, motion, form)  # type: ignore[arg-type,return-value]
    generator = torch.Generator().manual_seed(0)
    pixels = pipeline.pixels(torch.full((64, 96, 3), 100.0))
    condition = pipeline.condition(pixels, None, generator)
    assert condition.shape == (1, 13, 16, 8, 12)
    known = int((condition.abs().amax(dim=(0, 2, 3, 4)) > 0).sum())
    assert known == (1 + motion if form == "paper" else {1: 1, 2: 1, 4: 2, 8: 3}[motion])
    assert pipeline.schedule(100).new == 49 - motion


_seen: dict[str, list[torch.Tensor]] = {}
