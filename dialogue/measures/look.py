"""The one look at a scene's media: `probe` for `dialogue check`, `measure` for the planner.

Both raise one SceneError with every problem found, each at the place in the scene that names the file, and keep what
they measure in the user's cache.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.formats.turns import turn_notes
from dialogue.ground.box import Box
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.progress import OnProgress, untold
from dialogue.ground.segments import LabelledSegment
from dialogue.measures.emotions_heard import felt_in
from dialogue.measures.late_turns import placed_turns
from dialogue.measures.looking import Look
from dialogue.measures.measures import Measures
from dialogue.measures.scene_media import Wanted, wanted_by
from dialogue.measures.tracks import Tracks, measured_tracks
from dialogue.media.media import FoundFace, Mouth, Picture, Recording
from dialogue.scene.scene import AudioRef, FaceBox, FacePoint

if TYPE_CHECKING:
    from dialogue.hearing.heard import Heard
    from dialogue.scene.reader import Keypath, SceneFile


def _recording(look: Look, ref: AudioRef, loudness: bool) -> Recording:
    path, written = look.path(ref.path), ref.path

    def make() -> dict[str, Any]:
        from dialogue.media.recordings import measure_recording, probe_recording

        return dataclasses.asdict((measure_recording if loudness else probe_recording)(path, written, ref.stream))

    kept = look.cache.remembered(["recording", loudness, ref.stream], [path], make)
    return Recording(**{**kept, "path": written, "channel_names": tuple(kept["channel_names"])})


def _picture(look: Look, written: str) -> Picture:
    path = look.path(written)

    def make() -> dict[str, Any]:
        from dialogue.media.pictures import measure_picture

        return dataclasses.asdict(measure_picture(path, written))

    return Picture(**{**look.cache.remembered(["picture"], [path], make), "path": written})


def _drawn(look: Look, written: str) -> bool:
    from dialogue.media.drawn import EYES, is_drawn

    path = look.path(written)
    return bool(look.cache.remembered(["drawn"], [path, EYES], lambda: is_drawn(path)))


def _faces_by(look: Look, written: str) -> tuple[list[Any], list[Path]]:
    """How the faces of a picture are found, and the files that say what is found."""
    from dialogue.media.faces import models_files

    return ["faces"], [look.path(written), *models_files()]


def _faces(look: Look, written: str) -> tuple[FoundFace, ...]:
    from dialogue.media.faces import detect

    path = look.path(written)
    kept = look.cache.remembered(
        *_faces_by(look, written), lambda: [dataclasses.asdict(face) for face in detect(path)]
    )
    return tuple(_face_of(face) for face in kept)


def _face_of(kept: dict[str, Any]) -> FoundFace:
    mouth = kept["mouth"]
    if mouth is not None:
        mouth = Mouth(**{**mouth, "left": tuple(mouth["left"]), "right": tuple(mouth["right"])})
    return FoundFace(Box(**kept["box"]), kept["score"], kept["origin"], mouth)


def _placed_by(look: Look, pair: tuple[str, FaceBox | FacePoint]) -> tuple[list[Any], list[Path]]:
    from dialogue.media.faces import models_files

    picture, written = pair
    return ["face at", written.model_dump()], [look.path(picture), *models_files()]


def _placed(look: Look, pair: tuple[str, FaceBox | FacePoint]) -> FoundFace | None:
    """The face in a box or around a point that was written."""
    from dialogue.media.faces import around, at

    picture, written = pair
    path = look.path(picture)

    def make() -> dict[str, Any] | None:
        if isinstance(written, FacePoint):
            face = around(path, written.point)
        else:
            face = at(path, Box(*written.box), written.mouth)
        return dataclasses.asdict(face) if face else None

    kept = look.cache.remembered(*_placed_by(look, pair), make)
    return _face_of(kept) if kept else None


def _like(look: Look, pair: tuple[str, str]) -> FoundFace | None:
    from dialogue.media.faces import at, like, models_files

    picture, image = (look.path(written) for written in pair)

    def make() -> dict[str, Any] | None:
        box = like(picture, image)
        return dataclasses.asdict(at(picture, box) or FoundFace(box, 0.0)) if box else None

    kept = look.cache.remembered(["like"], [picture, image, *models_files()], make)
    return _face_of(kept) if kept else None


def _diarization_file(look: Look) -> tuple[LabelledSegment, ...]:
    """What the file that the scene names says; its problems keep their own file and line."""
    scene = look.file.scene
    if scene.diarization in ("auto", "off"):
        return ()
    from dialogue.formats.turns import read_turns

    recording = Path(scene.audio.path).stem if scene.audio else None
    try:
        turns = read_turns(look.path(scene.diarization), recording, look.told)
    except SceneError as error:
        look.problems += error.problems
        return ()
    return tuple(dataclasses.replace(turn, origin=scene.diarization) for turn in turns)


@dataclass(frozen=True)
class _Mix:
    """The scene's mixed recording, and what is to be known of it: who speaks when, automatically."""

    path: Path
    channel: int | None
    stream: int | None
    speakers: int
    enrolled: dict[str, Path]
    taken: list[str]
    hop: float | None
    turns: tuple[LabelledSegment, ...] | None = None  # of a file, whose labels may be the enrolled members'
    listening: tuple[str, ...] = ()  # `Look.listening`

    @property
    def way(self) -> list[Any]:
        from dialogue.diarization.diarizer import available

        names = list(self.enrolled)
        turns = None if self.turns is None else [[turn.start, turn.end, turn.label] for turn in self.turns]
        part = [self.channel, self.stream]
        return ["who speaks", available(), part, self.speakers, names, self.taken, self.hop, turns, *self.listening]

    @property
    def paths(self) -> list[Path]:
        return [self.path, *self.enrolled.values()]


