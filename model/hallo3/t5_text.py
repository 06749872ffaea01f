"""A prompt as the denoiser reads it: T5's states, always of as many tokens, padding included and nowhere masked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from model.memory import execution_device
from model.pretrained import load_pretrained


class T5Text(nn.Module):
    """`T5EncoderModel` and its tokenizer, as the release drives them."""

    def __init__(self, model: Any, tokenizer: Any, tokens: int) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.tokens = tokens
        self.width = int(model.config.d_model)

    @staticmethod
    def from_pretrained(folder: Path, tokens: int = 226, dtype: torch.dtype = torch.bfloat16) -> T5Text:
        """From a folder in transformers' layout (t5-v1_1-xxl; the decoder's weights are left out)."""
        from transformers import AutoTokenizer, T5EncoderModel

        model = load_pretrained(T5EncoderModel, folder, dtype, ("decoder.", "lm_head."))
        return T5Text(model, AutoTokenizer.from_pretrained(folder), tokens)

    @torch.no_grad()
    def forward(self, prompt: str) -> Tensor:
        """A prompt to states (1, tokens, width), on the CPU."""
        ids = self.tokenizer(
            prompt, padding="max_length", max_length=self.tokens, truncation=True, return_tensors="pt"
        ).input_ids
        states: Tensor = self.model(input_ids=ids.to(execution_device(self.model))).last_hidden_state
        return states.cpu()
