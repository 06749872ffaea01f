"""One episode from its recording to scene.yaml and plan.json, by any process that sees the batch's folders."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.cast.cast import CastFile
from dialogue.cast.recognition import (
    Heard,
    Undecided,
    alike_notes,
    encoder_name,
    hear_recording,
    open_labels,
    recognise,
    settled_labels,
    voices_of_cast,
    voices_of_turns,
)
from dialogue.film.scene_file import scene_file
from dialogue.generators.hardware import card_bytes
from dialogue.generators.memory import MEMORY
from dialogue.ground.digests import file_digest, text_digest
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.outputs import check_outputs, put_text
from dialogue.ground.segments import LabelledSegment
from dialogue.media.cache import Cache
from dialogue.podcast.episode_scene import (
    Role,
    close_looks,
    frame_size,
    looks_alone,
    roles_of,
    usual_size,
    variables_of,
    wide_look,
)
from dialogue.podcast.episodes import Episode, tags_of
from dialogue.podcast.manifest import Entry
from dialogue.scene.reader import SceneFile
from dialogue.show.lettering import lettering_warnings

if TYPE_CHECKING:
    from dialogue.cast.voices import Vector
    from dialogue.diarization.diarization import Diarization
    from dialogue.planning.plan import Plan

SCENE, PLAN, TURNS = "scene.yaml", "plan.json", "turns"


@dataclass(frozen=True)
class Setting:
    """What all episodes of a batch share. `variables` are those of the command, for the template.

    `memory` and `gpus`: what a worker has for a shot, as `render` takes them.
    """

    cast: CastFile
    template: Path
    output: Path
    variables: Mapping[str, str]
    speakers: int | None = None
    hop: float | None = None
    force: bool = False  # write over files that no earlier run wrote
    memory: str | None = None
    gpus: str | None = None


@dataclass(frozen=True)
class Planned:
    """An episode's plan and its entry; `fresh` is False where the last run's plan still stands."""

    entry: Entry
    plan: Plan
    fresh: bool


def plan_episode(episode: Episode, setting: Setting, last: Entry | None) -> Planned:
    """Plan an episode, or take the last plan where nothing it was made from has changed.

    A scene.yaml that a person changed since it was written is kept and planned as it is. Raises SceneError with
    everything that is wrong with the episode.
    """
    from dialogue.film.plan import plan as plan_of
    from dialogue.planning.plan_json import read_plan, write_plan

    folder = setting.output / episode.name
    folder.mkdir(parents=True, exist_ok=True)
    if not episode.path.is_file() or not episode.path.stat().st_size:
        raise SceneError(Problem("the file is empty", str(episode.path)))
    key, edited = _key(episode, setting, folder, last), _edited(folder, last)
    if last is not None and last.key == key and last.plan is not None and (setting.output / last.plan).is_file():
        return Planned(replace(last, problems=()), read_plan(setting.output / last.plan).plan, False)
    _check_places(episode, setting, folder, edited, last)
    entry = Entry(str(episode.path), key=key, edited=edited, scene=f"{episode.name}/{SCENE}")
    if edited and last is not None:
        file = scene_file(folder / SCENE)
        entry = replace(entry, people=last.people, warnings=("scene.yaml was changed by hand and is kept",))
    else:
        file, people, warnings = _scene_of(episode, setting, folder)
        entry = replace(entry, people=people, warnings=tuple(warnings))
    plan = plan_of(file).plan
    write_plan(folder / PLAN, plan, folder)
    written = last.hashes.get("scene", "") if edited and last is not None else file_digest(folder / SCENE)
    hashes = {"source": file_digest(episode.path), "scene": written, "plan": file_digest(folder / PLAN)}
    lettering = [f"{told.message} ({told.hint})" for told in lettering_warnings(plan, folder)]
    entry = replace(
        entry,
        state="planned",
        warnings=tuple(dict.fromkeys([*entry.warnings, *plan.warnings, *lettering])),
        shots=len(plan.shots),
        seconds=round(float(plan.frames / plan.fps), 3),
        plan=f"{episode.name}/{PLAN}",
        hashes=hashes,
        key=_key(episode, setting, folder, replace(entry, hashes=hashes)),
    )
    return Planned(entry, plan, True)


def _check_places(episode: Episode, setting: Setting, folder: Path, edited: bool, last: Entry | None) -> None:
    """SceneError where the episode's files would take the place of anything else's; before anything is listened to."""
    if last is not None and "source" in last.hashes and not setting.force:
        other = Path(last.source)
        if other.is_file() and not other.samefile(episode.path) and file_digest(episode.path) != last.hashes["source"]:
            hint = "rename this recording, choose another -o, or give both in one command"
            raise SceneError(Problem(f"{folder} holds the film of {other}", str(episode.path), hint=hint))
    names = [*([] if edited else [SCENE]), PLAN, f"{TURNS}.vtt", f"{TURNS}.rttm", "together.png"]
    names += [f"{episode.name}.{kind}" for kind in ("mp4", "srt", "vtt")]
    beside = [episode.turns] if episode.turns is not None else []
    read = [episode.path, *beside, setting.template, *setting.cast.reads]
    check_outputs([folder / name for name in names], read, setting.force)


def _edited(folder: Path, last: Entry | None) -> bool:
    """Whether the scene is no longer the one that was written."""
    scene = folder / SCENE
    return bool(last and last.hashes.get("scene") and scene.is_file() and file_digest(scene) != last.hashes["scene"])


def _key(episode: Episode, setting: Setting, folder: Path, last: Entry | None) -> str:
    """A hash of everything the plan is made from, this program's code included."""
    from dialogue.generators import GENERATORS, generator
    from dialogue.ground.own_code import digest_of_code

    files = [episode.path, setting.template, setting.cast.path, *sorted(setting.cast.voices.glob("[!.]*.json"))]
    files += [episode.turns] if episode.turns is not None else []
    files += [folder / SCENE] if _edited(folder, last) else []
    files += [setting.cast.folder / name for name in pictures_of(setting.cast)]
    ready = [name for name in GENERATORS if generator(name).missing() is None]
    plain = [
        digest_of_code("dialogue", "model/grid.py"), ready, encoder_name(), os.environ.get("DIALOGUE_DIARIZATION"),
        setting.speakers, setting.hop, sorted(setting.variables.items()), [file_digest(file) for file in files],
        setting.memory or os.environ.get(MEMORY), card_bytes(),
    ]  # fmt: skip
    return text_digest(json.dumps(plain))


