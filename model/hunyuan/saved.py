"""The pipeline as diffusers saves and loads it: one folder with a model_index.json, here or in the hub's cache."""

from __future__ import annotations

import importlib
import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from diffusers import DiffusionPipeline, ModelMixin

INDEX = "model_index.json"
# Parts that a saved pipeline may name. diffusers imports none for a folder's sake, for that would run its code.
PARTS = (
    "model.avatar.transformer",
    "model.hunyuan.prompt_encoder",
    "model.hunyuan.vae",
    "model.hunyuan.whisper_audio",
    "model.tiny.emotion",
    "model.tiny.log_mel",
    "model.tiny.sentence_text",
    "model.tiny.vae",
)
_HUB = ("cache_dir", "force_download", "token", "revision", "local_files_only", "proxies")


def is_saved(source: str | Path) -> bool:
    """Whether it is a folder that `save_pretrained` wrote."""
    return (Path(source) / INDEX).is_file()


def folder_of(source: str | Path, options: dict[str, Any]) -> Path:
    """The folder that is meant, on this machine; what concerns the hub is taken out of `options`.

    `owner/name`, where there is no such folder, is a repository of the hub. It is looked for in the hub's cache, and
    fetched only with `local_files_only=False`. ValueError when it is not there.
    """
    hub = {name: options.pop(name) for name in _HUB if name in options}
    path = Path(source).expanduser()
    if isinstance(source, Path) or path.is_dir() or not _is_repository(source):
        return path
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    hub.setdefault("local_files_only", True)
    hub.pop("proxies", None)
    try:
        found = Path(snapshot_download(source, **hub))
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        if not hub["local_files_only"]:
            raise ValueError(f"{source} could not be fetched from the hub: {str(error).splitlines()[0]}") from None
        raise ValueError(
            f"{source!r} is no folder here and no repository in the hub's cache; give a folder, or "
            "local_files_only=False to fetch it"
        ) from None
    return found


def _is_repository(source: str) -> bool:
    owner, slash, name = source.partition("/")
    return bool(slash and owner and name) and "/" not in name and not source.startswith((".", "~", "/"))


def known_parts(folder: Path) -> None:
    """Import what the index names of ours, so that diffusers finds it. ValueError for another pipeline's index."""
    index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
    if index.get("_class_name") != "HunyuanVideoAvatarPipeline":
        raise ValueError(
            f"{folder / INDEX} is of a {index.get('_class_name')}; load it with that class (wanted: "
            "HunyuanVideoAvatarPipeline)"
        )
    named = {value[0] for value in index.values() if isinstance(value, list) and len(value) == 2}
    for name in sorted(named & set(PARTS)):
        # diffusers looks for its own base class in the module of a part, to know how the part is loaded.
        vars(importlib.import_module(name)).setdefault("ModelMixin", ModelMixin)


def check_saveable(pipeline: DiffusionPipeline) -> None:
    """ValueError before anything is written, naming every part that could not be saved."""
    lost = [
        f"{name} ({type(part).__name__})"
        for name, part in pipeline.components.items()
        if part is not None and not hasattr(part, "save_pretrained")
    ]
    if lost:
        raise ValueError(
            f"{', '.join(lost)} cannot be saved: a part that is saved has save_pretrained and from_pretrained, as "
            "model.saved_part.SavedPart"
        )


def parts_of(pipeline: DiffusionPipeline, kind: type[DiffusionPipeline], given: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a pipeline of this `kind`: another's, and those `given`.

    ValueError for what is no part, and where the other lacks one.
    """
    names = set(inspect.signature(kind.__init__).parameters) - {"self"}
    known = {name: part for name, part in pipeline.components.items() if name in names}
    strange, lacking = sorted(set(given) - names), sorted(names - {*known, *given, *kind._optional_components})
    told = [f"{', '.join(strange)}: no part of this pipeline"] * bool(strange)
    told += [f"a {type(pipeline).__name__} has no {', '.join(lacking)}; give them"] * bool(lacking)
    if told:
        raise ValueError("; ".join(told))
    return {**known, **given}
