"""The two model files of sherpa-onnx's diarization: where they are kept, whether they are right, how they are fetched.

They are what sherpa-onnx publishes: pyannote's segmentation 3.0 (who speaks at once in ten seconds) and WeSpeaker's
ResNet34 (a vector for a voice), both as ONNX. Nothing gated: no account and no token is needed.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import os
from pathlib import Path

from dialogue.ground.errors import DialogueError
from dialogue.ground.places import data_folder

VARIABLE = "DIALOGUE_VOICES"
COMMAND = "dialogue models pull voices"
INSTALL = "pip install 'dialogue-avatar[sherpa]'"
SEGMENTATION, VOICE = "segmentation.onnx", "voice.onnx"
REPOSITORIES = {  # our name: the repository on the hub, and the file in it
    SEGMENTATION: ("csukuangfj/sherpa-onnx-pyannote-segmentation-3-0", "model.onnx"),
    VOICE: ("csukuangfj/speaker-embedding-models", "wespeaker_en_voxceleb_resnet34_LM.onnx"),
}
MEGABYTES = 33
LICENCE = """\
segmentation.onnx, 6 MB: pyannote segmentation-3.0 (c) CNRS, MIT licence, converted by sherpa-onnx.
voice.onnx, 27 MB: WeSpeaker ResNet34-LM, Creative Commons Attribution 4.0 (its training data, VoxCeleb, is), converted
by sherpa-onnx. Name them where you publish what they found. They tell voices apart: in some places a person has to be
asked before their voice is kept."""
AGREEMENT = "Both licences allow any use, with attribution"
_NEEDED = {  # what sherpa-onnx reads of each file, and ends the process without
    SEGMENTATION: ("num_speakers", "powerset_max_classes", "num_classes", "window_size", "receptive_field_shift"),
    VOICE: ("framework", "output_dim", "sample_rate", "normalize_samples", "language"),
}


def voices_folder() -> Path:
    """The folder of the model files, asked for or usual; it need not be there."""
    written = os.environ.get(VARIABLE, "").strip()
    return Path(written).expanduser() if written else data_folder() / "voices"


def sherpa_files(folder: Path | None = None) -> tuple[Path, Path] | None:
    """The segmentation and the voice model; None where one of them is not there. Nothing is opened."""
    files = (folder or voices_folder()) / SEGMENTATION, (folder or voices_folder()) / VOICE
    return files if all(file.is_file() and file.stat().st_size for file in files) else None


def sherpa_lack() -> str | None:
    """What keeps this machine from this way, as a command; None where nothing does."""
    if importlib.util.find_spec("sherpa_onnx") is None:
        return INSTALL
    return None if sherpa_files() is not None else COMMAND


def encoder_digest() -> str:
    """12 digits of the voice model: voices of another cannot be compared."""
    file = voices_folder() / VOICE
    status = file.stat()
    return _digest(str(file), status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=4)
def _digest(file: str, size: int, changed: int) -> str:
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12]


def complaint(folder: Path) -> str | None:
    """What is wrong with the models of a folder, in one line: a damaged one would end the process. None: nothing."""
    import onnxruntime

    for name, keys in _NEEDED.items():
        file = folder / name
        if not file.is_file():
            return f"{file} is not there ({COMMAND})"
        try:
            session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime has a class of its own for each failure
            return f"{file} is no ONNX model ({type(error).__name__}); fetch it again: {COMMAND}"
        lacking = [key for key in keys if key not in session.get_modelmeta().custom_metadata_map]
        if lacking:
            return f"{file} is no model of sherpa-onnx's for this: it does not say {', '.join(lacking)}"
    return None


def fetch(folder: Path) -> None:
    """Fetch what is not there yet. DialogueError when it fails, or what came is not right."""
    import shutil
    import tempfile

    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    from dialogue.ground.atomic import appearing

    folder.mkdir(parents=True, exist_ok=True)
    for name, (repository, file) in REPOSITORIES.items():
        if (folder / name).is_file():
            continue
        with tempfile.TemporaryDirectory() as scratch:
            try:
                came = hf_hub_download(repository, file, local_dir=scratch)
            except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
                reason = " ".join(str(error).split())[:200] or type(error).__name__
                message = f"cannot fetch {file} of {repository}: {reason}"
                raise DialogueError(f"{message}; without a network, copy it to {folder / name}") from error
            with appearing(folder / name) as draft:
                shutil.copyfile(came, draft)
    wrong = complaint(folder)
    if wrong is not None:
        raise DialogueError(wrong)
