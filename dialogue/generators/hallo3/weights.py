"""The released weights of hallo3: what one agrees to, which files, how much, how they are converted."""

from __future__ import annotations

from pathlib import Path

from dialogue.generators.hallo3.settings import WEIGHTS as VARIABLE
from dialogue.generators.hallo3.settings import weights_folder
from dialogue.generators.weights import Weights
from model.hallo3.weights_folder import CONVERTED, LATEST, WeightsFolder

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

_FILES = (
    "hallo3/latest",
    "hallo3/1/mp_rank_00_model_states.pt",
    "cogvideox-5b-i2v-sat/vae/3d-vae.pt",
    *(f"t5-v1_1-xxl/{name}" for name in ("*.json", "*.model", "*.safetensors")),
    *(f"wav2vec/wav2vec2-base-960h/{name}" for name in ("*.json", "model.safetensors")),
    "LICENSE*",
    "README.md",
)


def _convert(root: Path, draft: Path, fp8: bool, half: bool) -> None:
    """Both networks, one after the other, as diffusers saves them."""
    import torch

    from model.hallo3.loading import save_converted

    save_converted(WeightsFolder.at(root), draft, torch.bfloat16 if half else torch.float32)


WEIGHTS = Weights(
    repository="fudan-generative-ai/hallo3",
    gigabytes=40,  # of all files above
    licence=LICENCE,
    agreement="I agree to both licences",
    variable=VARIABLE,
    folder=weights_folder,
    root=lambda folder: WeightsFolder.at(folder).root,
    complaint=lambda folder: WeightsFolder.at(folder).complaint(),
    patterns=lambda fp8: _FILES,
    parts=CONVERTED,
    convert=_convert,
    holds=lambda folder: (WeightsFolder.at(folder).networks / LATEST).is_file(),
)
