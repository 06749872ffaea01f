"""The vocabulary of the small model's prompts: SentencePiece trained on the words of the drawn world."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np

from model.tiny.sentence_text import VOCABULARY

from .clips import MANNERS, sample_stage


def train_vocabulary(out: Path, count: int = 3000) -> None:
    """Learn the pieces from prompts of random stages and write the model."""
    import sentencepiece

    rng = np.random.default_rng(1)
    prompts = (
        sample_stage(rng, "train", 256, int(rng.integers(1, 4))).prompt(str(rng.choice(list(MANNERS))))
        for _ in range(count)
    )
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(prompts),
        model_writer=model,
        vocab_size=VOCABULARY,
        model_type="unigram",
        hard_vocab_limit=False,
        bos_id=-1,
        eos_id=-1,
        unk_id=0,
        minloglevel=2,
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(model.getvalue())
