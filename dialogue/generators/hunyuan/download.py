"""Fetching the weights of hunyuan-avatar: what one agrees to, which files, how much, and the fetching itself."""

from __future__ import annotations

import shutil
from pathlib import Path

from dialogue.ground.errors import DialogueError
from model.hunyuan.weights_folder import WeightsFolder

REPOSITORY = "tencent/HunyuanVideo-Avatar"
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
GIGABYTES = 46  # of all files below, rounded up


def patterns(fp8: bool) -> list[str]:
    """The files of the repository that are needed; `fp8`: the transformer in 8 bits, which is loaded into 16."""
    names = ("mp_rank_00_model_states_fp8.pt", "mp_rank_00_model_states_fp8_map.pt")
    chosen = names if fp8 else ("mp_rank_00_model_states.pt",)
    return [*_ENCODERS, *(f"{_TRANSFORMERS}/{name}" for name in chosen)]


def check_space(folder: Path) -> None:
    """DialogueError when the disk of `folder` has no room for the weights."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(there).free / 1e9
    if free < GIGABYTES:
        raise DialogueError(
            f"{folder}: {free:.0f} GB are free and the weights need {GIGABYTES} GB; --to names a folder"
        )


def fetch(folder: Path, fp8: bool) -> WeightsFolder:
    """Fetch what is not there yet into `folder`; a fetch that was stopped goes on. DialogueError when it fails."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        snapshot_download(REPOSITORY, local_dir=folder, allow_patterns=patterns(fp8))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = " ".join(str(error).split()).split(" An error happened")[0] or type(error).__name__
        raise DialogueError(
            f"cannot fetch {REPOSITORY}: {reason[:200]}; without a network, copy its ckpts folder from a machine that "
            f"has one to {folder / 'ckpts'}"
        ) from error
    found = WeightsFolder.at(folder)
    lacking = found.complaint()
    if lacking is not None:
        raise DialogueError(f"{REPOSITORY} was fetched and does not have all that is needed: {lacking}")
    return found
