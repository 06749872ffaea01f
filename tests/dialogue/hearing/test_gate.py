"""A recogniser's words against the script: what is said, what is missing, and captions where there is no script."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import GenerationConfig, WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment
from dialogue.hearing.gate import captioned, gated
from dialogue.hearing.heard import Difference, Heard, HeardLine, HeardWord
from dialogue.hearing.lines import ScriptLine
from dialogue.hearing.matching import is_said, share_said
from dialogue.hearing.recogniser import CHOICE, recognised, recogniser

SCRIPT = ["The boat left the harbour.", "Nobody was awake.", "我听见了。", "Did you hear it?"]


def words(text: str, at: float = 0.0) -> list[HeardWord]:
    return [HeardWord(word, at + n * 0.3, at + n * 0.3 + 0.25) for n, word in enumerate(text.split())]


def test_slips_of_the_ear_are_forgiven_and_missing_lines_are_not() -> None:
    shares = share_said(SCRIPT, words("the boats left a harbor 我 听 见 了 did you here it"))
    assert [is_said(share) for share in shares] == [True, False, True, True]
    assert shares[0] > 0.6 and shares[1] == 0 and shares[3] >= 0.75
    assert share_said(SCRIPT, []) == [0.0] * 4 and share_said(["…"], words("x")) == [1.0]


def test_the_gate_takes_out_what_is_not_said_and_writes_down_what_is_besides() -> None:
    lines = [ScriptLine(n, "ana", text) for n, text in enumerate(SCRIPT[:2])]
    placed = {0: HeardLine(0.0, 1.5, 0.5, "imitation"), 1: HeardLine(2.0, 3.0, 0.5, "imitation")}
    heard = Heard(placed, (Difference("extra", 0, 5.0, 6.0), Difference("extra", 0, 9.0, 9.5)))
    found = gated(heard, lines, [*words("the boat left the harbour"), *words("and so on", 5.0)])
    assert set(found.lines) == {0} and found.lines[0].sure > 0.9
    assert {(d.kind, d.item, d.text) for d in found.differences} == {("missing", 1, None), ("extra", 0, "and so on")}


def test_turns_without_words_get_those_said_in_them() -> None:
    turns = (LabelledSegment(0, 1, "A"), LabelledSegment(1.2, 2, "B"), LabelledSegment(8, 9, "A"))
    found = captioned(turns, [HeardWord("Hello", 0.1, 0.4), HeardWord("you", 1.05, 1.2), HeardWord("far", 5, 5.2)])
    assert [turn.text for turn in found] == ["Hello", "you", None]


def test_a_folder_without_a_model_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CHOICE, raising=False)
    assert recogniser() is None and recognised(np.zeros(16_000, np.float32), "en") == ()
    monkeypatch.setenv(CHOICE, str(tmp_path))
    with pytest.raises(SceneError, match="holds no Whisper model"):
        recogniser()


def test_a_folder_of_transformers_is_loaded_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small random model of the published shape: that it loads and listens, not what it hears."""
    tokenizers = pytest.importorskip("tokenizers")
    from transformers import WhisperTokenizerFast

    torch.manual_seed(0)
    special = ["<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]
    stamps = [f"<|{n * 0.02:.2f}|>" for n in range(1501)]
    vocabulary = {word: n for n, word in enumerate(["a", "b", "Ġa", "Ġb", *special, *stamps])}
    inner = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=[]))
    inner.add_special_tokens(special)
    inner.decoder = tokenizers.decoders.ByteLevel()
    tokenizer = WhisperTokenizerFast(tokenizer_object=inner, eos_token="<|endoftext|>", bos_token="<|endoftext|>")
    tokenizer.save_pretrained(tmp_path)
    end, start = vocabulary["<|endoftext|>"], vocabulary["<|startoftranscript|>"]
    config = WhisperConfig(
        vocab_size=len(vocabulary), d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_target_positions=32, eos_token_id=end,
        pad_token_id=end, bos_token_id=end, decoder_start_token_id=start, suppress_tokens=[], begin_suppress_tokens=[],
    )  # fmt: skip
    network = WhisperForConditionalGeneration(config)
    network.generation_config = GenerationConfig(
        no_timestamps_token_id=vocabulary["<|notimestamps|>"], alignment_heads=[[0, 0]], max_length=12,
        eos_token_id=end, pad_token_id=end, decoder_start_token_id=start, is_multilingual=False,
    )  # fmt: skip
    network.save_pretrained(tmp_path)
    WhisperFeatureExtractor(feature_size=80).save_pretrained(tmp_path)
    monkeypatch.setenv(CHOICE, str(tmp_path))
    sound = np.random.default_rng(0).standard_normal(16_000 * 2).astype(np.float32) * 0.1
    assert all(0 <= word.start <= word.end for word in recognised(sound, "en"))
