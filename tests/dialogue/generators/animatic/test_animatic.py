"""The animatic on drawn faces and made voices: who speaks moves, who listens does not, the rest is the still."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
import soundfile

from dialogue.generators import generator
from dialogue.generators.animatic import animatic
from dialogue.generators.animatic.expression import EXPRESSIONS
from dialogue.generators.animatic.face_warp import FaceWarp, Pose, moving_part
from dialogue.generators.animatic.prosody import hear, motion
from dialogue.generators.generator import ShotJob, shot_job
from dialogue.ground.box import Box
from dialogue.media.face_edges import edge_points
from dialogue.planning.lanes import Lane
from dialogue.planning.plan import AudioSlice, Emotion, Face, Mix, Plan, Shot, Speaker, Turn

RATE, FPS = 16_000, 25
SECONDS = 4.0
SIZE = (320, 192)  # width, height
BOXES = {"ana": Box(40, 40, 84, 104), "ben": Box(196, 40, 84, 104)}
SHARED = Path(__file__).parents[4].parent / "shared" / "media"


def draw_face(picture: np.ndarray, box: Box) -> tuple[float, float]:
    """A plain face filling `box`; returns the middle of its lip line."""
    x, y, w, h = box.to_list()

    def at(u: float, v: float) -> tuple[int, int]:
        return round(x + u * w), round(y + v * h)

    skin, dark = (226, 178, 150), (60, 40, 40)
    cv2.ellipse(picture, at(0.5, 0.5), (round(w / 2), round(h / 2)), 0, 0, 360, skin, -1, cv2.LINE_AA)
    for u in (0.3, 0.7):
        cv2.ellipse(
            picture, at(u, 0.42), (round(0.1 * w), round(0.05 * h)), 0, 0, 360, (250, 250, 250), -1, cv2.LINE_AA
        )
        cv2.circle(picture, at(u, 0.42), round(0.05 * w), dark, -1, cv2.LINE_AA)
        cv2.ellipse(picture, at(u, 0.33), (round(0.12 * w), round(0.03 * h)), 0, 180, 360, dark, 2, cv2.LINE_AA)
    cv2.ellipse(picture, at(0.5, 0.765), (round(0.19 * w), round(0.05 * h)), 0, 0, 360, (196, 96, 96), -1, cv2.LINE_AA)
    cv2.line(picture, at(0.32, 0.765), at(0.68, 0.765), (110, 40, 45), 1, cv2.LINE_AA)
    return x + 0.5 * w, y + 0.765 * h


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media")
    noise = np.random.default_rng(3).integers(90, 130, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    picture = cv2.GaussianBlur(noise, (0, 0), 1.5)
    for box in BOXES.values():
        draw_face(picture, box)
    cv2.imwrite(str(folder / "two.png"), picture[..., ::-1])
    time = np.arange(round(SECONDS * RATE)) / RATE
    harmonics = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 30))
    syllables = np.clip(np.sin(2 * np.pi * 2.7 * time) + 0.2, 0, None) ** 1.5 * (
        0.6 + 0.4 * np.sin(2 * np.pi * 0.4 * time)
    )
    soundfile.write(folder / "voice.wav", 0.2 * harmonics * syllables, RATE, subtype="FLOAT")
    return folder


def plan_of(*turns: Turn, seconds: float = SECONDS) -> Plan:
    frame = Box(0, 0, *SIZE)
    halves = {"ana": Box(0, 0, 160, SIZE[1]), "ben": Box(160, 0, 160, SIZE[1])}
    faces = tuple(Face(who, box, box.padded(1.0).intersection(halves[who])) for who, box in BOXES.items())
    shot = Shot(0, 0, round(seconds * FPS), "two.png", frame, faces)
    speakers = (Speaker("ana", "Ana Ruiz", "#e06060"), Speaker("ben", "Ben", "#6060e0"))
    return Plan("", "animatic", "", 7, Fraction(FPS), *SIZE, seconds, speakers, turns, (shot,), Mix())


def turn(who: str, start: float = 0.0, end: float = SECONDS, emotion: str | None = None) -> Turn:
    weights = ((emotion, 1.0),) if emotion else ()
    return Turn(who, start, end, AudioSlice("voice.wav", start, end), emotion=Emotion(weights))


def frames(plan: Plan, media: Path, count: int | None = None) -> np.ndarray:
    job = shot_job(plan, plan.shots[0], media, media, 1)
    return np.stack(list(islice(animatic.load()(job, lambda share, what: None), count)))


def heard(plan: Plan, who: str, media: Path) -> tuple[Lane, ShotJob]:
    job = shot_job(plan, plan.shots[0], media, media, 1)
    return next(lane for lane in job.lanes if lane.speaker == who), job


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_ANIMATIC", "none")


def mouth_of(who: str) -> tuple[slice, slice]:
    box = BOXES[who]
    return slice(round(box.y + 0.66 * box.height), round(box.y + 0.92 * box.height)), slice(
        round(box.x + 0.28 * box.width), round(box.x + 0.72 * box.width)
    )


def still_of(media: Path) -> np.ndarray:
    return cv2.imread(str(media / "two.png"))[..., ::-1]


def test_it_is_a_generator_that_makes_exactly_the_frames_of_the_shot(media: Path, bare: None) -> None:
    plan = plan_of(turn("ana"), seconds=1.2)
    assert generator("animatic").NAME == "animatic" and generator("animatic").missing() is None
    film = frames(plan, media)
    assert film.shape == (30, SIZE[1], SIZE[0], 3) and film.dtype == np.uint8


def test_the_same_plan_gives_the_same_frames(media: Path) -> None:
    plan = plan_of(turn("ana", emotion="joy"), turn("ben", 0.5, 1.0), seconds=1.0)
    np.testing.assert_array_equal(frames(plan, media), frames(plan, media))


def test_frames_are_streamed(media: Path, bare: None) -> None:
    plan, shares = plan_of(turn("ana")), []
    stream = animatic.load()(shot_job(plan, plan.shots[0], media, media, 1), lambda share, what: shares.append(share))
    next(stream), next(stream)
    assert shares[-1] == pytest.approx(1 / plan.shots[0].frames)


def test_everything_outside_the_moving_parts_is_the_still(media: Path, bare: None) -> None:
    plan = plan_of(turn("ana"), turn("ben", 1, 3))
    outside = np.ones((SIZE[1], SIZE[0]), bool)
    for face in plan.shots[0].faces:
        part = moving_part(face)
        assert part.intersection(face.region) == part
        outside[int(part.y) : int(part.bottom) + 1, int(part.x) : int(part.right) + 1] = False
    film, still = frames(plan, media), still_of(media)
    assert outside.mean() > 0.2
    np.testing.assert_array_equal(film[:, outside], np.broadcast_to(still[outside], (len(film), outside.sum(), 3)))


def test_who_listens_does_what_they_do_when_nobody_speaks(media: Path, bare: None) -> None:
    """Another's voice moves nothing of theirs: not a pixel of their half of the picture."""
    with_ana, with_none = frames(plan_of(turn("ana")), media), frames(plan_of(), media)
    np.testing.assert_array_equal(with_ana[:, :, 160:], with_none[:, :, 160:])
    assert (with_ana[:, :, :160] != with_none[:, :, :160]).any()


