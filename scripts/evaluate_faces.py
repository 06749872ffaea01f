"""How well faces are found, their mouths placed, and moved in films, on pictures whose mouths are known.

    python scripts/evaluate_faces.py FOLDER [--films SECONDS] [--json]

FOLDER holds pictures and `mouths.json` (`pictures`: path, then `faces` with `box`, `mouth`, `eyes`, `pose`, `style`,
`estimated`), and may hold `faces.json` (`images`: path, then `boxes_xywh`), whose pictures without faces count too.
Errors are shares of the true mouth's width. With --films, every face is made to speak in an animatic of that many
seconds, and what moves is measured.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

from dialogue.ground.box import Box
from dialogue.media.face_points import face_points
from dialogue.media.faces import detect, detector_name
from dialogue.media.media import FoundFace
from dialogue.media.pictures import open_picture

ON_THE_MOUTH = 0.15  # of the mouth's width: what is nearer is on the mouth
MET = 0.3  # intersection over union of a found box and a true one
FOREHEAD = 0.35  # of the box's height, which a box with the forehead is higher


@dataclass(frozen=True)
class MouthScore:
    """One true face. Errors are shares of the mouth's width; None where a corner cannot be seen.

    `centre`, `corner`: with the true box; `centre_tall`: with the forehead in the box; `moved`: between those two;
    `centre_found`: in the detector's own box, None where it found nothing.
    """

    picture: str
    number: int
    style: str
    pose: str
    centre: float
    corner: float | None
    centre_tall: float
    moved: float
    centre_found: float | None
    confidence: float


@dataclass(frozen=True)
class FaceCount:
    """Faces there are, faces found, and boxes that are none."""

    true: int
    found: int
    false: int


def corners_of(face: Mapping[str, Any]) -> np.ndarray:
    return np.array([face["mouth"]["left"], face["mouth"]["right"]], float)


def mouth_score(pixels: np.ndarray, picture: str, number: int, face: Any, found: Iterable[FoundFace]) -> MouthScore:
    true = corners_of(face)
    width = float(np.linalg.norm(true[1] - true[0]))

    def corners(box: Box) -> tuple[np.ndarray, float]:
        mouth = face_points(pixels, box).mouth
        return np.array([mouth.left, mouth.right]), mouth.confidence

    def off(corners: np.ndarray) -> float:
        return round(float(np.linalg.norm(corners.mean(0) - true.mean(0))) / width, 3)

    box = Box(*face["box"])
    tall = Box(box.x, max(0.0, box.y - FOREHEAD * box.height), box.width, 0).y
    own, confidence = corners(box)
    with_forehead, _ = corners(Box(box.x, tall, box.width, box.bottom - tall))
    best = max(found, key=lambda one: one.box.overlap(box), default=None)
    met = best is not None and best.mouth is not None and best.box.overlap(box) >= MET
    seen = [i for i, side in enumerate(("left", "right")) if side not in face.get("estimated", ())]
    corner = max((float(np.linalg.norm(own[i] - true[i])) / width for i in seen), default=None)
    style, pose = (face.get(name, "not told") for name in ("style", "pose"))
    return MouthScore(
        picture, number, style, pose, off(own), None if corner is None else round(corner, 3),
        off(with_forehead), round(float(np.linalg.norm(own.mean(0) - with_forehead.mean(0))) / width, 3),
        off(np.array([best.mouth.left, best.mouth.right])) if met and best and best.mouth else None, confidence,
    )  # fmt: skip


def count_faces(true: list[list[Box]], found: Iterable[FoundFace]) -> FaceCount:
    """`true`: each face as one box or more, for people draw them differently; the best of them counts."""
    boxes = [one.box for one in found]
    hit = [any(box.overlap(known) >= MET for box in boxes for known in one) for one in true]
    false = [all(box.overlap(known) < MET for one in true for known in one) for box in boxes]
    return FaceCount(len(true), sum(hit), sum(false))


def read_truth(folder: Path) -> tuple[dict[str, Any], dict[str, list[list[Box]]]]:
    """mouths.json's pictures, and of every picture the boxes of its faces: people, or whatever is listed as a face."""
    mouths = json.loads((folder / "mouths.json").read_text("utf-8"))["pictures"]
    other = folder / "faces.json"
    listed = json.loads(other.read_text("utf-8"))["images"] if other.exists() else {}
    faces: dict[str, list[list[Box]]] = {}
    for picture in sorted({*mouths, *listed}):
        own = [Box(*face["box"]) for face in mouths.get(picture, {}).get("faces", ())]
        if picture in listed:
            boxes = [Box(*box) for box in listed[picture]["boxes_xywh"]]
            faces[picture] = [[box, *(one for one in own if one.overlap(box) > MET)] for box in boxes]
        else:
            faces[picture] = [[box] for box in own]
    return mouths, faces


