"""What a scene says, held against its media: boxes and pictures, times and recordings, channels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

from dialogue.ground.box import Box
from dialogue.ground.errors import Problem
from dialogue.ground.times import format_time
from dialogue.measures.measures import Measures
from dialogue.measures.scene_media import shown
from dialogue.measures.unreadable import missing_channel
from dialogue.media.fonts import missing_letters
from dialogue.media.media import Picture, Recording
from dialogue.scene.generators import knows_drawn_alone
from dialogue.scene.reader import Keypath, SceneFile
from dialogue.scene.scene import AudioRef, Face, FaceBox, FacePoint, Pause, SpokenLine

_SLACK = 0.02  # seconds: what writers round away
_SHORTEST = 0.04  # seconds of sound, one frame
_SILENT = -90.0  # dBFS: the loudest sample of a recording nobody speaks in; the least of 16 bits
_FASTEST = 30.0  # characters per second; the quickest speakers reach 25


def check_media(file: SceneFile, measures: Measures) -> list[Problem]:
    """Errors and warnings, in the order of the file. `measures` may be headers only, or all there is to know."""
    found = [
        *_faces(file, measures),
        *recording_problems(file, measures),
        *_line_times(file, measures),
        *_shots(file, measures),
        *media_warnings(file, measures),
        *_letters(file),
    ]
    return sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0))


def _faces(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """Boxes lie in their picture, and those of one picture do not overlap."""
    scene = file.scene
    cast_faces = {name: member.face for name, member in scene.cast.items() if member.face is not None}
    told: set[tuple[object, ...]] = set()
    shots: list[tuple[Keypath, str | None, Mapping[str, Face]]] = [
        (("shots", index, "faces"), shot.picture or scene.picture, shot.faces) for index, shot in enumerate(scene.shots)
    ]
    for keys, picture, own in shots or [((), scene.picture, {})]:
        if picture is None or picture not in measures.pictures:
            continue
        # Faces of the cast hold for every shot without its own: told once per picture.
        faces: Mapping[str, Face] = own or cast_faces
        where: dict[str, Keypath] = {name: (*keys, name) if own else ("cast", name, "face") for name in faces}
        boxes = {name: Box(*face.box) for name, face in faces.items() if isinstance(face, FaceBox)}
        size = measures.pictures[picture]
        for name, box in boxes.items():
            if not box.inside(size.width, size.height) and (picture, where[name]) not in told:
                told.add((picture, where[name]))
                hint = f"{picture} is {size.width} wide and {size.height} high; [x, y, width, height]"
                yield file.problem(where[name], f"{name}'s face reaches out of the picture: {_reach(box, size)}", hint)
        for name, face in faces.items():
            wrong = _point_outside(face, size)
            if wrong is not None and (picture, where[name], wrong) not in told:
                told.add((picture, where[name], wrong))
                yield file.problem(where[name], f"{name}'s {wrong[0]}", wrong[1])
        for (name, box), (other, other_box) in combinations(boxes.items(), 2):
            shared = box.intersection(other_box)
            if shared.area > 0 and (where[name], where[other]) not in told:
                told.add((where[name], where[other]))
                message = f"the faces of {name} and {other} overlap by {shared.width:g} x {shared.height:g} pixels"
                yield file.problem(where[other], message, "faces of one picture keep apart")


def _point_outside(face: Face, size: Picture) -> tuple[str, str] | None:
    """What is wrong with a point of a face, and what would be right; None where nothing is."""
    if isinstance(face, FacePoint) and not Box(0, 0, size.width, size.height).contains(*face.point):
        x, y = face.point
        return f"face at [{x:g}, {y:g}] lies out of the picture", f"it is {size.width} wide and {size.height} high"
    if isinstance(face, FaceBox):
        box = Box(*face.box)
        for x, y in face.mouth:
            if not box.contains(x, y):
                return f"mouth at [{x:g}, {y:g}] lies out of the face's box", "[x, y] in pixels of the picture"
    return None


def _letters(file: SceneFile) -> Iterator[Problem]:
    """Names, and words that are burnt in, in a script that no font here has: once for each, where it is first met."""
    scene = file.scene
    texts: dict[Keypath, str] = {("cast", name): member.name or name for name, member in scene.cast.items()}
    if scene.output.burn_in:
        spoken = enumerate(scene.lines)
        texts |= {("lines", index): line.text for index, line in spoken if isinstance(line, SpokenLine)}
    own = file.folder / scene.output.font if scene.output.font is not None else None
    for letters, problem in missing_letters(texts.values(), own):
        keys = next(keys for keys, text in texts.items() if set(letters) & set(text))
        yield file.problem(keys, problem.message, problem.hint, "warning")


def media_warnings(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """What a film can be made of, and perhaps should not: recordings that break off, pictures of another world."""
    yield from _broken_off(file, measures)
    yield from _silent_parts(file, measures)
    yield from _unheard_streams(file, measures)
    yield from _foreign_pictures(file, measures)


def _broken_off(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """Once for every recording that holds less than its file says."""
    for sound, keys in _first(file).items():
        recording = measures.recordings.get(sound)
        if recording is not None and recording.told is not None:
            message = f"{sound} holds {recording.duration:.2f} s of the {recording.told:.2f} s that its file tells"
            yield file.problem(keys, message, "is it whole? what it holds is used", "warning")


def _first(file: SceneFile) -> dict[str, Keypath]:
    """Every recording, by its file and stream, with the place that names it first."""
    return {ref.sound: keys for keys, ref in reversed(list(_references(file)))}


def _silent_parts(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """Recordings that are silent where their file has no sound to give."""
    for sound, keys in _first(file).items():
        recording = measures.recordings.get(sound)
        if recording is None:
            continue
        if recording.start > _SHORTEST:
            message = f"{sound} begins {recording.start:.2f} s late by its own clock"
            yield file.problem(keys, message, "it is silent until then, as in a player", "warning")
        if recording.gaps > _SHORTEST:
            message = f"{sound} has gaps of {recording.gaps:.2f} s in all by its own clock"
            yield file.problem(keys, message, "it is silent there, as in a player", "warning")
        if recording.spoilt:
            many = recording.spoilt > 1
            message = f"{sound} has {recording.spoilt} sample{'s' * many} that {'are' if many else 'is'} no number"
            yield file.problem(keys, message, "it is silent there; export it again", "warning")


def _unheard_streams(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """Files of several sound streams, of which the scene names none and so uses one."""
    chosen = {ref.path for _, ref in _references(file) if ref.stream is not None}
    for sound, keys in _first(file).items():
        recording = measures.recordings.get(sound)
        if recording is None or recording.streams < 2 or sound in chosen or recording.path != sound:
            continue
        message = f"{sound} has {recording.streams} sound streams, and only the one that it marks as default is heard"
        choices = ", ".join(f"{sound}#stream{number}" for number in range(1, min(recording.streams, 3) + 1))
        what = "is heard by its own name" if keys[0] == "sound" else "can be somebody's track"
        yield file.problem(keys, message, f"each {what}: {choices}", "warning")


def _foreign_pictures(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """Every picture that a scene gives to a generator that knows one drawn world alone, and that is not of it."""
    named = file.scene.generator
    if not knows_drawn_alone(named):
        return
    for picture, keys in shown(file.scene).items():
        if measures.drawn.get(picture) is False:
            message = f"{picture} is not of the drawn world that {named} was trained on, and its faces will smear"
            hint = "animatic moves any picture, hunyuan-avatar photographs where its weights are"
            yield file.problem(keys, message, hint, "warning")


def _reach(box: Box, size: Picture) -> str:
    sides = (
        ("x", box.x, box.x < 0),
        ("y", box.y, box.y < 0),
        ("x + width", box.right, box.right > size.width),
        ("y + height", box.bottom, box.bottom > size.height),
    )
    return ", ".join(f"{side} is {value:g}" for side, value, out in sides if out)


def _references(file: SceneFile) -> Iterator[tuple[Keypath, AudioRef]]:
    """Every recording the scene names, and where."""
    scene = file.scene
    if scene.audio is not None:
        yield ("audio",), scene.audio
    for name, member in scene.cast.items():
        if member.track is not None:
            yield ("cast", name, "track"), member.track
        if member.voice is not None and member.voice.enroll is not None:
            yield ("cast", name, "voice", "enroll"), AudioRef(path=member.voice.enroll)
    for index, line in enumerate(scene.lines):
        if isinstance(line, SpokenLine) and line.audio is not None:
            yield ("lines", index, "audio"), line.audio
    for index, sound in enumerate(scene.sound):
        yield ("sound", index, "file"), sound.file


def recording_problems(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """Recordings hold sound, and the channel that is meant."""
    told: set[str] = set()
    for keys, ref in _references(file):
        recording = measures.recordings.get(ref.sound)
        if recording is None:
            continue
        if (absent := missing_channel(ref, recording)) is not None:
            yield file.problem(keys, *absent)
        if ref.sound in told:
            continue
        told.add(ref.sound)
        if recording.duration < _SHORTEST:
            yield file.problem(keys, f"{ref.path} is empty: {recording.duration:g} s of sound", "record it again")
        elif recording.peak is not None and recording.peak <= _SILENT:
            message = f"{ref.path} is silent: its loudest sample is {recording.peak:.0f} dBFS"
            hint = "nothing will be heard of it" if keys[0] == "sound" else "nobody will be seen to speak from it"
            yield file.problem(keys, message, hint, "warning")


def _line_times(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """Lines lie within the recording they are heard in, and are spoken at a speed people speak."""
    for index, line in enumerate(file.scene.lines):
        if not isinstance(line, SpokenLine):
            continue
        ref = line.audio or file.scene.cast[line.speaker].track or file.scene.audio
        recording = measures.recordings.get(ref.sound) if ref else None
        if recording is None:
            continue
        beyond = False
        for key, time in (("from", line.start), ("to", line.end)):
            if time is not None and time > recording.duration + _SLACK:
                beyond = True
                yield file.problem(("lines", index, key), f"{key} is beyond the end of {_length(recording)}")
        seconds = _seconds(line, recording)
        if not beyond and seconds is not None and seconds > 0 and len(line.text) > 10 + _FASTEST * seconds:
            message = f"{len(line.text)} characters in {seconds:.1f} s: nobody speaks that fast"
            yield file.problem(("lines", index), message, "is it the right recording, and the right time?", "warning")


def _seconds(line: SpokenLine, recording: Recording) -> float | None:
    """How long the line lasts, where the scene says so."""
    if line.audio is not None or (line.start is not None and line.end is not None):
        return (line.end if line.end is not None else recording.duration) - (line.start or 0.0)
    return None


def _length(recording: Recording) -> str:
    return f"{recording.path}, which lasts {format_time(recording.duration)}"


def _shots(file: SceneFile, measures: Measures) -> Iterator[Problem]:
    """Shots but the last end within the film, where its length is that of a recording; it lasts until the last does."""
    scene = file.scene
    refs = [scene.audio] if scene.audio else [member.track for member in scene.cast.values() if member.track]
    own = any(isinstance(line, SpokenLine) and line.audio for line in scene.lines) and scene.audio is None
    if own or (scene.lines and isinstance(scene.lines[-1], Pause)):
        return  # the film lasts as long as its lines, which only the plan knows
    known = [(measures.recordings[r.sound], r.start or 0.0) for r in refs if r.sound in measures.recordings]
    if not known or not scene.shots:
        return
    longest, start = max(known, key=lambda pair: pair[0].duration + pair[1])
    end = max(longest.duration + start, scene.shots[-1].until or 0.0)
    for index, shot in enumerate(scene.shots[:-1]):
        if shot.until is not None and shot.until > end + _SLACK:
            yield file.problem(("shots", index, "until"), f"until is beyond the end of {_length(longest)}")
        elif shot.until is not None and shot.until > end - _SHORTEST:
            message = f"this shot takes the whole film, and {len(scene.shots) - index - 1} more follow"
            yield file.problem(("shots", index, "until"), message)
    beyond = end - longest.duration - start
    if beyond > _SHORTEST:
        message = f"the picture is held for {beyond:.2f} s after the end of {_length(longest)}"
        yield file.problem(("shots", len(scene.shots) - 1, "until"), message, None, "warning")
