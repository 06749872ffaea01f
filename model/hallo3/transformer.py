"""The two networks of Hallo3: the denoiser, and the reference network whose tokens it looks at.

Shapes: B batch, T latent frames, C latent channels, h x w latent size, p patch, n = (h / p)(w / p) tokens per frame, L
text tokens, D hidden size, F video frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.loaders import PeftAdapterMixin
from diffusers.models.attention import AttentionMixin
from diffusers.models.cache_utils import CacheMixin
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.normalization import AdaLayerNorm
from diffusers.models.transformers.cogvideox_transformer_3d import CogVideoXBlock
from einops import rearrange
from torch import Tensor, nn

from model.grid import latents_for
from model.hallo3.attention import ReferenceAttnProcessor, Rotary
from model.hallo3.block import AUDIO_FORMS, IDENTITY_FORMS, AudioForm, Hallo3Block, IdentityForm
from model.hallo3.projections import AudioProjection, FaceProjection
from model.hallo3.token_embedding import TokenEmbedding, rotary_table

_SMALL = ["embedding", "norm", "face_proj", "audio_proj"]


class _CogVideoXStem(ModelMixin, ConfigMixin, AttentionMixin, PeftAdapterMixin, CacheMixin):  # type: ignore[misc]
    """What both networks share: tokens in, rotary tables, the output head's parts, checkpointing."""

    _supports_gradient_checkpointing = True
    _skip_layerwise_casting_patterns: ClassVar[list[str]] = _SMALL
    _no_split_modules: ClassVar[list[str]] = ["Hallo3Block", "CogVideoXBlock", "TokenEmbedding"]
    _repeated_blocks: ClassVar[list[str]] = ["Hallo3Block", "CogVideoXBlock"]

    def _build_stem(self) -> int:
        c = self.config
        hidden = int(c.num_attention_heads * c.attention_head_dim)
        rows, columns = c.sample_height // c.patch_size, c.sample_width // c.patch_size
        tokens = latents_for(c.sample_frames) * rows * columns
        self.embedding = TokenEmbedding(
            c.in_channels, c.patch_size, hidden, c.text_embed_dim, c.time_embed_dim, c.max_text_seq_length, tokens,
            c.learned_positions,
        )  # fmt: skip
        self.gradient_checkpointing = False
        return hidden

    def _build_head(self, hidden: int) -> None:
        c = self.config
        self.norm_final = nn.LayerNorm(hidden, 1e-5)
        self.norm_out = AdaLayerNorm(c.time_embed_dim, output_dim=2 * hidden, norm_elementwise_affine=True, chunk_dim=1)
        self.norm_out.norm.eps = 1e-6  # of the release; diffusers has 1e-5 here
        self.proj_out = nn.Linear(hidden, c.patch_size**2 * c.out_channels)

    def _grid(self, latents: Tensor) -> tuple[int, int, int]:
        frames, height, width = latents.shape[1], latents.shape[3], latents.shape[4]
        patch = self.config.patch_size
        if height % patch or width % patch:
            raise ValueError(f"latents are {height} x {width} cells; both must be multiples of patch_size, {patch}")
        return frames, height // patch, width // patch

    def _rotary(self, latents: Tensor) -> Rotary | None:
        if not self.config.rotary_positions:
            return None
        cosines, sines = rotary_table(*self._grid(latents), self.config.attention_head_dim)
        return cosines.to(latents.device), sines.to(latents.device)

    def _run(self, block: nn.Module, *inputs: Any) -> tuple[Tensor, Tensor]:
        if torch.is_grad_enabled() and self.gradient_checkpointing:
            return self._gradient_checkpointing_func(block, *inputs)  # type: ignore[no-any-return]
        return block(*inputs)  # type: ignore[no-any-return]


