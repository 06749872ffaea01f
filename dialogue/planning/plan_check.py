"""What must hold in a plan, whoever wrote it: shots without a gap, known speakers, mouths apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from dialogue.ground.box import Box
from dialogue.planning.plan import LEAST_FACE, LEAST_LOOP, Emotion, Mouth, PlacedSound, Plan, Shot, Turn
from dialogue.scene.generators import GENERATORS
from dialogue.scene.kinds import did_you_mean
from model.grid import FrameClock

Keypath = tuple[str | int, ...]
_LENGTH = 0.001  # seconds by which a turn and its slice may differ


@dataclass(frozen=True)
class Flaw:
    """Something wrong under a path of keys and indices from 0."""

    keys: Keypath
    message: str
    hint: str | None = None


def _whole_flaws(plan: Plan) -> Iterator[Flaw]:
    if not 1 <= plan.fps <= 120:
        yield Flaw(("fps",), f"{plan.fps} frames per second", "1 to 120")
        return
    for key, side in (("width", plan.width), ("height", plan.height)):
        if side < 2 or side % 2:
            yield Flaw((key,), f"{key} is {side}", "an even number of pixels")
    if not 0 < plan.duration <= 360_000:
        yield Flaw(("duration",), f"a film of {plan.duration:g} s", "more than 0, at most 100 hours")
        return
    frames = FrameClock(plan.fps).frames_covering(plan.duration)
    if plan.shots and abs(plan.frames - frames) > 1:
        hint = f"the last shot ends at frame {frames}, the end of {plan.duration:g} s"
        yield Flaw(("shots", len(plan.shots) - 1, "end"), f"the shots end at frame {plan.frames}", hint)
    ids = [speaker.id for speaker in plan.speakers]
    for index, name in enumerate(ids):
        if name in ids[:index]:
            yield Flaw(("speakers", index, "id"), f"a second speaker {name!r}", "ids are unique")
    for index, speaker in enumerate(plan.speakers):
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", speaker.color):
            yield Flaw(("speakers", index, "color"), f"no colour {speaker.color!r}", "#rrggbb")
    if plan.generator not in GENERATORS:
        known = did_you_mean(plan.generator, GENERATORS)
        yield Flaw(("generator",), f"unknown generator {plan.generator!r}", known)
    for index, caption in enumerate(plan.captions):
        if caption not in ("srt", "vtt"):
            yield Flaw(("captions", index), f"unknown captions {caption!r}", "srt or vtt")
    for index, kind in enumerate(plan.transcript):
        if kind not in ("txt", "json", "vtt"):
            yield Flaw(("transcript", index), f"unknown transcript {kind!r}", "txt, json or vtt")
    if plan.loudness is not None and not -40 <= plan.loudness <= -5:
        yield Flaw(("loudness",), f"a loudness of {plan.loudness:g} LUFS", "-40 to -5")
    if plan.labels not in ("none", "names", "all"):
        yield Flaw(("labels",), f"unknown labels {plan.labels!r}", "none, names or all")


def _turn_flaws(plan: Plan, index: int, turn: Turn, known: set[str]) -> Iterator[Flaw]:
    where = ("turns", index)
    if turn.speaker not in known:
        yield Flaw(
            (*where, "speaker"), f"unknown speaker {turn.speaker!r}", f"the speakers are {', '.join(sorted(known))}"
        )
    if not 0 <= turn.start < turn.end:
        yield Flaw((*where, "end"), f"a turn from {turn.start:g} to {turn.end:g} s", "it ends after its start")
        return
    if turn.end > plan.duration + 1 / float(plan.fps):
        yield Flaw((*where, "end"), f"a turn until {turn.end:g} s in a film of {plan.duration:g} s")
    length, slice_length = turn.end - turn.start, turn.audio.end - turn.audio.start
    if abs(length - slice_length) > _LENGTH or turn.audio.start < 0:
        message = f"a turn of {length:g} s with audio of {slice_length:g} s"
        yield Flaw((*where, "audio"), message, "audio.start and audio.end are as far apart as start and end")
    yield from _emotion_flaws(turn.emotion, (*where, "emotion"))
    before = -1.0
    for number, feeling in enumerate(turn.course):
        at = (*where, "course", number)
        if not (before < feeling.at < length and (number or feeling.at == 0)):
            hint = "the first at 0, then later ones, within the turn"
            yield Flaw((*at, "at"), f"a feeling at {feeling.at:g} s of a turn of {length:g} s", hint)
        before = feeling.at
        yield from _emotion_flaws(feeling.emotion, (*at, "emotion"))


def _emotion_flaws(emotion: Emotion, where: Keypath) -> Iterator[Flaw]:
    total = sum(weight for _, weight in emotion.weights)
    if emotion.weights and abs(total - 1) > 1e-3:
        yield Flaw(where, f"the weights of an emotion add up to 1, not {total:g}")
    if not 0 <= emotion.strength <= 1.5:
        yield Flaw(where, f"an emotion of strength {emotion.strength:g}", "0 to 1.5")


def _shot_flaws(plan: Plan, index: int, shot: Shot, known: set[str]) -> Iterator[Flaw]:
    where = ("shots", index)
    expected = plan.shots[index - 1].end if index else 0
    if shot.index != index:
        yield Flaw((*where, "index"), f"shot {index} has index {shot.index}", "shots are numbered from 0, in order")
    if shot.start != expected:
        yield Flaw(
            (*where, "start"), f"shot {index} starts at frame {shot.start}", f"the one before ends at {expected}"
        )
    if shot.end <= shot.start:
        yield Flaw((*where, "end"), f"a shot from frame {shot.start} to {shot.end}", "it ends after its start")
    frame = Box(0, 0, plan.width, plan.height)
    for number, face in enumerate(shot.faces):
        at = (*where, "faces", number)
        if face.speaker not in known:
            yield Flaw(
                (*at, "speaker"), f"unknown speaker {face.speaker!r}", f"the speakers are {', '.join(sorted(known))}"
            )
        if min(face.box.width, face.box.height) < LEAST_FACE:
            message = f"a face of {face.box.width:g}x{face.box.height:g} pixels"
            yield Flaw((*at, "box"), message, f"{LEAST_FACE} a side are the least")
        if face.region.intersection(frame).area < face.region.area - 1:
            yield Flaw((*at, "region"), "the region reaches out of the frame", f"0 to {plan.width}, 0 to {plan.height}")
        if face.mouth is not None:
            yield from _mouth_flaws(face.mouth, (*at, "mouth"))
        for before in shot.faces[:number]:
            if before.speaker == face.speaker:
                yield Flaw((*at, "speaker"), f"a second face of {face.speaker!r} in shot {index}", "one each")
            elif before.region.intersection(face.region).area > 0:
                message = f"the regions of {before.speaker} and {face.speaker} overlap"
                yield Flaw((*at, "region"), message, "each mouth has a region of its own")


def _mouth_flaws(mouth: Mouth, at: Keypath) -> Iterator[Flaw]:
    for side, corner in (("left", mouth.left), ("right", mouth.right)):
        if len(corner) != 2:
            yield Flaw((*at, side), f"a corner of {len(corner)} numbers", "[x, y]")
            return
    if mouth.left >= mouth.right:
        yield Flaw((*at, "left"), "the left corner is not left of the right one", "as the viewer sees them")


def _sound_flaws(plan: Plan, index: int, sound: PlacedSound) -> Iterator[Flaw]:
    where = ("sounds", index)
    if not 0 <= sound.start < sound.end:
        yield Flaw((*where, "end"), f"a sound from {sound.start:g} to {sound.end:g} s", "it ends after its start")
        return
    if sound.end > plan.duration + 1 / float(plan.fps):
        yield Flaw((*where, "end"), f"a sound until {sound.end:g} s in a film of {plan.duration:g} s")
        return
    length = sound.audio.end - sound.audio.start
    if sound.audio.start < 0 or length <= 0 or (sound.loop and length < LEAST_LOOP):
        yield Flaw((*where, "audio"), f"a sound whose audio lasts {length:g} s", "audio.start before audio.end")
    elif not sound.loop and abs(length - (sound.end - sound.start)) > _LENGTH:
        message = f"a sound of {sound.end - sound.start:g} s with audio of {length:g} s"
        yield Flaw((*where, "audio"), message, "audio.start and audio.end are as far apart as start and end")
    for key, value in (("gain", sound.gain), ("duck", sound.duck)):
        if not -60 <= value <= 60:
            yield Flaw((*where, key), f"{value:g} dB", "-60 to 60")
    for key, value in (("fade_in", sound.fade_in), ("fade_out", sound.fade_out), ("duck", sound.duck)):
        if value < 0:
            yield Flaw((*where, key), f"{key} is {value:g}", "0 or more")


def flaws_of(plan: Plan) -> list[Flaw]:
    """Everything that does not hold."""
    flaws = list(_whole_flaws(plan))
    if flaws:
        return flaws
    known = {speaker.id for speaker in plan.speakers}
    if not plan.shots:
        flaws.append(Flaw(("shots",), "the plan has no shots", "one at least"))
    for index, turn in enumerate(plan.turns):
        flaws += _turn_flaws(plan, index, turn, known)
    for index, shot in enumerate(plan.shots):
        flaws += _shot_flaws(plan, index, shot, known)
    for index, sound in enumerate(plan.sounds):
        flaws += _sound_flaws(plan, index, sound)
    return flaws
