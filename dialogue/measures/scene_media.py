"""What a scene needs to have measured: each file once, with the place in the scene that names it first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dialogue.scene.generators import knows_drawn_alone
from dialogue.scene.scene import AudioRef, Face, FaceBox, FaceDetect, FaceLike, FacePoint, Scene, SpokenLine

if TYPE_CHECKING:
    from dialogue.scene.reader import Keypath


@dataclass(frozen=True)
class Wanted:
    """Paths as written, each with the keys in the scene under which it stands.

    - `speech`: the tracks to be listened to. All of them or none: what one microphone hears of another's speaker is
      told only by comparing. None where the script gives every line its times or its own recording.
    - `detect`, `likes`: pictures in which a face is to be found, and (picture, image) pairs to be compared.
    - `placed`: boxes and points written for faces, and the picture they are in.
    - `drawn`: the pictures of which it matters whether the small model, `tiny`, knows their world.
    - `recordings`: each file and sound stream, all channels of it. `tracks`: the members' microphones.
    - `levels`: the recordings of which it matters how loud they are: those of several people that we mix.
    - `felt`: the recordings of those whose emotions are to be told.
    - `mixed`: the members whose turns can only come from who speaks when in the mix.
    """

    recordings: dict[AudioRef, Keypath]
    pictures: dict[str, Keypath]
    detect: dict[str, Keypath]
    likes: dict[tuple[str, str], Keypath]
    speech: dict[AudioRef, Keypath]
    mixed: tuple[str, ...]
    drawn: dict[str, Keypath]
    placed: dict[tuple[str, FaceBox | FacePoint], Keypath]
    tracks: dict[AudioRef, Keypath]
    levels: dict[AudioRef, Keypath]
    felt: dict[AudioRef, Keypath]


def wanted_by(scene: Scene) -> Wanted:
    """What the planner will ask for, and no more: each file, face and track once, where it is first named."""
    recordings: dict[AudioRef, Keypath] = {}
    pictures: dict[str, Keypath] = {}
    detect: dict[str, Keypath] = {}
    likes: dict[tuple[str, str], Keypath] = {}
    placed: dict[tuple[str, FaceBox | FacePoint], Keypath] = {}
    for ref, keys in _recordings(scene):
        recordings.setdefault(AudioRef(path=ref.path, stream=ref.stream), keys)
    for path, keys in _pictures(scene):
        pictures.setdefault(path, keys)
    for picture, face, keys in _faces(scene):
        if isinstance(face, FaceLike):
            likes.setdefault((picture, face.like), keys)
            pictures.setdefault(face.like, keys)
        elif isinstance(face, FaceDetect):
            detect.setdefault(picture, keys)
        else:
            placed.setdefault((picture, face), keys)
    tracks = _tracks(scene)
    return Wanted(
        recordings, pictures, detect, likes, _speech(scene, tracks), _mixed(scene), _drawn(scene), placed, tracks,
        _levels(scene, tracks), _felt(scene),
    )  # fmt: skip


def _recordings(scene: Scene) -> Iterator[tuple[AudioRef, Keypath]]:
    for name, member in scene.cast.items():
        if member.track is not None:
            yield member.track, ("cast", name, "track")
        if member.voice is not None and member.voice.enroll is not None:
            yield AudioRef(path=member.voice.enroll), ("cast", name, "voice", "enroll")
    if scene.audio is not None:
        yield scene.audio, ("audio",)
    for index, line in enumerate(scene.lines):
        if isinstance(line, SpokenLine) and line.audio is not None:
            yield line.audio, ("lines", index, "audio")
    for index, sound in enumerate(scene.sound):
        yield sound.file, ("sound", index, "file")


def _pictures(scene: Scene) -> Iterator[tuple[str, Keypath]]:
    for name, member in scene.cast.items():
        for emotion, reference in member.emotions.items():
            yield reference.image, ("cast", name, "emotions", emotion)
    if scene.picture is not None:
        yield scene.picture, ("picture",)
    for index, shot in enumerate(scene.shots):
        if shot.picture is not None:
            yield shot.picture, ("shots", index, "picture")


def shown(scene: Scene) -> dict[str, Keypath]:
    """The pictures of the shots, each with the place that names it first."""
    found: dict[str, Keypath] = {}
    for index, shot in enumerate(scene.shots):
        if shot.picture is not None:
            found.setdefault(shot.picture, ("shots", index, "picture"))
    if scene.picture is not None and (not scene.shots or any(shot.picture is None for shot in scene.shots)):
        found.setdefault(scene.picture, ("picture",))
    return found


def _drawn(scene: Scene) -> dict[str, Keypath]:
    return shown(scene) if scene.generator is None or knows_drawn_alone(scene.generator) else {}


def _faces(scene: Scene) -> Iterator[tuple[str, Face, Keypath]]:
    """(picture, face, place) of every face of every shot: its own when it names any, else the cast's."""
    shots: list[tuple[Keypath, str | None, Mapping[str, Face]]] = [
        (("shots", i, "faces"), shot.picture or scene.picture, shot.faces) for i, shot in enumerate(scene.shots)
    ]
    for keys, picture, own in shots or [((), scene.picture, {})]:
        if picture is None:
            continue
        if own:
            yield from ((picture, face, (*keys, name)) for name, face in own.items())
        else:
            cast = scene.cast.items()
            yield from ((picture, m.face, ("cast", name, "face")) for name, m in cast if m.face is not None)


