"""A folder of Hallo3's weights as the release lays it out, small and random: every format of it, none of its size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderKLCogVideoX
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast, T5Config, T5EncoderModel, Wav2Vec2Config, Wav2Vec2Model

from model.hallo3.checkpoint import save_official
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel

WORDS = "two friends by the fire talk and laugh . The expression of the person shows slightly very joy fear anger"
TEXT, AUDIO = 12, 8


def networks(
    frames: int = 9, height: int = 8, width: int = 12
) -> tuple[Hallo3Transformer3DModel, Hallo3ReferenceNetwork]:
    shared: dict[str, Any] = {
        "num_attention_heads": 2, "attention_head_dim": 16, "num_layers": 2, "time_embed_dim": 16,
        "text_embed_dim": TEXT, "sample_height": height, "sample_width": width, "sample_frames": frames,
    }  # fmt: skip
    torch.manual_seed(0)
    denoiser = Hallo3Transformer3DModel(
        **shared, face_dim=20, audio_channels=AUDIO, audio_intermediate_dim=8, audio_tokens=2, audio_dim=10
    )
    return denoiser, Hallo3ReferenceNetwork(**shared)


def official_vae_name(name: str, levels: int) -> str:
    """diffusers' name of a tensor of the autoencoder, as the release has it."""
    name = re.sub(r"mid_block\.resnets\.(\d)", lambda m: f"mid.block_{int(m[1]) + 1}", name)
    name = re.sub(r"down_blocks\.(\d+)", r"down.\1", name)
    name = re.sub(r"up_blocks\.(\d+)", lambda m: f"up.{levels - 1 - int(m[1])}", name)
    name = re.sub(r"(down|up)samplers\.0", r"\1sample", name)
    return name.replace("resnets", "block").replace("conv_shortcut", "nin_shortcut")


def write_vae(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(1)
    network = AutoencoderKLCogVideoX(block_out_channels=(32, 32, 32, 32), layers_per_block=1, latent_channels=16)
    state = {official_vae_name(name, 4): tensor for name, tensor in network.state_dict().items()}
    torch.save({"state_dict": {**state, "loss.logvar": torch.zeros(1)}}, file)


def write_t5(folder: Path) -> None:
    vocabulary = {word: number for number, word in enumerate(["<pad>", "</s>", "<unk>", *dict.fromkeys(WORDS.split())])}
    tokens = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    tokens.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=tokens, unk_token="<unk>", pad_token="<pad>", eos_token="</s>"
    ).save_pretrained(folder)
    torch.manual_seed(2)
    config = T5Config(vocab_size=len(vocabulary), d_model=TEXT, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
    T5EncoderModel(config).save_pretrained(folder)


def write_wav2vec(folder: Path) -> None:
    torch.manual_seed(3)
    config = Wav2Vec2Config(
        hidden_size=AUDIO, num_hidden_layers=12, num_attention_heads=2, intermediate_size=16, conv_dim=(8,) * 7,
        num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=2,
    )  # fmt: skip
    Wav2Vec2Model(config).save_pretrained(folder)


def write_hallo3_folder(folder: Path, **sizes: int) -> Path:
    """Write it all, without insightface's models; returns the folder."""
    denoiser, reference = networks(**sizes)
    save_official(denoiser.bfloat16(), reference.bfloat16(), folder / "hallo3")
    write_vae(folder / "cogvideox-5b-i2v-sat" / "vae" / "3d-vae.pt")
    write_t5(folder / "t5-v1_1-xxl")
    write_wav2vec(folder / "wav2vec" / "wav2vec2-base-960h")
    return folder
