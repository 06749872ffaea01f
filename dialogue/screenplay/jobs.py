"""Jobs of other programs: MultiTalk, InfiniteTalk, LongCat, AnyTalker, and Wan2GP's settings; read and written.

Their conventions differ, and each is told right here: MultiTalk, InfiniteTalk and LongCat give boxes as rows first,
[y0, x0, y1, x1] in pixels; Wan2GP gives shares of the picture in percent, left:right or left:right:top:bottom;
AnyTalker has no boxes and counts people from the left. `add` is one after the other, `para` all at once.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dialogue.ground.box import Box
from dialogue.ground.errors import Problem, SceneError
from dialogue.scene.scene import Face, FaceBox, FaceDetect
from dialogue.screenplay.screenplay import Draft, Person, Said, Screenplay

_TOGETHER = {"para", "parallel", "meanwhile", "together"}
_IN_TURN = {"add", "concat", "sequential", "pad"}
_MEANT = {"prompt", "cond_image", "cond_video", "cond_audio", "audio_type", "bbox", "text"}
_WGP_MEANT = {"prompt", "image_start", "image_refs", "audio_guide", "audio_guide2", "speakers_locations", "seed"}


def is_job(job: Mapping[str, Any]) -> bool:
    return isinstance(job.get("cond_audio"), (dict, str)) or is_settings(job)


def is_settings(job: Mapping[str, Any]) -> bool:
    """Whether these are Wan2GP's settings of a talking picture."""
    return "speakers_locations" in job or ("audio_guide" in job and "model_type" in job)


def read_job(job: Mapping[str, Any], path: Path) -> Screenplay:
    """A job as a scene: each voice a track, its box a face. SceneError for what cannot be meant."""
    return _read_settings(job, path) if is_settings(job) else _read_cond(job, path)


def _read_cond(job: Mapping[str, Any], path: Path) -> Screenplay:
    draft = Draft()
    voices = job["cond_audio"]
    voices = {"person1": voices} if isinstance(voices, str) else voices
    picture = _named(job.get("cond_image"), path, draft) or _named(job.get("cond_video"), path, draft)
    if picture is None:
        raise SceneError(Problem("the job has no cond_image", file=str(path), hint='"cond_image": "people.png"'))
    given = job.get("bbox")
    boxes: Mapping[str, Any] = given if isinstance(given, dict) else {}
    kind = str(job.get("audio_type") or "para").lower()
    if len(voices) > 1 and kind not in _TOGETHER | _IN_TURN:
        raise SceneError(Problem(f"audio_type {kind!r} is not known", file=str(path), hint="para, or add"))
    in_turn = kind in _IN_TURN and len(voices) > 1
    for number, (name, voice) in enumerate(voices.items(), 1):
        key = draft.key(_spaced(name))
        region = _row_first(boxes[name], name, path) if name in boxes else None
        face: Face | None = _face_in(region, path.parent / picture, draft) if region else None
        if face is None:
            face = FaceDetect(detect=number) if len(voices) > 1 else FaceDetect(detect="largest")
            draft.note("the job has no boxes: faces are counted from the left, as that program does")
        track = _named(voice, path, draft, name)
        if track is None:
            draft.note(f"{_spaced(name)} has no sound and only listens")
        elif in_turn:
            draft.items.append(Said(key, "", audio=track))
        draft.people[key] = Person(draft.people[key].name, face, None if in_turn else track)
    for key in sorted(set(job) - _MEANT):
        draft.note(f"{key} has no meaning here")
    prompt = job.get("prompt") or job.get("text")
    if in_turn:
        draft.note("audio_type add: one voice after the other, in the order of the job")
    return draft.finished(picture=picture, prompt=str(prompt) if prompt else None)


def _row_first(box: Any, name: str, path: Path) -> Box:
    """[y0, x0, y1, x1], the stretch of the picture that a person fills, in pixels."""
    if not isinstance(box, Sequence) or len(box) != 4 or not all(isinstance(n, (int, float)) for n in box):
        hint = "[y0, x0, y1, x1] in pixels, rows first"
        raise SceneError(Problem(f"the bbox of {name} is {box!r}", file=str(path), hint=hint))
    top, left, bottom, right = (float(n) for n in box)
    if bottom <= top or right <= left:
        hint = "[y0, x0, y1, x1]: rows first, each smaller number before the larger"
        raise SceneError(Problem(f"the bbox of {name} holds nothing: {list(box)}", file=str(path), hint=hint))
    return Box(left, top, right - left, bottom - top)


