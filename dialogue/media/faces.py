"""Faces in a picture: found by insightface where its models are installed, else by BlazeFace and the face mesh where
their files are, else by the cascades OpenCV carries.

Nothing is ever downloaded: insightface starts a download when a folder is missing, so the folder is looked at first.

Shapes: `h` rows, `w` columns.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from dialogue.ground.box import Box
from dialogue.ground.errors import Problem, SceneError
from dialogue.media.face_files import face_files
from dialogue.media.face_points import bent, face_around, face_points, faces_by_mesh, is_nothing
from dialogue.media.media import SURE, FoundFace
from dialogue.media.pictures import Pixels, open_picture

MODELS_VARIABLE = "DIALOGUE_FACE_MODELS"  # a folder of insightface's .onnx files, when it is not the usual place
MODELS_HINT = (
    "put insightface's models, such as buffalo_l, into ~/.insightface/models/buffalo_l; "
    "the published ones are for non-commercial research only"
)
ALIKE = 0.35  # cosine of two recognition vectors above which they are one person

_SIDE = 640  # pixels of the longer side in which the cascades look
_SMALLEST = 0.04  # of the longer side: a smaller face has no mouth to move
_STEP = 1.1  # from one size to the next
_NEIGHBOURS = 4
_SAME = 0.35  # intersection over union of two cascades' boxes of one face
_CONVINCED = 0.6  # sum of the cascades' confidence that makes a face
# Each cascade's own score, taken to 0 … 1: what it gives false boxes, and how much more it gives clear faces.
_CASCADES = {"frontalface_default": (1.0, 8.0), "frontalface_alt2": (54.0, 3.0), "profileface": (0.0, 4.0)}
# A cascade's square to the face, brow to chin and cheek to cheek: the median over pictures with known boxes.
_INSET, _WIDTH, _HEIGHT = 0.12, 0.74, 1.04


def models_folder() -> Path | None:
    """The folder with insightface's models, or None; the first of the names it publishes, else any."""
    given = os.environ.get(MODELS_VARIABLE)
    if given:
        return Path(given) if any(Path(given).glob("*.onnx")) else None
    models = Path.home() / ".insightface" / "models"
    known = [models / name for name in ("antelopev2", "buffalo_l", "buffalo_m", "buffalo_s")]
    others = sorted(folder for folder in models.iterdir() if folder.is_dir()) if models.is_dir() else []
    return next((folder for folder in [*known, *others] if any(folder.glob("*.onnx"))), None)


def models_files() -> list[Path]:
    """The files that decide what is found."""
    folder = models_folder()
    return [*(sorted(folder.glob("*.onnx")) if folder else []), *face_files()]


def detector_name() -> str:
    """Which detector `detect` uses here, as the plan says it."""
    folder = models_folder()
    if folder is not None:
        return f"insightface {folder.name}"
    return "BlazeFace and face mesh" if face_files() else "OpenCV cascades"


def detect(path: Path) -> tuple[FoundFace, ...]:
    """The faces of a picture, left to right, as boxes from brow to chin in pixels of the upright picture."""
    pixels = open_picture(path)
    folder = models_folder()
    if folder is None and face_files():
        found = _by_mesh(pixels)
    else:
        found = _by_insightface(pixels, folder) if folder else _by_cascades(pixels)
        found = [replace(face, mouth=face_points(pixels, face.box).mouth) for face in found]
    return tuple(sorted(found, key=lambda face: (face.box.center, face.box)))


def at(path: Path, box: Box, mouth: tuple[tuple[float, float], ...] = ()) -> FoundFace | None:
    """The face in a box that somebody gave; None where there is nothing like a face and no mouth was given either.

    `mouth`: its middle or its corners. The score is the confidence of the mouth as it is found without help.
    """
    pixels = open_picture(path)
    found = face_points(pixels, box)
    if not mouth and found.confidence < SURE:
        others = any(face.box.overlap(box) < 0.1 for face in detect(path))
        if is_nothing(pixels, box, others):
            return None
    return FoundFace(box, found.confidence, found.origin, bent(found, mouth).mouth)


def around(path: Path, point: tuple[float, float]) -> FoundFace | None:
    """The face that a point lies in: the smallest such box of the faces found; None where there is none."""
    inside = [face for face in detect(path) if face.box.padded(0.15).contains(*point)]
    if inside or not face_files():
        return min(inside, key=lambda face: face.box.area, default=None)
    found = face_around(open_picture(path), point)
    return FoundFace(found.box, found.confidence, found.origin, found.mouth) if found else None


def _by_mesh(pixels: Pixels) -> list[FoundFace]:
    frame = Box(0, 0, pixels.shape[1], pixels.shape[0])
    faces = [(score, face, face.box.intersection(frame)) for score, face in faces_by_mesh(pixels)]
    return [FoundFace(box, round(score, 2), detector_name(), face.mouth) for score, face, box in faces if box.area]