def _mix(
    look: Look, wanted: Wanted, speakers: int | None, hop: float | None, turns: tuple[LabelledSegment, ...]
) -> _Mix | None:
    """None where nobody's turns have to be found. As many voices as the cast heard in it, or `speakers`.

    Of a file's `turns`, whose labels are names of the cast or of nobody, no voice has to be compared.
    """
    from dialogue.diarization.people import is_name
    from dialogue.measures.mixed_recording import comparable

    scene = look.file.scene
    if scene.diarization == "off" or scene.audio is None or not wanted.mixed:
        return None
    voices = {name: scene.cast[name].voice for name in wanted.mixed}
    taken = {voice.speaker for voice in voices.values() if voice is not None and voice.speaker}
    if scene.diarization != "auto":
        labels = {turn.label for turn in turns}
        names = {name.casefold(): key for key, member in scene.cast.items() for name in (key, member.name or key)}
        named = {label: names[label.casefold()] for label in labels if label.casefold() in names}
        taken |= {label for label in labels if label in named or is_name(label)}
        voices = {name: voice for name, voice in voices.items() if name not in named.values()}
    enrolled = {n: look.path(voice.enroll) for n, voice in voices.items() if voice is not None and voice.enroll}
    if scene.diarization != "auto" and (not enrolled or labels <= taken or not comparable(look, list(enrolled))):
        return None
    count = speakers or len(wanted.mixed)
    given = None if scene.diarization == "auto" else turns
    audio = scene.audio
    way = tuple(look.listening)
    return _Mix(look.path(audio.path), audio.channel, audio.stream, count, enrolled, sorted(taken), hop, given, way)


def _diarized(look: Look, mix: _Mix) -> tuple[tuple[LabelledSegment, ...], list[str]]:
    """Who speaks when. A member whose sample is not clearly one of the voices is a problem at the sample's place."""

    def make() -> dict[str, Any]:
        from dialogue.measures.mixed_recording import diarize

        look.tell("finding out who speaks when", 0, 1)
        return dataclasses.asdict(
            diarize(mix.path, mix.channel, mix.speakers, mix.enrolled, mix.taken, mix.hop, mix.turns, mix.stream,
                    bool(mix.listening))
        )  # fmt: skip

    try:
        kept = look.cache.remembered(mix.way, mix.paths, make)
    except SceneError as error:
        look.problems += [look.file.problem(("audio",), problem.message, problem.hint) for problem in error.problems]
        return (), []
    for doubt in kept["doubts"]:
        keys = ("cast", doubt["member"], "voice", "enroll")
        look.problems.append(look.file.problem(keys, doubt["message"], doubt["hint"]))
    return tuple(LabelledSegment(**segment) for segment in kept["segments"]), list(kept["notes"])


