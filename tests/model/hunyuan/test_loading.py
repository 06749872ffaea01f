"""The official folder: loaded whole, what is missing named, memory modes, the released prompt handling."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
import torch
from official_folder import BASE, write_official_folder
from PIL import Image
from torch import Generator, Tensor

from model.avatar.checkpoint import CheckpointError
from model.avatar.guidance import Sampling
from model.hunyuan.llava_text import PromptTemplate, merged_mask, released_mask
from model.hunyuan.loading import MissingWeights
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline, SpeakerTrack
from model.hunyuan.prompt_encoder import NEGATIVE_PROMPT
from model.hunyuan.weights_folder import WeightsFolder
from model.memory import MEMORY, MemoryPlan, execution_device, memory_plan

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_official_folder(tmp_path_factory.mktemp("weights") / "weights" / "ckpts", fp8=False).parents[1]


@pytest.fixture(scope="module")
def pipe(folder: Path) -> HunyuanVideoAvatarPipeline:
    return HunyuanVideoAvatarPipeline.from_pretrained(folder, dtype=torch.float32)


def picture(seed: int = 0) -> Image.Image:
    noise = torch.rand(32, 48, 3, generator=Generator().manual_seed(seed))
    return Image.fromarray((noise * 255).to(torch.uint8).numpy())


def video(pipe: HunyuanVideoAvatarPipeline, memory: MemoryPlan = MEMORY["high"], **changes: object) -> Tensor:
    mask = torch.zeros(1, 4, 6)
    mask[..., :3] = 1
    voice = torch.randn(8000, generator=Generator().manual_seed(4))
    tracks = [SpeakerTrack(mask, voice, (picture(1),), torch.ones(1, 1)), SpeakerTrack(mask.flip(-1))]
    options = {"sampling": Sampling(2), "window": 5, "rows_per_batch": memory.rows_per_batch, **changes}
    frames: Tensor = pipe(picture(), "two friends", tracks, 12, **options).frames
    return frames


def test_the_folder_is_found_by_any_of_its_parents_and_runs(folder: Path, pipe: HunyuanVideoAvatarPipeline) -> None:
    roots = [WeightsFolder.at(path).root for path in (folder, folder / "weights", folder / "weights" / "ckpts")]
    assert set(roots) == {folder / "weights" / "ckpts"}
    assert video(pipe).shape == (12, 32, 48, 3)
    assert pipe.scheduler.config.shift == 5


def test_everything_that_is_missing_is_named_at_once(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "ckpts"
    shutil.copytree(WeightsFolder.at(folder).root, root)
    (root / "whisper-tiny" / "preprocessor_config.json").unlink()
    shutil.rmtree(root / "text_encoder_2")
    (root / BASE / "transformers" / "mp_rank_00_model_states.pt").unlink()
    with pytest.raises(MissingWeights) as error:
        HunyuanVideoAvatarPipeline.from_pretrained(root)
    told = str(error.value)
    for named in (str(root), "*_model_states.pt", "preprocessor_config.json", "text_encoder_2/config.json"):
        assert named in told
    assert "dialogue models pull" in told and "\n" not in told


def test_eight_bit_weights_without_their_scales_are_missing_something(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "ckpts"
    shutil.copytree(WeightsFolder.at(folder).root, root)
    transformers = root / BASE / "transformers"
    (transformers / "mp_rank_00_model_states.pt").rename(transformers / "mp_rank_00_model_states_fp8.pt")
    assert WeightsFolder.at(root).missing() == (f"{BASE}/transformers/*_model_states_fp8_map.pt",)


def test_a_checkpoint_with_other_keys_is_refused_with_all_of_them(folder: Path, tmp_path: Path) -> None:
    root = tmp_path / "ckpts"
    shutil.copytree(WeightsFolder.at(folder).root, root)
    file = root / BASE / "transformers" / "mp_rank_00_model_states.pt"
    state = torch.load(file, weights_only=True)["module"]
    state["stray.weight"] = torch.zeros(1)
    del state["before_proj.bias"]
    torch.save({"module": state}, file)
    with pytest.raises(CheckpointError, match=r"(?s)before_proj.bias.*stray.weight"):
        HunyuanVideoAvatarPipeline.from_pretrained(root)


def test_balanced_memory_gives_the_same_video_and_low_nearly(folder: Path, pipe: HunyuanVideoAvatarPipeline) -> None:
    usual = video(pipe)
    balanced = HunyuanVideoAvatarPipeline.from_pretrained(folder, CPU, torch.float32, MEMORY["balanced"])
    assert execution_device(balanced.transformer) == CPU
    close = (video(balanced, MEMORY["balanced"]).int() - usual.int()).abs()
    assert int(close.max()) <= 1  # a row at a time rounds differently from two
    low = HunyuanVideoAvatarPipeline.from_pretrained(folder, CPU, torch.float32, MEMORY["low"])
    stored = {weight.dtype for weight in low.transformer.transformer_blocks.parameters()}
    assert torch.float8_e4m3fn in stored and low.transformer.dtype == torch.float32
    assert float((video(low, MEMORY["low"]).float() - usual.float()).abs().mean()) < 12


def test_a_saved_transformer_beside_the_encoders_is_loaded(
    folder: Path, pipe: HunyuanVideoAvatarPipeline, tmp_path: Path
) -> None:
    root = tmp_path / "ckpts"
    shutil.copytree(WeightsFolder.at(folder).root, root)
    pipe.transformer.save_pretrained(root / "transformer", max_shard_size="100KB")
    assert len(list((root / "transformer").glob("*.safetensors"))) > 1
    again = HunyuanVideoAvatarPipeline.from_pretrained(root, dtype=torch.float32)
    theirs = again.transformer.state_dict()
    assert all(torch.equal(tensor, theirs[name]) for name, tensor in pipe.transformer.state_dict().items())


def test_an_unknown_memory_mode_is_named() -> None:
    with pytest.raises(ValueError, match="memory is 'huge'; it is low, balanced, high"):
        memory_plan("huge")


def test_quantization_asks_for_converted_weights(folder: Path) -> None:
    with pytest.raises(ValueError, match="dialogue models convert"):
        HunyuanVideoAvatarPipeline.from_pretrained(folder, quantization_config=object())


def test_the_prompt_is_prefixed_and_the_negative_one_is_not(
    pipe: HunyuanVideoAvatarPipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(pipe.text_encoder.clip, "forward", lambda text: seen.append(text) or torch.zeros(1, 8))
    for prompt in ("a man", "", NEGATIVE_PROMPT):
        states = pipe.text_encoder(prompt, picture())
    phrase = "Authentic, Realistic, Natural, High-quality, Lens-Fixed"
    assert seen == [f"{phrase}, a man", f"{phrase}.", NEGATIVE_PROMPT]
    template = PromptTemplate.released()
    assert states.states.shape[1] == template.crop_start + template.length + 4 - 1 - template.crop_start
    assert states.mask.shape == states.states.shape[:2]


def test_a_prompt_that_would_lose_its_picture_is_refused(pipe: HunyuanVideoAvatarPipeline) -> None:
    with pytest.raises(ValueError, match="tokens too many.*shorten it"):
        pipe.text_encoder("fire " * 300, picture())


def test_the_masks_hold_the_same_number_of_ones() -> None:
    mask = torch.tensor([[1, 1, 1, 1, 0, 0]])
    assert merged_mask(mask, 2, 4).tolist() == [[1, 1, 1, 1, 1, 1, 1, 0, 0]]
    assert released_mask(mask, 4).tolist() == [[1, 1, 1, 1, 0, 0, 1, 1, 1]]


def test_a_picture_changes_the_prompts_states(pipe: HunyuanVideoAvatarPipeline) -> None:
    one, other = (pipe.text_encoder("a man", picture(seed)) for seed in (0, 1))
    assert not torch.equal(one.states, other.states)
    assert torch.equal(one.pooled, other.pooled)


def test_emotions_without_a_module_are_said_to_be_off(pipe: HunyuanVideoAvatarPipeline) -> None:
    given = pipe.conditions(picture(), "x", [SpeakerTrack(torch.ones(1, 4, 6))], 5, window=5)
    assert given.emotion is None
    weighted = SpeakerTrack(torch.ones(1, 4, 6), None, (picture(1),), torch.ones(1, 2))
    with pytest.raises(ValueError, match="for 2 pictures, but 1"):
        pipe.conditions(picture(), "x", [weighted], 5, window=5)
    assert dataclasses.is_dataclass(given)


def test_an_encoder_with_a_weight_too_few_is_refused_by_name(folder: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    root = tmp_path / "ckpts"
    shutil.copytree(WeightsFolder.at(folder).root, root)
    file = root / "whisper-tiny" / "model.safetensors"
    weights = load_file(file)
    del weights[next(name for name in weights if name.endswith("encoder.conv1.weight"))]
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(
        ValueError, match=r"whisper-tiny: the weights do not fit WhisperModel: .*conv1.weight is missing"
    ):
        HunyuanVideoAvatarPipeline.from_pretrained(root)