def like(picture: Path, image: Path) -> Box | None:
    """The face in `picture` of the person whose photograph `image` is; None when nobody is alike enough.

    SceneError without insightface's recognition model, or when the photograph shows no face. The largest face of the
    photograph is taken.
    """
    folder = models_folder()
    if folder is None or "recognition" not in _analysis(folder).models:
        have = "its models are not installed" if folder is None else f"{folder} has no recognition model"
        message = f"can be looked for only with insightface, and {have}"
        raise SceneError(Problem(message, file=str(image), hint=f"{MODELS_HINT}; or give a box or detect:"))
    wanted = _recognised(open_picture(image), folder)
    if not wanted:
        raise SceneError(
            Problem("shows no face to look for", file=str(image), hint="use a clear photograph of one face")
        )
    person, _ = max(wanted, key=lambda found: found[1].area)
    scored = [
        (float(person.normed_embedding @ face.normed_embedding), box)
        for face, box in _recognised(open_picture(picture), folder)
    ]
    best = max(scored, default=None, key=lambda pair: pair[0])
    return best[1] if best and best[0] >= ALIKE else None


@lru_cache(maxsize=1)
def _analysis(folder: Path) -> Any:
    from insightface.app import FaceAnalysis

    try:
        analysis = FaceAnalysis(
            name=str(folder), allowed_modules=["detection", "recognition"], providers=["CPUExecutionProvider"]
        )
        analysis.prepare(ctx_id=-1, det_thresh=0.5, det_size=(640, 640))
    except Exception as error:  # whatever a wrong or damaged model file makes insightface or onnxruntime raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"insightface cannot use the models in it: {reason}"
        raise SceneError(Problem(message, file=str(folder), hint="remove or replace the folder")) from error
    return analysis


def _recognised(pixels: Pixels, folder: Path) -> list[tuple[Any, Box]]:
    """insightface's faces and their boxes, clipped to the picture."""
    height, width = pixels.shape[:2]
    found = []
    for face in _analysis(folder).get(np.ascontiguousarray(pixels[..., ::-1])):  # insightface takes BGR
        left, top, right, bottom = (round(float(side), 1) for side in face.bbox)
        box = Box(left, top, max(0.0, right - left), max(0.0, bottom - top)).intersection(Box(0, 0, width, height))
        if box.area:
            found.append((face, box))
    return found


def _by_insightface(pixels: Pixels, folder: Path) -> list[FoundFace]:
    found = _recognised(pixels, folder)
    return [FoundFace(box, round(float(face.det_score), 3), detector_name()) for face, box in found]


def _by_cascades(pixels: Pixels) -> list[FoundFace]:
    """What several cascades agree on, or one is sure of; their scores alone do not tell faces from foliage."""
    import cv2

    height, width = pixels.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if scale < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    votes = [vote for name in _CASCADES for vote in _votes(name, grey)]
    found = []
    for cluster in _clusters(votes):
        sure: dict[str, float] = {}
        for name, _, confidence in cluster:
            sure[name] = max(sure.get(name, 0.0), confidence)
        score = sum(sure.values())
        if score >= _CONVINCED:
            box = _face_of(cluster).scaled(1 / scale, 1 / scale).intersection(Box(0, 0, width, height))
            box = Box(*(round(side) for side in box.to_list()))
            found.append(FoundFace(box, round(score, 2), detector_name()))
    return found


_Vote = tuple[str, Box, float]  # which cascade, its square, its confidence 0 … 1


def _votes(name: str, grey: Any) -> list[_Vote]:
    """What one cascade finds; the profile cascade knows one side only, so it looks in a mirror too."""
    import cv2

    folder: str = getattr(cv2, "data").haarcascades  # noqa: B009  (its stubs know no `data`)
    cascade = cv2.CascadeClassifier(os.path.join(folder, f"haarcascade_{name}.xml"))
    smallest = max(20, round(_SMALLEST * max(grey.shape)))
    low, span = _CASCADES[name]
    votes: list[_Vote] = []
    for mirrored in (False, True) if name == "profileface" else (False,):
        view = cv2.flip(grey, 1) if mirrored else grey
        squares, _, scores = cascade.detectMultiScale3(
            view, _STEP, _NEIGHBOURS, minSize=(smallest, smallest), outputRejectLevels=True
        )
        for (x, y, side, _), score in zip(squares, scores, strict=True):
            left = grey.shape[1] - x - side if mirrored else x
            confidence = float(np.clip((float(score) - low) / span, 0, 1))
            votes.append((name, Box(float(left), float(y), float(side), float(side)), confidence))
    return votes


def _clusters(votes: Iterable[_Vote]) -> list[list[_Vote]]:
    """Votes for one face together: each joins the most confident vote it overlaps."""
    clusters: list[list[_Vote]] = []
    for vote in sorted(votes, key=lambda vote: (-vote[2], vote[1])):
        for cluster in clusters:
            if cluster[0][1].overlap(vote[1]) > _SAME:
                cluster.append(vote)
                break
        else:
            clusters.append([vote])
    return clusters


def _face_of(cluster: Sequence[_Vote]) -> Box:
    """The mean of the frontal squares (a profile's reaches over the ear), drawn in to the face itself."""
    frontal = [box for name, box, _ in cluster if name != "profileface"] or [box for _, box, _ in cluster]
    x, y, side, _ = np.mean([box.to_list() for box in frontal], axis=0).tolist()
    return Box(x + _INSET * side, y, _WIDTH * side, _HEIGHT * side)
