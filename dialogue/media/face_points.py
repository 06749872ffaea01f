"""Where everything is in a face: the 468 points of the published face mesh, in any picture, and how sure they are.

The mesh model finds them where its files are and the face is one to it. Else a mean face is laid over the mouth and
the eyes that the picture's own edges and colours show. A mouth that was set by hand bends the points to it.

Shapes: `h` rows, `w` columns; points are (468, 3), x and y in pixels of the picture, z in the same unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.box import Box
from dialogue.media.face_edges import Eye, LipLine
from dialogue.media.face_files import face_files
from dialogue.media.lip_line import corners_by_the_line
from dialogue.media.media import SURE, Mouth

if TYPE_CHECKING:
    from dialogue.media.face_edges import EdgePoints
    from dialogue.media.pictures import Pixels

    Point = tuple[float, float]

Points = NDArray[np.float32]  # (468, 3)

MEAN_FACE = Path(__file__).parent / "mean_face.npz"  # made by scripts/fit_mean_face.py
GUESS = SURE  # confidence of what edges and colours show, where both eyes are found
BLIND = 0.2  # where they are not, though there is a mesh to compare with
NO_FACE = 0.02  # certainty of the mesh below which it sees none; a llama has .07
FLAT = 0.3  # evidence of a lip line below which there is nothing at all
AGREES = 0.02  # of the mouth's width: two looks of the mesh that give the same mouth
MOST_LOOKS = 8
LARGEST = 32_000  # pixels a side; OpenCV looks up places in no picture of 2**15
_PART = 4096  # pixels a side of what is looked at of a larger one
CONVINCED = 0.9  # confidence of a mesh that makes a face of what the detector only holds possible
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)  # of the mesh: their upper edges


@dataclass(frozen=True)
class FacePoints:
    """The points of one face, how sure they are (0 … 1), and which way they were found, in words a plan can print."""

    points: Points
    confidence: float
    origin: str
    eyes: bool = True  # seen, not only guessed at
    meshed: bool = True  # by the mesh model, not a mean face laid over them

    @property
    def mouth(self) -> Mouth:
        (ax, ay), (bx, by) = (self.points[corner, :2].tolist() for corner in (61, 291))
        return Mouth((round(ax, 1), round(ay, 1)), (round(bx, 1), round(by, 1)), self.confidence, self.origin)

    @property
    def box(self) -> Box:
        """Brow to chin, cheek to cheek."""
        x, y = self.points[:, 0], self.points[:, 1]
        left, right, top = float(x.min()), float(x.max()), float(y[list(BROWS)].min())
        return Box(round(left, 1), round(top, 1), round(right - left, 1), round(float(y.max()) - top, 1))


def faces_by_mesh(pixels: Pixels) -> list[tuple[float, FacePoints]]:
    """Every face of a picture (h, w, 3) that the detector and the mesh agree on, with the detector's score.

    Needs the model files. What the detector is sure of is a face; what it holds possible is one if the mesh is sure.
    """
    from dialogue.media.blazeface import CERTAIN, look

    found: list[tuple[float, FacePoints]] = []
    for one in look(pixels):
        face = _settled(pixels, one.box, _tilt(one.points))
        known = any(face.box.overlap(other.box) > 0.3 or _mostly(face.box, other.box) for _, other in found)
        if not known and (one.score >= CERTAIN or face.confidence >= CONVINCED):
            found.append((one.score, face))
    return found


def face_points(pixels: Pixels, box: Box, mouth: tuple[Point, ...] = ()) -> FacePoints:
    """The face in `box` of a picture (h, w, 3) uint8 RGB; the box may include the forehead, or be a little off.

    `mouth`: set by hand, its middle or both corners.
    """
    if max(pixels.shape[:2]) > LARGEST:
        return bent(_in_part(pixels, box), mouth)
    found = _by_mesh(pixels, box) if face_files() else None
    if found is None or found.confidence < SURE:
        other = _by_edges(pixels, box)
        found = other if found is None or other.confidence >= found.confidence else found
    return bent(found, mouth)


def _in_part(pixels: Pixels, box: Box) -> FacePoints:
    """As `face_points`, in the part of a picture around the box, made smaller where that is too large as well."""
    import cv2

    height, width = pixels.shape[:2]
    reach = 1.5 * max(box.width, box.height)
    x, y = box.center
    left, top = min(max(0, int(x - reach)), width - 1), min(max(0, int(y - reach)), height - 1)
    part = pixels[top : max(top + 1, math.ceil(y + reach)), left : max(left + 1, math.ceil(x + reach))]
    scale = min(1.0, _PART / max(part.shape[:2]))
    if scale < 1:
        size = (max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale)))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
    seen = Box((box.x - left) * scale, (box.y - top) * scale, box.width * scale, box.height * scale)
    found = face_points(part, seen)
    moved = found.points / np.float32(scale) + np.array((left, top, 0), np.float32)
    return replace(found, points=moved)


def _by_mesh(pixels: Pixels, box: Box) -> FacePoints:
    """The surest of the meshes that begin with the box itself and with what the detector sees around it."""
    from dialogue.media.blazeface import look

    around = box.padded(0.6).intersection(Box(0, 0, pixels.shape[1], pixels.shape[0]))
    left, top = int(around.x), int(around.y)
    part = pixels[top : math.ceil(around.bottom), left : math.ceil(around.right)]
    looked = look(part, parts=(1.0,)) if part.size else []
    seen = [(one.box.moved(left, top), one.points + (left, top)) for one in looked]
    near = [(other, points) for other, points in seen if other.overlap(box) > 0.25 or _mostly(other, box)]
    starts = [(other, _tilt(points)) for other, points in near[:2]] or [(box, 0.0), (box.padded(0.15), 0.0)]
    meshes = [_settled(pixels, start, angle) for start, angle in starts]
    inside = [mesh for mesh in meshes if _within(mesh.points, box)]
    return max(inside or [FacePoints(meshes[0].points, 0.0, "face mesh")], key=lambda found: found.confidence)


def face_around(pixels: Pixels, point: Point) -> FacePoints | None:
    """The face that the mesh is surest of in squares of every size around a point; None where it is sure of none."""
    height, width = pixels.shape[:2]
    found = []
    for share in (0.08, 0.14, 0.25, 0.42, 0.7):
        side = share * max(width, height)
        face = _settled(pixels, Box(point[0] - side / 2, point[1] - side / 2, side, side), 0.0)
        if face.confidence >= CONVINCED and face.box.padded(0.15).contains(*point):
            found.append(face)
    return max(found, key=lambda face: face.confidence, default=None)


def is_nothing(pixels: Pixels, box: Box, others: bool) -> bool:
    """Whether a box holds nothing like a face. Animals and drawings that no model knows are something.

    `others`: faces were found elsewhere in the picture, so that a box without one is a slip.
    """
    edges = face_points(pixels, box)
    if edges.confidence > BLIND:
        return False
    return edges.confidence == 0 or (others and bool(face_files()) and _by_mesh(pixels, box).confidence < NO_FACE)


def _mostly(seen: Box, box: Box) -> bool:
    return bool(seen.intersection(box).area > 0.7 * min(seen.area, box.area))


def _tilt(points: NDArray[np.float32]) -> float:
    x, y = (points[1] - points[0]).tolist()
    return math.atan2(y, x)


def _within(points: Points, box: Box) -> bool:
    """Whether the mesh's middle is in the box: else it went to another face."""
    x, y = points[:, :2].mean(0).tolist()
    return box.contains(x, y)


