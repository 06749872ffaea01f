"""Who speaks when, from whatever the scene gives: lines, a track or channel per speaker, a diarization of the mix.

Overlaps are kept: two people may speak at once, each with a turn of their own. Every turn says where it came from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dialogue.ground.errors import Problem
from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.ground.times import format_time
from dialogue.measures.measures import Measures
from dialogue.measures.scene_media import wanted_by
from dialogue.planning.emotions import emotion_of_line, resting_emotion
from dialogue.planning.feelings import felt_turn, untold
from dialogue.planning.film_mix import mix_of
from dialogue.planning.plan import AudioSlice, Mix, Turn, Word
from dialogue.planning.script import Hearing, Said, Script, place_lines
from dialogue.planning.voices import Casting, cast_voices, voices_by_lines, voices_of
from dialogue.scene.reader import SceneFile
from dialogue.scene.scene import AudioRef, Pause, Scene, SpokenLine

_FRAME = 0.04  # seconds


@dataclass(frozen=True)
class Speech:
    """The turns, sorted by start; when each item of `lines` is said, by its index from 0; the sound; its duration."""

    turns: tuple[Turn, ...]
    items: Mapping[int, Segment]
    mix: Mix
    duration: float


@dataclass
class Findings:
    """What the planner gathers on its way."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def _casting(file: SceneFile, measures: Measures, wanted: Sequence[str], findings: Findings) -> Casting:
    """Who is who in the mix; strangers warned of, members without a voice a problem."""
    scene = file.scene
    told = voices_by_lines(measures.diarization, measures.lines, scene)
    casting = cast_voices(measures.diarization, scene.cast, wanted, told)
    findings.warnings += casting.warnings
    labels = ", ".join(str(voice) for voice in voices_of(measures.diarization)) or "none"
    compared = [speaker for speaker in casting.unheard if _enrolled(scene, speaker)]
    undecided = [s for s in casting.unheard if not _names_label(scene, s) and s not in compared]
    for speaker in casting.unheard:
        if _names_label(scene, speaker):
            message = f"the diarization has no voice {_label(scene, speaker)!r}"
            findings.problems.append(file.problem(("cast", speaker, "voice", "speaker"), message, f"it has {labels}"))
    findings.warnings += [
        f"{speaker}: no voice of the recording is surely theirs; they only listen"
        for speaker in compared
        if not any(warning.startswith(f"{speaker} is not heard") for warning in measures.warnings)
    ]
    if undecided and not casting.strangers:
        findings.warnings += [
            f"{speaker}: no voice of the recording is theirs; they only listen" for speaker in undecided
        ]
    elif undecided:
        for speaker in undecided:
            message = f"which voice of the recording is {speaker}'s?"
            hint = f"write voice: {{speaker: LABEL}}; the labels are {labels}"
            findings.problems.append(file.problem(("cast", speaker), message, hint))
    else:
        findings.warnings += [
            f"the voice {voice} is nobody's of the cast: heard, not animated" for voice in casting.strangers
        ]
    return casting


def _names_label(scene: Scene, speaker: str) -> bool:
    return _label(scene, speaker) is not None


def _enrolled(scene: Scene, speaker: str) -> bool:
    voice = scene.cast[speaker].voice
    return voice is not None and voice.enroll is not None


def _label(scene: Scene, speaker: str) -> str | None:
    voice = scene.cast[speaker].voice
    return voice.speaker if voice else None


def _by_member(diarization: Sequence[LabelledSegment], casting: Casting) -> dict[str, list[LabelledSegment]]:
    found: dict[str, list[LabelledSegment]] = {}
    for segment in diarization:
        speaker = casting.members.get(segment.label)
        if speaker is not None and segment.duration > 0:
            found.setdefault(speaker, []).append(segment)
    return found


def _joined(segments: Sequence[LabelledSegment]) -> list[LabelledSegment]:
    """One speaker's segments, sorted; those that overlap are one, and their words follow each other."""
    joined: list[LabelledSegment] = []
    for segment in sorted(segments):
        last = joined[-1] if joined else None
        if last is not None and segment.start < last.end:
            text = " ".join(words for words in (last.text, segment.text) if words) or None
            joined[-1] = replace(last, end=max(last.end, segment.end), text=text)
        else:
            joined.append(segment)
    return joined


def _turn(
    scene: Scene,
    speaker: str,
    part: Segment | LabelledSegment,
    ref: AudioRef,
    text: str | None,
    origin: str,
    begin: float = 0.0,
) -> Turn:
    """`begin`: the second of the scene at which the recording begins."""
    start, end = round(part.start, 6), round(part.end, 6)
    audio = AudioSlice(ref.path, round(start - begin, 6), round(end - begin, 6), ref.channel, ref.stream)
    return Turn(speaker, start, end, audio, text, resting_emotion(tuple(scene.cast[speaker].emotions)), origin)


