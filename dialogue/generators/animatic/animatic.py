"""The animatic: a previsualisation of the film from its plan and pictures alone, without weights, in real time.

Whoever speaks opens their mouth with their own voice, nods with the stress and blinks; whoever listens keeps it shut,
breathes and blinks. Everything outside the faces' regions is the still, bit for bit, but for the labels: a rim
around the face that speaks, a name below it, and the emotion of the line.

Which labels are drawn the scene says (`output: {labels: none}` for the bare picture); the environment variable
`DIALOGUE_ANIMATIC` overrules it (`rim,name,emotion`, or some of them, or `none`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dialogue.generators.generator import Generate, Report, ShotJob
from dialogue.planning.choice import Canvas, Estimate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dialogue.generators.animatic.expression import Expression
    from dialogue.generators.animatic.face_warp import FaceWarp
    from dialogue.generators.animatic.labels import Label
    from dialogue.generators.animatic.prosody import Curve, Motion
    from dialogue.planning.lanes import Lane
    from dialogue.planning.plan import Emotion, Plan, Shot
    from model.grid import FrameClock

    Frame = NDArray[np.uint8]
    Points = NDArray[np.float32]  # (468, 3)

NAME = "animatic"
WEIGHTS = None
SOURCE_TYPE = "composite"
FAST: tuple[str, ...] = ()
CANVAS = Canvas(multiple=2, area=704 * 704)
STRIDE = 1
WINDOW_LATENTS: int | None = None

VERSION = 5  # raise it whenever the same plan would give other frames
LABELS = ("rim", "name", "emotion")
VARIABLE = "DIALOGUE_ANIMATIC"
FADE_SECONDS = 0.2  # of the rim and from emotion to emotion


def shown_labels(asked: str = "all") -> tuple[str, ...]:
    """The labels asked for: by the environment where it says, else by the plan. ValueError names what is not one."""
    if VARIABLE not in os.environ:
        return {"none": (), "names": ("name",)}.get(asked, LABELS)
    written = os.environ[VARIABLE].strip()
    if written in ("", "none"):
        return ()
    names = tuple(name.strip() for name in written.split(","))
    unknown = [name for name in names if name not in LABELS]
    if unknown:
        raise ValueError(f"{VARIABLE} lists {unknown[0]!r}; it takes {', '.join(LABELS)}, or none")
    return tuple(name for name in LABELS if name in names)


def missing() -> str | None:
    """Nothing is ever missing but a valid `DIALOGUE_ANIMATIC`."""
    try:
        shown_labels()
    except ValueError as error:
        return str(error)
    return None


def fingerprint() -> str:
    """The plan says which labels, so they are no part of it but where the environment overrules the plan."""
    from dialogue.media.face_files import face_files

    labels = f" {'+'.join(shown_labels()) or 'bare'}" if VARIABLE in os.environ else ""
    return f"animatic {VERSION}{labels}{' mesh' if face_files() else ''}"


@dataclass(frozen=True)
class _Actor:
    """One face of the shot: how it moves and what is written around it, frame by frame."""

    warp: FaceWarp
    motion: Motion
    speaking: Curve  # 0 … 1 per frame
    rim: list[Label]
    name: Label | None
    emotions: dict[str, Label]
    feeling: dict[str, Curve]  # how strongly each emotion's tag shows, per frame


def _ramp(seconds: float) -> float:
    return min(max(seconds / FADE_SECONDS + 0.5, 0.0), 1.0)


def _presence(start: float, end: float, at: float) -> float:
    """1 within start … end seconds, fading over FADE_SECONDS around both ends."""
    return min(_ramp(at - start), _ramp(end - at))


def _emotion_name(emotion: Emotion) -> str:
    """`joy`, or `neutral 40 % + fear 60 %` for a blend; empty for the picture as it is."""
    weights = [(name, weight) for name, weight in emotion.weights if weight > 0]
    if len(weights) == 1:
        return weights[0][0]
    return " + ".join(f"{name} {weight:.0%}" for name, weight in weights)


def _schedule(lane: Lane, frames: int, clock: FrameClock) -> tuple[Curve, dict[str, Curve]]:
    """Per frame: how much the speaker is speaking, and the emotions shown with their strengths."""
    import numpy as np

    speaking = np.zeros(frames, np.float32)
    feeling: dict[str, Curve] = {}
    for turn in lane.turns:
        first = max(0, clock.frame_at(turn.start - FADE_SECONDS))
        last = min(frames, clock.frame_at(turn.end + FADE_SECONDS) + 1)
        if first >= last:
            continue
        seconds = [clock.seconds_at(frame) for frame in range(first, last)]
        share = np.array([_presence(turn.start, turn.end, at) for at in seconds], np.float32)
        shown = feeling.setdefault(_emotion_name(turn.emotion), np.zeros(frames, np.float32))
        for curve in (speaking, shown):
            curve[first:last] = np.minimum(curve[first:last] + share, 1)
    return speaking, feeling


def _expressions(job: ShotJob, lane: Lane, still: Frame, feelings: Iterable[str]) -> dict[str, Expression]:
    """What the face does in each emotion it will show: as in the speaker's own pictures, where they have any."""
    from dialogue.generators.animatic.expression import own
    from dialogue.generators.animatic.face_warp import points_of

    pictures = {reference.name: reference.image for reference in lane.pictures}
    neutral = _points_in(job, pictures["neutral"]) if "neutral" in pictures else points_of(still, lane.face).points
    found = {}
    for name in feelings:
        picture = _points_in(job, pictures[name]) if name in pictures and name != "neutral" else None
        expression = own(name, picture, neutral)
        if expression is not None:
            found[name] = expression
    return found


