"""A diarization pipeline folder of the published shape with random weights, for tests and benchmarks without a hub.

The layout and the sizes are those of pyannote's community-1 pipeline (PyanNet powerset segmentation over 10 s,
WeSpeaker ResNet34 embeddings, PLDA and VBx); pyannote's own `Pipeline.from_pretrained` loads it. Its cost per second
of audio is that of the published weights, its turns mean nothing.
"""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Any

import model  # noqa: F401  installs the torchaudio import hook first


def make_pipeline(folder: Path, small: bool = False, seed: int = 0) -> Path:
    """Write the folder; `small` shrinks the segmentation network and its window to 2 s, for quick tests."""
    import numpy as np
    import torch
    import yaml

    torch.manual_seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _save(_segmentation(small), folder / "segmentation" / "pytorch_model.bin")
        embedding = _embedding()
        _save(embedding, folder / "embedding" / "pytorch_model.bin")
    size, reduced = embedding.dimension, 128
    random = np.random.default_rng(seed)
    (folder / "plda").mkdir(exist_ok=True)
    transform = np.linalg.qr(random.normal(size=(size, reduced)))[0]
    np.savez(folder / "plda" / "xvec_transform.npz", mean1=np.zeros(size), mean2=np.zeros(reduced), lda=transform)
    turn = np.eye(reduced) + 0.01 * random.normal(size=(reduced, reduced))
    np.savez(folder / "plda" / "plda.npz", mu=np.zeros(reduced), tr=turn, psi=np.linspace(3, 0.1, reduced))
    (folder / "config.yaml").write_text(yaml.safe_dump(_config()))
    return folder


def _segmentation(small: bool) -> Any:
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.segmentation import PyanNet

    network = (
        PyanNet(lstm={"hidden_size": 16, "num_layers": 1}, linear={"hidden_size": 16, "num_layers": 1})
        if small
        else PyanNet(lstm={"hidden_size": 128, "num_layers": 4}, linear={"hidden_size": 128, "num_layers": 2})
    )
    network.specifications = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=2.0 if small else 10.0,
        min_duration=None,
        warm_up=(0.0, 0.0),
        classes=["speaker#1", "speaker#2", "speaker#3"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    network.build()
    _spread(network.eval())
    return network


def _spread(network: Any) -> None:
    """Centre and scale the classifier's inputs: untrained, one class would win everywhere and no turn would end."""
    import torch

    seen: list[torch.Tensor] = []
    handle = network.classifier.register_forward_pre_hook(lambda _module, inputs: seen.append(inputs[0]))
    syllables = torch.rand(8, 1, 32).repeat_interleave(1000, dim=2)
    with torch.no_grad():
        network(syllables * torch.randn(8, 1, 32_000) * 0.3)
        handle.remove()
        hidden = seen[0].flatten(0, 1)
        layer = network.classifier
        layer.weight.normal_().div_(hidden.std(dim=0).clamp_min(1e-6))
        layer.bias.copy_(-layer.weight @ hidden.mean(dim=0))


def _embedding() -> Any:
    from pyannote.audio.core.task import Problem, Resolution, Specifications
    from pyannote.audio.models.embedding import WeSpeakerResNet34

    network = WeSpeakerResNet34()
    network.specifications = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=10.0, classes=["0", "1"]
    )
    network.build()
    return network.eval()


def _save(network: Any, path: Path) -> None:
    import pytorch_lightning
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = {
        "state_dict": network.state_dict(),
        "hyper_parameters": dict(network.hparams),
        "pytorch-lightning_version": pytorch_lightning.__version__,
        "epoch": 0,
        "global_step": 0,
    }
    network.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, path)


def _config() -> dict[str, Any]:
    return {
        "dependencies": {"pyannote.audio": "4.0.0"},
        "pipeline": {
            "name": "pyannote.audio.pipelines.SpeakerDiarization",
            "params": {
                "clustering": "VBxClustering",
                "segmentation": "$model/segmentation",
                "segmentation_batch_size": 32,
                "embedding": "$model/embedding",
                "embedding_batch_size": 32,
                "embedding_exclude_overlap": True,
                "plda": "$model/plda",
            },
        },
        "params": {
            "clustering": {"threshold": 0.6, "Fa": 0.07, "Fb": 0.8},
            "segmentation": {"min_duration_off": 0.0},
        },
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print(make_pipeline(arguments.folder, arguments.small, arguments.seed))
