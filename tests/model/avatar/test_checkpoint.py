"""The official checkpoint layout: written, read, and every fault of it named."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from small_transformer import inputs, transformer

from model.avatar.checkpoint import (
    CheckpointError,
    find_checkpoint,
    is_quantised,
    save_official,
    to_official,
)
from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel as Transformer


def rewritten(file: Path, **changes: torch.Tensor | None) -> None:
    """Change, add or (None) drop tensors of a checkpoint file."""
    state = dict(torch.load(file, weights_only=True)["module"])
    for name, tensor in changes.items():
        if tensor is None:
            del state[name]
        else:
            state[name] = tensor
    torch.save({"module": state}, file)


def test_written_and_read_back_is_the_same_model(tmp_path: Path) -> None:
    model = transformer(guidance_embeds=True)
    save_official(model, tmp_path)
    back = Transformer.from_single_file(tmp_path, torch.float32)
    settings = [{name: value for name, value in m.config.items() if name[0] != "_"} for m in (back, model)]
    assert json.dumps(settings[0]) == json.dumps(settings[1])
    for name, tensor in model.state_dict().items():
        assert torch.equal(back.state_dict()[name], tensor), name


def test_from_single_file_reads_the_official_file(tmp_path: Path) -> None:
    model = transformer()
    file = save_official(model, tmp_path)
    back = Transformer.from_single_file(file, dtype=torch.bfloat16)
    assert back.dtype == torch.bfloat16
    assert not back.training


def test_eight_bit_file_is_within_its_rounding(tmp_path: Path) -> None:
    model, given = transformer(), inputs()
    save_official(model, tmp_path, fp8=True)
    with pytest.raises(CheckpointError, match="an 8-bit one is there: ask for fp8"):
        Transformer.from_single_file(tmp_path)
    back = Transformer.from_single_file(tmp_path, torch.float32, fp8=True)
    for name, tensor in to_official(model).items():
        other = to_official(back)[name]
        if is_quantised(name):  # e4m3 has 3 bits of mantissa, and steps of 2^-9 below 2^-6
            scale = tensor.abs().max() / 448
            assert (other - tensor).abs().le(tensor.abs() / 16 + scale * 2**-10).all(), name
        else:
            assert torch.equal(other, tensor), name
    with torch.no_grad():
        ours, eight = model(**given).sample, back(**given).sample
    assert (ours - eight).norm() < 0.2 * ours.norm()


def test_eight_bit_values_stored_in_a_wider_type_are_the_same(tmp_path: Path) -> None:
    file = save_official(transformer(), tmp_path, fp8=True)
    narrow = Transformer.from_single_file(tmp_path, torch.float32, fp8=True).state_dict()
    state = torch.load(file, weights_only=True)["module"]
    rewritten(file, **{name: tensor.bfloat16() for name, tensor in state.items() if tensor.element_size() == 1})
    wide = Transformer.from_single_file(tmp_path, torch.float32, fp8=True).state_dict()
    assert all(torch.equal(narrow[name], wide[name]) for name in narrow)


def test_folder_above_and_nesting(tmp_path: Path) -> None:
    inside = tmp_path / "ckpts" / "hunyuan-video-t2v-720p" / "transformers"
    file = save_official(transformer(), inside)
    assert find_checkpoint(tmp_path) == find_checkpoint(tmp_path / "ckpts") == find_checkpoint(inside) == file
    flat = torch.load(file, weights_only=True)["module"]
    torch.save(flat, file)
    with pytest.raises(CheckpointError, match="has no 'module'"):
        Transformer.from_single_file(tmp_path)
    assert Transformer.from_single_file(tmp_path, load_key=".").dtype == torch.bfloat16


def test_every_missing_unexpected_and_misshapen_key_is_named_at_once(tmp_path: Path) -> None:
    file = save_official(transformer(), tmp_path)
    rewritten(
        file,
        **{
            "before_proj.bias": None,
            "double_blocks.1.img_attn_qkv.weight": None,
            "stranger.weight": torch.zeros(2),
            "double_blocks.0.txt_mod.linear.bias": torch.zeros(7),
        },
    )
    with pytest.raises(CheckpointError) as caught:
        Transformer.from_single_file(tmp_path)
    message = str(caught.value)
    assert "2 missing:\n  before_proj.bias\n  double_blocks.1.img_attn_qkv.weight" in message
    assert "1 unexpected:\n  stranger.weight" in message
    assert "1 misshapen:\n  double_blocks.0.txt_mod.linear.bias: is (7,), must be (192,)" in message


def test_eight_bit_weight_without_a_scale_and_scale_without_a_weight_are_named(tmp_path: Path) -> None:
    save_official(transformer(), tmp_path, fp8=True)
    beside = tmp_path / "mp_rank_00_model_states_fp8_map.pt"
    scales = torch.load(beside, weights_only=True)["module"]
    scales["nowhere"] = scales.pop("double_blocks.0.img_mlp.fc1")
    torch.save({"module": scales}, beside)
    with pytest.raises(CheckpointError) as caught:
        Transformer.from_single_file(tmp_path, fp8=True)
    assert "unscaled:\n  double_blocks.0.img_mlp.fc1.weight" in str(caught.value)
    assert "nowhere (a scale without a weight)" in str(caught.value)
    beside.unlink()
    with pytest.raises(CheckpointError, match="its scales are missing"):
        Transformer.from_single_file(tmp_path, fp8=True)


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (pytest.fail, ("the checkpoint ran code",))


def test_checkpoint_cannot_run_code(tmp_path: Path) -> None:
    torch.save({"module": {"img_in.proj.weight": Hostile()}}, tmp_path / "evil_model_states.pt")
    with pytest.raises(CheckpointError, match="was not executed"):
        Transformer.from_single_file(tmp_path)
    (tmp_path / "evil_model_states.pt").write_bytes(pickle.dumps(Hostile(), protocol=2))
    with pytest.raises(CheckpointError):
        Transformer.from_single_file(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", None])
def test_damaged_and_absent_files_are_errors_that_name_the_file(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x_model_states.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=str(tmp_path)):
        Transformer.from_single_file(tmp_path)
    with pytest.raises(CheckpointError, match="no such file or folder"):
        Transformer.from_single_file(tmp_path / "nowhere")


def test_truncated_file_is_an_error(tmp_path: Path) -> None:
    file = save_official(transformer(), tmp_path)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(CheckpointError, match="not a readable checkpoint"):
        Transformer.from_single_file(tmp_path)


def test_other_checkpoints_are_refused_by_what_they_have(tmp_path: Path) -> None:
    torch.save({"module": {"decoder.conv_in.weight": torch.zeros(8)}}, tmp_path / "x_model_states.pt")
    with pytest.raises(CheckpointError, match="not a HunyuanVideo-Avatar checkpoint .it has decoder.conv_in.weight"):
        Transformer.from_single_file(tmp_path)


def test_a_tensor_that_tells_the_configuration_is_missed_like_any_other(tmp_path: Path) -> None:
    file = save_official(transformer(), tmp_path)
    rewritten(file, **{"img_in.proj.weight": None, "audio_proj.proj1.weight": None, "before_proj.bias": None})
    with pytest.raises(CheckpointError, match="3 missing:\n  img_in.proj.weight\n  before_proj.bias\n  audio_proj"):
        Transformer.from_single_file(tmp_path)


def test_unknown_settings_beside_the_checkpoint_are_named(tmp_path: Path) -> None:
    save_official(transformer(), tmp_path)
    settings = tmp_path / "config.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "numer_layers": 4}))
    with pytest.raises(CheckpointError, match="no setting numer_layers"):
        Transformer.from_single_file(tmp_path)


def test_rotary_split_that_shapes_do_not_tell_is_asked_for(tmp_path: Path) -> None:
    save_official(transformer(), tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(CheckpointError, match="give rope_axes_dim"):
        Transformer.from_single_file(tmp_path)
    model = Transformer.from_single_file(tmp_path, rope_axes_dim=(4, 6, 6), audio_feature_layers=2)
    assert model.config.audio_channels == 6


def test_emotion_modules_absent_from_the_checkpoint_are_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    given = inputs()
    plain = transformer()
    save_official(plain, tmp_path)
    model = Transformer.from_single_file(tmp_path, torch.float32, emotion_layers=None)
    assert sum("has no emotion module" in record.message for record in caplog.records) == 1
    with torch.no_grad():
        without, with_it = plain(**given).sample, model(**given, emotion=torch.randn(1, 2, 1, 5, 16)).sample
    assert torch.equal(without, with_it)


def test_trained_emotion_modules_keep_their_names(tmp_path: Path) -> None:
    model = transformer(emotion_layers=(1, 2))
    save_official(model, tmp_path)
    back = Transformer.from_single_file(tmp_path, torch.float32)
    assert all(torch.equal(back.state_dict()[name], tensor) for name, tensor in model.state_dict().items())
