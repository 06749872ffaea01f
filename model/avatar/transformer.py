"""The transformer of HunyuanVideo-Avatar for any number of speakers.

Shapes: B batch, C latent channels, T latent frames, h x w latent size, n = (h / p) * (w / p) tokens per frame, D hidden
size, L text tokens, S speakers, F = 4T - 3 video frames, W x V x E audio features of a frame, Q emotion pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.loaders import FromOriginalModelMixin, PeftAdapterMixin
from diffusers.models._modeling_parallel import ContextParallelInput, ContextParallelOutput
from diffusers.models.attention import AttentionMixin
from diffusers.models.cache_utils import CacheMixin
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.normalization import AdaLayerNormContinuous
from diffusers.models.transformers.transformer_hunyuan_video import HunyuanVideoTokenRefiner
from diffusers.utils import BaseOutput, apply_lora_scale, logging
from einops import rearrange
from torch import Tensor, nn

from model.avatar.attention import ValidTextAttnProcessor
from model.avatar.attention_choice import fuse_projections
from model.avatar.audio_adapter import AudioContext, AudioForm, AudioKeysValues, AudioProjection, FaceAwareAudioAdapter
from model.avatar.block_cache import BlockCache
from model.avatar.blocks import AvatarSingleTransformerBlock, AvatarTransformerBlock
from model.avatar.checkpoint import load_official
from model.avatar.condition_embedding import AvatarConditionEmbedding, SinusoidalWaves
from model.avatar.conditions import valid_lengths
from model.avatar.context_parallel import check_backend, mine, of_any_length, whole
from model.avatar.emotion import AudioEmotionModule, EmotionContext, EmotionKeysValues
from model.avatar.face_conditions import FaceConditions, checked_mask, face_conditions
from model.avatar.face_tokens import FaceTokenWeights
from model.avatar.injection import CharacterImageInjection, InjectionMode
from model.avatar.module_places import layer_list, modules_at
from model.avatar.preconditioning import preconditioning
from model.avatar.rope import AvatarRotaryPosEmbed, ReferenceShift
from model.avatar.shared import Shared
from model.memory import weights_device

logger = logging.get_logger(__name__)


@dataclass
class AvatarTransformerOutput(BaseOutput):  # type: ignore[misc]
    """Predicted velocity (noise - data), (B, C, T, h, w), and the block cache when it was asked for."""

    sample: Tensor
    block_cache: BlockCache | None = None


class HunyuanVideoAvatarTransformer3DModel(
    ModelMixin, ConfigMixin, AttentionMixin, PeftAdapterMixin, FromOriginalModelMixin, CacheMixin  # type: ignore[misc]
):
    """HunyuanVideo's MM-DiT with character image injection, face-aware audio adapters and emotion modules.

    The defaults are the released 13 B checkpoint (HunyuanVideo-Avatar, arXiv 2505.20156): 12,991,493,184 parameters,
    no emotion module. What the paper has and the release lacks is chosen by `injection`, `reference_spatial_shift`,
    `audio_form` and `emotion_layers`.

    Args:
        in_channels, out_channels: latent channels.
        num_attention_heads, attention_head_dim: their product is the hidden size D.
        num_layers, num_single_layers, num_refiner_layers: double-stream, single-stream and text refiner blocks.
        mlp_ratio, qk_norm, guidance_embeds, text_embed_dim, pooled_projection_dim: as HunyuanVideoTransformer3DModel.
        patch_size: p; a token covers 1 x p x p latent cells.
        rope_theta, rope_axes_dim: rotary base, and channels per head for t, y, x (sum: attention_head_dim).
        reference_time: time index of the reference tokens.
        reference_spatial_shift: "none" (release), "both" (Eq. 2: one picture right and down) or "width".
        injection: "released", "token", "token_channel" or "token_add"; see CharacterImageInjection.
        motion_values: values in motion_exp and motion_pose, each embedded to D / motion_values; 0: no motion embedding.
        fps_embeds: whether the frame rate is part of the conditioning vector.
        audio_form: "released" (window -> audio_tokens_per_frame tokens) or "paper" (one token per feature row).
        audio_window, audio_feature_layers, audio_channels: W, V, E of the audio features of a video frame.
        audio_intermediate_dim, audio_tokens_per_frame: sizes inside the audio projection.
        audio_adapter_layers: double blocks followed by an adapter; None is every second, from the second on.
        audio_adapter_dim, audio_adapter_heads: attention inside an adapter.
        audio_alpha: constant factor of all audio (alpha_A of Eq. 5); 1 in the release.
        frames_per_latent, audio_pad_frames: video frames per latent frame, and copies of a window's first put before
            it; 0: the windows of a film come with all frames of their first latent.
        emotion_layers: double blocks with an emotion module: () none, None all.
        emotion_channels: channels of an emotion token; in_channels * patch_size^2 for VAE latents.
        emotion_dim, emotion_heads: attention inside an emotion module; None: as the blocks.
        latent_spread: 0 none; else the spread of latents inside face masks, on which the velocity is then
            preconditioned (model/avatar/preconditioning.py): for latents that are zero where nothing moves.
        latent_spread_outside: the share of that spread elsewhere.
    """

    _supports_gradient_checkpointing = True
    _skip_layerwise_casting_patterns: ClassVar[list[str]] = ["image_injection", "context_embedder", "norm", "gamma"]
    _no_split_modules: ClassVar[list[str]] = [
        "AvatarTransformerBlock",
        "AvatarSingleTransformerBlock",
        "CharacterImageInjection",
        "HunyuanVideoTokenRefiner",
    ]
    _repeated_blocks: ClassVar[list[str]] = ["AvatarTransformerBlock", "AvatarSingleTransformerBlock"]
    # Ulysses or ring: tokens of both streams are split, masks and rotary tables with them, and joined at the end.
    _cp_plan: ClassVar[dict[str, Any]] = {
        "rope": {
            0: ContextParallelInput(split_dim=0, expected_dims=2, split_output=True),
            1: ContextParallelInput(split_dim=0, expected_dims=2, split_output=True),
        },
        "face_tokens": {
            0: ContextParallelInput(split_dim=1, expected_dims=3, split_output=True),
            1: ContextParallelInput(split_dim=1, expected_dims=2, split_output=True),
        },
        "transformer_blocks.0": {
            "hidden_states": ContextParallelInput(split_dim=1, expected_dims=3, split_output=False),
            "encoder_hidden_states": ContextParallelInput(split_dim=1, expected_dims=3, split_output=False),
        },
        "proj_out": ContextParallelOutput(gather_dim=1, expected_dims=3),
    }

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
in_channels: int = 16, out_channels: int = 16,
        num_attention_heads: int = 24, attention_head_dim: int = 128,
        num_layers: int = 20, num_single_layers: int = 40, num_refiner_layers: int = 2,
        mlp_ratio: float = 4.0, patch_size: int = 2, qk_norm: str = "rms_norm", guidance_embeds: bool = False,
        text_embed_dim: int = 4096, pooled_projection_dim: int = 768,
        rope_theta: float = 256.0, rope_axes_dim: tuple[int, ...] = (16, 56, 56),
        reference_time: int = -1, reference_spatial_shift: ReferenceShift = "none",
        injection: InjectionMode = "released",
        motion_values: int = 4, fps_embeds: bool = True,
        audio_form: AudioForm = "released",
        audio_window: int = 10, audio_feature_layers: int = 5, audio_channels: int = 384,
        audio_intermediate_dim: int = 1024, audio_tokens_per_frame: int = 4,
        audio_adapter_layers: tuple[int, ...] | None = None,
        audio_adapter_dim: int = 1024, audio_adapter_heads: int = 1, audio_alpha: float = 1.0,
        frames_per_latent: int = 4, audio_pad_frames: int = 3,
        emotion_layers: tuple[int, ...] | None = (), emotion_channels: int = 64,
        emotion_dim: int | None = None, emotion_heads: int | None = None,
        latent_spread: float = 0.0, latent_spread_outside: float = 0.1,
    ) -> None:  # fmt: skip
        super().__init__()
        hidden = num_attention_heads * attention_head_dim
        if sum(rope_axes_dim) != attention_head_dim:
            raise ValueError(
                f"rope_axes_dim {tuple(rope_axes_dim)} sums to {sum(rope_axes_dim)}; "
                f"it must sum to attention_head_dim, {attention_head_dim}"
            )
        audio_at = layer_list("audio_adapter_layers", audio_adapter_layers, num_layers, range(1, num_layers, 2))
        emotion_at = layer_list("emotion_layers", emotion_layers, num_layers, range(num_layers))

        self.image_injection = CharacterImageInjection(injection, patch_size, in_channels, hidden)
        self.context_embedder = HunyuanVideoTokenRefiner(
            text_embed_dim, num_attention_heads, attention_head_dim, num_layers=num_refiner_layers
        )
        self.context_embedder.time_text_embed.time_proj = SinusoidalWaves(256)
        self.time_text_embed = AvatarConditionEmbedding(
            hidden, pooled_projection_dim, guidance_embeds, motion_values, fps_embeds
        )
        self.audio_proj = self._audio_projection(hidden) if audio_at else None
        self.audio_keys_values = nn.ModuleList(AudioKeysValues(hidden, audio_adapter_dim) for _ in audio_at)
        self.emotion_keys_values: nn.Module | None = None
        if emotion_at:
            inner = emotion_dim or hidden
            self.emotion_keys_values = EmotionKeysValues(emotion_channels, hidden, inner, len(emotion_at))

        self._modules_at = modules_at(num_layers, audio_at, emotion_at)
        self.rope = AvatarRotaryPosEmbed(rope_axes_dim, rope_theta, reference_time, reference_spatial_shift)
        self.face_tokens = FaceTokenWeights(patch_size)
        self.transformer_blocks = nn.ModuleList(
            self._double_block(layer, hidden, audio_at, emotion_at) for layer in range(num_layers)
        )
        self.single_transformer_blocks = nn.ModuleList(self._single_block() for _ in range(num_single_layers))
        for block in (*self.transformer_blocks, *self.single_transformer_blocks):
            block.attn.set_processor(ValidTextAttnProcessor())
        self.norm_out = AdaLayerNormContinuous(hidden, hidden, elementwise_affine=False, eps=1e-6)
        self.proj_out = nn.Linear(hidden, patch_size * patch_size * out_channels)
        self.gradient_checkpointing = False

    def _audio_projection(self, hidden: int) -> AudioProjection:
        c = self.config
        features = (c.audio_window, c.audio_feature_layers, c.audio_channels)
        return AudioProjection(c.audio_form, *features, c.audio_intermediate_dim, c.audio_tokens_per_frame, hidden)

    def _double_block(
        self, layer: int, hidden: int, audio_at: list[int], emotion_at: list[int]
    ) -> AvatarTransformerBlock:
        c, adapter, emotion = self.config, None, None
        if layer in audio_at:
            adapter = FaceAwareAudioAdapter(hidden, c.audio_adapter_dim, c.audio_adapter_heads)
        if layer in emotion_at:
            emotion = AudioEmotionModule(hidden, c.emotion_dim or hidden, c.emotion_heads or c.num_attention_heads)
        return AvatarTransformerBlock(
            c.num_attention_heads, c.attention_head_dim, c.mlp_ratio, c.qk_norm, adapter, emotion
        )

    def _single_block(self) -> AvatarSingleTransformerBlock:
        c = self.config
        return AvatarSingleTransformerBlock(
            c.num_attention_heads, c.attention_head_dim, mlp_ratio=c.mlp_ratio, qk_norm=c.qk_norm
        )

    def enable_parallelism(self, *, config: Any, cp_plan: Any = None) -> None:
        """As diffusers'; tokens need not divide evenly among the processes, where Ulysses or the ring is alone."""
        check_backend(config, self)
        super().enable_parallelism(config=of_any_length(config), cp_plan=cp_plan)

    def fuse_qkv_projections(self) -> None:
        """Queries, keys and values of a block by one matrix; ValueError where its layers are in 8 bits or adapted."""
        fuse_projections(self, True)

    def unfuse_qkv_projections(self) -> None:
        """Three matrices again."""
        fuse_projections(self, False)

    def set_chunk(self, tokens: int | None) -> None:
        """How many tokens of a block are projected and go through its MLP at once; None: all.

        The same arithmetic for every token in less memory, where no gradients are wanted.
        """
        for block in (*self.transformer_blocks, *self.single_transformer_blocks):
            block.chunk = block.attn.processor.chunk = tokens

    @classmethod
    def from_single_file(
        cls, path: str | Path, dtype: torch.dtype = torch.bfloat16, **options: Any
    ) -> HunyuanVideoAvatarTransformer3DModel:
        """The official checkpoint's transformer; options as `model.avatar.checkpoint.load_official` takes them."""
        return load_official(cls, path, dtype, **options)

    # ------------------------------------------------------------------------------------------- once per render

    def encode_audio(self, prompts: Tensor) -> AudioContext:
        """Audio features (B, S, F, W, V, E) -> keys and values of all adapters, to be computed once per render.

        F is the video frames of the film, in windows or whole: `context.frames(...)` cuts a window. For S speakers the
        silent ones have features of silence (zeros in the release). Runs where its weights are (an offloaded model may
        have them on the CPU) and returns to the device of the prompts.
        """
        if not isinstance(self.audio_proj, AudioProjection):
            raise ValueError("audio was given, but the model has no audio adapter (audio_adapter_layers is empty)")
        context = self.audio_proj(prompts.to(weights_device(self.audio_proj), self.dtype))
        keys, values = zip(*(to_kv(context) for to_kv in self.audio_keys_values), strict=True)
        frozen = AudioContext(
            torch.stack(keys), torch.stack(values), self.config.frames_per_latent, self.config.audio_pad_frames
        )
        return frozen.to(prompts.device)

    def encode_emotion(self, tokens: Tensor, weights: Tensor | None = None) -> EmotionContext | None:
        """Emotion pictures (B, S, Q, K, E) -> keys and values of all emotion modules, to be computed once per render.

        `weights` (B, S, T, Q): how much of each picture holds at each latent frame, strength included. Without weights
        one picture holds throughout (Q = 1), or the T = Q pictures hold one latent frame each. Returns None, and says
        so once, when the model has no emotion module.
        """
        if not isinstance(self.emotion_keys_values, EmotionKeysValues):
            logger.warning_once("The model has no emotion module (emotion_layers is empty): emotions have no effect.")
            return None
        device = weights_device(self.emotion_keys_values)
        keys, values = self.emotion_keys_values(tokens.to(device, self.dtype))
        if weights is None:
            weights = torch.eye(tokens.shape[2], device=tokens.device).expand(*tokens.shape[:2], -1, -1)
        return EmotionContext(keys.to(tokens.device), values.to(tokens.device), weights)

    # --------------------------------------------------------------------------------------------------- forward

    @apply_lora_scale("attention_kwargs")  # type: ignore[untyped-decorator]
    def forward(
        self,
        hidden_states: Tensor, timestep: Tensor,
        encoder_hidden_states: Tensor, encoder_attention_mask: Tensor | None, pooled_projections: Tensor,
        ref_latents: Tensor,
        audio: Tensor | AudioContext | None = None, face_mask: Tensor | None = None,
        emotion: Tensor | EmotionContext | None = None,
        motion_exp: Tensor | None = None, motion_pose: Tensor | None = None, fps: Tensor | None = None,
        guidance: Tensor | None = None, audio_alpha: Tensor | float = 1.0,
        block_cache: BlockCache | None = None, return_block_cache: bool = False,
        attention_kwargs: dict[str, Any] | None = None, return_dict: bool = True, shared: Shared | None = None,
    ) -> AvatarTransformerOutput | tuple[Tensor] | tuple[Tensor, BlockCache]:  # fmt: skip
        """Velocity of one window of latents.

        Args:
            hidden_states: noisy latents (B, C, T, h, w); h and w multiples of patch_size.
            timestep: (B,), 1000 * sigma, in [0, 1000].
            encoder_hidden_states: text states (B, L, text_embed_dim); pooled_projections: (B, pooled_projection_dim).
            encoder_attention_mask: (B, L), 1 for valid tokens, at least one per row; None: all valid. As in the release
                the refiner uses the positions of the ones, and the blocks the first `sum` tokens.
            ref_latents: reference picture, (B, C, 1 or T, h, w).
            audio: features (B, S, F, W, V, E), F = 4T - 3, or what `encode_audio` made of them; None: no adapter runs.
            face_mask: (B, S, 1 or T, h, w), used as it is (soft edges, factors). None: one speaker, everywhere.
            emotion: tokens (B, S, 1 or T, K, E), or what `encode_emotion` made of them; None: no module runs.
            motion_exp, motion_pose: (B, motion_values); 30 and 25 in the release.
            fps, guidance: (B,); guidance is 1000 * scale, with guidance_embeds only.
            audio_alpha: a factor, or (B, S), of the audio of each speaker, multiplied into their mask.
            block_cache: run the last block alone on it (the release's cached step); `return_block_cache` gives one.
            attention_kwargs: {"scale": ...} scales LoRA layers.
            return_dict: False gives (sample,), or (sample, block_cache).
            shared: what this forward has in common with others of its step and shot; of a shot's `run_rows`.
        """
        frames, rows, columns = self._token_grid(hidden_states)
        common, grid, device = shared or Shared(), (frames, rows, columns), hidden_states.device
        embedded = (timestep, pooled_projections, guidance, motion_exp, motion_pose, fps)
        temb = common.step(("temb", common.rows), lambda: self.time_text_embed(*embedded))
        rotary = common.shot(("rotary", grid), lambda: self.rope(*grid, device=device))
        known, noisy = None, hidden_states
        if self.config.latent_spread:
            inside, outside = self.config.latent_spread, self.config.latent_spread_outside
            known = preconditioning(noisy, timestep, face_mask, inside, outside)
            hidden_states = known.network_input(noisy).to(noisy.dtype)
        if block_cache is None:
            prompt = (encoder_hidden_states, timestep, encoder_attention_mask, common.text_lengths)
            text, lengths = common.step(("text", common.rows), lambda: self._text(*prompt))
            faces = common.faces or self._faces(hidden_states, audio, face_mask, emotion, audio_alpha)
            image = self.image_injection(hidden_states, ref_latents)
            image, text = self._all_but_the_last(image, text, temb, lengths, rotary, faces)
        else:
            image, text = (mine(tokens, self._parallel_config) for tokens in (block_cache.image(), block_cache.text))
            lengths = block_cache.text_lengths
        cache = self._cache(image, text, lengths, frames) if return_block_cache else None
        image, text = self._run(self.single_transformer_blocks[-1], image, text, temb, lengths, rotary)
        sample = self._latents(image, temb, frames, rows, columns)
        if known is not None:
            sample = known.velocity(noisy, sample)
        if not return_dict:
            return (sample,) if cache is None else (sample, cache)
        return AvatarTransformerOutput(sample=sample, block_cache=cache)

    def _cache(self, image: Tensor, text: Tensor, lengths: tuple[int, ...] | None, frames: int) -> BlockCache:
        """The input of the last single block, of all processes that share the tokens."""
        image, text = (whole(tokens, self._parallel_config) for tokens in (image, text))
        return BlockCache.of(image, text, lengths, frames)

    def _latents(self, image: Tensor, temb: Tensor, frames: int, rows: int, columns: int) -> Tensor:
        """Image tokens as latents (B, C, T, h, w), the reference left out."""
        tokens = self.proj_out(self.norm_out(image, temb))[:, rows * columns :]
        sizes = {"t": frames, "y": rows, "p": self.config.patch_size, "q": self.config.patch_size}
        sample: Tensor = rearrange(tokens, "b (t y x) (c p q) -> b c t (y p) (x q)", **sizes)
        return sample

    def _all_but_the_last(
        self, image: Tensor, text: Tensor, temb: Tensor, lengths: Any, rotary: Any, faces: FaceConditions | None
    ) -> tuple[Tensor, Tensor]:
        """Image and text tokens through every block but the last single one, whose input a block cache keeps."""
        for block, modules in zip(self.transformer_blocks, self._modules_at, strict=True):
            here = None if faces is None else faces.of_layer(*modules)
            image, text = self._run(block, image, text, temb, lengths, rotary, here)
        for block in self.single_transformer_blocks[:-1]:
            image, text = self._run(block, image, text, temb, lengths, rotary)
        return image, text

    def _run(self, block: nn.Module, *inputs: Any) -> tuple[Tensor, Tensor]:
        if torch.is_grad_enabled() and self.gradient_checkpointing:
            return self._gradient_checkpointing_func(block, *inputs)  # type: ignore[no-any-return]
        return block(*inputs)  # type: ignore[no-any-return]

    def _faces(
        self,
        latents: Tensor,
        audio: Tensor | AudioContext | None,
        mask: Tensor | None,
        emotion: Tensor | EmotionContext | None,
        alpha: Tensor | float,
    ) -> FaceConditions | None:
        audio = self.encode_audio(audio) if isinstance(audio, Tensor) else audio
        emotion = self.encode_emotion(emotion) if isinstance(emotion, Tensor) else emotion
        if emotion is not None and self.emotion_keys_values is None:
            raise ValueError("emotion was given as keys and values, but the model has no emotion module")
        if audio is None and emotion is None:
            return None
        mask = checked_mask(latents, mask, audio, emotion)
        weights, times = self.face_tokens(mask, latents.shape[2])
        return face_conditions(weights, times, audio, emotion, alpha * self.config.audio_alpha)

    def _token_grid(self, latents: Tensor) -> tuple[int, int, int]:
        frames, height, width = latents.shape[2:]
        patch = self.config.patch_size
        if height % patch or width % patch:
            raise ValueError(f"latents are {height} x {width} cells; both must be multiples of patch_size, {patch}")
        return frames, height // patch, width // patch

    def _text(
        self, states: Tensor, timestep: Tensor, mask: Tensor | None, lengths: tuple[int, ...] | None = None
    ) -> tuple[Tensor, tuple[int, ...] | None]:
        """Refined text cut to the longest valid one, and the valid length of each row when they differ."""
        text = self.context_embedder(states, timestep, mask)
        if mask is None:
            return text, None
        lengths = lengths or valid_lengths(mask)
        return text[:, : max(lengths)], None if len(set(lengths)) == 1 else lengths
