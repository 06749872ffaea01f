"""What a plan would be refused for about times, where lines and shots give them without anybody being listened to."""

from __future__ import annotations

from fractions import Fraction

from dialogue.ground.errors import Problem
from dialogue.ground.segments import Segment
from dialogue.measures.measures import Measures
from dialogue.planning.packing import limits_of
from dialogue.planning.script import Script, place_lines
from dialogue.planning.shots import cut_shots
from dialogue.scene.reader import SceneFile
from dialogue.scene.scene import Pause, SpokenLine
from model.grid import FrameClock


def time_problems(file: SceneFile, measures: Measures) -> list[Problem]:
    """Errors in the order of the file. Nothing where a line is yet to be heard, or its recording could not be read."""
    scene = file.scene
    spoken = [line for line in scene.lines if isinstance(line, SpokenLine)]
    durations = {sound: recording.duration for sound, recording in measures.recordings.items()}
    if not spoken or not all(line.audio is not None and line.audio.sound in durations for line in spoken):
        return []
    if scene.audio is not None and scene.audio.sound not in durations:
        return []
    mix = None if scene.audio is None else durations[scene.audio.sound]
    script = place_lines(scene.lines, durations, {}, mix)
    wrong = [finding for finding in script.findings if finding.severity == "error"]
    found = [file.problem(("lines", finding.item), finding.message, finding.hint) for finding in wrong]
    tracks = any(member.track is not None for member in scene.cast.values())  # they may speak after the last line
    return found if tracks or mix is not None else [*found, *_shots(file, script)]


def _shots(file: SceneFile, script: Script) -> list[Problem]:
    scene = file.scene
    if not scene.shots or not script.said:
        return []
    items: dict[int, Segment] = {}
    for said in script.said:
        items.setdefault(said.item, Segment(said.start, said.end))
    silent = 0.0
    for line in reversed(scene.lines):
        if not isinstance(line, Pause):
            break
        silent += line.pause
    clock = FrameClock(Fraction(scene.output.fps))
    ends = max(max(item.end for item in items.values()) + silent, scene.shots[-1].until or 0.0)
    limits = [limits_of(None, float(clock.fps), ends)] * len(scene.shots)
    _, miscuts, _ = cut_shots(scene.shots, (), items, clock, max(1, clock.frames_covering(ends)), limits)
    keys = [("shots", cut.spec) if cut.key is None else ("shots", cut.spec, cut.key) for cut in miscuts]
    return [file.problem(where, cut.message, cut.hint) for where, cut in zip(keys, miscuts, strict=True)]