def _read_settings(job: Mapping[str, Any], path: Path) -> Screenplay:
    draft = Draft()
    image = job.get("image_start") or job.get("image_refs")
    image = image[0] if isinstance(image, list) and image else image
    picture = _named(image, path, draft)
    if picture is None:
        raise SceneError(Problem("the settings name no image_start", file=str(path), hint='"image_start": "a.png"'))
    voices = [job.get(key) for key in ("audio_guide", "audio_guide2") if job.get(key)]
    places = str(job.get("speakers_locations") or "").split()
    for number, voice in enumerate(voices, 1):
        key = draft.key(f"Speaker {number}")
        share = _percent(places[number - 1], path) if number <= len(places) and len(voices) > 1 else None
        region = _in_percent(share, path.parent / picture) if share else None
        face = _face_in(region, path.parent / picture, draft) if region else FaceDetect(detect=_counted(number, voices))
        draft.people[key] = Person(draft.people[key].name, face, _named(voice, path, draft))
    for key in sorted(set(job) - _WGP_MEANT):
        if job[key] not in (None, "", 0, [], False):
            draft.note(f"{key} has no meaning here")
    prompt = job.get("prompt")
    return draft.finished(picture=picture, prompt=str(prompt) if prompt else None)


def _counted(number: int, voices: Sequence[Any]) -> Any:
    return number if len(voices) > 1 else "largest"


def _percent(place: str, path: Path) -> tuple[float, float, float, float]:
    """`left:right` or `left:right:top:bottom` in percent, as shares 0 … 1 of left, right, top, bottom."""
    if not re.fullmatch(r"\d{1,3}(\.\d+)?(:\d{1,3}(\.\d+)?){1,3}", place) or place.count(":") == 2:
        hint = "left:right or left:right:top:bottom in percent, as in 0:45 55:100"
        raise SceneError(Problem(f"speakers_locations has {place!r}", file=str(path), hint=hint))
    shares = [float(part) / 100 for part in place.split(":")]
    left, right, top, bottom = shares if len(shares) == 4 else [*shares, 0.0, 1.0]
    return left, right, top, bottom


def _in_percent(share: tuple[float, float, float, float], picture: Path) -> Box | None:
    """The share of the picture in pixels; None where the picture is not there."""
    from dialogue.media.pictures import measure_picture

    if not picture.is_file():
        return None
    size = measure_picture(picture, picture.name)
    left, right, top, bottom = share
    return Box(left * size.width, top * size.height, (right - left) * size.width, (bottom - top) * size.height)


def _face_in(region: Box, picture: Path, draft: Draft) -> Face:
    """The face found inside a region: these programs' boxes hold a whole person, ours a face."""
    from dialogue.media.faces import detect

    found = detect(picture) if picture.is_file() else ()
    inside = [face.box for face in found if _holds(region, face.box)]
    if inside:
        draft.note("boxes there hold a whole person: the face found inside each is taken")
        box = max(inside, key=lambda box: box.width * box.height)
    else:
        draft.note("no face was found inside a box of the job: the box stands as the face; draw it around the face")
        box = region
    return FaceBox(box=(round(box.x), round(box.y), round(box.width), round(box.height)))


def _holds(region: Box, face: Box) -> bool:
    x, y = face.x + face.width / 2, face.y + face.height / 2
    return region.x <= x <= region.x + region.width and region.y <= y <= region.y + region.height


def _named(value: Any, path: Path, draft: Draft, person: str = "") -> str | None:
    """The file a job names, as seen from the job: its own path, else one of its name, or of the person's, beside it."""
    if not isinstance(value, str) or not value or value == "None":
        return None
    given = Path(value)
    for place in (given, *(Path(folder) / given.name for folder in ("", "images"))):
        if (path.parent / place).is_file():
            return place.as_posix()
    last = re.split(r"[-_ ]", given.stem)[-1]
    for ending in (given.name, last + given.suffix, person + given.suffix):
        alike = sorted(found.name for found in path.parent.glob(f"*[-_]{glob.escape(ending)}"))
        if len(alike) == 1:
            draft.note(f"{value} is taken to be {alike[0]}, which lies beside the job")
            return alike[0]
    draft.note(f"{value} is not there: put it beside the scene")
    return value


def _spaced(name: str) -> str:
    """`person1` as a name: Person 1."""
    match = re.fullmatch(r"([A-Za-z]+)_?(\d+)", name)
    return f"{match[1].capitalize()} {match[2]}" if match else name
