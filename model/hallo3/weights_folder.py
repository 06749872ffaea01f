"""The folder of Hallo3's weights: where everything lies in it, and what is missing. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LATEST = "latest"
CHECKPOINT = "mp_rank_00_model_states.pt"
CONVERTED = ("transformer", "reference")  # where converted networks lie, sharded as diffusers saves them
_WEIGHTS = ("model.safetensors", "model-*.safetensors", "pytorch_model.bin", "pytorch_model-*.bin")
_TOKENIZER = ("spiece.model", "tokenizer.json", "tokenizer_config.json")
# Where the release and its users put each part, below the folder; the first that is there.
_NETWORKS = ("hallo3", ".")
_VAE = ("cogvideox-5b-i2v-sat/vae/3d-vae.pt", "vae/3d-vae.pt", "3d-vae.pt", "hallo3/3d-vae.pt")
_T5 = ("t5-v1_1-xxl", "t5-v1_1-xxl_new", "t5", "text_encoder", "T5")
_WAV2VEC = ("wav2vec/wav2vec2-base-960h", "wav2vec2-base-960h", "wav2vec", "wav2vec2")
_VOCALS = "audio_separator"
_FACES = ("face_analysis/models", "face_analysis", "insightface")


def _first(root: Path, names: tuple[str, ...]) -> Path | None:
    return next((root / name for name in names if (root / name).exists()), None)


def _has(folder: Path, names: tuple[str, ...]) -> bool:
    return any(any(folder.glob(name)) for name in names)


@dataclass(frozen=True)
class WeightsFolder:
    """The release's `pretrained_models` folder. The models of insightface in it are optional: see docs/hallo3.md."""

    root: Path

    @staticmethod
    def at(path: Path) -> WeightsFolder:
        """The folder itself, or `pretrained_models` in it."""
        inner = path / "pretrained_models"
        return WeightsFolder(inner if inner.is_dir() else path)

    @property
    def networks(self) -> Path:
        """The folder with `latest`, or where it would be."""
        found = [self.root / name for name in _NETWORKS if (self.root / name / LATEST).is_file()]
        return found[0] if found else self.root / _NETWORKS[0]

    @property
    def converted(self) -> tuple[Path, Path] | None:
        """The folders of converted denoiser and reference network; None when they are not both there."""
        folders = tuple(self.root / name for name in CONVERTED)
        whole = all((folder / "config.json").is_file() and _has(folder, ("*.safetensors",)) for folder in folders)
        return (folders[0], folders[1]) if whole else None

    @property
    def vae(self) -> Path | None:
        return _first(self.root, _VAE)

    @property
    def t5(self) -> Path | None:
        return _first(self.root, _T5)

    @property
    def wav2vec(self) -> Path | None:
        return next(
            (self.root / name for name in _WAV2VEC if (self.root / name / "config.json").is_file()),
            _first(self.root, _WAV2VEC),
        )

    @property
    def faces(self) -> Path | None:
        return _first(self.root, _FACES)

    @property
    def vocals(self) -> Path | None:
        """A separator of voices, which only the setting `vocals` needs."""
        return next(iter(sorted((self.root / _VOCALS).glob("*.onnx"))), None)

    def missing(self) -> tuple[str, ...]:
        """Every part that is not there, below the folder; empty when the generator can run."""
        lacking = []
        if self.converted is None:
            named = self.networks / LATEST
            if not named.is_file():
                lacking.append(f"hallo3/{LATEST}")
            if not _has(self.networks, (f"*/{CHECKPOINT}", CHECKPOINT)):
                lacking.append(f"hallo3/1/{CHECKPOINT}")
        if self.vae is None:
            lacking.append(_VAE[0])
        for folder, names in ((self.t5, _T5), (self.wav2vec, _WAV2VEC)):
            if folder is None:
                lacking.append(names[0])
                continue
            wanted = [("config.json",), _WEIGHTS] + ([_TOKENIZER] if names is _T5 else [])
            shown = folder.relative_to(self.root).as_posix()
            lacking += [f"{shown}/{' or '.join(alike)}" for alike in wanted if not _has(folder, alike)]
        return tuple(lacking)

    def complaint(self) -> str | None:
        """In one line which folder lacks which files, and the command that fetches them; None when all are there."""
        missing = self.missing()
        if not missing:
            return None
        home = Path.home()
        shown = f"~/{self.root.relative_to(home).as_posix()}" if self.root.is_relative_to(home) else str(self.root)
        return f"weights are missing in {shown}: {', '.join(missing)}; get them with `dialogue models pull hallo3`"

    def files(self) -> tuple[Path, ...]:
        """The files that decide what is generated, sorted."""
        networks = self.converted or (self.networks,)
        folders = [*networks, *(part for part in (self.t5, self.wav2vec, self.faces) if part is not None)]
        found = {file for folder in folders for file in folder.rglob("*") if file.is_file()}
        if self.vae is not None:
            found.add(self.vae)
        return tuple(sorted(found))
