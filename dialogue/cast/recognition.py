"""Who is who in a recording: its voices against the voices a cast is known by.

What is sure is taken, what is a stranger's is a guest's, and what could be either is a question with the figures and
the line to write: the wrong mouth is the worst mistake of all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.cast.cast import CastFile
from dialogue.cast.voices import comparable, kept_voices
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.segments import LabelledSegment, Segment

if TYPE_CHECKING:
    from dialogue.cast.voices import Vector
    from dialogue.diarization.diarization import Diarization
    from dialogue.diarization.people import Match
    from dialogue.media.cache import Cache

_SAMPLES = 5  # turns of a voice to listen to
GUEST = "guest"  # under `episodes:`, who is nobody of the cast


@dataclass(frozen=True)
class Heard:
    """A label of a recording and the person it is. `person` is None for a stranger; `how`: in words, with figures."""

    label: str
    person: str | None
    how: str
    similarity: float | None = None
    margin: float | None = None  # to the next voice of the recording
    person_margin: float | None = None  # to the next person of the cast


@dataclass(frozen=True)
class Question(Problem):
    """A problem that only somebody who listens can decide: who these labels are."""

    labels: tuple[str, ...] = ()


@dataclass(frozen=True)
class OpenLabel:
    """A label that somebody has to name: its seconds of speech, its longest turns, and how alike it is to whom."""

    label: str
    seconds: float
    turns: tuple[tuple[float, float], ...]
    alike: Mapping[str, float]


class Undecided(SceneError):
    """A recording in which it is not known who is who; `labels` are what is asked."""

    def __init__(self, questions: Sequence[Question], labels: Sequence[OpenLabel]) -> None:
        super().__init__(questions)
        self.labels = tuple(labels)


def encoder_name() -> str:
    """Names the encoder whose vectors this machine makes; '' when there is none."""
    from dialogue.diarization.diarizer import available
    from dialogue.diarization.sherpa_files import encoder_digest
    from dialogue.diarization.voice_encoder import weights_file

    name, reason = available()
    if name == "sherpa":
        return f"sherpa ({encoder_digest()})"
    weights = weights_file() if name == "voices" else None
    return f"{name} ({weights.parent.name})" if weights is not None else f"{name} ({reason})" if name else ""


def hear_recording(path: Path, file: CastFile, said: int | None, cache: Cache, hop: float | None = None) -> Diarization:
    """Turns and voices of a recording, kept by its bytes.

    `said` is the number of speakers that somebody has said; else it is that of the cast, where strangers are not
    expected. `hop`: seconds between a pyannote pipeline's windows, when not its own.
    """
    from dialogue.diarization.diarization import Diarization
    from dialogue.diarization.diarizer import available

    speakers = said or (None if file.cast.guests else len(file.cast.people))
    kept = cache.remembered(["heard", available(), speakers, hop], [path], lambda: _listened(path, speakers, hop))
    import numpy as np

    return Diarization(
        segments=tuple(LabelledSegment(**segment) for segment in kept["segments"]),
        method=kept["method"],
        reason=kept["reason"],
        voices={label: np.asarray(voice, np.float32) for label, voice in kept["voices"].items()},
        unsure=tuple(Segment(*edges) for edges in kept["unsure"]),
        warnings=tuple(kept["warnings"]),
    )


def _listened(path: Path, speakers: int | None, hop: float | None) -> dict[str, Any]:
    from dialogue.diarization.diarizer import choose_diarizer
    from dialogue.measures.mixed_recording import hear

    found = hear(choose_diarizer(hop), path, None, speakers)
    return {
        "segments": [{"start": s.start, "end": s.end, "label": s.label, "origin": s.origin} for s in found.segments],
        "method": found.method,
        "reason": found.reason,
        "voices": {label: voice.tolist() for label, voice in found.voices.items()},
        "unsure": [[s.start, s.end] for s in found.unsure],
        "warnings": list(found.warnings),
    }


def voices_of_turns(path: Path, turns: Sequence[LabelledSegment], cache: Cache) -> dict[str, Vector]:
    """The voice of each label of a file of turns that is no name, as it is heard in the recording."""
    import numpy as np

    from dialogue.diarization.diarizer import choose_diarizer
    from dialogue.diarization.people import is_name
    from dialogue.measures.mixed_recording import voices_in

    unnamed = [turn.label for turn in turns if not is_name(turn.label)]
    if not unnamed:
        return {}

    def make() -> dict[str, list[float]]:
        found = voices_in(choose_diarizer(), path, None, turns)
        return {label: voice.tolist() for label, voice in found.items()}

    way = ["voices of turns", encoder_name(), [[turn.start, turn.end, turn.label] for turn in turns]]
    kept = cache.remembered(way, [path], make)
    return {label: np.asarray(voice, np.float32) for label, voice in kept.items() if label in unnamed}


def voices_of_cast(file: CastFile, cache: Cache) -> tuple[dict[str, Vector], list[str]]:
    """A vector per person who has one: kept beside the cast, else from `voice: {enroll: …}`; and what to know."""
    import numpy as np

    kept, warnings = comparable(kept_voices(file.voices), encoder_name())
    found = {person: kept[person] for person in file.cast.people if person in kept}
    for person, written in file.cast.people.items():
        if person not in found and written.voice is not None and written.voice.enroll is not None:
            sample = file.folder / written.voice.enroll
            vector = cache.remembered(["voice", encoder_name()], [sample], partial(voice_in, sample))
            found[person] = np.asarray(vector, np.float32)
    return found, warnings


def voice_in(path: Path) -> list[float]:
    """The voice in a recording of one person alone."""
    from dialogue.diarization.diarizer import choose_diarizer
    from dialogue.media.recordings import read_samples

    return [float(value) for value in choose_diarizer().voice_of(read_samples(path))]


def recognise(
    found: Diarization, file: CastFile, episode: str, voices: Mapping[str, Vector], said: int | None = None
) -> tuple[tuple[Heard, ...], list[Question]]:
    """Who each label is, in the order they are first heard, and what only a person can decide.

    In this order: what `episodes:` of the cast settles; labels that are a person's key or name; `voice: {speaker: …}`
    of the cast; the voices, where sure; the only one left; strangers are guests. `said`: the number of speakers, where
    somebody has said it; else labels that may be one voice are a question, where nothing sure tells them apart.
    """
    from dialogue.diarization.diarizer import available
    from dialogue.diarization.people import match_voices, perhaps_one_voice, scale_of

    scale = scale_of(available()[0])
    settled = settled_labels(found.labels, file, episode)
    people = {heard.person for heard in settled.values()}
    left = {person: voice for person, voice in voices.items() if person not in people}
    matches = {match.label: match for match in match_voices(found.voices, left, scale, settled).labels}
    heard: list[Heard] = []
    problems: list[Question] = []
    for label in dict.fromkeys(segment.label for segment in found.segments):
        match = matches.get(label)
        if label in settled:
            heard.append(settled[label])
        elif match is None or match.verdict == "nobody":
            nearest = f"; the nearest is {match.person}, {match.figures}" if match is not None else ""
            heard.append(Heard(label, None, f"a stranger{nearest}"))
        elif match.verdict == "sure":
            margins = match.next_voice, match.next_person
            heard.append(Heard(label, match.person, str(match), match.similarity, *margins))
        else:
            problems.append(_question(file, episode, match, found))
    told = _only_one_left(heard, file, voices) if not problems else heard
    certain = {*settled, *(label for label, match in matches.items() if match.verdict == "sure")}
    if said is None and not problems:
        pairs = [pair for pair in perhaps_one_voice(found, scale) if not {*pair[:2]} <= certain]
        problems += [_one_or_two(file, episode, pair, found) for pair in pairs[:1]]
    return tuple(told), problems


def _only_one_left(heard: Sequence[Heard], file: CastFile, voices: Mapping[str, Vector]) -> list[Heard]:
    """One stranger and one person whose voice nobody has kept belong together, where no guests are expected."""
    taken = {one.person for one in heard}
    silent = [p for p, who in file.cast.people.items() if p not in taken and p not in voices and who.voice is None]
    strangers = [one.label for one in heard if one.person is None]
    if file.cast.guests or len(silent) != 1 or len(strangers) != 1:
        return list(heard)
    label, person = strangers[0], silent[0]
    how = f"{label} is {person}: the only voice and the only person left; `dialogue voices add {person}` settles it"
    return [Heard(label, person, how) if one.label == label else one for one in heard]


def settled_labels(labels: Sequence[str], file: CastFile, episode: str) -> dict[str, Heard]:
    """Labels that need no voice: decisions for this episode, keys and names as labels, labels that the cast gives."""
    found: dict[str, Heard] = {}
    for label, decided in file.cast.episodes.get(episode, {}).items():
        guest = decided == GUEST and GUEST not in file.cast.people
        person = None if guest else decided
        found[label] = Heard(
            label, person, f"{'a guest' if guest else f'{label} is {decided}'}: decided in {file.path.name}"
        )
    for label in labels:
        named = [
            p for p, who in file.cast.people.items() if label.casefold() in (p.casefold(), (who.name or p).casefold())
        ]
        if len(named) == 1 and label not in found:
            found[label] = Heard(label, named[0], f"{label} is {named[0]} by name")
    for person, written in file.cast.people.items():
        declared = written.voice.speaker if written.voice is not None else None
        taken = {heard.person for heard in found.values()}
        if declared is not None and declared in labels and declared not in found and person not in taken:
            found[declared] = Heard(declared, person, f"{declared} is {person}: declared in {file.path.name}")
    return {label: heard for label, heard in found.items() if label in labels}


def _question(file: CastFile, episode: str, match: Match, found: Diarization) -> Question:
    """Who is it? The hint names nobody for the label: whoever writes it down has listened."""
    from dialogue.measures.mixed_recording import places_of

    message = f"{episode}: not sure who {match.label} is; the nearest is {match.person}, {match.figures}"
    listen = places_of(found, [match.label])
    line = f"episodes: {{{_key(episode)}: {{{_key(match.label)}: WHO}}}}"
    hint = f"listen to {listen}, then write {line} with {_choices(file)}"
    return _asked(file.problem(("episodes",), message, hint), match.label)


def _one_or_two(file: CastFile, episode: str, pair: tuple[str, str, float], found: Diarization) -> Question:
    from dialogue.measures.mixed_recording import places_of

    first, second, alike = pair
    listen = places_of(found, [first, second])
    line = f"episodes: {{{_key(episode)}: {{{_key(first)}: WHO, {_key(second)}: WHO}}}}"
    hint = (
        f"listen to {listen}, then say how many speak with --speakers, or write {line} with {_choices(file)}, "
        "the same for one voice"
    )
    message = f"{episode}: {first} and {second} are {alike:.2f} alike: one voice or two?"
    return _asked(file.problem(("episodes",), message, hint), first, second)


def _asked(problem: Problem, *labels: str) -> Question:
    return Question(
        problem.message, problem.file, problem.line, problem.column, problem.hint, problem.severity, labels
    )  # fmt: skip


def open_labels(
    found: Diarization, questions: Sequence[Question], voices: Mapping[str, Vector]
) -> tuple[OpenLabel, ...]:
    """What there is to know of the labels that are asked for, in the order of the questions."""
    labels = dict.fromkeys(label for question in questions for label in question.labels)
    opened = []
    for label in labels:
        turns = [(s.start, s.end) for s in found.segments if s.label == label]
        longest = tuple(sorted(turns, key=lambda turn: turn[0] - turn[1])[:_SAMPLES])
        voice = found.voices.get(label)
        alike = {} if voice is None else {person: round(float(voice @ known), 3) for person, known in voices.items()}
        ranked = dict(sorted(alike.items(), key=lambda one: -one[1]))
        opened.append(OpenLabel(label, round(found.duration_of(label), 2), longest, ranked))
    return tuple(opened)


def alike_notes(found: Diarization, heard: Sequence[Heard]) -> list[str]:
    """A sentence for each two labels that are different people and alike as halves of one voice are."""
    from dialogue.diarization.diarizer import available
    from dialogue.diarization.people import perhaps_one_voice, scale_of

    who = {one.label: one.person for one in heard}
    return [
        f"{first} and {second} are {alike:.2f} alike and taken for two; if they are one, say so under `episodes:`"
        for first, second, alike in perhaps_one_voice(found, scale_of(available()[0]))
        if who.get(first) != who.get(second) or who.get(first) is None
    ]


def _key(name: str) -> str:
    """A name as a key of YAML, in quotes where it has to be."""
    plain = name[:1].isalpha() and all(letter.isalnum() or letter in " _.-" for letter in name)
    return name if plain else json.dumps(name, ensure_ascii=False)


def _choices(file: CastFile) -> str:
    return f"{', '.join(file.cast.people)} or {GUEST}"


def too_alike(person: str, file: CastFile) -> list[str]:
    """A sentence for each kept voice so alike to this person's that neither can surely be told from the other."""
    from dialogue.diarization.diarizer import available
    from dialogue.diarization.people import scale_of

    scale, voices = scale_of(available()[0]), comparable(kept_voices(file.voices), encoder_name())[0]
    near = {other: float(voice @ voices[person]) for other, voice in voices.items() if other != person}
    return [
        f"the kept voices of {person} and {other} are {alike:.2f} alike: neither can surely be told from the other; "
        "are they samples of two people?"
        for other, alike in near.items()
        if alike >= scale.sure
    ]


def require_encoder() -> str:
    """The encoder's name; SceneError when voices cannot be compared here."""
    from dialogue.diarization.voice_encoder import INSTALL

    name = encoder_name()
    if not name:
        raise SceneError(Problem("voices cannot be told apart without a voice encoder", hint=INSTALL))
    return name
