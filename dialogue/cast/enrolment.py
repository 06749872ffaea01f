"""Voices kept beside a cast, told, and found again in a recording."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.cast.cast import read_cast
from dialogue.cast.recognition import (
    encoder_name,
    hear_recording,
    recognise,
    require_encoder,
    too_alike,
    voice_in,
    voices_of_cast,
)
from dialogue.cast.voices import KeptVoice, keep_voice, kept_voices
from dialogue.ground.digests import file_digest
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.given import as_path, check_heard
from dialogue.ground.times import format_time
from dialogue.measures.mixed_recording import overlap_notes
from dialogue.media.cache import Cache
from dialogue.media.recordings import probe_recording


@dataclass(frozen=True)
class Enrolled:
    """A voice that was kept: how much of it in seconds, where, and whom it is too much alike."""

    seconds: float
    path: Path
    warnings: tuple[Problem, ...]


@dataclass(frozen=True)
class Matched:
    """Who speaks in a recording: a record for each label, what is worth a look, what somebody has to decide."""

    speakers: tuple[Mapping[str, Any], ...]
    warnings: tuple[Problem, ...]
    problems: tuple[Problem, ...]


def _notes(notes: list[str]) -> tuple[Problem, ...]:
    return tuple(Problem(note, severity="warning") for note in notes)


def _readable(path: Path) -> None:
    if not path.is_file():
        raise SceneError(Problem("no such recording", str(path)))


def enrol(
    person: str,
    sample: str | Path,
    cast: str | Path,
    *,
    speaker: str | None = None,
    speakers: int | None = None,
    hop: float | None = None,
) -> Enrolled:
    """Keep a person's voice, from a recording of it alone, or from one label (`speaker`) of a mixed recording.

    `speakers`: how many people are heard in it; `hop`: seconds between a pyannote pipeline's windows.
    SceneError where the cast has no such person, the recording no such label, or nothing here tells voices apart.
    """
    sample = as_path(sample, "a recording")
    check_heard(speakers, hop)
    file = read_cast(as_path(cast, "a cast"))
    if person not in file.cast.people:
        known = ", ".join(file.cast.people)
        raise SceneError(file.problem(("people",), f"there is no {person!r} in the cast", f"its people are {known}"))
    encoder = require_encoder()
    _readable(sample)
    if speaker is None:
        vector, seconds, where = voice_in(sample), probe_recording(sample, sample.name).duration, sample.name
    else:
        found = hear_recording(sample, file, speakers, Cache(), hop)
        if speaker not in found.voices:
            labels = ", ".join(found.labels) or "none"
            raise SceneError(Problem(f"no voice {speaker!r} in it", str(sample), hint=f"its labels are {labels}"))
        vector = [float(value) for value in found.voices[speaker]]
        seconds, where = found.duration_of(speaker), f"{sample.name} --speaker {speaker}"
    kept = KeptVoice(person, encoder, where, file_digest(sample), round(seconds, 3), tuple(vector))
    return Enrolled(seconds, keep_voice(file.voices, kept), _notes(too_alike(person, file)))


def enrolled(cast: str | Path) -> tuple[Mapping[str, Any], ...]:
    """Who of the cast is known by voice, from what and by which encoder: `person`, `voice` in words, `kept`."""
    file = read_cast(as_path(cast, "a cast"))
    voices, encoder = kept_voices(file.voices), encoder_name()
    rows = []
    for person, written in file.cast.people.items():
        kept = voices.get(person)
        if kept is not None:
            stale = "" if kept.encoder == encoder else f"; not comparable here, where voices are heard by {encoder}"
            told = f"{kept.seconds:.1f} s of {kept.sample}, by {kept.encoder}{stale}"
        elif written.voice is not None:
            told = f"by the cast: {written.voice.enroll or written.voice.speaker}"
        else:
            told = "no voice: `dialogue voices add` keeps one"
        rows.append({"person": person, "voice": told, "kept": kept is not None})
    strangers = sorted(set(voices) - set(file.cast.people))
    return (*rows, *({"person": person, "voice": "kept, but not in the cast", "kept": True} for person in strangers))


def match(recording: str | Path, cast: str | Path, *, speakers: int | None = None, hop: float | None = None) -> Matched:
    """Who of the cast speaks in a recording of several people, how much, and how surely.

    `speakers`: how many people are heard; `hop`: seconds between a pyannote pipeline's windows. SceneError where the
    recording cannot be read, or nothing here tells voices apart.
    """
    recording = as_path(recording, "a recording")
    check_heard(speakers, hop)
    file = read_cast(as_path(cast, "a cast"))
    require_encoder()
    _readable(recording)
    found = hear_recording(recording, file, speakers, Cache(), hop)
    voices, warnings = voices_of_cast(file, Cache())
    heard, problems = recognise(found, file, recording.stem, voices, speakers)
    rows = tuple(
        {
            "label": one.label,
            "person": one.person,
            "seconds": round(found.duration_of(one.label), 1),
            "first": format_time(min(s.start for s in found.segments if s.label == one.label)),
            "similarity": one.similarity,
            "margin": one.margin,
            "person_margin": one.person_margin,
            "how": one.how,
        }
        for one in heard
    )
    notes = [*warnings, *found.warnings, *overlap_notes(found.unsure)]
    return Matched(rows, _notes(notes), tuple(problems))