def test_who_listens_keeps_the_mouth_shut_breathes_and_blinks(media: Path) -> None:
    plan = plan_of(turn("ana"))
    listening = motion(*heard(plan, "ben", media))
    assert all(not pose.shape for pose in listening) and not listening.opening.any()
    assert max(pose.blink for pose in listening) > 0.9 and min(pose.blink for pose in listening) == 0
    assert 0 < np.ptp([pose.nod for pose in listening]) < 1.0


def test_overlapping_speakers_both_move(media: Path, bare: None) -> None:
    film, still = frames(plan_of(turn("ana"), turn("ben")), media), still_of(media).astype(int)
    quiet = frames(plan_of(), media).astype(int)
    for who in BOXES:
        moved = np.abs(film[(slice(None), *mouth_of(who))] - still[mouth_of(who)]).mean((1, 2, 3))
        idle = np.abs(quiet[(slice(None), *mouth_of(who))] - still[mouth_of(who)]).mean((1, 2, 3))
        assert moved.max() > 3 * idle.max()


def test_the_mouth_follows_the_voice_without_lag(media: Path, bare: None) -> None:
    plan = plan_of(turn("ana"))
    sound, _ = soundfile.read(media / "voice.wav", dtype="float32")
    envelope = np.sqrt((sound.reshape(-1, RATE // FPS) ** 2).mean(1))
    opening = motion(*heard(plan, "ana", media)).opening
    film, still = frames(plan, media).astype(float), still_of(media).astype(float)
    seen = np.abs(film[(slice(None), *mouth_of("ana"))] - still[mouth_of("ana")]).mean((1, 2, 3))
    for curve, least in ((opening, 0.9), (seen, 0.8)):
        by_lag = {lag: np.corrcoef(curve[5 + lag : len(curve) - 5 + lag], envelope[5:-5])[0, 1] for lag in range(-4, 5)}
        assert max(by_lag, key=by_lag.__getitem__) == 0 and by_lag[0] > least, by_lag
    assert opening.max() > 0.6 and np.abs(np.diff(opening)).max() < 0.6


def test_a_quiet_microphone_moves_the_mouth_as_much(media: Path, tmp_path: Path) -> None:
    sound, _ = soundfile.read(media / "voice.wav", dtype="float32")
    soundfile.write(tmp_path / "voice.wav", sound / 100, RATE, subtype="FLOAT")
    plan = plan_of(turn("ana"))
    loud, quiet = (motion(*heard(plan, "ana", at)).opening for at in (media, tmp_path))
    np.testing.assert_allclose(loud, quiet, atol=0.02)


def test_a_voice_heard_in_blocks_is_the_voice_heard_at_once(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(turn("ana"))
    whole = hear(*heard(plan, "ana", media))
    monkeypatch.setattr("dialogue.generators.animatic.prosody.BLOCK_SECONDS", 0.5)
    pieces = hear(*heard(plan, "ana", media))
    for field in dataclasses.fields(whole):
        np.testing.assert_allclose(getattr(whole, field.name), getattr(pieces, field.name), atol=1e-4)


def test_opening_parts_the_lips_on_a_dark_mouth_and_lowers_the_jaw(media: Path) -> None:
    still = still_of(media)
    warp = FaceWarp(still, plan_of().shots[0].faces[0])
    rows, columns = mouth_of("ana")
    areas = []
    for opening in (0.0, 0.3, 0.6, 1.0):
        frame = still.copy()
        warp.draw(Pose({"open": opening}), frame)
        areas.append(int((frame[rows, columns].max(-1) < 90).sum()))
    assert areas == sorted(areas) and areas[-1] > areas[0] + 60
    np.testing.assert_array_equal(
        frame[: round(BOXES["ana"].y + 0.6 * 104)], still[: round(BOXES["ana"].y + 0.6 * 104)]
    )


def test_no_seam_shows_at_the_border_of_the_moving_part(media: Path) -> None:
    still = still_of(media)
    face = plan_of().shots[0].faces[0]
    frame = still.copy()
    FaceWarp(still, face, EXPRESSIONS).draw(Pose({"open": 1.0}, 1.0, 1.0, 1.0, {"surprise": 1.0}), frame)
    part = moving_part(face)
    top, left, bottom, right = int(part.y) + 1, int(part.x) + 1, int(part.bottom) - 1, int(part.right) - 1
    ring = np.zeros(still.shape[:2], bool)
    ring[top : bottom + 1, left : right + 1] = True
    ring[top + 2 : bottom - 1, left + 2 : right - 1] = False
    assert np.abs(frame[ring].astype(int) - still[ring]).max() <= 2
    assert np.abs(frame.astype(int) - still).max() > 60


def test_a_pose_at_rest_is_the_still(media: Path) -> None:
    still = still_of(media)
    frame = np.zeros_like(still)
    frame[:] = still
    FaceWarp(still, plan_of().shots[0].faces[1]).draw(Pose(), frame)
    np.testing.assert_array_equal(frame, still)


def test_the_lip_line_of_a_drawn_face_is_found() -> None:
    for angle in (-12, 0, 12):
        picture = np.full((300, 300, 3), 120, np.uint8)
        box = Box(80, 60, 140, 170)
        x, y = draw_face(picture, box)
        turn_ = cv2.getRotationMatrix2D(box.center, angle, 1.0)
        rotated = cv2.warpAffine(picture, turn_, (300, 300), borderValue=(120, 120, 120))
        x, y = turn_ @ (x, y, 1)
        mouth = edge_points(rotated, box).mouth
        assert np.hypot(mouth.x - x, mouth.y - y) < 0.06 * box.width, (angle, mouth, x, y)


def test_a_face_without_features_still_has_a_mouth_and_does_not_blink() -> None:
    points = edge_points(np.full((100, 100, 3), 128, np.uint8), Box(10, 10, 80, 80))
    assert points.eyes == () and 30 < points.mouth.x < 70 and 55 < points.mouth.y < 85


# Middle of the lip line in the face's box of faces.json, by eye: photographs, a 3D cartoon, a painting, a drawing.
LIPS = {
    "MultiTalk/images/multi1.png#0": (0.655, 0.65), "MultiTalk/images/multi1.png#1": (0.61, 0.69),
    "MultiTalk/images/multi3.png#0": (0.62, 0.73), "StableAvatar/images/case6.png#0": (0.43, 0.65),
    "echomimic_v3/images/11.jpg#0": (0.49, 0.65), "echomimic_v3/images/demo_cartoon_02.png#0": (0.48, 0.76),
    "echomimic_v3/images/demo_cartoon_03.png#0": (0.505, 0.79), "LivePortrait/images/s9.jpg#0": (0.37, 0.79),
    "SadTalker/images/art_7.png#0": (0.386, 0.73), "SadTalker/images/full_body_1.png#0": (0.515, 0.745),
}  # fmt: skip


@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/media: pictures that may not be copied here")
@pytest.mark.parametrize("name", LIPS)
def test_the_lip_line_of_real_pictures_is_found(name: str) -> None:
    import json

    path, number = name.split("#")
    boxes = json.loads((SHARED / "faces.json").read_text())["images"][path]["boxes_xywh"]
    picture = cv2.imread(str(SHARED / path))[..., ::-1]
    scale = 200 / boxes[int(number)][2]
    picture = np.ascontiguousarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    box = Box(*boxes[int(number)]).scaled(scale, scale)
    mouth, (u, v) = edge_points(picture, box).mouth, LIPS[name]
    assert np.hypot(mouth.x - box.x - u * box.width, mouth.y - box.y - v * box.height) < 0.075 * box.width
