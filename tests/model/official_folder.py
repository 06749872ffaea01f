"""A folder of weights as the release lays it out, small and random: every format of it, none of its size."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from diffusers import AutoencoderKLHunyuanVideo
from small_transformer import transformer
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import (
    CLIPConfig,
    CLIPModel,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperModel,
)

from model.avatar.checkpoint import save_official
from model.hunyuan.llava_text import PromptTemplate

BASE = "hunyuan-video-t2v-720p"
HIDDEN = 12  # of LLaVA and CLIP


def tokenizer(folder: Path) -> int:
    """A tokenizer of the template's words and punctuation, the rest unknown; returns the id of `<image>`."""
    split = pre_tokenizers.Whitespace()
    text = PromptTemplate.released().text("two friends by the fire talk and laugh , bad hands")
    words = dict.fromkeys(word for word, _ in split.pre_tokenize_str(text))
    vocabulary = {word: number for number, word in enumerate(["<unk>", "<pad>", *words])}
    tokens = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokens.pre_tokenizer = split
    fast = PreTrainedTokenizerFast(tokenizer_object=tokens, unk_token="<unk>", pad_token="<pad>", eos_token="<pad>")
    fast.add_special_tokens({"additional_special_tokens": ["<image>"]})
    fast.save_pretrained(folder)
    image: int = fast.convert_tokens_to_ids("<image>")
    return image


def write_llava(folder: Path) -> None:
    image = tokenizer(folder)
    sizes = {"num_attention_heads": 2, "hidden_size": HIDDEN, "intermediate_size": 16}
    text = {"model_type": "llama", "vocab_size": image + 1, "num_hidden_layers": 3, "num_key_value_heads": 2, **sizes}
    vision = {"model_type": "clip_vision_model", "image_size": 8, "patch_size": 4, "num_hidden_layers": 2, **sizes}
    config = LlavaConfig(text_config=text, vision_config=vision, image_token_index=image, image_seq_length=4)
    LlavaForConditionalGeneration(config).save_pretrained(folder)


def write_clip(folder: Path) -> None:
    size = tokenizer(folder) + 1
    sizes = {"hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {**sizes, "vocab_size": size, "eos_token_id": 1, "pad_token_id": 1, "bos_token_id": 0}
    vision = {**sizes, "image_size": 8, "patch_size": 4}
    # The release has all of CLIP there, of which the text half is used.
    CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=8)).save_pretrained(folder)


def write_whisper(folder: Path) -> None:
    config = WhisperConfig(
        d_model=6, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=8, decoder_layers=1,
        decoder_attention_heads=2, decoder_ffn_dim=8, vocab_size=20, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        decoder_start_token_id=1,
    )  # fmt: skip
    WhisperModel(config).save_pretrained(folder)
    WhisperFeatureExtractor().save_pretrained(folder)


def write_vae(folder: Path) -> None:
    folder.mkdir(parents=True)
    sizes = {"block_out_channels": [4, 4, 4, 4], "layers_per_block": 1, "latent_channels": 4, "norm_num_groups": 4}
    network = AutoencoderKLHunyuanVideo(**sizes)
    config = {
        **sizes,
        "_class_name": "AutoencoderKLCausal3D",
        "mid_block_causal_attn": True,
        "sample_size": 256,
        "sample_tsize": 64,
        "scaling_factor": 0.476986,
        "time_compression_ratio": 4,
        "down_block_types": ["DownEncoderBlockCausal3D"] * 4,
    }
    (folder / "config.json").write_text(json.dumps(config))
    state = {f"vae.{name}": tensor for name, tensor in network.state_dict().items()}
    torch.save({"state_dict": state}, folder / "pytorch_model.pt")


def write_official_folder(folder: Path, fp8: bool = False) -> Path:
    """Write it all; returns the folder. The transformer has emotion modules, which the release has not."""
    torch.manual_seed(0)
    network = transformer(
        num_layers=2, num_single_layers=1, audio_feature_layers=2, audio_channels=6, text_embed_dim=HIDDEN,
        emotion_layers=(1,), emotion_channels=16,
    )  # fmt: skip
    save_official(network, folder / BASE / "transformers", fp8=fp8)
    write_vae(folder / BASE / "vae")
    write_llava(folder / "llava_llama_image")
    write_clip(folder / "text_encoder_2")
    write_whisper(folder / "whisper-tiny")
    return folder