def _heard_turns(
    scene: Scene, measures: Measures, speakers: Sequence[str], voices: Mapping[str, Sequence[LabelledSegment]]
) -> list[Turn]:
    """Turns of the speakers without lines: from their tracks, else from the diarization."""
    turns = []
    for speaker in speakers:
        track = scene.cast[speaker].track
        if track is not None:
            origin, begin = f"speech found in {track}", measures.start_of(track)
            turns += [
                _turn(scene, speaker, part, track, None, origin, begin) for part in measures.speech.get(track, ())
            ]
        elif scene.audio is not None:
            for part in _joined(voices.get(speaker, ())):
                origin = f"voice {part.label} of {part.origin or scene.diarization}"
                turns.append(_turn(scene, speaker, part, scene.audio, part.text, origin))
    return turns


def _hearings(
    scene: Scene, measures: Measures, speakers: Sequence[str], voices: Mapping[str, Sequence[LabelledSegment]]
) -> dict[str, Hearing]:
    """Where the speakers with lines are heard, when a line has no recording of its own."""
    found = {}
    for speaker in speakers:
        track = scene.cast[speaker].track
        ref = track or scene.audio
        if ref is None:
            continue
        if track is not None:
            speech, heard = tuple(measures.speech.get(track, ())), f"the speech found in {track}"
        else:
            speech = tuple(Segment(part.start, part.end) for part in _joined(voices.get(speaker, ())))
            heard = f"their voice in {ref}"
        begin = measures.start_of(track) if track is not None else 0.0
        found[speaker] = Hearing(ref, measures.recordings[ref.sound].duration, speech, track is not None, heard, begin)
    return found


def _script_turns(
    file: SceneFile, script: Script, measures: Measures, findings: Findings
) -> tuple[list[Turn], dict[int, Segment]]:
    scene = file.scene
    for finding in script.findings:
        keys = ("lines", finding.item)
        if finding.severity == "error":
            findings.problems.append(file.problem(keys, finding.message, finding.hint))
        else:
            findings.warnings.append(f"line {finding.item + 1}: {finding.message}; {finding.hint}")
    turns: list[Turn] = []
    items: dict[int, Segment] = {}
    estimated: dict[str, list[int]] = {}
    for said in script.said:
        speaker = said.line.speaker
        emotion = emotion_of_line(said.line.emotion, tuple(scene.cast[speaker].emotions))
        turn = Turn(
            speaker, round(said.start, 6), round(said.end, 6), said.audio, said.text or None, emotion, said.origin,
            said.line.draft, _words(said, measures) if said.source == "heard" else (),
        )  # fmt: skip
        turns.append(felt_turn(scene, measures, turn, said.line))
        before = items.get(said.item, Segment(said.start, said.end))
        items[said.item] = Segment(min(before.start, said.start), max(before.end, said.end))
        if said.source == "laid":
            estimated.setdefault(speaker, []).append(said.item + 1)
    for speaker, numbers in estimated.items():
        untimed = _lines_that(sorted(set(numbers)), "has", "have")
        findings.warnings.append(
            f"{speaker}: {untimed} no times, laid over their speech by the length of the text: an estimate to check in "
            "the chart; from and to settle it"
        )
    return turns, items


def _words(said: Said, measures: Measures) -> tuple[Word, ...]:
    """The words of a line that was heard, in seconds of the film, within the line."""
    heard = measures.lines[said.item]
    later = said.start - said.audio.start
    words = []
    for word in heard.words:
        start = round(min(max(word.start + later, said.start), said.end), 3)
        end = round(min(max(word.end + later, start), said.end), 3)
        sounds = " ".join(f"{name}:{at + later:.2f}" for name, at, _ in word.phones) or None
        words.append(Word(word.text, start, end, sounds))
    return tuple(words)


def _tell_differences(file: SceneFile, measures: Measures, findings: Findings) -> None:
    """Where the script and what is heard differ, at the lines concerned."""
    for difference in measures.differences:
        line = file.scene.lines[difference.item]
        assert isinstance(line, SpokenLine)
        place = file.problem(("lines", difference.item), "").line
        where = f"line {difference.item + 1}" + (f" ({file.path.name}:{place})" if place else "")
        when = "" if difference.start is None else format_time(difference.start)
        until = "" if difference.end is None else format_time(difference.end)
        said = {
            "missing": f"{where} was not heard, and is left out; give it from and to if it is there",
            "moved": f"{where} is said at {when}, not in its place in the script",
            "unsure": f"{where} may be said from {when} to {until}: listen, and give it from and to",
            "extra": f"from {when} to {until}, after {where}, something is said that no line has",
        }
        findings.warnings.append(said[difference.kind] + (f": {difference.text!r}" if difference.text else ""))


