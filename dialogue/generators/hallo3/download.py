"""Fetching the weights of hallo3: what one agrees to, which files, how much, and the fetching itself."""

from __future__ import annotations

import shutil
from pathlib import Path

from dialogue.ground.errors import DialogueError
from model.hallo3.weights_folder import WeightsFolder

REPOSITORY = "fudan-generative-ai/hallo3"
LICENCE = """\
Two licences apply to hallo3. Before you agree:
1. Hallo3, code and training: Fudan University and others, MIT. Copies keep its notice.
2. Its networks were trained from CogVideoX-5B-I2V and are a derivative of it, under the CogVideoX License of Zhipu AI:
  - Research is free. Commercial use needs a registration with Zhipu AI, and is free below a million visits a month.
  - Uses against law, public order or others' rights, and military ones, are forbidden; the notice stays with copies.
  - Disputes are settled by law and courts of China.
The release's card adds: made for English speech; not to be used to deceive or to impersonate without consent.
With them come T5 v1.1 XXL (Apache 2.0) and wav2vec2-base-960h (Apache 2.0).
Not fetched: insightface's face models, which are for non-commercial research only. See docs/hallo3.md.
The whole texts: https://huggingface.co/fudan-generative-ai/hallo3 and
https://huggingface.co/THUDM/CogVideoX-5b-I2V/blob/main/LICENSE"""
AGREEMENT = "I agree to both licences"

_FILES = (
    "hallo3/latest",
    "hallo3/1/mp_rank_00_model_states.pt",
    "cogvideox-5b-i2v-sat/vae/3d-vae.pt",
    *(f"t5-v1_1-xxl/{name}" for name in ("*.json", "*.model", "*.safetensors")),
    *(f"wav2vec/wav2vec2-base-960h/{name}" for name in ("*.json", "model.safetensors")),
    "LICENSE*",
    "README.md",
)
GIGABYTES = 40  # of all files above, rounded up


def patterns() -> list[str]:
    """The files of the repository that are needed."""
    return list(_FILES)


def check_space(folder: Path) -> None:
    """DialogueError when the disk of `folder` has no room for the weights."""
    there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
    free = shutil.disk_usage(there).free / 1e9
    if free < GIGABYTES:
        raise DialogueError(
            f"{folder}: {free:.0f} GB are free and the weights need {GIGABYTES} GB; --to names a folder"
        )


def fetch(folder: Path) -> WeightsFolder:
    """Fetch what is not there yet into `folder`; a fetch that was stopped goes on. DialogueError when it fails."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        snapshot_download(REPOSITORY, local_dir=folder, allow_patterns=patterns())
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = " ".join(str(error).split()).split(" An error happened")[0] or type(error).__name__
        raise DialogueError(
            f"cannot fetch {REPOSITORY}: {reason[:200]}; without a network, copy its folders from a machine that has "
            f"one to {folder}"
        ) from error
    found = WeightsFolder.at(folder)
    lacking = found.complaint()
    if lacking is not None:
        raise DialogueError(f"{REPOSITORY} was fetched and does not have all that is needed: {lacking}")
    return found
