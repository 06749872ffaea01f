"""Captions as scripts: SubRip and WebVTT whose cues say who speaks, each a line at its own times."""

from __future__ import annotations

from pathlib import Path

from dialogue.formats.turns import read_turns
from dialogue.ground.errors import Problem
from dialogue.screenplay.beats import recording_beside
from dialogue.screenplay.screenplay import Draft, Said, Screenplay

CAPTIONS = (".srt", ".vtt")


def read_captions(path: Path) -> Screenplay:
    """A line a cue, in the recording of the same name beside it. SceneError where no cue says who speaks."""
    draft, told = Draft(), list[Problem]()
    for turn in read_turns(path, told=told):
        if turn.text:
            start, end = round(turn.start, 3), round(turn.end, 3)
            draft.items.append(Said(draft.key(turn.label), " ".join(turn.text.split()), start=start, end=end))
    for problem in told:
        draft.note(problem.message, problem.line)
    sound = recording_beside(path)
    if sound is None:
        draft.note(f"there is no recording beside it, as {path.stem}.wav; its times stand in the lines all the same")
    return draft.finished(audio=sound)
