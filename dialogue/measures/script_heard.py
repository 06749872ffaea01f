"""The lines of the script, heard in the recordings that hold them: which are looked for where, and what comes of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialogue.drafts.language import language_of
from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.hearing.heard import Difference, Heard, HeardLine, HeardWord
from dialogue.scene.scene import AudioRef, Scene, SpokenLine
from dialogue.screenplay.delivery import without_asides


@dataclass(frozen=True)
class Hearing:
    """Lines to be heard in one recording, with when their speakers are known to speak in it."""

    ref: AudioRef
    items: tuple[int, ...]
    speakers: tuple[str, ...]
    texts: tuple[str, ...]
    voices: Mapping[str, tuple[Segment, ...]]

    def way(self, language: str) -> list[Any]:
        """What the result depends on besides the recording."""
        voices = {name: [[s.start, s.end] for s in parts] for name, parts in sorted(self.voices.items())}
        return [
            "script heard",
            language,
            self.ref.channel,
            self.ref.stream,
            self.items,
            self.speakers,
            self.texts,
            voices,
        ]


def hearings_of(
    scene: Scene, speech: Mapping[AudioRef, Sequence[Segment]], diarization: Sequence[LabelledSegment]
) -> list[Hearing]:
    """One for each recording in which lines are to be found: those without times and without one of their own."""
    groups: dict[AudioRef, list[tuple[int, SpokenLine]]] = {}
    for index, line in enumerate(scene.lines):
        if isinstance(line, SpokenLine) and line.audio is None and line.start is None and line.end is None:
            ref = scene.cast[line.speaker].track or scene.audio
            if ref is not None and any(letter.isalnum() for letter in line.text):
                groups.setdefault(ref, []).append((index, line))
    found = []
    for ref, lines in groups.items():
        speakers = tuple(line.speaker for _, line in lines)
        known = {name: _known(scene, name, speech, diarization) for name in dict.fromkeys(speakers)}
        voices = {name: parts for name, parts in known.items() if parts}
        items, texts = tuple(index for index, _ in lines), tuple(without_asides(line.text) for _, line in lines)
        found.append(Hearing(ref, items, speakers, texts, voices))
    return found


def _known(
    scene: Scene, name: str, speech: Mapping[AudioRef, Sequence[Segment]], diarization: Sequence[LabelledSegment]
) -> tuple[Segment, ...]:
    """When this member speaks, where that is known for sure: in their own track, or under a label that is theirs."""
    member = scene.cast[name]
    if member.track is not None:
        return tuple(speech.get(member.track, ()))
    label = member.voice.speaker if member.voice is not None and member.voice.speaker is not None else name
    return tuple(Segment(part.start, part.end) for part in diarization if part.label == label)


def language_of_script(scene: Scene) -> str:
    """What the scene says is spoken, else what its words look like."""
    spoken = [line.text for line in scene.lines if isinstance(line, SpokenLine)]
    return scene.language or language_of(" ".join(spoken))


def hear(hearing: Hearing, path: Path, language: str, start: float = 0.0, clean: bool = False) -> dict[str, Any]:
    """The result as plain values, to be kept; see `heard_of`.

    `start`: the second of the scene at which the recording begins; `clean`: listened to without noise and music.
    """
    import numpy as np

    from dialogue.hearing.gate import gated
    from dialogue.hearing.lines import ScriptLine, hear_lines
    from dialogue.hearing.recogniser import recognised, recogniser
    from dialogue.media.recordings import Samples

    rows = zip(hearing.items, hearing.speakers, hearing.texts, strict=True)
    lines = [ScriptLine(item, speaker, text) for item, speaker, text in rows]
    recording = Samples(path, hearing.ref.channel, hearing.ref.stream, start, clean)
    samples = np.concatenate([np.zeros(0, np.float32), *recording.blocks()])
    heard = hear_lines(samples, lines, language, hearing.voices)
    if recogniser() is not None:
        heard = gated(heard, lines, recognised(samples, language))
    return {
        "lines": {str(item): dataclasses.asdict(line) for item, line in heard.lines.items()},
        "differences": [dataclasses.asdict(difference) for difference in heard.differences],
    }


def heard_of(kept: Mapping[str, Any]) -> Heard:
    """What `hear` gave, from plain values."""
    lines = {}
    for item, line in kept["lines"].items():
        words = tuple(
            HeardWord(word["text"], word["start"], word["end"], tuple((n, a, b) for n, a, b in word["phones"]))
            for word in line["words"]
        )
        lines[int(item)] = HeardLine(line["start"], line["end"], line["sure"], line["way"], words)
    return Heard(lines, tuple(Difference(**difference) for difference in kept["differences"]))
