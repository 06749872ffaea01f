"""A plan as jobs of other programs, one for each shot: MultiTalk, LongCat, and the settings of Wan2GP.

Each voice is a sound file as long as the shot, silent where its speaker is. MultiTalk and LongCat take boxes as rows
first, [y0, x0, y1, x1] in pixels of the picture, around a whole person; Wan2GP takes percent, left:right:top:bottom.
"""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

from dialogue.ground.box import Box
from dialogue.ground.errors import Problem, SceneError
from dialogue.planning.plan import Plan, Shot

PEERS = ("multitalk", "longcat", "wan2gp")
_MOST = 2  # people that these programs give a voice each
_RATE = 16_000


def peer_jobs(plan: Plan, media: Path, to: str, folder: Path) -> dict[str, bytes]:
    """The files of every shot's job, by their names in `folder`. SceneError for shots with more people than two."""
    crowded = [shot for shot in plan.shots if len(shot.faces) > _MOST]
    if crowded:
        hint = "cut it into closer shots of one or two"
        told = {shot.index + 1: len(shot.faces) for shot in crowded}
        problems = [Problem(f"shot {n} shows {of} people, and {to} takes {_MOST}", hint=hint) for n, of in told.items()]
        raise SceneError(problems)
    files: dict[str, bytes] = {}
    for shot in plan.shots:
        stem = f"shot_{shot.index + 1:03d}"
        voices = {f"{stem}_{face.speaker}.wav": _voice(plan, face.speaker, shot, media) for face in shot.faces}
        files |= voices
        picture = Path(os.path.relpath((media / shot.picture).resolve(), folder.resolve())).as_posix()
        job = (_settings if to == "wan2gp" else _conditions)(plan, shot, picture, list(voices), media)
        files[f"{stem}.json"] = (json.dumps(job, indent=2, ensure_ascii=False) + "\n").encode()
    return files


def _voice(plan: Plan, speaker: str, shot: Shot, media: Path) -> bytes:
    import soundfile

    from dialogue.generators.shot_audio import speaker_audio

    written, turns = io.BytesIO(), [turn for turn in plan.turns if turn.speaker == speaker]
    sound = speaker_audio(turns, plan.clock, shot.start, shot.end, media)
    soundfile.write(written, sound, _RATE, "PCM_16", format="WAV")
    return written.getvalue()


def _conditions(plan: Plan, shot: Shot, picture: str, voices: list[str], media: Path) -> dict[str, Any]:
    job: dict[str, Any] = {"prompt": shot.prompt, "cond_image": picture, "audio_type": "para"}
    job["cond_audio"] = {f"person{n}": voice for n, voice in enumerate(voices, 1)}
    if len(voices) > 1:
        regions = [_in_picture(plan, shot, face.region) for face in shot.faces]
        boxes = [[round(edge) for edge in (r.y, r.x, r.bottom, r.right)] for r in regions]
        job["bbox"] = {f"person{n}": box for n, box in enumerate(boxes, 1)}
    return job


def _settings(plan: Plan, shot: Shot, picture: str, voices: list[str], media: Path) -> dict[str, Any]:
    from dialogue.media.pictures import measure_picture

    size = measure_picture(media / shot.picture, shot.picture)
    settings: dict[str, Any] = {"prompt": shot.prompt, "image_start": picture, "seed": shot.seed or plan.seed}
    settings |= dict(zip(("audio_guide", "audio_guide2"), voices, strict=False))
    places = []
    for face in shot.faces:
        box = _in_picture(plan, shot, face.region)
        shares = (box.x / size.width, box.right / size.width, box.y / size.height, box.bottom / size.height)
        places.append(":".join(str(round(100 * min(1.0, max(0.0, share)))) for share in shares))
    settings["speakers_locations"] = " ".join(places)
    return settings


def _in_picture(plan: Plan, shot: Shot, box: Box) -> Box:
    """A box of the film's frame, in pixels of the shot's picture."""
    return box.scaled(shot.view.width / plan.width, shot.view.height / plan.height).moved(shot.view.x, shot.view.y)