def pictures_of(file: CastFile) -> tuple[str, ...]:
    """Every picture and sample the cast names, once."""
    people = [*file.cast.people.values(), *file.cast.guests]
    named = [person.picture for person in people] + [wide.picture for wide in file.cast.wide]
    named += [reference.image for person in people for reference in person.emotions.values()]
    named += [person.voice.enroll for person in people if person.voice is not None and person.voice.enroll]
    return tuple(dict.fromkeys(named))


def _scene_of(
    episode: Episode, setting: Setting, folder: Path
) -> tuple[SceneFile, dict[str, dict[str, object]], list[str]]:
    """Listen, find out who is who, fill the template; the scene, who was taken for whom, and what to know."""
    from dialogue.media.recordings import probe_recording
    from dialogue.scene.template import fill

    cache = Cache()
    duration = _readable(episode, probe_recording(episode.path, str(episode.path)).duration)
    found, heard, warnings = _heard(episode, setting, cache)
    roles, told = roles_of(heard, setting.cast)
    turns = _turns(found, {one.label: role for role in roles for one in heard if _same(one, role)})
    close = close_looks(roles, setting.cast, cache)
    if not close:
        figures = "; ".join(one.how for one in heard)
        raise SceneError(setting.cast.problem(("people",), f"{episode.name}: nobody of the cast is heard: {figures}"))
    given = {"size": usual_size(setting.variables.get("generator")), **setting.variables}
    size = frame_size(given["size"])
    wide = wide_look(close, setting.cast, size, folder, cache)
    if len(close) == 1:
        close, wide = looks_alone(close, size, folder)
    turns_file = _write_turns(folder, turns)
    variables = variables_of(
        episode, tags_of(episode.path), roles, turns, duration, close, wide, turns_file, setting.cast, folder,
        given,
    )  # fmt: skip
    text = fill(setting.template.read_text(encoding="utf-8"), str(setting.template), variables).text
    reach = (setting.output, setting.template.parent, setting.cast.folder, episode.path.parent)
    file = scene_file(setting.template, variables, folder, reach)
    put_text(folder / SCENE, text.lstrip("\n"))
    return file, {role.id: _person_record(role, turns) for role in roles}, [*warnings, *told]


def _readable(episode: Episode, duration: float) -> float:
    if duration < 1.0:
        message = f"there are {duration:.2f} s of sound in it" if duration else "there is no sound in it"
        raise SceneError(Problem(message, str(episode.path), hint="an episode lasts a second at least"))
    return duration


