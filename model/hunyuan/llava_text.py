"""A prompt with its picture to text states, by LLaVA-Llama-3, as the released sampler drives it.

Shapes: L text tokens of the tokenizer's padded length, V image features of the picture, M = L - 1 + V merged tokens,
D hidden size, c the tokens of the template cut off in front.

The release ran transformers 4.45, where the one `<image>` token was merged with the picture's features inside the
model. Here the merging is explicit, with the same mask and positions, and the states are equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from einops import rearrange
from torch import Tensor, nn

from model.memory import execution_device
from model.pretrained import load_pretrained

if TYPE_CHECKING:
    from PIL.Image import Image

IMAGE_MEAN = (0.48145466, 0.4578275, 0.4082107)  # of CLIP, as the release rounds it
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class PromptTemplate:
    """How a prompt becomes tokens. The template, its 95 cut tokens and the 256 kept are HunyuanVideo's.

    `suffix` stands after the whole template, with the picture at its end.
    """

    template: str
    crop_start: int = 95
    length: int = 256
    suffix: str = "\nThe person looks like<image>"

    @staticmethod
    def released() -> PromptTemplate:
        from diffusers.pipelines.hunyuan_video.pipeline_hunyuan_video import DEFAULT_PROMPT_TEMPLATE

        return PromptTemplate(DEFAULT_PROMPT_TEMPLATE["template"], DEFAULT_PROMPT_TEMPLATE["crop_start"])

    def text(self, prompt: str) -> str:
        return self.template.replace("{}", prompt) + self.suffix


def merged_mask(mask: Tensor, image_at: int, features: int) -> Tensor:
    """The mask (1, L) of tokens to that of merged tokens (1, M): the picture's features all count."""
    return torch.cat([mask[:, :image_at], mask.new_ones(1, features), mask[:, image_at + 1 :]], dim=1)


def released_mask(mask: Tensor, features: int) -> Tensor:
    """The mask (1, L) to the one the release hands to the transformer (1, M).

    Its ones for the picture stand at the end, not where the features are, so that with padding some padding counts
    and some of the picture does not. Their number is right. The transformer was trained with it, so it stays.
    """
    return torch.cat([mask, mask.new_ones(1, features - 1)], dim=1)


class LlavaTextStates(nn.Module):
    """`LlavaForConditionalGeneration` and its tokenizer as a text encoder; states skip the last `skip_layers`."""

    def __init__(self, model: Any, tokenizer: Any, template: PromptTemplate, skip_layers: int = 2) -> None:
        super().__init__()
        self.model = model
        self.tokenizer = tokenizer
        self.template = template
        self.skip_layers = skip_layers

    @staticmethod
    def from_pretrained(folder: Path, dtype: torch.dtype) -> LlavaTextStates:
        """The released `llava_llama_image` folder: weights in safetensors, and the tokenizer."""
        from transformers import AutoTokenizer, LlavaForConditionalGeneration

        model = load_pretrained(LlavaForConditionalGeneration, folder, dtype, use_safetensors=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="right", trust_remote_code=False)
        return LlavaTextStates(model, tokenizer, PromptTemplate.released())

    def pixels(self, image: Image) -> Tensor:
        """The picture as LLaVA's vision tower sees it (1, 3, s, s): squeezed to a square, bilinear, normalised."""
        from PIL import Image as PIL

        side = int(self.model.config.vision_config.image_size)
        squeezed = image.convert("RGB").resize((side, side), PIL.Resampling.BILINEAR)
        array = torch.from_numpy(np.asarray(squeezed, dtype=np.float32) / 255)
        normed = (array - torch.tensor(IMAGE_MEAN)) / torch.tensor(IMAGE_STD)
        pixels: Tensor = rearrange(normed, "h w c -> 1 c h w")
        return pixels

    def tokens(self, prompt: str) -> tuple[Tensor, Tensor]:
        """Ids and mask (1, L), padded on the right. ValueError when the prompt is too long for the model."""
        most = self.template.crop_start + self.template.length
        ids = self.tokenizer(self.template.text(prompt), return_tensors="pt").input_ids
        if ids.shape[1] > most:
            raise ValueError(
                f"the prompt has {ids.shape[1] - most} tokens too many (with its template {ids.shape[1]} of {most}); "
                f"shorten it: {prompt[:60]!r}"
            )
        padding = most - ids.shape[1]
        mask = nn.functional.pad(torch.ones_like(ids), (0, padding))
        return nn.functional.pad(ids, (0, padding), value=self.tokenizer.pad_token_id), mask

    @torch.no_grad()
    def states(self, ids: Tensor, mask: Tensor, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Ids and mask (1, L), pixels (1, 3, s, s) to states (1, M - c, D) and the mask the transformer is given."""
        device, config, inner = execution_device(self.model), self.model.config, self.model.model
        vision = inner.vision_tower(pixels.to(device, self.model.dtype), output_hidden_states=True)
        features = inner.multi_modal_projector(vision.hidden_states[config.vision_feature_layer][:, 1:])
        found = (ids[0] == config.image_token_id).nonzero().flatten().tolist()
        if len(found) != 1:
            raise ValueError(f"the prompt has {len(found)} image tokens (id {config.image_token_id}); it needs one")
        at, count = found[0], features.shape[1]
        words = self.model.get_input_embeddings()(ids.to(device))
        whole = merged_mask(mask, at, count).to(device)
        merged = torch.cat([words[:, :at], features, words[:, at + 1 :]], dim=1)
        merged = merged * rearrange(whole, "b m -> b m 1").to(merged)  # padding is zero, as in transformers 4.45
        positions = (whole.cumsum(dim=1) - 1).masked_fill(whole == 0, 1)
        output = inner.language_model(
            inputs_embeds=merged,
            attention_mask=whole,
            position_ids=positions,
            output_hidden_states=True,
            use_cache=False,
        )
        states = output.hidden_states[-(self.skip_layers + 1)][:, self.template.crop_start :]
        return states, released_mask(mask, count)[:, self.template.crop_start :]

    def forward(self, prompt: str, image: Image) -> tuple[Tensor, Tensor]:
        """States (1, M - c, D) and mask (1, M - c) of a prompt; in the release (1, 831, 4096)."""
        return self.states(*self.tokens(prompt), self.pixels(image))
