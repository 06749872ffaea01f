"""Every known face made to speak and then to listen in an animatic, and what moves in it measured.

The frames are looked at as the generator makes them, before any encoder. The voice is that of an example scene.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import soundfile

from dialogue.generators.animatic import animatic
from dialogue.generators.animatic.face_warp import moving_part, points_of
from dialogue.generators.animatic.matte import head_window
from dialogue.generators.generator import shot_job
from dialogue.ground.box import Box
from dialogue.media.face_points import face_points
from dialogue.media.pictures import open_picture
from dialogue.media.still import still
from dialogue.planning.framing import output_size, to_output, view_of
from dialogue.planning.plan import AudioSlice, Face, Mix, Mouth, Plan, Shot, Speaker, Turn
from dialogue.planning.regions import regions_of

VOICE = Path(__file__).resolve().parent.parent / "scenes" / "two_hander" / "ana.flac"
FPS = 25
SPEAKS = 0.6  # of the film; the rest they listen
BEHIND = 0.5  # of the head's movement, below which a pixel is of what is behind it
LAGS = range(-5, 6)  # frames


@dataclass(frozen=True)
class FilmScore:
    """One face. `inside`: the movement in the true lips and just around them, times that of the rest of the face.

    `teeth_rows`: rows of teeth between the lips where they are furthest apart; `flicker`: how jerky the lips move, 0
    smooth, 2 a change of direction in every frame; `sync`: correlation of the lips' opening with loudness, best at
    `lag` frames; `listening`: movement of the lips while listening, of that while speaking; `beside`:
    movement of what is behind the head, of that in the face outside the lips, None where the matte is not sure.
    """

    picture: str
    number: int
    style: str
    inside: float
    teeth_rows: int
    flicker: float
    sync: float
    lag: int
    listening: float
    beside: float | None


def film_scores(folder: Path, seconds: float) -> Iterator[FilmScore]:
    """A film of every face of `mouths.json` in the folder."""
    folder = folder.resolve()  # a plan's files are found from its media
    known = json.loads((folder / "mouths.json").read_text("utf-8"))["pictures"]
    sound, rate = soundfile.read(VOICE, dtype="float32")
    loud = np.resize(sound, round(seconds * rate))[: round(SPEAKS * seconds * rate)]
    frames = round(SPEAKS * seconds * FPS)
    edges = np.linspace(0, len(loud), frames + 1).astype(int)
    envelope = np.array([np.sqrt((loud[a:b] ** 2).mean()) for a, b in zip(edges, edges[1:], strict=False)])
    for picture, entry in known.items():
        for number, face in enumerate(entry["faces"]):
            plan, view = plan_of(folder / picture, Box(*face["box"]), seconds)
            film = np.stack(list(animatic.load()(shot_job(plan, plan.shots[0], folder, folder, 1), lambda *_: None)))
            corners = {name: moved(point, view, plan) for name, point in face["mouth"].items()}
            style, placed = face.get("style", "not told"), plan.shots[0].faces[0].box
            picture_of, part = still_and_part(folder, plan)
            behind = background(picture_of, plan.shots[0].faces[0], part)
            yield measured(picture, number, style, film, corners, placed, envelope, behind)


def still_and_part(folder: Path, plan: Plan) -> tuple[np.ndarray, Box]:
    """The still that a film's first shot moves, and the part of it that may move."""
    shot = plan.shots[0]
    return still(folder / shot.picture, shot.view, plan.width, plan.height), moving_part(shot.faces[0])


def background(picture: np.ndarray, face: Face, part: Box) -> np.ndarray | None:
    """Where in a still the moving part shows what is behind the head, (rows, columns) bool; None if not clear."""
    top, bottom, left, right = int(part.y), int(part.bottom), int(part.x), int(part.right)
    points = points_of(picture, face).points - np.array((left, top, 0), np.float32)
    window, clear = head_window(np.ascontiguousarray(picture[top:bottom, left:right]), points)
    behind = np.zeros(picture.shape[:2], bool)
    behind[top:bottom, left:right] = window < BEHIND
    return behind if clear and behind.sum() > 200 else None


def plan_of(picture: Path, box: Box, seconds: float) -> tuple[Plan, Box]:
    """A plan of one shot of the picture in which its one speaker says the voice's beginning; and the shot's view."""
    pixels = open_picture(picture)
    size = pixels.shape[1], pixels.shape[0]
    output = output_size((1, 1), 448 * 448, 2)
    around = box.padded(0.6).intersection(Box(0, 0, *size))
    view = view_of(size, output, [around])
    placed = to_output(box, view, output)
    region = regions_of([placed], output)[0][0]
    mouth = face_points(pixels, box).mouth
    scale = output[0] / view.width
    left, right = (((x - view.x) * scale, (y - view.y) * scale) for x, y in (mouth.left, mouth.right))
    end = round(SPEAKS * seconds, 3)
    turn = Turn("a", 0.0, end, AudioSlice(str(VOICE), 0.0, end))
    shot = Shot(0, 0, round(seconds * FPS), str(picture), view, (Face("a", placed, region, "", Mouth(left, right)),))
    speaker = Speaker("a", "A", "#e06060")
    plan = Plan(
        "", "animatic", "", 7, Fraction(FPS), *output, seconds, (speaker,), (turn,), (shot,), Mix(), labels="none"
    )
    return plan, view