def _same(one: Heard, role: Role) -> bool:
    return one.label == role.heard.label or (one.person is not None and one.person == role.id)


def _heard(episode: Episode, setting: Setting, cache: Cache) -> tuple[Diarization, Sequence[Heard], list[str]]:
    """Turns and who is who, without labels that are no person; SceneError where somebody has to decide.

    A ghost that the cast knows by name is a person who says little; any other is left out, with a warning.
    """
    from dialogue.diarization.diarization import Diarization
    from dialogue.diarization.tidy import ghosts
    from dialogue.formats.turns import read_turns, turn_notes
    from dialogue.measures.mixed_recording import overlap_notes

    warnings: list[str] = []
    voices: dict[str, Vector] = {}
    if episode.turns is not None:
        doubts: list[Problem] = []
        turns = read_turns(episode.turns, episode.path.stem, doubts)
        found = Diarization(turns, episode.turns.name, "it stands beside the recording")
        voices, warnings = _known_voices(setting.cast, cache)
        warnings = [*warnings, *turn_notes(doubts)]
        if voices and set(found.labels) - set(settled_labels(found.labels, setting.cast, episode.name)):
            found = replace(found, voices=voices_of_turns(episode.path, turns, cache))
    else:
        found = hear_recording(episode.path, setting.cast, setting.speakers, cache, setting.hop)
        voices, warnings = voices_of_cast(setting.cast, cache)
    if not found.segments:
        raise SceneError(Problem("nobody speaks in it", str(episode.path)))
    known = settled_labels(found.labels, setting.cast, episode.name)
    unreal = [label for label in ghosts(found) if label not in known]
    warnings += [
        f"{label} is left out, for it speaks {found.duration_of(label):.1f} s in all: if it is a person, say who under"
        f" `episodes: {{{episode.name}: …}}` in {setting.cast.path.name}"
        for label in unreal
    ]
    real = [segment for segment in found.segments if segment.label not in unreal]
    found = replace(found, segments=tuple(real), voices={k: v for k, v in found.voices.items() if k not in unreal})
    said = setting.speakers if episode.turns is None else len(found.labels)
    heard, problems = recognise(found, setting.cast, episode.name, voices, said)
    if problems:
        raise Undecided(problems, open_labels(found, problems, voices))
    alone = len({one.person or one.label for one in heard}) == 1
    notes = [*alike_notes(found, heard), *([] if alone else overlap_notes(found.unsure))]
    return found, heard, [*warnings, *found.warnings, *notes]


def _known_voices(cast: CastFile, cache: Cache) -> tuple[dict[str, Vector], list[str]]:
    """The voices of the cast, to hold a file's labels against; without an encoder none, and a warning if there are."""
    from dialogue.cast.voices import kept_voices
    from dialogue.diarization.voice_encoder import INSTALL

    if encoder_name():
        return voices_of_cast(cast, cache)
    known = {*kept_voices(cast.voices), *(p for p, who in cast.cast.people.items() if who.voice and who.voice.enroll)}
    return {}, [f"the voices of {', '.join(sorted(known))} are not compared: {INSTALL}"] if known else []


def _turns(found: Diarization, roles: Mapping[str, Role]) -> list[LabelledSegment]:
    """The turns under the ids of the scene."""
    return sorted(replace(segment, label=roles[segment.label].id) for segment in found.segments)


def _write_turns(folder: Path, turns: Sequence[LabelledSegment]) -> Path:
    """Beside the scene: as WebVTT where there are words, else as RTTM."""
    from dialogue.formats.rttm import write_rttm
    from dialogue.formats.vtt import write_vtt

    words = any(turn.text for turn in turns)
    path = folder / f"{TURNS}.{'vtt' if words else 'rttm'}"
    spoken = [turn for turn in turns if turn.text] if words else turns
    put_text(path, write_vtt(spoken) if words else write_rttm(spoken, folder.name))
    return path


def _person_record(role: Role, turns: Sequence[LabelledSegment]) -> dict[str, object]:
    heard = role.heard
    seconds = sum(turn.duration for turn in turns if turn.label == role.id)
    return {
        "name": role.name,
        "label": heard.label,
        "how": heard.how,
        "similarity": None if heard.similarity is None else round(heard.similarity, 3),
        "margin": None if heard.margin is None else round(heard.margin, 3),
        "person_margin": None if heard.person_margin is None else round(heard.person_margin, 3),
        "seconds": round(seconds, 1),
        "seen": role.person is not None,
    }
