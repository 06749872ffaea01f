"""What a film should keep within a shot: its colours, its faces, and no jump from one frame to the next.

Shapes: `h` `w` pixels of a small picture of the frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.errors import Problem, SceneError
from dialogue.media.container import DAMAGED
from dialogue.planning.plan import Plan

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Small = NDArray[np.float32]  # (h, w, 3), grey levels

WIDTH, HEIGHT = 64, 64  # of the small picture
COLOUR = 10.0  # grey levels by which a shot's mean colour may part from its beginning
JUMP = 6.0  # times the movement of the shot's liveliest frames that makes a jump, where it also is _LEAST
FACE = 0.6  # correlation of a face's upper half with itself in the shot's first second, below which it is another
_LEAST = 4.0  # grey levels
_SECOND = 25  # frames that are compared


def drifts(film: Path, plan: Plan) -> tuple[str, ...]:
    """A sentence for each shot that drifts or jumps; none where all is well. SceneError for what is no film."""
    import numpy as np

    frames = _frames(film)
    found = []
    for number, shot in enumerate(plan.shots, 1):
        seen = [frame for _, frame in zip(range(shot.frames), frames, strict=False)]
        if len(seen) < 4:
            continue
        stack = np.stack(seen)
        first, last = stack[:_SECOND].mean(0), stack[-_SECOND:].mean(0)
        colour = float(np.abs(first.mean((0, 1)) - last.mean((0, 1))).max())
        if colour > COLOUR:
            found.append(f"shot {number}: its colours drift by {colour:.0f} levels")
        steps = np.abs(np.diff(stack, axis=0)).mean((1, 2, 3))
        usual, most = float(np.quantile(steps, 0.9)), int(steps.argmax())
        if steps[most] > max(_LEAST, JUMP * usual):
            found.append(f"shot {number}: the picture jumps at its frame {most + 1}")
        for face in shot.faces:
            x, y = face.box.x / plan.width * WIDTH, face.box.y / plan.height * HEIGHT
            w, h = face.box.width / plan.width * WIDTH, face.box.height / plan.height * HEIGHT
            part = slice(int(y), int(y + h / 2) + 1), slice(int(x), int(x + w) + 1)
            alike = _alike(first[part], last[part])
            if alike < FACE:
                found.append(f"shot {number}: {face.speaker} does not look alike at its end ({alike:.2f})")
    return tuple(found)


def _alike(a: Small, b: Small) -> float:
    import numpy as np

    if a.size < 24 or a.std() < 1 or b.std() < 1:
        return 1.0
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _frames(film: Path) -> Iterator[Small]:
    import av
    import numpy as np

    try:
        with av.open(str(film)) as container:
            for frame in container.decode(video=0):
                small = frame.reformat(WIDTH, HEIGHT, "rgb24", interpolation="AREA")
                yield small.to_ndarray().astype(np.float32)
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise SceneError(Problem(f"cannot be read as a film: {str(error).lower()}", str(film), hint=DAMAGED)) from None
