"""Contact sheets of the animatic: every known face in every shape of the mouth and in every emotion, to be looked at.

    python scripts/face_sheets.py FOLDER -o DIR [--tile PIXELS] [--only WORD …]

FOLDER as of scripts/evaluate_faces.py. Writes photographs.jpg and others.jpg: a row a face, with its picture first.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dialogue.generators.animatic.expression import EXPRESSIONS
from dialogue.generators.animatic.face_warp import FaceWarp, Pose
from dialogue.ground.box import Box
from dialogue.media.pictures import open_picture
from dialogue.media.still import framed
from dialogue.planning.plan import Face

SIZE = 512  # pixels of the square still in which a face is moved
AROUND = 2.4  # of the face's width, that the still shows
POSES: dict[str, Pose | None] = {
    "picture": None, "rest": Pose(), "closed": Pose({"closed": 1}), "half": Pose({"open": 0.4, "wide": 0.2}),
    "wide": Pose({"wide": 1}), "open": Pose({"open": 1}), "round": Pose({"round": 1}),
    "teeth on lip": Pose({"teeth on lip": 1}), "blink": Pose(blink=1.0), "joy": Pose({"wide": 1}, feeling={"joy": 1}),
    "sadness": Pose(feeling={"sadness": 1}), "anger": Pose({"open": 0.8}, feeling={"anger": 1}),
    "fear": Pose(feeling={"fear": 1}), "surprise": Pose(feeling={"surprise": 1}),
    "disgust": Pose({"wide": 0.5}, feeling={"disgust": 1}),
}  # fmt: skip


def row_of(pixels: np.ndarray, box: Box, tile: int) -> np.ndarray:
    """The face of a picture in every pose, side by side."""
    side = AROUND * box.width
    x, y = box.center
    view = Box(x - side / 2, y - side / 2, side, side)
    still = framed(pixels, view, SIZE, SIZE)
    placed = box.moved(-view.x, -view.y).scaled(SIZE / side, SIZE / side)
    warp = FaceWarp(still, Face("a", placed, Box(0, 0, SIZE, SIZE)), EXPRESSIONS)
    (cx, cy), reach = placed.center, 0.74 * placed.width
    rows = slice(max(0, int(cy - 0.95 * reach)), int(cy + 1.05 * reach))
    columns = slice(max(0, int(cx - reach)), int(cx + reach))
    tiles = []
    for pose in POSES.values():
        frame = still.copy()
        if pose is not None:
            warp.draw(pose, frame)
        tiles.append(cv2.resize(frame[rows, columns], (tile, tile), interpolation=cv2.INTER_AREA))
    return np.hstack(tiles)


def headed(rows: list[tuple[str, np.ndarray]], tile: int) -> np.ndarray:
    """The rows under a line that names the poses; each row's own name in its first tile."""
    head = np.full((18, rows[0][1].shape[1], 3), 28, np.uint8)
    for index, name in enumerate(POSES):
        write(head, name, (index * tile + 3, 13))
    for name, row in rows:
        write(row, name, (3, tile - 5))
    return np.vstack([head, *(row for _, row in rows)])


def write(picture: np.ndarray, text: str, at: tuple[int, int]) -> None:
    for color, thick in (((0, 0, 0), 3), ((255, 230, 90), 1)):
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.36, color, thick, cv2.LINE_AA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--tile", type=int, default=112)
    parser.add_argument("--only", nargs="*", default=[], help="pictures whose path holds one of these words")
    asked = parser.parse_args()
    known: dict[str, Any] = json.loads((asked.folder / "mouths.json").read_text("utf-8"))["pictures"]
    sheets: dict[str, list[tuple[str, np.ndarray]]] = {"photographs": [], "others": []}
    for picture, entry in known.items():
        if asked.only and not any(word in picture for word in asked.only):
            continue
        pixels = open_picture(asked.folder / picture)
        for number, face in enumerate(entry["faces"], 1):
            name = Path(picture).stem + (f" {number}" if len(entry["faces"]) > 1 else "")
            sheet = sheets["photographs" if face["style"] == "photo" else "others"]
            sheet.append((name, row_of(pixels, Box(*face["box"]), asked.tile)))
    asked.output.mkdir(parents=True, exist_ok=True)
    for name, rows in sheets.items():
        if rows:
            image = headed(rows, asked.tile)[..., ::-1]
            cv2.imwrite(str(asked.output / f"{name}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 82])


if __name__ == "__main__":
    main()
