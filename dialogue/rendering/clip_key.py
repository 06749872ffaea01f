"""What a shot is made of, by name: the key of its clip in the cache, and the reason why it is made again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple

from dialogue.generators.generator import Generator
from dialogue.ground.amounts import counted
from dialogue.ground.box import Box
from dialogue.ground.digests import text_digest
from dialogue.media.fonts import fonts_for
from dialogue.planning.plan import Plan, Turn
from dialogue.rendering import encode, ffmpeg
from dialogue.rendering.digests import PREFIX, Digests

Inputs = Mapping[str, str]  # name of an input, as a writer would call it -> its value, or a digest of it


def inputs_of(alone: Plan, generator: Generator, digests: Digests) -> Inputs:
    """Everything the clip of a shot depends on; `alone` is the shot's excerpt of the plan."""
    (shot,) = alone.shots
    found = {
        "the generator": f"{generator.NAME} {generator.fingerprint()}",
        "the encoder": f"{ffmpeg.version(ffmpeg.binary())}, {encode.parameters(alone.fps)}",
        "the size": f"{alone.width}x{alone.height}",
        "the frame rate": str(alone.fps),
        "the length": f"{shot.frames} frames",
        "the seed": str(alone.seed),
        "the picture": digests.file(shot.picture),
        "the view": _box(shot.view),
        "the prompt": shot.prompt,
        "who is in the picture": ", ".join(face.speaker for face in shot.faces),
    }
    if generator.estimate(alone, shot).mode == "low":
        found["the rounding to 8 bits"] = "low memory"
    if alone.labels != "all":
        found["the labels"] = alone.labels
    spoken = digests.slices(turn.audio for turn in alone.turns)
    for face in shot.faces:
        who = alone.speaker(face.speaker)
        turns = [turn for turn in alone.turns if turn.speaker == who.id]
        found |= {
            f"the face of {who.id}": f"{_box(face.box)} in {_box(face.region)}",
            f"the name or colour of {who.id}": f"{who.name} {who.color}",
            f"the font of {who.id}": _fonts(alone, [who.name, *(each.name for each in who.emotions)], digests),
            f"when {who.id} speaks": _times(turns),
            f"the speech of {who.id}": _digest(spoken[turn.audio] for turn in turns),
            f"the emotion of {who.id}": json.dumps([emotion for turn in turns for emotion in _emotions(turn)]),
        }
        sounds = [word.sounds for turn in turns for word in turn.words if word.sounds]
        if sounds:
            found[f"the sounds of {who.id}"] = _digest(sounds)
        if face.own_mouth is not None:
            found[f"the mouth of {who.id}"] = json.dumps(astuple(face.own_mouth)[:2])
        for reference in who.emotions:
            found[f"the {reference.name} picture of {who.id}"] = digests.file(reference.image)
            found[f"the strength of the {reference.name} picture of {who.id}"] = f"{reference.strength:g}"
    return found


def _fonts(plan: Plan, texts: Sequence[str], digests: Digests) -> str:
    """What draws what is written on the picture: the scene's font, and what this machine adds to the built-in one."""
    added = [face.file.name for face in fonts_for(texts).faces[1:]]
    return " ".join([*([digests.file(plan.font)] if plan.font is not None else []), *added])


def key_of(inputs: Inputs) -> str:
    """A name for the clip: the same inputs, and only they, give the same one."""
    return text_digest(json.dumps(inputs, sort_keys=True, ensure_ascii=False))[:32]


# What a writer wrote and knows by its value; the rest is told by its name alone.
_SHOWN = ("the size", "the frame rate", "the length", "the seed", "the prompt", "who is in the picture", "the labels")
_SHOWN_OF = ("the strength of ",)
_SEVERAL = ("the labels", "the sounds of ")
_MOST_TOLD, _LONGEST_TOLD = 3, 40


def changes(before: Inputs, now: Inputs) -> list[str]:
    """What differs, in words: `the size is 512x512, was 704x704`, `the speech of ana changed`."""
    told = []
    for name in dict.fromkeys([*now, *before]):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if old is None or new is None:
            verb = "are" if name.startswith(_SEVERAL) else "is"
            told.append(f"{name} {verb} {'new' if old is None else 'gone'}")
        elif name == "the generator" and old.split()[0] != new.split()[0]:
            told.append(f"{name} is {new.split()[0]}, was {old.split()[0]}")
        elif name == "the generator":
            told.append(f"{name} {new.split()[0]} draws otherwise than it did")
        elif name.startswith(_SHOWN_OF) or (name in _SHOWN and max(len(old), len(new)) <= _LONGEST_TOLD):
            told.append(f"{name} is {new or 'empty'}, was {old or 'empty'}")
        else:
            told.append(f"{name} changed")
    return told


def told_briefly(changed: Sequence[str]) -> str:
    """The first of the changes, and how many more there are, in a line."""
    more = len(changed) - _MOST_TOLD
    return "; ".join(changed[:_MOST_TOLD]) + (f"; and {counted(more, 'thing')} more" if more > 0 else "")


def _box(box: Box) -> str:
    return " ".join(f"{side:g}" for side in box.to_list())


def _emotions(turn: Turn) -> list[tuple[object, ...]]:
    """That of the turn, and how it changes on the way."""
    return [astuple(turn.emotion), *(astuple(feeling) for feeling in turn.course)]


def _times(turns: Iterable[Turn]) -> str:
    return json.dumps([[turn.start, turn.end] for turn in turns])


def _digest(values: Iterable[str]) -> str:
    return PREFIX + text_digest("\n".join(values))
