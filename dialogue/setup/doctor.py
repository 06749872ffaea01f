"""What this machine has for films and lacks, with the command or place that mends it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = (
    "dialogue-avatar", "torch", "diffusers", "transformers", "pyannote.audio", "opencv-python", "av", "imageio-ffmpeg",
    "c2pa-python",
)  # fmt: skip
_EXTRAS = {"resemblyzer": "voices", "sherpa-onnx": "sherpa", "ray": "ray"}
_SPACE = 10  # GB free; below it a long film's shots may not fit


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `good` is None for what merely is; `hint` mends what is not good."""

    name: str
    value: str
    good: bool | None = None
    hint: str | None = None


def _package(name: str, hint: str, needed: bool = True) -> Finding:
    try:
        return Finding(name, version(name), True)
    except PackageNotFoundError:
        return Finding(name, "not installed", False if needed else None, hint)


def _ffmpeg() -> Finding:
    """The binary that comes with imageio-ffmpeg; none on the PATH is needed."""
    try:
        import imageio_ffmpeg

        path = imageio_ffmpeg.get_ffmpeg_exe()
        return Finding("ffmpeg", f"{imageio_ffmpeg.get_ffmpeg_version()} at {path}", True)
    except (ImportError, RuntimeError) as error:
        return Finding("ffmpeg", f"not found: {error}", False, "pip install imageio-ffmpeg, or set IMAGEIO_FFMPEG_EXE")


def _memory() -> Finding:
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return Finding("memory", "unknown")
    return Finding("memory", f"{total / 1e9:.0f} GB")


def _gpu() -> Finding:
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding("gpu", f"torch does not load: {error}", False, "install torch for this machine")
    if not torch.cuda.is_available():
        return Finding("gpu", "none that CUDA sees")
    cards = [torch.cuda.get_device_properties(index) for index in range(torch.cuda.device_count())]
    return Finding("gpu", ", ".join(f"{card.name} with {card.total_memory / 1e9:.0f} GB" for card in cards), True)


def _emotion() -> Finding:
    """What hears emotions where a scene says `emotion: auto`."""
    from dialogue.ground.errors import SceneError
    from dialogue.hearing.feeling import COMMAND, classifier

    try:
        folder = classifier()
    except SceneError as error:
        return Finding("emotion", error.problems[0].message, False, error.problems[0].hint)
    if folder is None:
        return Finding("emotion", "emotion: auto goes by words alone", None, COMMAND)
    return Finding("emotion", f"a classifier in {folder}", True)


def _cleaning() -> Finding:
    """What cleans recordings to be listened to, where a scene says `clean: yes`."""
    from dialogue.media.cleaning import ADVICE, way

    how = way()
    if how is None:
        return Finding("cleaning", "clean: yes cleans by nothing here", None, ADVICE)
    return Finding("cleaning", f"by {how}", True)


def _signing() -> Finding:
    """Who signs films; nothing is made by looking."""
    from dialogue.ground.errors import SceneError
    from dialogue.rendering.signer import CERTIFICATE, made_chain, signer

    if not os.environ.get(CERTIFICATE) and not made_chain().is_file():
        return Finding("signing", f"a key is made with the first film, in {made_chain()}")
    try:
        who = signer()
    except SceneError as error:
        problem = error.problems[0]
        return Finding("signing", f"{problem.file or ''} {problem.message}".strip(), False, problem.hint)
    stamp = f", time stamps of {who.timestamp}" if who.timestamp else ""
    return Finding("signing", f"by {os.environ[CERTIFICATE] if who.own else made_chain()}{stamp}", True)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    hint = None if free >= _SPACE else f"films and their shots are kept here: free {_SPACE} GB"
    return Finding("disk", f"{free:.0f} GB free in {Path.cwd()}", free >= _SPACE, hint)


def _faces() -> Iterator[Finding]:
    """What `face: {detect: …}` finds faces with, what finds their mouths, and whether `{like: …}` works."""
    from dialogue.media.face_files import ADVICE, face_files, faces_folder
    from dialogue.media.faces import MODELS_HINT, detector_name, models_folder

    here = bool(face_files())
    yield Finding("faces", detector_name(), here or models_folder() is not None or None, None if here else ADVICE)
    yield Finding("mouths", f"face mesh in {faces_folder()}" if here else "edges and colours", here or None)
    if models_folder() is None:
        yield Finding("likeness", "{like: …} needs insightface's models", None, MODELS_HINT)
    else:
        yield Finding("likeness", f"insightface in {models_folder()}", True)


def _diarization() -> Iterator[Finding]:
    """What finds who speaks when in a mixed recording: the way that is taken, then each and what it is worth."""
    from dialogue.diarization.diarizer import CHOICE, available, wrong_with
    from dialogue.diarization.sherpa_files import sherpa_lack
    from dialogue.diarization.voice_encoder import INSTALL, weights_file

    name, reason = available()
    wrong = wrong_with(os.environ[CHOICE]) if name == "pyannote" else None
    if not name:
        yield Finding("diarization", f"none: {reason}", None, "only for mixed recordings: any of the three below")
    elif wrong is not None:
        hint = "name a pipeline's folder, or one of the hub as owner/name"
        yield Finding("diarization", f"{CHOICE}: {wrong}", False, hint)
    else:
        yield Finding("diarization", f"{name}: {reason}", True)
    named = os.environ.get(CHOICE)
    ways = (
        ("pyannote", None if named else f"set {CHOICE}", "the best published error rates, overlap; gated weights"),
        ("sherpa-onnx", sherpa_lack(), "pyannote's segmentation and overlap, nothing gated; not measured here"),
        ("open voices", None if weights_file() else INSTALL, "95 % right for two close microphones; no overlap"),
    )
    for way, lack, worth in ways:
        yield Finding(f"  {way}", worth, True if lack is None else None, lack)


def _measured() -> Finding:
    """Where measurements of media are kept; it may be emptied at any time."""
    from dialogue.media.cache import cache_folder

    folder = cache_folder()
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else 0
    return Finding("cache", f"{size / 1e6:.0f} MB in {folder}")


def _generators() -> Iterator[Finding]:
    """Every generator: ready, or what it lacks."""
    from dialogue.generators import GENERATORS, generator

    for name in GENERATORS:
        lack = generator(name).missing()
        if lack is None:
            yield Finding(f"generator {name}", "ready", True)
        else:
            yield Finding(f"generator {name}", "cannot run here", None, lack)


def doctor() -> Iterator[Finding]:
    """Everything worth knowing of this machine before a render, most general first; nothing is changed by looking."""
    yield Finding("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in _PACKAGES:
        yield _package(package, "install dialogue-avatar again")
    for package, extra in _EXTRAS.items():
        yield _package(package, f"only if wanted: pip install 'dialogue-avatar[{extra}]'", needed=False)
    yield _ffmpeg()
    yield _memory()
    yield Finding(
        "processors", str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count())
    )
    yield _gpu()
    yield _disk()
    yield _signing()
    yield from _faces()
    yield from _diarization()
    yield _emotion()
    yield _cleaning()
    yield _measured()
    yield from _generators()
