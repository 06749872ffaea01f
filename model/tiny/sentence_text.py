"""Text conditioning of the small model: SentencePiece and an embedding, trained together with the transformer.

Shapes: B batch, L tokens (a constant: shorter prompts end in padding, which has an embedding like any other token), D
width.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from model.avatar.conditions import TextStates
from model.saved_part import SavedPart, inner

if TYPE_CHECKING:
    from PIL.Image import Image

LENGTH = 24
VOCABULARY = 128
WIDTH = 64
PAD = 0  # also the piece that SentencePiece gives to unknown words


class SentenceText(SavedPart):
    """The pipeline's text encoder: prompt to states (1, L, D), all valid, and their mean as the pooled vector."""

    negative_prompt = ""

    def __init__(self, model: Path, vocabulary: int = VOCABULARY, width: int = WIDTH) -> None:
        super().__init__()
        from sentencepiece import SentencePieceProcessor

        self.pieces = SentencePieceProcessor(model_file=str(model))
        self.embed = nn.Embedding(vocabulary, width)

    def tokens(self, prompts: list[str]) -> Tensor:
        """(B, L) ids, cut or padded to L."""
        ids = [list(self.pieces.encode(prompt.lower()))[:LENGTH] for prompt in prompts]
        return torch.tensor([row + [PAD] * (LENGTH - len(row)) for row in ids])

    def states(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Ids (B, L) to states (B, L, D) and pooled (B, D)."""
        states = self.embed(tokens)
        return states, states.mean(dim=1)

    @torch.no_grad()
    def forward(self, prompt: str, image: Image | None = None) -> TextStates:
        """The picture is not looked at."""
        states, pooled = self.states(self.tokens([prompt]))
        return TextStates(states, torch.ones(states.shape[:2], dtype=torch.long), pooled)

    def save_pretrained(self, save_directory: str | Path, variant: str | None = None, **_: Any) -> None:
        """The pieces, and their embedding."""
        from safetensors.torch import save_file

        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "pieces.model").write_bytes(self.pieces.serialized_model_proto())
        state = {name: tensor.contiguous() for name, tensor in self.state_dict().items()}
        save_file(state, folder / f"{inner('embedding', variant)}.safetensors")

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, torch_dtype: torch.dtype | None = None, variant: str | None = None, **_: Any
    ) -> SentenceText:
        """What `save_pretrained` wrote."""
        from safetensors.torch import load_file

        state = load_file(Path(folder) / f"{inner('embedding', variant)}.safetensors")
        text = cls(Path(folder) / "pieces.model", *state["embed.weight"].shape)
        text.load_state_dict(state)
        text.to(torch_dtype or torch.float32).eval()
        return text
