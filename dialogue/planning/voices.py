"""Which of the cast a diarized voice belongs to.

By `voice: {speaker: LABEL}`, else a label that is the member's key or name; a member with a sample of their voice was
compared before, and is nobody else. One voice and one member left over belong together, and the plan says so; anything
less certain is an error, for the wrong mouth is the worst mistake of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialogue.ground.segments import LabelledSegment
from dialogue.ground.times import format_time
from dialogue.hearing.heard import HeardLine
from dialogue.scene.scene import Member, Scene, SpokenLine

_BY_LINES, _LEAST_HEARD = 0.8, 2.0  # share and seconds of lines heard under a label that make it a member's
_GHOST_SHARE = 0.02  # of all speech
_GHOST_TURN = 2.0  # seconds: a voice below both is likely no person


@dataclass(frozen=True)
class VoiceLabel:
    """A label of the diarization: how much it speaks, and when first."""

    label: str
    seconds: float
    first: float
    longest: float

    def __str__(self) -> str:
        return f"{self.label!r} ({self.seconds:.1f} s of speech, first at {format_time(self.first)})"


@dataclass(frozen=True)
class Casting:
    """Cast member by label; labels that are nobody's; members nobody could be found for; what was concluded."""

    members: Mapping[str, str]
    strangers: tuple[VoiceLabel, ...]
    unheard: tuple[str, ...]
    warnings: tuple[str, ...]


def voices_of(diarization: Sequence[LabelledSegment]) -> tuple[VoiceLabel, ...]:
    """The labels, in the order they are first heard."""
    found: dict[str, VoiceLabel] = {}
    for segment in diarization:
        old = found.get(segment.label, VoiceLabel(segment.label, 0.0, segment.start, 0.0))
        seconds, longest = old.seconds + segment.duration, max(old.longest, segment.duration)
        found[segment.label] = VoiceLabel(segment.label, seconds, min(old.first, segment.start), longest)
    return tuple(sorted(found.values(), key=lambda voice: (voice.first, voice.label)))


def voices_by_lines(
    diarization: Sequence[LabelledSegment], lines: Mapping[int, HeardLine], scene: Scene
) -> dict[str, str]:
    """Label by speaker, as their lines tell it: most of what a member says is heard under one label, and it says little
    else of what the script has."""
    seconds: dict[tuple[str, str], float] = {}
    for item, heard in lines.items():
        line = scene.lines[item]
        if not isinstance(line, SpokenLine) or scene.cast[line.speaker].track is not None:
            continue
        for part in diarization:
            shared = min(part.end, heard.end) - max(part.start, heard.start)
            if shared > 0:
                key = (line.speaker, part.label)
                seconds[key] = seconds.get(key, 0.0) + shared
    found = {}
    for (speaker, label), length in seconds.items():
        theirs = sum(s for (name, _), s in seconds.items() if name == speaker)
        labels = sum(s for (_, name), s in seconds.items() if name == label)
        if length >= _BY_LINES * max(theirs, labels) and length >= _LEAST_HEARD:
            found[speaker] = label
    return found


def cast_voices(
    diarization: Sequence[LabelledSegment], cast: Mapping[str, Member], wanted: Sequence[str],
    told: Mapping[str, str] | None = None,
) -> Casting:  # fmt: skip
    """Who is who. `wanted` are the members whose turns are to come from the diarization; `told` labels by lines."""
    voices = voices_of(diarization)
    labels = {voice.label for voice in voices}
    members: dict[str, str] = {}
    for speaker, member in cast.items():
        label = _own_label(speaker, member, labels)
        if label is not None and label not in members:
            members[label] = speaker
    warnings = []
    for speaker, label in (told or {}).items():
        if speaker not in members.values() and label not in members and not _declared(cast[speaker]):
            members[label] = speaker
            warnings.append(f"{speaker} is the voice {label!r}, by the lines heard in it")
    unheard = [speaker for speaker in wanted if speaker not in members.values()]
    strangers = [voice for voice in voices if voice.label not in members]
    total = sum(voice.seconds for voice in voices)
    people = [v for v in strangers if v.seconds >= _GHOST_SHARE * total or v.longest > _GHOST_TURN]
    open_members = [speaker for speaker in unheard if cast[speaker].voice is None]
    if len(people) == 1 and len(open_members) == 1 and not any(_declared(cast[speaker]) for speaker in unheard):
        voice, speaker = people[0], open_members[0]
        members[voice.label] = speaker
        warnings.append(
            f"{speaker}: taken to be the voice {voice}, the only one left; "
            f"settle it with voice: {{speaker: {voice.label}}}"
        )
        strangers.remove(voice)
        unheard.remove(speaker)
    return Casting(members, tuple(strangers), tuple(unheard), tuple(warnings))


def _declared(member: Member) -> bool:
    return member.voice is not None and member.voice.speaker is not None


def _own_label(speaker: str, member: Member, labels: set[str]) -> str | None:
    """The label that is this member's: the one they declare, else their key, else their name, else ignoring case."""
    if member.voice is not None and member.voice.none:
        return None
    if member.voice is not None and member.voice.speaker is not None:
        return member.voice.speaker if member.voice.speaker in labels else None
    for name in (speaker, member.name):
        if name in labels:
            return name
    folded = {name.casefold() for name in (speaker, member.name) if name}
    alike = sorted(label for label in labels if label.strip().casefold() in folded)
    return alike[0] if len(alike) == 1 else None
