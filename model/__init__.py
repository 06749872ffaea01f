"""Talking-character video generators as a library: no scene, no speaker's name, no film.

Importing this package imports no torch: its names are loaded when they are first used, all else is in its modules.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from model.torchaudio_hook import install as _install_torchaudio_hook

if TYPE_CHECKING:
    from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
    from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline, SpeakerTrack

__all__ = ["HunyuanVideoAvatarPipeline", "HunyuanVideoAvatarTransformer3DModel", "SpeakerTrack"]
_PLACES = {
    "HunyuanVideoAvatarPipeline": "model.hunyuan.pipeline",
    "HunyuanVideoAvatarTransformer3DModel": "model.avatar.transformer",
    "SpeakerTrack": "model.hunyuan.pipeline",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'model' has no attribute {name!r}")
    return getattr(importlib.import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_PLACES]


_install_torchaudio_hook()