_SMALL = 1_200_000  # pixels: in such a picture BlazeFace and the mesh find faces within a second


def _quick_faces(
    look: Look, wanted: Wanted, pictures: Mapping[str, Picture], most: int
) -> tuple[dict[str, tuple[FoundFace, ...]], dict[tuple[str, FaceBox | FacePoint], FoundFace | None]]:
    """Faces that were found before, and those of `most` small pictures where they are found quickly."""
    from dialogue.media.face_files import face_files

    inside = _inside(wanted, pictures)
    small = [p for p in pictures if pictures[p].width * pictures[p].height <= _SMALL] if face_files() else []
    asked = [p for p in small if p in wanted.detect or any(p == picture for picture, _ in inside)]
    new = [
        picture
        for picture in asked
        if (picture in wanted.detect and not look.cache.knows(*_faces_by(look, picture)))
        or any(picture == pair[0] and not look.cache.knows(*_placed_by(look, pair)) for pair in inside)
    ][:most]
    detect = {
        picture: keys
        for picture, keys in wanted.detect.items()
        if picture in pictures and (picture in new or look.cache.knows(*_faces_by(look, picture)))
    }
    placed = {
        pair: keys for pair, keys in inside.items() if pair[0] in new or look.cache.knows(*_placed_by(look, pair))
    }
    faces = look.each("", detect, lambda written: _faces(look, written))
    return faces, look.each("", placed, lambda pair: _placed(look, pair))


def probe(file: SceneFile, problems: list[Problem] | None = None, new_faces: int = 0) -> Measures:
    """What headers and decoding tell at once: durations, channels, picture sizes, the diarization file. No torch.

    Faces where they were found before, and in as many small pictures as `new_faces`. Raises SceneError with every file
    that cannot be read; given `problems`, adds to them instead and measures the rest.
    """
    look = Look(file, untold)
    try:
        look.listening  # noqa: B018 - raises where what is asked for is not here
    except SceneError as error:
        look.problems += error.problems
    wanted = wanted_by(file.scene)
    recordings = look.each("", wanted.recordings, lambda ref: _recording(look, ref, loudness=False))
    pictures = look.each("", wanted.pictures, lambda written: _picture(look, written))
    # Of a generator asked for by name one is warned at once; which is best is the plan's question, not worth the wait.
    warned = wanted.drawn if file.scene.generator is not None else {}
    drawn = look.each("", {p: keys for p, keys in warned.items() if p in pictures}, lambda p: _drawn(look, p))
    faces, placed = _quick_faces(look, wanted, pictures, new_faces)
    diarization = _diarization_file(look)
    if problems is None:
        look.raise_problems()
    else:
        problems += [*look.problems, *look.told]
    return Measures(_by_sound(recordings), pictures, faces, diarization=diarization, drawn=drawn, placed=placed)


