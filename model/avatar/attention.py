"""Joint attention of image and text tokens, over the valid text alone.

Shapes: B batch, N image tokens, L text tokens, H heads, A channels per head, D = H * A.
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.attention_processor import Attention
from diffusers.models.embeddings import apply_rotary_emb
from einops import rearrange
from torch import Tensor

Rotary = tuple[Tensor, Tensor]


def rotate(states: Tensor, rotary: Rotary, count: int) -> Tensor:
    """Rotate the first `count` tokens of (B, N, H, A) by cos, sin (count, A) in float32; the rest stay."""
    if torch.compiler.is_compiling():  # the compiler fuses this form and cannot fuse complex numbers
        return torch.cat([apply_rotary_emb(states[:, :count], rotary, sequence_dim=1), states[:, count:]], dim=1)
    cos, sin = rotary
    turn = torch.complex(cos[:, None, ::2].contiguous(), sin[:, None, ::2].contiguous())
    pairs = torch.view_as_complex(rearrange(states[:, :count].float(), "b n h (a z) -> b n h a z", z=2))
    turned = torch.view_as_real(pairs * turn).flatten(-2).to(states.dtype)
    return turned if count == states.shape[1] else torch.cat([turned, states[:, count:]], dim=1)


class ValidTextAttnProcessor:
    """HunyuanVideo's joint attention with the text's padding cut off instead of masked.

    Equal to attention under a boolean mask over the keys, for every valid token; but without a mask any attention
    backend can be used, and none of them computes the padding. `attention_mask` is None when all text is valid, else
    the number of valid text tokens of each row of the batch; then rows are attended one after another.
    """

    _attention_backend: Any = None
    _parallel_config: Any = None

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: tuple[int, ...] | None = None,
        image_rotary_emb: Rotary | None = None,
    ) -> tuple[Tensor, Tensor]:
        if attention_mask is not None and self._parallel_config is not None:
            raise ValueError(
                f"the rows of the batch have {attention_mask} valid text tokens; under context parallelism they must "
                "have equally many (run the rows one after another)"
            )
        image = hidden_states.shape[1]
        query, key, value = self._project(attn, hidden_states, encoder_hidden_states)
        if image_rotary_emb is not None:
            query, key = (rotate(states, image_rotary_emb, image) for states in (query, key))
        if attention_mask is None:
            out = self._attend(query, key, value)
        else:
            rows = [
                self._attend(query[b : b + 1], key[b : b + 1, : image + valid], value[b : b + 1, : image + valid])
                for b, valid in enumerate(attention_mask)
            ]
            out = torch.cat(rows)
        out = out.flatten(2, 3).to(query.dtype)
        hidden_states, encoder_hidden_states = out[:, :image], out[:, image:]
        if getattr(attn, "to_out", None) is not None:
            hidden_states = attn.to_out[0](hidden_states)
        if getattr(attn, "to_add_out", None) is not None:
            encoder_hidden_states = attn.to_add_out(encoder_hidden_states)
        return hidden_states, encoder_hidden_states

    @staticmethod
    def _project(attn: Attention, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normed queries, keys and values (B, N + L, H, A), with the text's own weights in double blocks."""
        if attn.add_q_proj is None:
            joint = torch.cat([image, text], dim=1)
            query, key, value = (to(joint).unflatten(2, (attn.heads, -1)) for to in (attn.to_q, attn.to_k, attn.to_v))
            return attn.norm_q(query), attn.norm_k(key), value
        query, key, value = (to(image).unflatten(2, (attn.heads, -1)) for to in (attn.to_q, attn.to_k, attn.to_v))
        added = (attn.add_q_proj, attn.add_k_proj, attn.add_v_proj)
        text_query, text_key, text_value = (to(text).unflatten(2, (attn.heads, -1)) for to in added)
        query = torch.cat([attn.norm_q(query), attn.norm_added_q(text_query)], dim=1)
        key = torch.cat([attn.norm_k(key), attn.norm_added_k(text_key)], dim=1)
        return query, key, torch.cat([value, text_value], dim=1)

    def _attend(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        out: Tensor = dispatch_attention_fn(
            query, key, value, backend=self._attention_backend, parallel_config=self._parallel_config
        )
        return out