class Hallo3ReferenceNetwork(_CogVideoXStem):
    """A CogVideoX that looks at the face alone, and keeps what enters the self-attention of each block.

    The defaults are the released one (arXiv 2412.00733): 5,625,284,160 parameters. Its head is never used; it is here
    so that a checkpoint goes through unchanged.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        in_channels: int = 32,
        out_channels: int = 16,
        num_attention_heads: int = 48,
        attention_head_dim: int = 64,
        num_layers: int = 42,
        time_embed_dim: int = 512,
        text_embed_dim: int = 4096,
        patch_size: int = 2,
        sample_height: int = 60,
        sample_width: int = 90,
        sample_frames: int = 49,
        max_text_seq_length: int = 226,
        learned_positions: bool = True,
        rotary_positions: bool = True,
    ) -> None:
        super().__init__()
        hidden = self._build_stem()
        self.blocks = nn.ModuleList(
            CogVideoXBlock(hidden, num_attention_heads, attention_head_dim, time_embed_dim, attention_bias=True)
            for _ in range(num_layers)
        )
        for block in self.blocks:
            block.attn1.set_processor(ReferenceAttnProcessor())  # type: ignore[union-attr,operator]
        self._build_head(hidden)

    def forward(self, latents: Tensor, text: Tensor) -> tuple[Tensor, ...]:
        """The bank: for every block the portrait's tokens after its first norm, (B, n, D).

        Args:
            latents: of the face-masked portrait, (B, 1, C, h, w); given to the network twice, at time 0.
            text: (B, L, W); zeros when rendering, the caption in training.
        """
        time = torch.zeros(latents.shape[0], device=latents.device)
        rotary = self._rotary(latents)
        video, words, time = self.embedding(torch.cat([latents, latents], dim=2), text, time)
        bank = []
        for block in self.blocks:
            bank.append(block.norm1(video, words, time)[0])  # type: ignore[operator]
            if len(bank) < len(self.blocks):  # what comes after the last is asked by nobody
                video, words = self._run(block, video, words, time, rotary)
        return tuple(bank)


class Hallo3Transformer3DModel(_CogVideoXStem):
    """CogVideoX-5B-I2V with face and audio attention in every block: the denoiser of Hallo3.

    The defaults are the released one (arXiv 2412.00733): 8,921,253,952 parameters.

    Args:
        in_channels: noisy latents and condition latents, joined.
        sample_height, sample_width, sample_frames: latent size, and frames of pixels, that the learned positions are
            for. Smaller inputs use the first of them.
        learned_positions, rotary_positions: which codes of place there are; the release has both.
        face_embed_dim, face_tokens, face_dim: the embedding of a face, and its tokens.
        audio_window, audio_layers, audio_channels: wav2vec2 features of a video frame.
        audio_intermediate_dim, audio_tokens, audio_dim: sizes inside the audio projection.
        audio: "cross_attention" (release), "self_attention" (audio as further keys), "adaptive_norm".
        identity: "both" (release), "face_attention", "face_adaptive_norm", "reference" (the reference network alone).
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        in_channels: int = 32,
        out_channels: int = 16,
        num_attention_heads: int = 48,
        attention_head_dim: int = 64,
        num_layers: int = 42,
        time_embed_dim: int = 512,
        text_embed_dim: int = 4096,
        patch_size: int = 2,
        sample_height: int = 60,
        sample_width: int = 90,
        sample_frames: int = 49,
        max_text_seq_length: int = 226,
        learned_positions: bool = True,
        rotary_positions: bool = True,
        face_embed_dim: int = 512,
        face_tokens: int = 4,
        face_dim: int = 1024,
        audio_window: int = 5,
        audio_layers: int = 12,
        audio_channels: int = 768,
        audio_intermediate_dim: int = 512,
        audio_tokens: int = 32,
        audio_dim: int = 768,
        audio: AudioForm = "cross_attention",
        identity: IdentityForm = "both",
    ) -> None:
        super().__init__()
        if audio not in AUDIO_FORMS or identity not in IDENTITY_FORMS:
            raise ValueError(
                f"audio is {audio!r} and identity is {identity!r}; they are one of {', '.join(AUDIO_FORMS)} and of "
                f"{', '.join(IDENTITY_FORMS)}"
            )
        hidden = self._build_stem()
        self.audio_proj = AudioProjection(
            audio_window, audio_layers, audio_channels, audio_intermediate_dim, audio_tokens, audio_dim
        )
        self.face_proj = FaceProjection(face_embed_dim, face_tokens, face_dim) if identity != "reference" else None
        self.blocks = nn.ModuleList(
            Hallo3Block(
                hidden, num_attention_heads, attention_head_dim, time_embed_dim, face_dim, audio_dim, audio, identity
            )
            for _ in range(num_layers)
        )
        self._build_head(hidden)

    @property
    def uses_reference(self) -> bool:
        """Whether this form looks at the reference network's tokens."""
        return self.config.identity in ("both", "reference")

    def encode_audio(self, windows: Tensor) -> Tensor:
        """Audio windows (B, F, W, V, E) -> audio tokens (B, T, K, C), once per clip. Runs where its weights are."""
        weight = self.audio_proj.linear_1.weight
        tokens: Tensor = self.audio_proj(windows.to(weight.device, weight.dtype))
        return tokens

    def encode_face(self, embedding: Tensor) -> Tensor | None:
        """A face's embedding (B, 512) -> face tokens (B, K, C); None where no face module is. Once per portrait."""
        if self.face_proj is None:
            return None
        weight = self.face_proj.proj.weight
        tokens: Tensor = self.face_proj(embedding.to(weight.device, weight.dtype))
        return tokens

    def forward(
        self,
        latents: Tensor,
        timestep: Tensor,
        text: Tensor,
        bank: Sequence[Tensor] | None,
        face: Tensor | None,
        audio: Tensor | None,
        audio_mask: Tensor | None = None,
    ) -> Tensor:
        """v of a clip, (B, T, C, h, w).

        Args:
            latents: noisy and condition latents on the channel axis, (B, T, 2C, h, w).
            timestep: (B,), 0 … 999.
            text: (B, L, W).
            bank: of the reference network, one (1 or B, R, D) per block; None without.
            face: tokens by `encode_face`; None without.
            audio: tokens by `encode_audio`, (B, T, K, C); of S speakers (B, S, T, K, C), with `audio_mask`.
            audio_mask: experimental: (B, S, 1 or T, n), how much of each speaker's audio reaches a token.
        """
        frames, rows, columns = self._grid(latents)
        rotary = self._rotary(latents)
        video, words, time = self.embedding(latents, text, timestep)
        if not self.uses_reference:
            bank = None
        if bank is not None and len(bank) != len(self.blocks):
            raise ValueError(f"the bank has tokens for {len(bank)} blocks; the denoiser has {len(self.blocks)}")
        for number, block in enumerate(self.blocks):
            reference = None if bank is None else bank[number].to(video.dtype)
            video, words = self._run(
                block, video, words, time, rotary, rows * columns, reference, face, audio, audio_mask
            )
        tokens = self.proj_out(self.norm_out(self.norm_final(video), temb=time))
        sizes = {"t": frames, "y": rows, "p": self.config.patch_size, "q": self.config.patch_size}
        velocity: Tensor = rearrange(tokens, "b (t y x) (c p q) -> b t c (y p) (x q)", **sizes)
        return velocity
