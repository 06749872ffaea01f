"""The released weights of hunyuan-avatar: what one agrees to, which files, how much, how they are converted."""

from __future__ import annotations

from pathlib import Path

from dialogue.generators.hunyuan.settings import WEIGHTS as VARIABLE
from dialogue.generators.hunyuan.settings import weights_folder
from dialogue.generators.weights import Weights
from model.hunyuan.weights_folder import BASE, CONVERTED, WeightsFolder

LICENCE = """\
HunyuanVideo-Avatar is Tencent's, under the Tencent Hunyuan Community License Agreement. Before you agree:
  - The licence does not apply in the European Union, the United Kingdom and South Korea. There, nobody has it.
  - A product with more than 100 million monthly users needs another licence, from Tencent.
  - Neither the weights nor what they make may be used to improve other AI models than Tencent Hunyuan.
  - An acceptable use policy forbids, among others, to deceive, to impersonate without consent and to harass.
With it come LLaVA-Llama-3 (Meta Llama 3 Community License), CLIP ViT-L/14 (MIT) and Whisper tiny (Apache 2.0).
The whole text: https://huggingface.co/tencent/HunyuanVideo-Avatar/blob/main/LICENSE"""
TERRITORY = "I am not in the European Union, the United Kingdom or South Korea, and I agree to the licence"

_TRANSFORMERS = "ckpts/hunyuan-video-t2v-720p/transformers"
_ENCODERS = (
    "LICENSE",
    "Notice*",
    "ckpts/hunyuan-video-t2v-720p/vae/*",
    "ckpts/llava_llama_image/*",
    *(f"ckpts/text_encoder_2/{name}" for name in ("*.json", "*.txt", "model.safetensors")),
    *(f"ckpts/whisper-tiny/{name}" for name in ("*.json", "*.txt", "model.safetensors")),
)

def patterns(fp8: bool) -> list[str]:
    """The files of the repository that are needed; `fp8`: the transformer in 8 bits, which is loaded into 16."""
    names = ("mp_rank_00_model_states_fp8.pt", "mp_rank_00_model_states_fp8_map.pt")
    chosen = names if fp8 else ("mp_rank_00_model_states.pt",)
    return [*_ENCODERS, *(f"{_TRANSFORMERS}/{name}" for name in chosen)]


def _convert(root: Path, draft: Path, fp8: bool, half: bool) -> None:
    """The transformer, as diffusers saves it: it loads faster and can be quantized."""
    import torch

    from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel

    network = HunyuanVideoAvatarTransformer3DModel.from_single_file(
        root / BASE / "transformers", torch.bfloat16 if half else torch.float32, fp8=fp8
    )
    network.save_pretrained(draft / CONVERTED, max_shard_size="5GB")


WEIGHTS = Weights(
    repository="tencent/HunyuanVideo-Avatar",
    gigabytes=46,  # of all files above
    licence=LICENCE,
    agreement=TERRITORY,
    variable=VARIABLE,
    folder=weights_folder,
    root=lambda folder: WeightsFolder.at(folder).root,
    complaint=lambda folder: WeightsFolder.at(folder).complaint(),
    patterns=patterns,
    parts=(CONVERTED,),
    convert=_convert,
    holds=lambda folder: (WeightsFolder.at(folder).root / BASE).is_dir(),
)
