"""Who is who in a recording: its voices against the voices a cast is known by.

What is sure is taken, what is a stranger's is a guest's, and what could be either is a question with the figures and
the line to write: the wrong mouth is the worst mistake of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.cast.cast import CastFile
from dialogue.cast.voices import comparable, kept_voices
from dialogue.ground.errors import InputError, Problem
from dialogue.ground.segments import LabelledSegment, Segment

if TYPE_CHECKING:
    from dialogue.cast.voices import Vector
    from dialogue.diarization.diarization import Diarization
    from dialogue.diarization.people import Match
    from dialogue.media.cache import Cache

# The cosine from which two labels are halves of one voice. Measured: halves .857 … .93 (docs/diarization.md), two
# people .62 … .77, two synthetic voices of one maker .83.
ONE_VOICE = 0.845


@dataclass(frozen=True)
class Heard:
    """A label of a recording and the person it is. `person` is None for a stranger; `how`: in words, with figures."""

    label: str
    person: str | None
    how: str
    similarity: float | None = None
    margin: float | None = None


def encoder_name() -> str:
    """Names the encoder whose vectors this machine makes; '' when there is none."""
    from dialogue.diarization.diarizer import available
    from dialogue.diarization.voice_encoder import weights_file

    name, reason = available()
    weights = weights_file() if name == "voices" else None
    return f"{name} ({weights.parent.name})" if weights is not None else f"{name} ({reason})" if name else ""


def hear_recording(path: Path, file: CastFile, said: int | None, cache: Cache, hop: float | None = None) -> Diarization:
    """Turns and voices of a recording, kept by its bytes.

    `said` is the number of speakers that somebody has said; else it is that of the cast, where strangers are not
    expected, and labels that are halves of one voice are joined: not everybody is there in every episode.
    `hop`: seconds between a pyannote pipeline's windows, when not its own.
    """
    from dialogue.diarization.diarization import Diarization
    from dialogue.diarization.diarizer import available

    speakers = said or (None if file.cast.guests else len(file.cast.people))
    join = said is None
    way = ["heard", available(), speakers, ONE_VOICE if join else None, hop]
    kept = cache.remembered(way, [path], lambda: _listened(path, speakers, join, hop))
    import numpy as np

    return Diarization(
        segments=tuple(LabelledSegment(**segment) for segment in kept["segments"]),
        method=kept["method"],
        reason=kept["reason"],
        voices={label: np.asarray(voice, np.float32) for label, voice in kept["voices"].items()},
        unsure=tuple(Segment(*edges) for edges in kept["unsure"]),
        warnings=tuple(kept["warnings"]),
    )


def _listened(path: Path, speakers: int | None, join: bool, hop: float | None) -> dict[str, Any]:
    from dialogue.diarization.diarizer import choose_diarizer
    from dialogue.measures.mixed_recording import hear

    found = hear(choose_diarizer(hop), path, None, speakers)
    found = one_voice_each(found) if join else found
    return {
        "segments": [{"start": s.start, "end": s.end, "label": s.label, "origin": s.origin} for s in found.segments],
        "method": found.method,
        "reason": found.reason,
        "voices": {label: voice.tolist() for label, voice in found.voices.items()},
        "unsure": [[s.start, s.end] for s in found.unsure],
        "warnings": list(found.warnings),
    }


def one_voice_each(found: Diarization) -> Diarization:
    """The same with labels joined whose voices are alike as only halves of one voice are; a warning for each.

    When more speakers are asked for than speak, a voice is cut in two.
    """
    import numpy as np

    from dialogue.diarization.tidy import merged

    voices, names = dict(found.voices), {label: label for label in found.labels}
    told = []
    while len(voices) > 1:
        labels = sorted(voices)
        alike = np.stack([voices[a] for a in labels]) @ np.stack([voices[a] for a in labels]).T
        alike -= 2 * np.eye(len(labels))
        first, second = sorted(int(i) for i in np.unravel_index(alike.argmax(), alike.shape))
        if alike[first, second] < ONE_VOICE:
            break
        kept, gone = labels[first], labels[second]
        told.append(
            f"{gone} and {kept} are taken for one voice ({alike[first, second]:.2f} alike); "
            "if they are two, say how many speak with --speakers"
        )
        both = voices.pop(gone) * found.duration_of(gone) + voices[kept] * found.duration_of(kept)
        voices[kept] = np.asarray(both / np.linalg.norm(both), np.float32)
        names = {label: kept if name == gone else name for label, name in names.items()}
    if not told:
        return found
    segments = tuple(merged([replace(s, label=names[s.label]) for s in found.segments]))
    unsure = () if len(voices) < 2 else found.unsure
    return replace(found, segments=segments, voices=voices, unsure=unsure, warnings=(*found.warnings, *told))


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
    found: Diarization, file: CastFile, episode: str, voices: Mapping[str, Vector]
) -> tuple[tuple[Heard, ...], list[Problem]]:
    """Who each label is, in the order they are first heard, and what only a person can decide.

    In this order: what `episodes:` of the cast settles; labels that are a person's key or name; `voice: {speaker: …}`
    of the cast; the voices, where sure; the only one left; strangers are guests.
    """
    from dialogue.diarization.people import match_voices

    people = file.cast.people
    settled = dict(settled_labels(found.labels, file, episode))
    left = {p: v for p, v in voices.items() if p not in {heard.person for heard in settled.values()}}
    matches = {match.label: match for match in match_voices(found, left, set(settled))}
    heard, problems = [], []
    for label in dict.fromkeys(segment.label for segment in found.segments):
        match = matches.get(label)
        if label in settled:
            heard.append(settled[label])
        elif match is None or _stranger(match):
            nearest = f"; the nearest, {match}" if match is not None else ""
            heard.append(Heard(label, None, f"a stranger{nearest}"))
        elif match.sure:
            heard.append(Heard(label, match.member, str(match), match.similarity, match.margin))
        else:
            problems.append(_question(file, episode, match, list(people)))
    return tuple(_only_one_left(heard, file, voices)), problems


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


def _stranger(match: Match) -> bool:
    from dialogue.diarization.people import LEAST_SIMILARITY

    return match.similarity < LEAST_SIMILARITY


def settled_labels(labels: Sequence[str], file: CastFile, episode: str) -> dict[str, Heard]:
    """Labels that need no voice: decisions for this episode, keys and names as labels, labels that the cast gives."""
    found: dict[str, Heard] = {}
    for label, decided in file.cast.episodes.get(episode, {}).items():
        found[label] = Heard(label, decided, f"{label} is {decided}: decided in {file.path.name}")
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


def _question(file: CastFile, episode: str, match: Match, people: Sequence[str]) -> Problem:
    message = f"{episode}: not sure who {match.label} is; the nearest: {match}"
    hint = f"decide: episodes: {{{episode}: {{{match.label}: {match.member}}}}}, or another of {', '.join(people)}"
    return file.problem(("episodes",), message, hint)


def require_encoder() -> str:
    """The encoder's name; InputError when voices cannot be compared here."""
    from dialogue.diarization.voice_encoder import INSTALL

    name = encoder_name()
    if not name:
        raise InputError(Problem("voices cannot be told apart without a voice encoder", hint=INSTALL))
    return name