def _settled(pixels: Pixels, box: Box, angle: float) -> FacePoints:
    """Looked at again until two looks agree; the mean of the last of them, which is steadier than each."""
    from dialogue.media.face_mesh import CORNERS, again, mesh_in

    corners = list(CORNERS)
    points, certainty = mesh_in(pixels, box, angle)
    looks, certainties = [points], [certainty]
    unrest = 1.0
    while len(looks) < MOST_LOOKS:
        points, certainty = again(pixels, points)
        wide = float(np.linalg.norm(points[corners[1], :2] - points[corners[0], :2])) + 1e-6
        unrest = float(np.linalg.norm((points - looks[-1])[corners, :2].mean(0))) / wide
        looks, certainties = [*looks, points], [*certainties, certainty]
        if unrest < AGREES and len(looks) >= 5:
            break
    mean = np.mean(looks[-3:], axis=0).astype(np.float32)
    spread = float(np.linalg.norm(np.std([one[corners, :2].mean(0) for one in looks[-3:]], axis=0))) / wide
    confidence = min(certainties[-3:]) * min(1.0, max(0.0, 1.2 - 4 * spread))
    left, right = corners_by_the_line(pixels, mean)
    mended = _corners_moved(mean, np.array(left), np.array(right))
    return FacePoints(mended, round(float(confidence), 2), "face mesh")


def _by_edges(pixels: Pixels, box: Box) -> FacePoints:
    """The mean face laid over what the picture's edges and colours show."""
    from dialogue.media.face_edges import edge_points

    edges = edge_points(pixels, box)
    # Where there are no models this is how mouths are found, and no doubt about one of them.
    confidence = GUESS if edges.eyes or not face_files() else BLIND
    confidence = confidence if edges.eyes or edges.evidence >= FLAT else 0.0
    return FacePoints(_mean_face_over(edges, box), confidence, "edges and colours", bool(edges.eyes), meshed=False)


