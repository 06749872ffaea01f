"""The encoders around Hallo3: which files they take, and what they make of long, short and silent speech."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hallo3_folder import write_t5, write_wav2vec
from transformers import T5Config, T5ForConditionalGeneration, Wav2Vec2Config, Wav2Vec2ForCTC

from model.hallo3 import wav2vec_audio
from model.hallo3.clips import ClipSchedule
from model.hallo3.face_embedding import FaceEmbedder
from model.hallo3.t5_text import T5Text
from model.hallo3.wav2vec_audio import Wav2VecAudioEncoder, clip_windows, training_windows

SMALL = {
    "hidden_size": 8, "num_hidden_layers": 3, "num_attention_heads": 2, "intermediate_size": 16, "conv_dim": (8,) * 7,
    "num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2,
}  # fmt: skip


@pytest.fixture(scope="module")
def hears(tmp_path_factory: pytest.TempPathFactory) -> Wav2VecAudioEncoder:
    folder = tmp_path_factory.mktemp("wav2vec")
    write_wav2vec(folder)
    return Wav2VecAudioEncoder.from_pretrained(folder)


def test_the_published_file_has_a_head_and_no_mask_and_is_taken(tmp_path: Path) -> None:
    network = Wav2Vec2ForCTC(Wav2Vec2Config(**SMALL, vocab_size=12))
    state = {k: v for k, v in network.state_dict().items() if not k.endswith("masked_spec_embed")}
    network.save_pretrained(tmp_path, state_dict=state)
    assert Wav2VecAudioEncoder.from_pretrained(tmp_path)(torch.randn(4000)).shape == (7, 3, 8)


def test_a_layer_that_is_missing_is_told(tmp_path: Path) -> None:
    network = Wav2Vec2ForCTC(Wav2Vec2Config(**SMALL, vocab_size=12))
    state = {k: v for k, v in network.state_dict().items() if ".layers.2." not in k}
    network.save_pretrained(tmp_path, state_dict=state)
    with pytest.raises(ValueError, match=r"layers\.2\.[a-z_.]+ is missing"):
        Wav2VecAudioEncoder.from_pretrained(tmp_path)


def test_long_speech_in_pieces_has_every_frame_and_no_jump(
    hears: Wav2VecAudioEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    speech = torch.randn(16000 * 4)
    whole = hears(speech)
    monkeypatch.setattr(wav2vec_audio, "PIECE_SECONDS", 2)
    monkeypatch.setattr(wav2vec_audio, "OVERLAP_SECONDS", 1)
    pieces = hears(speech)
    assert pieces.shape == whole.shape == (100, 12, 8) and torch.isfinite(pieces).all()
    steps = (pieces[1:] - pieces[:-1]).abs().mean(dim=(1, 2))
    assert float(steps.max()) < 3 * float((whole[1:] - whole[:-1]).abs().mean(dim=(1, 2)).max())


def test_speech_is_cut_or_filled_to_the_frames_and_padded_to_clips(hears: Wav2VecAudioEncoder) -> None:
    assert hears(torch.randn(16000), frames=10, clip=9).shape == (18, 12, 8)
    assert hears(torch.randn(100), frames=30).shape == (30, 12, 8)
    with pytest.raises(ValueError, match="must be mono"):
        hears(torch.zeros(2, 100))


def test_windows_of_the_first_clip_begin_in_silence(hears: Wav2VecAudioEncoder) -> None:
    schedule = ClipSchedule(20, 9)
    states = hears(torch.randn(16000), frames=20, clip=9)
    first, second = clip_windows(states, schedule, 0), clip_windows(states, schedule, 1)
    assert first.shape == (1, 9, 5, 12, 8) and first[:, :2].abs().max() == 0
    assert torch.equal(second[:, :2], first[:, -2:])
    assert torch.equal(training_windows(states, 2, 3)[0, 2], states[2])
    with pytest.raises(ValueError, match="reach beyond"):
        training_windows(states, 1, 3)


def test_a_prompt_is_always_as_long_and_the_whole_t5_is_taken(tmp_path: Path) -> None:
    write_t5(tmp_path)
    config = T5Config(vocab_size=24, d_model=12, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
    T5ForConditionalGeneration(config).save_pretrained(tmp_path)
    reads = T5Text.from_pretrained(tmp_path, 10, torch.float32)
    assert reads("two friends").shape == reads("").shape == reads("talk " * 50).shape == (1, 10, 12)
    assert not torch.equal(reads("two friends"), reads("fire"))


class Analysis:
    """insightface as it is asked: two faces, the left one's numbers 1, the right one's 2; the network's own are 3."""

    def __init__(self) -> None:
        self.points: np.ndarray | None = None
        self.models = {"recognition": SimpleNamespace(get=self._recognised)}

    def get(self, picture: np.ndarray) -> list[SimpleNamespace]:
        boxes = ((10, 10, 30, 40), (60, 10, 80, 40))
        return [
            SimpleNamespace(bbox=np.array(box, np.float32), embedding=np.full(512, number, np.float32))
            for number, box in enumerate(boxes, start=1)
        ]

    def _recognised(self, picture: np.ndarray, face: SimpleNamespace) -> np.ndarray:
        self.points = face.kps
        return np.full(512, 3, np.float32)


def test_the_embedding_is_of_the_face_that_is_pointed_at() -> None:
    analysis = Analysis()
    embed, picture = FaceEmbedder(analysis), np.zeros((50, 100, 3), np.uint8)
    assert float(embed(picture, (58, 12, 82, 38)).mean()) == 2
    assert float(embed(picture, (40, 5, 52, 20)).mean()) == 3  # found by nobody: aligned by the box itself
    assert analysis.points is not None and analysis.points.shape == (5, 2)
    assert (analysis.points[:, 0] > 40).all() and (analysis.points[:, 0] < 52).all()


def test_without_models_the_embedding_is_zero(tmp_path: Path) -> None:
    for folder in (None, tmp_path):
        assert FaceEmbedder.from_folder(folder)(np.zeros((9, 9, 3), np.uint8), (0, 0, 9, 9)).abs().max() == 0
    (tmp_path / "glintr100.onnx").write_bytes(b"not a model")
    with pytest.raises(ValueError, match="insightface cannot use the models in it"):
        FaceEmbedder.from_folder(tmp_path)