def moved(point: Any, view: Box, plan: Plan) -> np.ndarray:
    return (np.array(point) - (view.x, view.y)) * (plan.width / view.width)


def measured(
    picture: str, number: int, style: str, film: np.ndarray, mouth: dict[str, np.ndarray], box: Box, loud: np.ndarray,
    behind: np.ndarray | None = None,
) -> FilmScore:  # fmt: skip
    height, width = film.shape[1:3]
    wide = float(np.linalg.norm(mouth["right"] - mouth["left"]))
    lips = np.zeros((height, width), np.uint8)
    outline = np.array([mouth["left"], mouth["top"], mouth["right"], mouth["bottom"]])
    cv2.fillConvexPoly(lips, np.rint(outline).astype(np.int32), 1)
    around = cv2.dilate(lips, np.ones((3, 3), np.uint8), iterations=max(1, round(0.22 * wide))).astype(bool)
    face = np.zeros((height, width), bool)
    face[max(0, int(box.y)) : int(box.bottom), max(0, int(box.x)) : int(box.right)] = True
    grey = np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in film]).astype(np.float32)
    steps = np.abs(np.diff(grey, axis=0))
    speaking, pause = len(loud), 6
    inner, outer = steps[:, around].mean(1), steps[:, face & ~around].mean(1)
    opening = np.abs(grey[:, around] - grey[-1, around]).mean(1)
    fits = {lag: _fit(opening[: len(loud)], loud, lag) for lag in LAGS}
    best = max(fits, key=lambda lag: fits[lag])
    turns = np.diff(opening[:speaking])
    flicker = float(np.abs(np.diff(turns)).mean() / (np.abs(turns).mean() + 1e-6))
    widest = film[int(np.argmax(opening[:speaking]))]
    return FilmScore(
        picture, number, style, round(float(inner[:speaking].mean() / (outer[:speaking].mean() + 1e-3)), 1),
        teeth_rows(widest, mouth), round(flicker, 2), round(fits[best], 2), best,
        round(float(inner[speaking + pause :].mean() / inner[:speaking].mean()), 3),
        None if behind is None else round(float(steps[:, behind].mean() / (outer.mean() + 1e-3)), 3),
    )  # fmt: skip


def _fit(opening: np.ndarray, loud: np.ndarray, lag: int) -> float:
    shifted = np.roll(opening, -lag)
    keep = slice(max(0, -lag), len(loud) - max(0, lag))
    return float(np.corrcoef(shifted[keep], loud[keep])[0, 1])


def teeth_rows(frame: np.ndarray, mouth: dict[str, np.ndarray]) -> int:
    """Rows of bright, colourless pixels in the middle of the mouth, with something else between them."""
    across = mouth["right"] - mouth["left"]
    wide = float(np.linalg.norm(across))
    down = np.array((-across[1], across[0])) / wide
    t = np.linspace(-0.15, 0.55, 71) * wide
    s = np.linspace(-0.12, 0.12, 9)
    middle = (mouth["inner_top"] + mouth["inner_bottom"]) / 2
    points = middle + s[None, :, None] * across + t[:, None, None] * down
    lab = cv2.cvtColor(frame, cv2.COLOR_RGB2LAB).astype(np.float32)
    seen = cv2.remap(lab, points[..., 0].astype(np.float32), points[..., 1].astype(np.float32), cv2.INTER_LINEAR)
    line = np.median(seen, axis=1)
    light, chroma = line[:, 0], np.hypot(line[:, 1] - 128, line[:, 2] - 128)
    skin_light, skin_chroma = float(np.median(light[-8:])), float(np.median(chroma[-8:]))
    bright = light > 0.7 * skin_light
    if skin_chroma > 8:
        teeth = bright & (chroma < 0.6 * skin_chroma)
    else:  # a grey picture: what is bright between two stretches of dark
        dark = np.flatnonzero(light < 0.4 * skin_light)
        teeth = bright & (np.arange(len(light)) > dark.min(initial=99)) & (np.arange(len(light)) < dark.max(initial=0))
    runs = np.diff(np.flatnonzero(np.diff(np.concatenate([[0], teeth, [0]]))).reshape(-1, 2), axis=1)
    return int((runs >= 2).sum())