def _lines_that(numbers: Sequence[int], one: str, more: str) -> str:
    """`line 3 has`, `lines 3, 5 have`: the subject of a sentence and its verb."""
    if len(numbers) == 1:
        return f"line {numbers[0]} {one}"
    shown = ", ".join(str(number) for number in numbers[:8])
    return f"lines {shown}{f' and {len(numbers) - 8} more' if len(numbers) > 8 else ''} {more}"


def _warn_of_sound(
    scene: Scene, script: Script, own: Mapping[str, bool], turns: Sequence[Turn], findings: Findings
) -> None:
    """Recordings that are not used as a writer may think."""
    for speaker, member in scene.cast.items():
        if member.track is not None and own.get(speaker, False):
            findings.warnings.append(
                f"{speaker}: {member.track} is not used: every line of theirs has a recording of its own"
            )
        elif member.track is not None and all(turn.speaker != speaker for turn in turns):
            findings.warnings.append(f"{speaker}: no speech was found in {member.track}; they only listen")
    placed = sorted({piece.item + 1 for piece in script.said if piece.source == "own"})
    if scene.audio is not None and placed:
        own_sound = _lines_that(placed, "has a recording of its own", "have recordings of their own")
        findings.warnings.append(
            f"{own_sound}, placed by after, gap and pauses; that {scene.audio} has the same at the same "
            "times is taken on trust"
        )


def _within(turns: Sequence[Turn], duration: float, findings: Findings) -> tuple[Turn, ...]:
    """The turns cut to the film, sorted."""
    kept = []
    for turn in turns:
        if turn.start >= duration:
            end = format_time(duration)
            findings.warnings.append(
                f"{turn.speaker} speaks at {format_time(turn.start)}, after the end of the audio at {end}: left out"
            )
            continue
        excess = turn.end - duration
        if excess > 0:
            if excess > 0.05:
                until = format_time(turn.end)
                findings.warnings.append(
                    f"{turn.speaker} speaks until {until}, {excess:.2f} s past the end of the audio: cut there"
                )
            audio = replace(turn.audio, end=round(turn.audio.end - excess, 6))
            turn = replace(turn, end=round(duration, 6), audio=audio)
        kept.append(turn)
    return tuple(sorted(kept, key=lambda turn: (turn.start, turn.end, turn.speaker)))


def speech_of(file: SceneFile, measures: Measures, findings: Findings) -> Speech:
    """The turns of a scene. Problems and warnings are added to `findings`."""
    scene = file.scene
    spoken = [line for line in scene.lines if isinstance(line, SpokenLine)]
    scripted = [speaker for speaker in scene.cast if any(line.speaker == speaker for line in spoken)]
    own = {speaker: all(line.audio is not None for line in spoken if line.speaker == speaker) for speaker in scripted}
    unscripted = [speaker for speaker in scene.cast if speaker not in scripted]
    wanted = wanted_by(scene).mixed
    voices: Mapping[str, Sequence[LabelledSegment]] = {}
    if scene.audio is not None and wanted and (measures.diarization or not scene.lines):
        casting = _casting(file, measures, wanted, findings)
        voices = _by_member(measures.diarization, casting)
    unwritten = _heard_turns(scene, measures, [s for s in unscripted if not scene.lines or scene.cast[s].track], voices)
    turns = [felt_turn(scene, measures, turn) for turn in unwritten]
    durations = {sound: recording.duration for sound, recording in measures.recordings.items()}
    mix_length = durations[scene.audio.sound] if scene.audio is not None else None
    hearings = _hearings(scene, measures, scripted, voices)
    script = place_lines(scene.lines, durations, hearings, mix_length, measures.lines)
    _tell_differences(file, measures, findings)
    script_turns, items = _script_turns(file, script, measures, findings)
    turns += script_turns
    findings.warnings += [told for told in [untold(scene, measures, turns)] if told is not None]
    mix, sound_ends = mix_of(scene, measures, script.said, own, findings.warnings)
    _warn_of_sound(scene, script, own, turns, findings)
    ends = _film_end(scene, items, sound_ends, findings)
    return Speech(_within(turns, sound_ends, findings), items, mix, ends)


def _film_end(scene: Scene, items: Mapping[int, Segment], sound_ends: float, findings: Findings) -> float:
    """Seconds of the film: to the end of its sound, and on where a last pause or the last shot holds the picture."""
    silent = 0.0
    for line in reversed(scene.lines):
        if not isinstance(line, Pause):
            break
        silent += line.pause
    held = max((item.end for item in items.values()), default=0.0) + silent if silent else 0.0
    until = scene.shots[-1].until or 0.0 if scene.shots else 0.0
    if until > max(sound_ends, held) + _FRAME:
        more = until - max(sound_ends, held)
        findings.warnings.append(f"the last shot holds its picture {more:.2f} s longer than anything is heard")
    return round(max(sound_ends, held, until), 6)