def evaluate(folder: Path) -> tuple[list[MouthScore], dict[str, FaceCount]]:
    mouths, faces = read_truth(folder)
    scores, counts = [], {}
    for picture, true in faces.items():
        pixels, found = open_picture(folder / picture), detect(folder / picture)
        counts[picture] = count_faces(true, found)
        known = mouths.get(picture, {}).get("faces", ())
        scores += [mouth_score(pixels, picture, number, face, found) for number, face in enumerate(known)]
    return scores, counts


def groups(scores: list[MouthScore]) -> Iterator[tuple[str, list[MouthScore]]]:
    yield "all", scores
    for field in ("style", "pose"):
        for value in sorted({getattr(one, field) for one in scores}):
            yield value, [one for one in scores if getattr(one, field) == value]


def summary(scores: list[MouthScore]) -> dict[str, Any]:
    def on(values: list[float | None]) -> float:
        known = [value for value in values if value is not None]
        return round(mean(value <= ON_THE_MOUTH for value in known), 3) if known else 0.0

    corners = [one.corner for one in scores if one.corner is not None]
    return {
        "faces": len(scores),
        "on_the_mouth": on([one.centre for one in scores]),
        "on_the_mouth_with_forehead": on([one.centre_tall for one in scores]),
        "median_centre": round(median(one.centre for one in scores), 3),
        "median_corner": round(median(corners), 3) if corners else None,
        "most_moved_by_the_forehead": max(one.moved for one in scores),
    }


def recall_by_style(mouths: Mapping[str, Any], counts: Mapping[str, FaceCount]) -> dict[str, FaceCount]:
    """Each picture under the style of its first known face; `none` for pictures without one."""
    found: dict[str, FaceCount] = {}
    for picture, count in counts.items():
        known = mouths.get(picture, {}).get("faces", ())
        style = "no face" if not count.true else known[0].get("style", "not told") if known else "not told"
        old = found.get(style, FaceCount(0, 0, 0))
        found[style] = FaceCount(old.true + count.true, old.found + count.found, old.false + count.false)
    return found


def print_table(rows: list[dict[str, Any]], show: Callable[[str], None] = print) -> None:
    names = list(rows[0])
    widths = [max(len(name), *(len(str(row[name])) for row in rows)) for name in names]
    for words in (names, *([str(row[name]) for name in names] for row in rows)):
        show("  ".join(word.ljust(width) for word, width in zip(words, widths, strict=True)).rstrip())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=float, default=0.0, metavar="SECONDS", help="also measure films this long")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    scores, counts = evaluate(asked.folder)
    recall = recall_by_style(read_truth(asked.folder)[0], counts)
    films: list[Any] = []
    if asked.films:
        from face_films import film_scores

        films = [asdict(one) for one in film_scores(asked.folder, asked.films)]
    if asked.json:
        result = {
            "detector": detector_name(),
            "faces": {style: asdict(count) for style, count in recall.items()},
            "mouths": {name: summary(some) for name, some in groups(scores)},
            "each": [asdict(one) for one in scores],
            "films": films,
        }
        print(json.dumps(result, indent=1))
        return
    print(f"faces, found by {detector_name()}")
    print_table([{"style": style, **asdict(count)} for style, count in sorted(recall.items())])
    print("\nmouths, in the true boxes; errors in mouth widths")
    print_table([{"group": name, **summary(some)} for name, some in groups(scores)])
    print("\neach face")
    print_table([asdict(one) for one in scores])
    if films:
        print("\nfilms")
        print_table(films)


if __name__ == "__main__":
    main()
