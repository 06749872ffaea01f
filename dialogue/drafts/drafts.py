"""A scene whose lines without recordings are spoken by draft voices, kept beside it and given up line by line.

A draft is a sound file like any other from here on: a line that gets `audio:`, or whose speaker gets a track, loses
its draft, and the shots in which it is heard, or near it, are made again.
"""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.drafts.casting import EngineVoice, Miscast, cast_drafts
from dialogue.drafts.engine import DraftError
from dialogue.drafts.engines import engine
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.own_code import digest_of_code
from dialogue.ground.progress import OnProgress, Progress, untold
from dialogue.ground.sealed import is_sealed
from dialogue.media.clip import clip_of, levelled, load_clips, silence, sound_of, trimmed
from dialogue.scene.reader import SceneFile
from dialogue.scene.scene import AudioRef, Scene, SpokenLine
from dialogue.screenplay.delivery import without_asides

if TYPE_CHECKING:
    from dialogue.drafts.engine import Sound

FOLDER = ".dialogue/drafts"  # beside the scene, whose paths it shares
RATE = 24_000  # samples per second of every draft
_LEVEL_DB, _TONE_DB = -20.0, -66.0  # dBFS: of the speech (RMS while it speaks), of the room under it
_SILENT_DB, _PEAK_DB = 40.0, -0.3  # dB below the peak that are no more speech; dBFS that no peak exceeds
_BEFORE = 0.08  # seconds of room before the words
_BREATH = {"…": 0.55, "—": 0.12, "-": 0.12, ",": 0.18, "?": 0.38, "!": 0.32}  # after them, by how the line ends
_USUAL_BREATH = 0.3
_SECONDS_A_LETTER, _SECONDS_A_STOP = 0.062, 0.28  # of a line that nobody speaks
_LEAST_A_LETTER, _MANY_LETTERS = 0.02, 40  # seconds: nobody speaks faster, in a line of that many and more


@dataclass(frozen=True)
class Spoken:
    """A line that a draft voice speaks; `voice` None: it is silent, as long as its words would take."""

    item: int
    path: str
    voice: EngineVoice | None


def undrafted(scene: Scene) -> list[tuple[int, SpokenLine]]:
    """The lines with nothing to be heard in: no recording of their own, no track, no mix; by their index from 0."""
    if scene.audio is not None:
        return []
    return [
        (index, line)
        for index, line in enumerate(scene.lines)
        if isinstance(line, SpokenLine) and line.audio is None and scene.cast[line.speaker].track is None
    ]


def draft_problems(file: SceneFile) -> list[Problem]:
    """Draft voices that lines need and that are not to be had, each at its place."""
    lines = undrafted(file.scene)
    if not lines:
        return []
    voices, wrong = cast_drafts(file.scene)
    silent = _silent_warning(file, [(index, voices[line.speaker]) for index, line in lines]) if not wrong else None
    return [*(_placed(file, miscast) for miscast in wrong), *([silent] if silent else [])]


def _silent_warning(file: SceneFile, lines: list[tuple[int, EngineVoice | None]]) -> Problem | None:
    """That lines are silent since nothing speaks their language here: at `language:`, else at the first of them."""
    from dialogue.drafts.espeak import missing

    silent = [index for index, voice in lines if voice is None]
    if not silent:
        return None
    language = file.scene.language
    named = f"the language {language!r}" if language else "the language of some lines"
    mend = f"espeak speaks most languages, and {missing()}" if missing() else None
    if language and mend is None:
        mend = "write the language as in en, de or cmn; absent, it is told from the words"
    place = ("language",) if language else ("lines", silent[0])
    return file.problem(place, f"no draft engine speaks {named} here: lines are silent", mend, severity="warning")


def _placed(file: SceneFile, miscast: Miscast) -> Problem:
    return file.problem(("cast", miscast.member, "draft", "voice"), miscast.message, miscast.hint)


def with_drafts(file: SceneFile, progress: OnProgress = untold) -> SceneFile:
    """The scene with every line heard: drafts are recordings of their lines, and its warnings tell of them.

    SceneError for a voice that is not to be had, at its place.
    """
    scene = file.scene
    wanted = undrafted(scene)
    if not wanted:
        return file
    voices, wrong = cast_drafts(scene)
    if wrong:
        raise SceneError([_placed(file, miscast) for miscast in wrong])
    words = {index: without_asides(line.text) for index, line in wanted}
    spoken = [Spoken(i, _path(words[i], voices[line.speaker]), voices[line.speaker]) for i, line in wanted]
    texts = {item.path: (words[item.item], item.voice) for item in spoken}
    missing = {path: what for path, what in texts.items() if not is_sealed(file.folder / path)}
    failed: dict[str, str] = {}
    if missing:
        load_clips()
    with ThreadPoolExecutor(max_workers=2) as pool:
        making = {path: pool.submit(partial(_make, file.folder / path, *what)) for path, what in missing.items()}
        for done, (path, future) in enumerate(making.items(), 1):
            if (problem := future.result()) is not None:
                failed[path] = problem
            progress(Progress(f"speaking the lines without recordings ({done} of {len(making)})", done / len(making)))
    lines = list(scene.lines)
    for item in spoken:
        line = scene.lines[item.item]
        said = "silence" if item.voice is None or item.path in failed else str(item.voice)
        assert isinstance(line, SpokenLine)
        lines[item.item] = line.model_copy(update={"audio": AudioRef(path=item.path), "draft": said})
    told = [file.problem(("lines", spoken[0].item), text, severity="warning") for text in _warnings(spoken, failed)]
    silent = _silent_warning(file, [(item.item, item.voice) for item in spoken])
    told += [silent] if silent else []
    for item in spoken:
        if item.path not in failed and (short := _shortened(file.folder / item.path, words[item.item], item.voice)):
            told.append(file.problem(("lines", item.item), short, "write it in shorter words", severity="warning"))
    heard = scene.model_copy(update={"lines": tuple(lines)})
    return replace(file, scene=heard, warnings=(*file.warnings, *told))