def _points_in(job: ShotJob, image: str) -> Points | None:
    """The points of the one face, or of the largest, in a picture; None where the mesh is not sure of one."""
    from dialogue.media.face_files import face_files
    from dialogue.media.face_points import CONVINCED, faces_by_mesh
    from dialogue.media.pictures import open_picture

    if not face_files():
        return None
    faces = [found for _, found in faces_by_mesh(open_picture(job.media / image)) if found.confidence >= CONVINCED]
    return max(faces, key=lambda found: found.box.area).points if faces else None


def _actor(job: ShotJob, still: Frame, lane: Lane, labels: tuple[str, ...]) -> _Actor:
    from dialogue.generators.animatic.face_warp import FaceWarp, moving_part
    from dialogue.generators.animatic.labels import rim, tag
    from dialogue.generators.animatic.prosody import motion

    face, color = lane.face, lane.color
    speaking, feeling = _schedule(lane, job.frames, job.clock)
    moves = motion(lane, job)
    middle, bottom = face.box.center[0], moving_part(face).bottom
    font = job.media / job.font if job.font is not None else None
    name = tag(lane.name, color, middle, bottom, *job.size, font=font)
    below = name.top + name.alpha.shape[0] * 1.12 if "name" in labels else bottom
    emotions = {text for text in feeling if text} if "emotion" in labels else set()
    return _Actor(
        warp=FaceWarp(still, face, _expressions(job, lane, still, moves.feeling)),
        motion=moves,
        speaking=speaking,
        rim=rim(moving_part(face), color, *job.size) if "rim" in labels else [],
        name=name if "name" in labels else None,
        emotions={text: tag(text, color, middle, below, *job.size, quiet=True, font=font) for text in sorted(emotions)},
        feeling=feeling,
    )


def _draw(actor: _Actor, index: int, frame: Frame) -> None:
    actor.warp.draw(actor.motion[index], frame)
    for strip in actor.rim:
        strip.draw(frame, float(actor.speaking[index]))


def _label(actor: _Actor, index: int, frame: Frame) -> None:
    if actor.name is not None:
        actor.name.draw(frame, 1.0)
    for text, label in actor.emotions.items():
        label.draw(frame, float(actor.feeling[text][index]))


def _apart(actors: Sequence[_Actor], height: int) -> list[_Actor]:
    """The actors with their labels moved where none covers another: every name first, then the emotions."""
    from dialogue.generators.animatic.labels import beside

    taken: list[Label] = []
    named = []
    for actor in actors:
        name = None if actor.name is None else beside(actor.name, taken, height)
        taken += [] if name is None else [name]
        named.append(replace(actor, name=name))
    placed = []
    for actor in named:
        emotions = {text: beside(label, taken, height) for text, label in actor.emotions.items()}
        taken += emotions.values()  # its own cross-fade: they share a place
        placed.append(replace(actor, emotions=emotions))
    return placed


def _frames(job: ShotJob, report: Report) -> Iterator[Frame]:
    import cv2

    from dialogue.media.still import still

    labels = shown_labels(job.labels)
    picture = still(job.media / job.picture, job.view, *job.size)
    report(0.0, "listening")
    actors = _apart([_actor(job, picture, lane, labels) for lane in job.lanes], job.height)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)  # the crops are small: more threads cost more than they bring, and the encoder wants them
    try:
        for index in range(job.frames):
            frame = picture.copy()
            for actor in actors:
                _draw(actor, index, frame)
            for actor in actors:  # over every face
                _label(actor, index, frame)
            yield frame
            report((index + 1) / job.frames, "drawing")
    finally:
        cv2.setNumThreads(threads)


def estimate(plan: Plan, shot: Shot) -> Estimate:
    """Seconds and bytes, from the faces' sizes in pixels; the constants are measured on one core of a busy machine."""
    pixels = sum(1.44**2 * face.box.area for face in shot.faces)  # what moves of each
    per_frame = 0.2e-3 + 0.5e-9 * plan.width * plan.height + 55e-9 * pixels
    listening = 2e-3 * shot.frames / float(plan.fps) * len(shot.faces)
    return Estimate(
        windows=0,
        seconds=0.5 + listening + shot.frames * per_frame,
        memory=round(128e6 + 12 * plan.width * plan.height + 120 * pixels + 120 * shot.frames * len(shot.faces)),
    )


def load() -> Generate:
    """Nothing to load: the frames are made from the plan's own media."""
    return _frames