def _untimed(scene: Scene, speaker: str) -> bool:
    """Whether it must be heard when they speak: they have no lines, or one with neither times nor a recording."""
    lines = [line for line in scene.lines if isinstance(line, SpokenLine) and line.speaker == speaker]
    return not lines or any(line.audio is None and (line.start is None or line.end is None) for line in lines)


def _tracks(scene: Scene) -> dict[AudioRef, Keypath]:
    return {member.track: ("cast", name, "track") for name, member in scene.cast.items() if member.track is not None}


def _levels(scene: Scene, tracks: Mapping[AudioRef, Keypath]) -> dict[AudioRef, Keypath]:
    if scene.audio is not None:
        return {}
    found = dict(tracks)
    speakers = {name for name, member in scene.cast.items() if member.track is not None}
    for index, line in enumerate(scene.lines):
        if isinstance(line, SpokenLine) and line.audio is not None:
            found.setdefault(line.audio.heard, ("lines", index, "audio"))
            speakers.add(line.speaker)
    return found if len(speakers) > 1 else {}


def _felt(scene: Scene) -> dict[AudioRef, Keypath]:
    """Draft voices are heard by nobody: what they say was never felt."""
    found: dict[AudioRef, Keypath] = {}
    for index, line in enumerate(scene.lines):
        if isinstance(line, SpokenLine) and line.draft is None and scene.feels_by_itself(line.speaker, line):
            ref = line.audio or scene.cast[line.speaker].track or scene.audio
            if ref is not None:
                found.setdefault(ref.heard, ("lines", index, "emotion"))
    spoken = {line.speaker for line in scene.lines if isinstance(line, SpokenLine)}
    for name, member in scene.cast.items():
        ref = member.track or (None if scene.lines else scene.audio)
        if name not in spoken and ref is not None and scene.feels_by_itself(name):
            found.setdefault(ref.heard, ("cast", name, "emotion"))
    return found


def _speech(scene: Scene, tracks: dict[AudioRef, Keypath]) -> dict[AudioRef, Keypath]:
    needed = any(member.track is not None and _untimed(scene, name) for name, member in scene.cast.items())
    return tracks if needed else {}


def _mixed(scene: Scene) -> tuple[str, ...]:
    if scene.audio is None:
        return ()
    spoken = {line.speaker for line in scene.lines if isinstance(line, SpokenLine)}
    return tuple(
        name
        for name, member in scene.cast.items()
        if member.track is None
        and not (member.voice is not None and member.voice.none)
        and (not scene.lines or name in spoken)
        and _untimed(scene, name)
    )