def _path(text: str, voice: EngineVoice | None) -> str:
    """Where a draft lies: under a name made of all that it is made of."""
    how = [str(voice), voice.language, f"{voice.rate:g}", f"{voice.pitch:g}"] if voice else ["silence"]
    told = "\n".join([digest_of_code("dialogue/drafts"), *how, text])
    return f"{FOLDER}/{hashlib.blake2b(told.encode(), digest_size=12).hexdigest()}.wav"


def _make(path: Path, text: str, voice: EngineVoice | None) -> str | None:
    """The draft in its file; where the engine fails, silence in its place and the reason as the answer."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        speak_to(path, text, voice)
    except DraftError as error:
        speak_to(path, text, None)
        return str(error)
    return None


def speak_to(path: Path, text: str, voice: EngineVoice | None) -> None:
    """A WAV in which the voice says the words, or in which nobody does; whole or not at all. DraftError as engines."""
    import soundfile

    from dialogue.ground.atomic import appearing
    from dialogue.ground.sealed import seal

    sound = _said(text, voice) if voice is not None and re.search(r"\w", text) else _quiet(text)
    with appearing(path) as draft:
        soundfile.write(draft, _in_room(sound, text), RATE, subtype="PCM_16")
        seal(draft, path)


def _said(text: str, voice: EngineVoice) -> Sound:
    """(samples,) at RATE: the words, without the silence around them, at the usual level."""
    import numpy as np
    from scipy.signal import resample_poly

    from dialogue.drafts.shift import shifted

    factor = 2 ** (voice.pitch / 12)
    sound, rate = engine(voice.engine).speak(text, voice.name, voice.language, voice.rate / factor)
    sound = shifted(sound, factor)
    if rate != RATE:
        common = np.gcd(rate, RATE)
        sound = np.asarray(resample_poly(sound, RATE // common, rate // common), dtype=np.float32)
    words = trimmed(clip_of(sound, RATE), _SILENT_DB)
    if words is None:
        raise DraftError(f"{voice} said nothing")
    return sound_of(levelled(words, _LEVEL_DB, _PEAK_DB))


def _letters(text: str) -> int:
    """As many letters as it takes time to say, roughly: a sign of Chinese or Japanese is two."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text if letter.isalnum())


def _shortened(path: Path, text: str, voice: EngineVoice | None) -> str | None:
    """What a writer should know of a draft that is too short to hold all of its words."""
    import soundfile

    count = _letters(text)
    if voice is None or count < _MANY_LETTERS:
        return None
    seconds = soundfile.info(str(path)).duration * voice.rate
    if seconds >= count * _LEAST_A_LETTER:
        return None
    return f"{voice} says {count} letters in {seconds / voice.rate:.1f} s: it has left most of them out"


def _quiet(text: str) -> Sound:
    """Silence as long as the words would take: by their letters, and their stops."""
    import numpy as np

    letters = _letters(text)
    stops = len(re.findall(r"[.,;:!?…。、！？]+", text))
    return np.zeros(round(RATE * max(0.4, letters * _SECONDS_A_LETTER + stops * _SECONDS_A_STOP)), dtype=np.float32)


def _in_room(sound: Sound, text: str) -> Sound:
    """The words with a little of the room before, after and under them: silence cut hard is heard as a fault."""
    import numpy as np

    after = _BREATH.get(text.rstrip("\"'”’)»").rstrip()[-1:] or ".", _USUAL_BREATH)
    after = _BREATH["…"] if text.rstrip("\"'”’").endswith("...") else after
    joined = silence(_BEFORE, RATE) + clip_of(sound, RATE) + silence(after, RATE)
    length = int(joined.frame_count())
    noise = np.convolve(np.random.default_rng(length).standard_normal(length), np.ones(8) / np.sqrt(8), mode="same")
    return sound_of(joined.overlay(clip_of((noise * 10 ** (_TONE_DB / 20)).astype(np.float32), RATE)))


def _warnings(spoken: list[Spoken], failed: dict[str, str]) -> list[str]:
    count = len(spoken)
    lines = f"{count} line{'s' if count > 1 else ''} without a recording"
    voices = list(dict.fromkeys(str(item.voice) for item in spoken if item.voice is not None))
    found = []
    if voices:
        found.append(f"{lines}: spoken by draft voices ({', '.join(voices)}) until audio: or a track takes their place")
    found += [f"a draft voice failed and its line is silent: {reason}" for reason in dict.fromkeys(failed.values())]
    return found
