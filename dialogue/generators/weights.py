"""Weights that are not part of the package: where they lie, what one agrees to, how they are fetched and converted."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.ground.errors import DialogueError, Problem, SceneError

_SAMPLE = 1 << 20  # bytes read from each end of a file, to know it again


@dataclass(frozen=True)
class Weights:
    """The released weights of one generator.

    Args:
        repository: on the Hugging Face hub; `gigabytes` of it are fetched, rounded up.
        licence: what is shown before; `agreement`: what is agreed to.
        variable: of the environment, which names their folder; `folder`: that folder, or the usual one.
        root: the folder in a folder in which everything lies; `complaint`: what it lacks, in one line, None: nothing.
        patterns: the files of the repository that are needed; True: with the transformer in 8 bits.
        parts: the names of what `convert` makes; it writes them into a draft folder, in 16 bits or (False) in 32.
        holds: whether a folder is one of these weights.
    """

    repository: str
    gigabytes: int
    licence: str
    agreement: str
    variable: str
    folder: Callable[[], Path]
    root: Callable[[Path], Path]
    complaint: Callable[[Path], str | None]
    patterns: Callable[[bool], Sequence[str]]
    parts: Sequence[str]
    convert: Callable[[Path, Path, bool, bool], Any]
    holds: Callable[[Path], bool]

    def check_space(self, folder: Path) -> None:
        """DialogueError when the disk of `folder` has no room for the weights."""
        there = next(parent for parent in (folder, *folder.absolute().parents) if parent.is_dir())
        free = shutil.disk_usage(there).free / 1e9
        if free < self.gigabytes:
            raise DialogueError(
                f"{folder}: {free:.0f} GB are free and the weights need {self.gigabytes} GB; --to names a folder"
            )

    def fetch(self, folder: Path, fp8: bool = False) -> Path:
        """Fetch what is not there yet into `folder`, a stopped fetch goes on; the folder in which everything lies.

        DialogueError when it fails.
        """
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

        try:
            snapshot_download(self.repository, local_dir=folder, allow_patterns=list(self.patterns(fp8)))
        except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
            reason = " ".join(str(error).split()).split(" An error happened")[0] or type(error).__name__
            raise DialogueError(
                f"cannot fetch {self.repository}: {reason[:200]}; without a network, copy its folders from a machine "
                f"that has one to {folder}"
            ) from error
        lacking = self.complaint(folder)
        if lacking is not None:
            raise DialogueError(f"{self.repository} was fetched and does not have all that is needed: {lacking}")
        return self.root(folder)

    def converted(self, folder: Path, output: Path | None, fp8: bool, half: bool) -> tuple[Path, ...]:
        """Convert the networks of a folder of weights to sharded safetensors, each whole or not at all; where they are.

        `output`: the one network's place, or the folder of several; None: where they are looked for. SceneError where
        something is there already, DialogueError for a checkpoint that does not fit.
        """
        root = self.root(folder)
        if output is None:
            places = [root / name for name in self.parts]
        else:
            places = [output] if len(self.parts) == 1 else [output / name for name in self.parts]
        for place in places:
            if place.exists():
                raise SceneError(Problem(f"{str(place)!r} is there already", hint="remove it, or name another with -o"))
        places[0].parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=places[0].parent, prefix=".converting-") as draft:
            try:
                self.convert(root, Path(draft), fp8, half)
            except ValueError as error:  # a checkpoint that does not fit
                raise DialogueError(str(error)) from error
            for name, place in zip(self.parts, places, strict=True):
                (Path(draft) / name).rename(place)
        return tuple(places)


def digest_of_weights(files: Iterable[Path], root: Path) -> str:
    """16 digits of the files by their names, sizes, beginnings and ends: gigabytes are known again in no time."""
    digest = hashlib.sha256()
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.relative_to(root).as_posix()} {size}\n".encode())
        with file.open("rb") as content:
            digest.update(content.read(_SAMPLE))
            content.seek(max(0, size - _SAMPLE))
            digest.update(content.read(_SAMPLE))
    return digest.hexdigest()[:16]
