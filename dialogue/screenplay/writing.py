"""A script as a scene.yaml that a person goes on with: every line, and as comments what a scene has no key for."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dialogue.ground.times import format_time
from dialogue.scene.emotions import EMOTIONS
from dialogue.scene.json_schema import json_schema
from dialogue.scene.scene import Face, FaceBox, FaceDetect, FaceLike, LineEmotion
from dialogue.screenplay.screenplay import Heading, Note, Person, Remark, Said, Screenplay, Silence
from dialogue.screenplay.stage import Section, Staged, sections_of, staged

SCHEMA = "scene.schema.json"  # beside the scene


@dataclass(frozen=True)
class Written:
    """The files of a scene by their paths in its folder, `scene` among them, and what the summary has to say."""

    files: Mapping[str, bytes]
    notes: tuple[Note, ...]
    actors: Mapping[str, str]


def written(
    script: Screenplay, source: Path, folder: Path, scene: str = "scene.yaml", picture: str | None = None,
    cast: Sequence[str] = (),
) -> Written:  # fmt: skip
    """A scene of `script`, read from `source`, to stand in `folder`.

    Its picture is `picture`, else the script's own, else ready characters: those of `cast` first.
    """
    notes = list(script.notes)
    shown = picture or script.picture
    if shown is None and not any(isinstance(item, Heading) and item.picture for item in script.items):
        stage = staged(script, cast)
        for key in stage.without:
            notes.append(Note(f"no ready character is left for {script.people[key].name}, who is heard off screen"))
    else:
        stage = Staged(tuple(_all_pictured(sections_of(script), notes, given=shown is not None)), {}, {}, ())
        people = script.people
        if shown is None:
            notes.append(Note("who is where in the pictures is not said: write face: for each, to see them speak"))
        elif all(person.face is None for person in people.values()):
            notes.append(Note("who is who in the picture is counted from the left: check it, and write face: for each"))
    moved = Paths(source.parent, folder)
    text = "".join(f"{row}\n" for row in _rows(script, source, stage, moved, picture))
    schema = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    return Written({scene: text.encode(), SCHEMA: schema.encode(), **stage.files}, tuple(notes), stage.actors)


def _all_pictured(sections: list[Section], notes: list[Note], given: bool) -> list[Section]:
    """Those without a picture show the one before them, and the first ones the one that follows."""
    if given or all(section.picture for section in sections):
        return sections
    notes.append(Note("parts of the script without a picture show the one before, and the first the next one"))
    last = next((section.picture for section in sections if section.picture), None)
    found = []
    for section in sections:
        last = section.picture or last
        found.append(replace(section, picture=last))
    return found


@dataclass(frozen=True)
class Paths:
    """Paths of a script, as they are written in a scene that stands elsewhere."""

    source: Path
    folder: Path

    def moved(self, path: str) -> str:
        place = self.source / path
        try:
            return Path(os.path.relpath(place, self.folder)).as_posix()
        except ValueError:  # another drive
            return place.resolve().as_posix()


def mark_of(source: Path) -> str:
    """What a scene keeps of the script it was written from, to tell whether that has changed since."""
    return hashlib.blake2b(source.read_bytes(), digest_size=6).hexdigest()


def _rows(script: Screenplay, source: Path, stage: Staged, paths: Paths, picture: str | None) -> Iterator[str]:
    yield f"# Written by `dialogue import` from {_comment(source.name)} ({mark_of(source)}). This is the script now."
    yield f"# yaml-language-server: $schema={SCHEMA}"  # for editors, as `dialogue init` writes it
    yield "scene: 1"
    if script.title:
        yield f"title: {_quoted(script.title)}"
    if script.language:
        yield f"language: {_quoted(script.language)}"
    yield ""
    yield "cast:"
    same = _faces_of_all(stage.sections)
    for number, (key, person) in enumerate(script.people.items(), 1):
        yield from _member(key, person, number, script, stage, same, paths, picture)
    yield ""
    first = picture or (script.picture and paths.moved(script.picture))
    if first:
        yield f"picture: {_quoted(first)}"
    elif stage.sections and stage.sections[0].picture:
        own = stage.sections[0].picture
        yield f"picture: {_quoted(own if stage.actors else paths.moved(own))}"
    prompts = [section.prompt for section in stage.sections] or [script.prompt or ""]
    if len(prompts) == 1 and prompts[0]:
        yield f"prompt: {_quoted(prompts[0])}"
    if script.audio:
        yield f"audio: {_quoted(paths.moved(script.audio))}"
    if script.items:
        yield ""
        yield "lines:" if script.said else "# lines:"
        yield from _lines(script, paths)
    if len(stage.sections) > 1:
        yield ""
        yield "shots:"
        yield from _shots(script, stage, same is None, picture, paths)


def _member(
    key: str, person: Person, number: int, script: Screenplay, stage: Staged, same: Mapping[str, Face] | None,
    paths: Paths, picture: str | None,
) -> Iterator[str]:  # fmt: skip
    yield f"  {key}:"
    yield f"    name: {_quoted(person.name)}"
    face = person.face or (same or {}).get(key)
    if face is None and not stage.actors and (picture or script.picture):
        face = FaceDetect(detect=number if len(script.people) > 1 else "largest")
    if face is not None:
        yield f"    face: {_face(face)}"
    if person.track is not None:
        yield f"    track: {_quoted(paths.moved(person.track))}"
    if person.label is not None and script.audio is not None:
        yield f"    voice: {{speaker: {_quoted(person.label)}}}"
    if key in stage.actors:
        yield "    emotions:"
        yield from (f"      {emotion}: {key}/{emotion}.png" for emotion in EMOTIONS)


def _faces_of_all(sections: Sequence[Section]) -> Mapping[str, Face] | None:
    """The faces, where they are the same in every picture; None where each shot has its own."""
    faces = [section.faces for section in sections]
    return faces[0] if faces and all(found == faces[0] for found in faces) else None


def _lines(script: Screenplay, paths: Paths) -> Iterator[str]:
    for item in script.items:
        if isinstance(item, Said):
            yield from _line(item, paths)
        elif isinstance(item, Silence):
            yield f"  - {{pause: {item.seconds:g}}}"
        elif isinstance(item, Remark):
            yield f"  # {item.what}: {_comment(item.text)}"
        elif item.prompt:
            yield f"  # {_comment(item.prompt)}"


def _line(said: Said, paths: Paths) -> Iterator[str]:
    yield f"  - {said.speaker}: {_quoted(said.text)}"
    if said.audio is not None:
        yield f"    audio: {_quoted(paths.moved(said.audio))}"
    if said.start is not None and said.end is not None and said.end > said.start:
        yield f"    from: {format_time(said.start)}"
        yield f"    to: {format_time(said.end)}"
    if said.emotion is not None:
        yield f"    emotion: {_emotion(said.emotion)}"
    if said.together:
        yield "    together: yes            # starts with the line before it"


def _shots(script: Screenplay, stage: Staged, own: bool, picture: str | None, paths: Paths) -> Iterator[str]:
    """One shot a section; `lines` counts the items of the list, pauses included."""
    numbers: dict[int, int] = {}
    for index, item in enumerate(script.items):
        if isinstance(item, (Said, Silence)):
            numbers[index] = len(numbers) + 1
    for section in stage.sections:
        inside = [index for index in numbers if section.first <= index < section.end]
        spoken = [numbers[index] for index in inside if isinstance(script.items[index], Said)]
        keys = [f"lines: [{', '.join(map(str, spoken))}]"]
        if section.prompt:
            keys.insert(0, f"prompt: {_quoted(section.prompt)}")
        if section.picture and not picture:
            shown = section.picture if stage.actors else paths.moved(section.picture)
            keys.insert(0, f"picture: {_quoted(shown)}")
        yield f"  - {keys[0]}"
        yield from (f"    {key}" for key in keys[1:])
        if own and section.faces:
            yield "    faces:"
            yield from (f"      {key}: {_face(face)}" for key, face in section.faces.items())


def _face(face: Face) -> str:
    if isinstance(face, FaceBox):
        return f"[{', '.join(f'{number:g}' for number in face.box)}]"
    if isinstance(face, FaceLike):
        return f"{{like: {_quoted(face.like)}}}"
    assert isinstance(face, FaceDetect)
    return f"{{detect: {face.detect}}}"


def _emotion(emotion: LineEmotion) -> str:
    names = list(emotion.weights)
    if len(names) == 1 and emotion.strength == 1:
        return names[0]
    weights = ", ".join(f"{name}: {weight:g}" for name, weight in emotion.weights.items())
    what = f"name: {names[0]}" if len(names) == 1 else f"blend: {{{weights}}}"
    strength = f", strength: {emotion.strength:g}" if emotion.strength != 1 else ""
    return f"{{{what}{strength}}}"


def _quoted(text: str) -> str:
    """In double quotes, which YAML reads as JSON does."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f").replace("\u2028", "\\u2028")


def _comment(text: str) -> str:
    """On one line, whatever it holds."""
    return " ".join("".join(c if c.isprintable() or c.isspace() else "\ufffd" for c in text).split())
