"""A plan for other programs: who spoke when, captions, edit lists."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, get_args

from dialogue.formats.rttm import write_rttm
from dialogue.formats.srt import write_srt
from dialogue.formats.vtt import write_vtt
from dialogue.ground.segments import LabelledSegment
from dialogue.planning.plan import Plan
from dialogue.show.captions import cues_of
from dialogue.show.edit_list import edl_text, otio_timeline
from dialogue.show.transcript import karaoke, transcript

Target = Literal["otio", "edl", "rttm", "srt", "vtt", "ass", "txt", "json", "words", "multitalk", "longcat", "wan2gp"]
TARGETS: tuple[Target, ...] = get_args(Target)


def rttm_text(plan: Plan) -> str:
    """The turns as RTTM, by the keys of the cast."""
    turns = [LabelledSegment(turn.start, turn.end, turn.speaker) for turn in plan.turns]
    return write_rttm(turns, plan.title or "film")


def caption_text(plan: Plan, kind: str) -> str:
    """The captions as SRT (`Name: words`) or WebVTT (`<v Name>`)."""
    cues = [LabelledSegment(cue.start, cue.end, plan.speaker(cue.speaker).name, cue.text) for cue in cues_of(plan)]
    colors = {speaker.name: speaker.color for speaker in plan.speakers}
    return write_srt(cues) if kind == "srt" else write_vtt(cues, colors)


def handed_over(plan: Plan, target: Target, film: str, media: Path, folder: Path) -> str:
    """The plan in the form of `target`. `film`: the name of the finished film; `folder`: where the text will lie."""
    if target == "rttm":
        return rttm_text(plan)
    if target in ("srt", "vtt"):
        return caption_text(plan, target)
    if target == "ass":
        return karaoke(plan)
    if target in ("txt", "json", "words"):
        return transcript(plan, "vtt" if target == "words" else target)
    if target == "edl":
        return edl_text(plan, film)
    import opentimelineio as otio

    relative = Path(os.path.relpath(media.resolve(), folder.resolve())).as_posix()
    text: str = otio.adapters.write_to_string(otio_timeline(plan, film, relative), "otio_json")
    return text + "\n"
