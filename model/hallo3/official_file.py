"""Official files of tensors: read without running what is in them, or refused with the reason."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch


class CheckpointError(ValueError):
    """A checkpoint that cannot be loaded: what is wrong with which file and keys, all at once."""


def read_file(file: Path) -> dict[str, Any]:
    """The dictionary in a file that torch wrote, tensors and plain values alone. CheckpointError says why not."""
    try:
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refused(file, error)) from error
    except (RuntimeError, ValueError):  # not the zip format, or truncated: the plain reader knows which
        try:
            content = torch.load(file, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise CheckpointError(_refused(file, error)) from error
        except (RuntimeError, EOFError, ValueError) as error:
            raise CheckpointError(f"{file}: not a readable checkpoint ({error})") from error
    except EOFError as error:
        raise CheckpointError(f"{file}: ends early; fetch it again") from error
    if not isinstance(content, dict):
        raise CheckpointError(f"{file}: holds a {type(content).__name__}, not a dictionary of tensors")
    return content


def _refused(file: Path, error: Exception) -> str:
    text = str(error)
    if "numpy" in text or "rng" in text.lower():
        return (
            f"{file}: a save of training with the state of NumPy's random numbers beside the weights; reading that "
            "could run code, so it was refused. Save the weights alone: torch.save({'module': weights}, file)"
        )
    return f"{file}: holds more than tensors, or is damaged, and was not executed: {text.splitlines()[0]}"
