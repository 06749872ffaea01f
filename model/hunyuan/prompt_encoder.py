"""The released text conditioning: LLaVA's states of prompt and picture, and CLIP's pooled vector of the prompt."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from model.avatar.conditions import TextStates
from model.hunyuan.llava_text import LlavaTextStates, PromptTemplate
from model.memory import execution_device
from model.pretrained import load_pretrained
from model.saved_part import SavedPart, inner, only_weights, read_settings, write_settings

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


class PromptEncoder(SavedPart):
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

    def save_pretrained(self, save_directory: str | Path, variant: str | None = None, **options: Any) -> None:
        """Both models and tokenizers, as transformers saves them, and how prompts are put to them."""
        settings = {
            "prefix": self.prefix,
            "negative_prompt": self.negative_prompt,
            "template": asdict(self.llava.template),
            "skip_layers": self.llava.skip_layers,
            "clip_length": self.clip.length,
        }
        folder = write_settings(save_directory, settings)
        for name, part in (("llava", self.llava), ("clip", self.clip)):
            part.model.save_pretrained(folder / inner(name, variant), **only_weights(options))
            part.tokenizer.save_pretrained(folder / inner(name, variant))

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, torch_dtype: torch.dtype | None = None, variant: str | None = None, **_: Any
    ) -> PromptEncoder:
        """What `save_pretrained` wrote. ValueError where it wrote nothing."""
        settings = read_settings(folder)
        if settings is None:
            raise ValueError(f"{folder} holds no saved prompt encoder (settings.json is not there)")
        dtype = torch_dtype or torch.float32
        llava = LlavaTextStates.from_pretrained(Path(folder) / inner("llava", variant), dtype)
        clip = ClipPooled.from_pretrained(Path(folder) / inner("clip", variant), dtype)
        llava.template, llava.skip_layers = PromptTemplate(**settings["template"]), settings["skip_layers"]
        clip.length = settings["clip_length"]
        loaded = cls(llava, clip, settings["prefix"], settings["negative_prompt"])
        loaded.eval()
        return loaded
