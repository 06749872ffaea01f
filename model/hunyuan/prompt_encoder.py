"""The released text conditioning: LLaVA's states of prompt and picture, and CLIP's pooled vector of the prompt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from model.avatar.conditions import TextStates
from model.hunyuan.llava_text import LlavaTextStates
from model.memory import execution_device
from model.pretrained import load_pretrained

if TYPE_CHECKING:
    from PIL.Image import Image

PROMPT_PREFIX = "Authentic, Realistic, Natural, High-quality, Lens-Fixed, "
NEGATIVE_PROMPT = (
    "Aerial view, aerial view, overexposed, low quality, deformation, a poor composition, bad hands, bad teeth, "
    "bad eyes, bad limbs, distortion, blurring, Lens changes"
)


class ClipPooled(nn.Module):
    """`CLIPTextModel` and its tokenizer: the pooled state of a prompt, padded to `length` tokens."""

    def __init__(self, model: Any, tokenizer: Any, length: int = 77) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.length = length

    @staticmethod
    def from_pretrained(folder: Path, dtype: torch.dtype) -> ClipPooled:
        """The released `text_encoder_2` folder, which holds all of CLIP; the text half is used."""
        from transformers import AutoTokenizer, CLIPTextModel

        others = (
            "vision_model.",
            "visual_projection.",
            "text_projection.",
            "logit_scale",
            "text_model.embeddings.position_ids",
        )
        model = load_pretrained(CLIPTextModel, folder, dtype, ignored=others)
        return ClipPooled(model, AutoTokenizer.from_pretrained(folder, trust_remote_code=False))

    @torch.no_grad()
    def forward(self, prompt: str) -> Tensor:
        """(1, P)."""
        tokens = self.tokenizer(
            prompt, max_length=self.length, padding="max_length", truncation=True, return_tensors="pt"
        ).to(execution_device(self.model))
        pooled: Tensor = self.model(tokens.input_ids, attention_mask=tokens.attention_mask).pooler_output
        return pooled


class PromptEncoder(nn.Module):
    """Both encoders as the pipeline's `TextEncoder`.

    Every prompt but the negative one gets `prefix` in front, which the release adds unseen (a prompt that is empty
    is the prefix alone). The negative prompt sees the same picture.
    """

    def __init__(
        self, llava: LlavaTextStates, clip: ClipPooled, prefix: str = PROMPT_PREFIX, negative: str = NEGATIVE_PROMPT
    ) -> None:
        super().__init__()
        self.llava = llava
        self.clip = clip
        self.prefix = prefix
        self.negative_prompt = negative

    def forward(self, prompt: str, image: Image) -> TextStates:
        """States (1, L, D), mask (1, L) and pooled (1, P), on the CPU."""
        text = prompt if prompt == self.negative_prompt else (self.prefix + prompt).strip(", ")
        if text == self.prefix.strip(", "):
            text += "."
        states, mask = self.llava(text, image)
        return TextStates(states.cpu(), mask.cpu(), self.clip(text).cpu())