@lru_cache(maxsize=1)
def mean_face() -> Points:
    """A face seen from the front, (468, 3): the middle between the eyes at 0, 0, the distance between them 1."""
    with np.load(MEAN_FACE) as kept:
        return np.asarray(kept["points"], np.float32)


def _mean_face_over(edges: EdgePoints, box: Box) -> Points:
    """The mean face with its mouth on the lip line and its eyes on the eyes, or as far above as the box says."""
    mean, mouth = mean_face(), edges.mouth
    cos, sin = math.cos(mouth.angle), math.sin(mouth.angle)
    lips = mean[[61, 291], :2].mean(0)
    if edges.eyes:
        a, b = (np.array((eye.x, eye.y)) for eye in edges.eyes)
        middle, between = (a + b) / 2, float(np.linalg.norm(b - a))
    else:
        between = 0.46 * box.width
        middle = np.array((mouth.x, mouth.y)) - 0.42 * box.height * np.array((-sin, cos))
    down = np.array((mouth.x, mouth.y)) - middle
    across = np.array((cos, sin)) * between
    points = np.empty_like(mean)
    points[:, :2] = middle + mean[:, :1] * across + (mean[:, 1:2] / lips[1]) * down
    points[:, 2] = mean[:, 2] * between
    left = np.array((mouth.x - mouth.half_width * cos, mouth.y - mouth.half_width * sin))
    lift = mouth.curve * mouth.half_width * np.array((-sin, cos))
    right = np.array((mouth.x + mouth.half_width * cos, mouth.y + mouth.half_width * sin))
    return _corners_moved(points, left - lift, right - lift)


def bent(found: FacePoints, mouth: tuple[Point, ...]) -> FacePoints:
    """The points with the mouth where it was set: its middle or its corners; as found for an empty `mouth`.

    The rest of the face follows, less with distance.
    """
    if not mouth:
        return found
    left, right = (found.points[i, :2].astype(float) for i in (61, 291))
    if len(mouth) == 1:
        shift = np.array(mouth[0]) - (left + right) / 2
        left, right = left + shift, right + shift
    else:
        left, right = np.array(mouth[0]), np.array(mouth[1])
    origin = f"{found.origin}, mouth given"
    return FacePoints(_corners_moved(found.points, left, right), 1.0, origin, found.eyes, found.meshed)


def _corners_moved(points: Points, left: NDArray[np.float64], right: NDArray[np.float64]) -> Points:
    """The mouth turned, scaled and moved so that its corners are at `left` and `right`; fades over a mouth's width."""
    old_left, old_right = (points[i, :2].astype(float) for i in (61, 291))
    before, after = complex(*(old_right - old_left)), complex(*(right - left))
    turn = after / before if abs(before) > 1e-6 else 1.0
    flat = points[:, 0] + 1j * points[:, 1]
    from_, to = complex(*((old_left + old_right) / 2)), complex(*((left + right) / 2))
    moved = to + (flat - from_) * turn
    reach = abs(before)
    distance = np.clip(np.abs(flat - from_) / max(reach, 1e-6) - 0.6, 0, None)
    share = np.exp(-((distance / 0.5) ** 2))
    mixed = flat + (moved - flat) * share
    out: Points = points.copy()
    out[:, 0], out[:, 1] = mixed.real, mixed.imag
    return out


def lip_line_of(found: FacePoints) -> LipLine:
    """The line between the lips as an arc: where the mouth opens; below the teeth where the picture shows them."""
    left, right = (found.points[corner, :2].astype(float) for corner in (61, 291))
    across = right - left
    half, angle = max(float(np.linalg.norm(across)) / 2, 1.0), math.atan2(across[1], across[0])
    middle = found.points[14, :2].astype(float)
    down = np.array((-math.sin(angle), math.cos(angle)))
    curve = float((middle - (left + right) / 2) @ down) / half
    return LipLine(float(middle[0]), float(middle[1]), half, angle, min(max(curve, -0.3), 0.6))


def eyes_of(found: FacePoints) -> tuple[Eye, ...]:
    """The eyes' openings, the viewer's left one first; none where they were not seen."""
    if not found.eyes:
        return ()
    eyes = []
    for outer, inner, upper, lower in ((33, 133, 159, 145), (362, 263, 386, 374)):
        a, b, top, bottom = (found.points[index, :2].astype(float) for index in (outer, inner, upper, lower))
        middle, across = (top + bottom) / 2, b - a
        half, high = float(np.linalg.norm(across)) / 2, float(np.linalg.norm(bottom - top)) / 2
        angle = math.atan2(across[1], across[0])
        eyes.append(Eye(float(middle[0]), float(middle[1]), half, max(high, 0.2 * half), angle))
    return tuple(eyes)
