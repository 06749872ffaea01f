"""A part of a pipeline that diffusers can save, load, move and offload: what encoders and autoencoders are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from diffusers.models.modeling_utils import ModelMixin

SETTINGS = "settings.json"


class SavedPart(ModelMixin):  # type: ignore[misc]
    """What a pipeline asks of its parts. Each subclass has its own `save_pretrained` and `from_pretrained`.

    Such a part is used through methods other than `forward`, which block-level offloading would not see: it is
    offloaded leaf by leaf, whatever is asked for.
    """

    _supports_group_offloading = True

    @property
    def device(self) -> torch.device:
        return self._of_first("device", torch.device("cpu"))  # type: ignore[no-any-return]

    @property
    def dtype(self) -> torch.dtype:
        return self._of_first("dtype", torch.float32)  # type: ignore[no-any-return]

    def _of_first(self, name: str, otherwise: Any) -> Any:
        """A part may have no weights at all."""
        if next(self.parameters(), None) is None and next(self.buffers(), None) is None:
            return otherwise
        return getattr(ModelMixin, name).fget(self)

    def enable_group_offload(self, *args: Any, **options: Any) -> None:
        """As diffusers', leaf by leaf."""
        names = ("onload_device", "offload_device", "offload_type", "num_blocks_per_group")
        given = {**dict(zip(names, args, strict=False)), **options, "offload_type": "leaf_level"}
        super().enable_group_offload(**given)


def write_settings(folder: str | Path, settings: Mapping[str, Any]) -> Path:
    """The folder of a part, made, with what it is besides its weights."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SETTINGS).write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder


def read_settings(folder: str | Path) -> dict[str, Any] | None:
    """What `write_settings` wrote; None where nothing was."""
    file = Path(folder) / SETTINGS
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def inner(name: str, variant: str | None) -> str:
    """The folder of a model inside a part. Its name tells diffusers which variant is there, as files' names do."""
    return f"{name}.{variant or 'model'}"


def only_weights(options: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Of the options that diffusers passes when it saves, those that a model of transformers takes."""
    known = names or ("max_shard_size",)
    return {name: value for name, value in options.items() if name in known and value is not None}
