"""The folder of released weights: where everything lies in it, and what is missing. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BASE = "hunyuan-video-t2v-720p"
CONVERTED = "transformer"  # where a converted transformer lies, sharded as diffusers saves it


@dataclass(frozen=True)
class Component:
    """A part of the weights: its folder, and for each needed file the names that will do (glob patterns)."""

    name: str
    folder: str
    files: tuple[tuple[str, ...], ...]

    def missing(self, root: Path) -> tuple[str, ...]:
        """What is not there, as paths below `root`; alternatives joined by ` or `."""
        folder = root / self.folder
        return tuple(
            " or ".join(f"{self.folder}/{name}" for name in names)
            for names in self.files
            if not any(any(folder.glob(name)) for name in names)
        )


_WEIGHTS = ("model.safetensors", "model-*.safetensors", "pytorch_model.bin")
_TOKENIZER = ("tokenizer.json", "tokenizer.model", "vocab.json")
OFFICIAL_TRANSFORMER = Component(
    "transformer", f"{BASE}/transformers", (("*_model_states.pt", "*_model_states_fp8.pt"),)
)
CONVERTED_TRANSFORMER = Component("transformer", CONVERTED, (("config.json",), ("*.safetensors",)))
VAE = Component("VAE", f"{BASE}/vae", (("config.json",), ("pytorch_model.pt", "diffusion_pytorch_model.safetensors")))
LLAVA = Component("LLaVA", "llava_llama_image", (("config.json",), _WEIGHTS[:2], _TOKENIZER))
CLIP = Component("CLIP", "text_encoder_2", (("config.json",), _WEIGHTS, _TOKENIZER))
WHISPER = Component("Whisper", "whisper-tiny", (("config.json",), _WEIGHTS, ("preprocessor_config.json",)))
ENCODERS = (VAE, LLAVA, CLIP, WHISPER)


@dataclass(frozen=True)
class WeightsFolder:
    """The release's `ckpts` folder. The face detector in it (`det_align`) is not needed: faces come with the shot."""

    root: Path

    @staticmethod
    def at(path: Path) -> WeightsFolder:
        """The folder itself, or the one in it that holds the parts: `path`, `path/ckpts` or `path/weights/ckpts`."""
        for root in (path, path / "ckpts", path / "weights" / "ckpts"):
            if any((root / part.folder).is_dir() for part in (OFFICIAL_TRANSFORMER, CONVERTED_TRANSFORMER, LLAVA)):
                return WeightsFolder(root)
        return WeightsFolder(path)

    @property
    def transformer(self) -> Path:
        """A converted transformer before the official one."""
        converted = self.root / CONVERTED_TRANSFORMER.folder
        return converted if converted.is_dir() else self.root / OFFICIAL_TRANSFORMER.folder

    @property
    def is_converted(self) -> bool:
        return self.transformer.name == CONVERTED

    @property
    def vae(self) -> Path:
        return self.root / VAE.folder

    @property
    def llava(self) -> Path:
        return self.root / LLAVA.folder

    @property
    def clip(self) -> Path:
        return self.root / CLIP.folder

    @property
    def whisper(self) -> Path:
        return self.root / WHISPER.folder

    def missing(self) -> tuple[str, ...]:
        """Every file that is not there, below the folder; empty when the generator can run."""
        transformer = CONVERTED_TRANSFORMER if self.is_converted else OFFICIAL_TRANSFORMER
        found = [file for part in (transformer, *ENCODERS) for file in part.missing(self.root)]
        folder = self.transformer
        only_fp8 = any(folder.glob("*_model_states_fp8.pt")) and not any(folder.glob("*_model_states.pt"))
        if only_fp8 and not any(folder.glob("*_model_states_fp8_map.pt")):
            found.append(f"{OFFICIAL_TRANSFORMER.folder}/*_model_states_fp8_map.pt")
        return tuple(found)

    def complaint(self) -> str | None:
        """In one line which folder lacks which files, and the command that fetches them; None when all are there."""
        missing = self.missing()
        if not missing:
            return None
        if not self.root.is_dir():
            missing = (self.transformer.relative_to(self.root).as_posix(), *(part.folder for part in ENCODERS))
        home = Path.home()
        shown = f"~/{self.root.relative_to(home).as_posix()}" if self.root.is_relative_to(home) else str(self.root)
        return f"weights are missing in {shown}: {', '.join(missing)}; get them with `dialogue models pull`"

    def files(self) -> tuple[Path, ...]:
        """The files that decide what is generated, sorted."""
        parts = {self.transformer, self.vae, self.llava, self.clip, self.whisper}
        return tuple(sorted(file for part in parts if part.is_dir() for file in part.iterdir() if file.is_file()))