def measure(
    file: SceneFile, progress: OnProgress = untold, speakers: int | None = None, hop: float | None = None
) -> Measures:
    """Everything the planner needs, and nothing more: see `Measures`.

    `speakers`: how many people are heard in a mix, when not as many as the cast has for it. `hop`: seconds between a
    pyannote pipeline's windows, when not its own. Raises SceneError with everything that cannot be measured.
    """
    look = Look(file, progress)
    wanted = wanted_by(file.scene)
    look.listening  # noqa: B018 - what is missing for it is told before anything is heard
    diarization = _diarization_file(look)
    mix = _mix(look, wanted, speakers, hop, diarization)
    if mix is not None and not look.cache.knows(mix.way, mix.paths):
        from dialogue.diarization.diarizer import load_ahead

        load_ahead(hop)
    recordings = look.each(
        "reading the recordings", wanted.recordings, lambda ref: _recording(look, ref, loudness=True)
    )
    pictures = look.each("reading the pictures", wanted.pictures, lambda written: _picture(look, written))
    look.raise_problems()
    drawn = look.each("looking for drawn people", wanted.drawn, lambda written: _drawn(look, written))
    faces = look.each("finding faces", wanted.detect, lambda written: _faces(look, written))
    placed = look.each("looking at faces", _inside(wanted, pictures), lambda pair: _placed(look, pair))
    likes = look.each("finding faces by likeness", wanted.likes, lambda pair: _like(look, pair))
    tracks = measured_tracks(look, wanted)
    warnings = [*turn_notes(look.told), *tracks.warnings]
    audio = look.file.scene.audio
    if diarization and audio is not None:
        diarization, notes = placed_turns(look, audio, _by_sound(recordings)[audio.sound], diarization)
        warnings += notes
    if mix is not None:
        diarization, notes = _diarized(look, mix)
        diarization = _captioned(look, mix, diarization)
        warnings += notes
    look.raise_problems()
    heard = _heard(look, tracks, diarization)
    look.raise_problems()
    felt = felt_in(look, wanted)
    look.raise_problems()
    known = {pair: face for pair, face in likes.items() if face is not None}
    lines = {item: line for found in heard for item, line in found.lines.items()}
    differences = tuple(difference for found in heard for difference in found.differences)
    return Measures(
        _by_sound(recordings), pictures, faces, known, tracks.speech, diarization, tuple(warnings), drawn, placed,
        lines, differences, tracks.starts, tracks.levels, felt,
    )  # fmt: skip


def _captioned(look: Look, mix: _Mix, turns: tuple[LabelledSegment, ...]) -> tuple[LabelledSegment, ...]:
    """The turns of a mix with their words, where the scene has none and a recogniser is there."""
    from dialogue.hearing.recogniser import recogniser

    if look.file.scene.lines or (folder := recogniser()) is None:
        return turns
    from dialogue.hearing.gate import captioned
    from dialogue.hearing.heard import HeardWord

    def make() -> list[list[Any]]:
        import numpy as np

        from dialogue.hearing.recogniser import recognised
        from dialogue.media.recordings import read_samples

        look.tell("writing down what is said", 0, 1)
        samples = np.asarray(read_samples(mix.path, mix.channel, mix.stream, bool(mix.listening)))
        return [[word.text, word.start, word.end] for word in recognised(samples, look.file.scene.language)]

    way = ["words", str(folder), mix.channel, mix.stream, look.file.scene.language, *mix.listening]
    kept = look.cache.remembered(way, [mix.path], make)
    return captioned(turns, [HeardWord(text, start, end) for text, start, end in kept])


def _heard(look: Look, tracks: Tracks, diarization: tuple[LabelledSegment, ...]) -> list[Heard]:
    """The script in each recording that holds some of it; nothing where no engine speaks its language here."""
    from dialogue.measures.script_heard import hear, heard_of, hearings_of, language_of_script

    scene = look.file.scene
    hearings = hearings_of(scene, tracks.speech, diarization)
    if not hearings:
        return []
    from dialogue.hearing.lines import way_of
    from dialogue.hearing.recogniser import recogniser

    language = language_of_script(scene)
    way = way_of(language)
    if way is None:
        return []
    found = []
    for number, hearing in enumerate(hearings):
        look.tell("hearing the script", number, len(hearings))
        path = look.path(hearing.ref.path)
        start, listener = tracks.start_of(hearing.ref), str(recogniser() or "")
        make = partial(hear, hearing, path, language, start, bool(look.listening))
        kept = [*hearing.way(language), way, listener, start, *look.listening]
        found.append(heard_of(look.cache.remembered(kept, [path], make)))
    return found


def _by_sound(recordings: Mapping[AudioRef, Recording]) -> dict[str, Recording]:
    return {ref.sound: recording for ref, recording in recordings.items()}


def _inside(wanted: Wanted, pictures: Mapping[str, Picture]) -> dict[tuple[str, FaceBox | FacePoint], Keypath]:
    """The faces written that lie in their picture; the others are told of by the planner."""
    return {
        (picture, face): keys
        for (picture, face), keys in wanted.placed.items()
        if picture in pictures
        and (isinstance(face, FacePoint) or Box(*face.box).inside(pictures[picture].width, pictures[picture].height))
    }
