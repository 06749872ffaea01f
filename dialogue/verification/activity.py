"""How much each planned face moves its mouth in each frame of a film. Works on any film of the plan's size and length.

Movement is the mean change of the lower face between two frames, less that of the brow and eyes over it, so that a
nod or a cut in light is no speech. Shapes: `h` `w` pixels of a crop, `n` frames.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.box import Box
from dialogue.ground.errors import Problem, SceneError
from dialogue.media.container import DAMAGED, open_container
from dialogue.planning.plan import Face, Plan, Shot
from dialogue.verification.opening import OpeningMap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Gray = NDArray[np.uint8]  # (h, w)
    Curve = NDArray[np.float32]  # (n,)

_MOUTH = (0.15, 0.58, 0.70, 0.47)  # x, y, width, height as shares of the face box: lips, chin and jaw
_BROW = (0.15, 0.05, 0.70, 0.30)
_SHORT = f"{DAMAGED}; else "
_SIZE = 48  # pixels a side to which a crop is brought, so that large and small faces compare


@dataclass(frozen=True)
class Activity:
    """One face in one shot. `movement` (frames,) in grey levels per frame, 0 in the shot's first frame.

    `elsewhere`: the pixel of the frame where the face opens while its speaker speaks, when that is not its mouth.
    """

    shot: Shot
    speaker: str
    movement: Curve
    elsewhere: tuple[float, float] | None = None


def mouth_activity(film: Path, plan: Plan) -> list[Activity]:
    """Every face of every shot. SceneError when the film is not one of this plan: its size or its length differ."""
    import numpy as np

    found: list[Activity] = []
    frames = gray_frames(film, plan)
    for shot in plan.shots:
        curves = {face.speaker: np.zeros(shot.frames, np.float32) for face in shot.faces}
        before: dict[str, tuple[Gray, Gray]] = {}
        openings = {face.speaker: OpeningMap(face) for face in shot.faces}
        spoken = {face.speaker: speaking(plan, face.speaker) for face in shot.faces}
        for index in range(shot.frames):
            frame = next(frames, None)
            if frame is None:
                raise _another(film, f"ends {plan.frames - shot.start - index} frames before the plan does", _SHORT)
            for face in shot.faces:
                now = _crops(frame, face)
                if face.speaker in before:
                    curves[face.speaker][index] = _movement(before[face.speaker], now)
                before[face.speaker] = now
                openings[face.speaker].add(frame, bool(spoken[face.speaker][shot.start + index]))
        size = plan.width, plan.height
        found += [
            Activity(shot, speaker, curve, openings[speaker].elsewhere(size)) for speaker, curve in curves.items()
        ]
    if next(frames, None) is not None:
        raise _another(film, f"is longer than the plan's {plan.frames} frames")
    return found


def speaking(plan: Plan, speaker: str, margin: int = 0) -> NDArray[np.bool_]:
    """(frames,): whether the speaker speaks, or is within `margin` frames of it."""
    import numpy as np

    found = np.zeros(plan.frames, bool)
    for turn in plan.turns:
        if turn.speaker == speaker:
            start, end = plan.clock.frame_at(turn.start), plan.clock.frame_at(turn.end)
            found[max(0, start - margin) : end + margin] = True
    return found


def gray_frames(film: Path, plan: Plan) -> Iterator[Gray]:
    """The film's frames as grey levels, one at a time."""
    import av

    try:
        with open_container(film) as container:
            if not container.streams.video:
                raise SceneError(Problem("has no picture", str(film), hint="a film that `dialogue render` made"))
            stream = container.streams.video[0]
            if (stream.width, stream.height) != (plan.width, plan.height):
                raise _another(film, f"is {stream.width}x{stream.height}, the plan {plan.width}x{plan.height}")
            stream.thread_type = "AUTO"
            for frame in container.decode(stream):
                yield frame.to_ndarray(format="gray")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise SceneError(Problem(f"cannot be read as a film: {reason}", str(film), hint=DAMAGED)) from None


def _another(film: Path, how: str, perhaps: str = "") -> SceneError:
    hint = f"{perhaps}give the plan it was made from"
    return SceneError(Problem(f"is no film of this plan: it {how}", str(film), hint=hint))


def _crops(frame: Gray, face: Face) -> tuple[Gray, Gray]:
    """Mouth and brow: by the mouth's own points where the plan has them, else by where faces have them."""
    mouth = face.own_mouth
    if mouth is None:
        return _crop(frame, face.box, _MOUTH), _crop(frame, face.box, _BROW)
    (ax, ay), (bx, by) = mouth.left, mouth.right
    wide = max(math.hypot(bx - ax, by - ay), 0.2 * face.box.width)
    around = Box((ax + bx) / 2 - 0.8 * wide, (ay + by) / 2 - 0.5 * wide, 1.6 * wide, 1.3 * wide)
    return _crop(frame, around, (0, 0, 1, 1)), _crop(frame, face.box, _BROW)


def _crop(frame: Gray, box: Box, part: tuple[float, float, float, float]) -> Gray:
    import cv2
    import numpy as np

    height, width = frame.shape
    x, y = box.x + part[0] * box.width, box.y + part[1] * box.height
    left, top = int(min(max(x, 0), width - 2)), int(min(max(y, 0), height - 2))
    right = int(min(max(x + part[2] * box.width, left + 2), width))
    bottom = int(min(max(y + part[3] * box.height, top + 2), height))
    return np.asarray(cv2.resize(frame[top:bottom, left:right], (_SIZE, _SIZE), interpolation=cv2.INTER_AREA))


def _movement(before: tuple[Gray, Gray], now: tuple[Gray, Gray]) -> float:
    import cv2

    mouth, brow = (float(cv2.absdiff(old, new).mean()) for old, new in zip(before, now, strict=True))
    return max(0.0, mouth - brow)
