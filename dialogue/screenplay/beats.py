"""Scripts in JSON that hold words: MulmoScript's beats, and WhisperX transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.times import LONGEST
from dialogue.scene.values import parse_language
from dialogue.screenplay.screenplay import Draft, Heading, Person, Remark, Said, Screenplay, Silence

_RECORDINGS = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac", ".mp4", ".mov", ".mkv", ".webm")
_BEAT_KEYS = {"speaker", "text", "image", "imagePrompt", "duration", "id", "audio"}


def is_mulmo(job: Mapping[str, Any]) -> bool:
    return "$mulmocast" in job or isinstance(job.get("beats"), list)


def is_transcript(job: Mapping[str, Any]) -> bool:
    segments = job.get("segments")
    return isinstance(segments, list) and all(
        isinstance(s, dict) and ("start" in s or "text" in s) for s in segments[:3]
    )


def read_mulmo(job: Mapping[str, Any], file: str) -> Screenplay:
    """MulmoScript: each beat a line of its speaker; its picture, where it is a file here, begins a shot."""
    draft = Draft()
    speech = job.get("speechParams")
    speakers = speech.get("speakers") if isinstance(speech, dict) else None
    shown = {name: _display(name, entry) for name, entry in speakers.items()} if isinstance(speakers, dict) else {}
    usual = _usual_speaker(speakers)
    beats = _items(job, "beats", file)
    for number, beat in enumerate(beats, 1):
        if not isinstance(beat, dict):
            raise SceneError(Problem(f"beat {number} is {beat!r}, not a beat", file=file, hint='{"text": "…"}'))
        _beat(beat, number, draft, shown, usual, Path(file).parent)
    for key in sorted(set(job) - {"$mulmocast", "title", "lang", "beats", "speechParams"}):
        draft.note(f"{key} of the script has no meaning here")
    if not any(isinstance(item, Said) for item in draft.items):
        raise SceneError(Problem("nobody speaks in this script", file=file, hint='a beat has words: {"text": "…"}'))
    return draft.finished(
        title=_words_of(job, "title", "the script", draft), language=_language(job.get("lang"), "lang", draft)
    )


def _beat(
    beat: Mapping[str, Any], number: int, draft: Draft, shown: Mapping[str, str], usual: str, folder: Path
) -> None:
    where = f"beat {number}"
    image = beat.get("image")
    source = image.get("source") if isinstance(image, dict) else None
    picture = _file(source, where, "picture", folder, draft)
    prompt = _words_of(beat, "imagePrompt", where, draft)
    if prompt is None and isinstance(image, dict):
        prompt = _words_of(image, "prompt", f"the image of {where}", draft)
    if picture is not None or prompt:
        draft.items.append(Heading(prompt or "", picture))
    elif image is not None and source is None:
        kind = f"an image of type {image.get('type')!r}" if isinstance(image, dict) else f"the image {image!r}"
        draft.note(f"{where}: {kind} has no meaning here")
    audio = beat.get("audio")
    recording = _file(audio.get("source"), where, "recording", folder, draft) if isinstance(audio, dict) else None
    if audio is not None and (not isinstance(audio, dict) or audio.get("source") is None):
        draft.note(f"{where}: its audio names no file here: left out")
    words = _words_of(beat, "text", where, draft)
    seconds = beat.get("duration")
    if words:
        name = _words_of(beat, "speaker", where, draft) or usual
        key = draft.key(shown.get(name, name))
        draft.items.append(Said(key, words, audio=recording))
        if seconds is not None:
            draft.note("duration of a beat that is spoken has no meaning here: a line lasts as long as its sound")
    elif (silent := _number(seconds)) is not None and 0 < silent <= LONGEST:
        draft.items.append(Silence(silent))
    elif seconds is not None:
        draft.note(f"{where}: its duration is {seconds!r}, not seconds above 0: left out")
    elif picture is None and not prompt:
        draft.note(f"{where} says and shows nothing here: left out")
    for key in sorted(set(beat) - _BEAT_KEYS):
        draft.items.append(Remark("beat", f"{key}: {beat[key]}"))
        draft.note(f"{key} of a beat has no meaning here: kept as a comment")


def _words_of(owner: Mapping[str, Any], key: str, where: str, draft: Draft) -> str | None:
    """The words of a key on one line; None without, and where it holds something else, which is told."""
    value = owner.get(key)
    if value is None or isinstance(value, str):
        return " ".join((value or "").split()) or None
    draft.note(f"{where}: its {key} is {value!r}, not words: left out")
    return None


def _file(source: Any, where: str, what: str, folder: Path, draft: Draft) -> str | None:
    """The file that a source names; None where it names none, or none that is there, which is told."""
    if source is None:
        return None
    path = source.get("path") if isinstance(source, dict) and source.get("kind", "path") == "path" else None
    if not isinstance(path, str) or not path:
        draft.note(f"{where}: its {what} is no file on this machine: left out")
        return None
    if not (folder / path).is_file():
        draft.note(f"{where}: its {what} {path} is not there: left out; put it there and import again")
        return None
    return path


def _language(value: Any, key: str, draft: Draft) -> str | None:
    """As a scene names it: `en_US` is en-us. None without, and where it is no language, which is told."""
    if value is None:
        return None
    try:
        return parse_language(value.replace("_", "-").lower()) if isinstance(value, str) else parse_language("")
    except ValueError:
        draft.note(f"{key} is {value!r}, no language: left out, and told from the words")
        return None


def _number(value: Any) -> float | None:
    """A number as JSON has it, which is finite."""
    usable = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12
    return float(value) if usable else None


def _display(name: str, entry: Any) -> str:
    """The name shown: `displayName`, in the script's first language where it has several."""
    display = entry.get("displayName") if isinstance(entry, dict) else None
    if isinstance(display, dict) and display:
        return str(next(iter(display.values())))
    return display if isinstance(display, str) else name


def _usual_speaker(speakers: Any) -> str:
    """Who speaks where a beat does not say: the one marked so, else the first."""
    if not isinstance(speakers, dict) or not speakers:
        return "Presenter"
    marked = [name for name, entry in speakers.items() if isinstance(entry, dict) and entry.get("isDefault")]
    return str((marked or list(speakers))[0])


def read_transcript(job: Mapping[str, Any], path: Path) -> Screenplay:
    """A WhisperX transcript: a line a segment, at its own times in the recording of the same name beside it."""
    draft = Draft()
    sound = recording_beside(path)
    before, unnamed, untimed = "SPEAKER_00", list[int](), list[int]()
    segments = _items(job, "segments", str(path))
    for number, segment in enumerate(segments, 1):
        if not isinstance(segment, dict) or not isinstance(segment.get("text"), str):
            raise SceneError(Problem(f"segment {number} has no text", file=str(path), hint='{"start": 0, "text": "…"}'))
        words = " ".join(segment["text"].split())
        if not words:
            draft.note(f"segment {number} has no words: left out")
            continue
        label = segment.get("speaker")
        if not isinstance(label, str) or not label.strip():
            unnamed.append(number)
            label = before
        before = label
        key = draft.key(label)
        if sound is not None:
            draft.people[key] = Person(draft.people[key].name, label=label)
        start, end = _number(segment.get("start")), _number(segment.get("end"))
        if start is None or end is None or not 0 <= round(start, 3) < round(end, 3) <= LONGEST:
            untimed.append(number)
            start = end = None
        draft.items.append(Said(key, words, start=start, end=end))
    if unnamed:
        given = "given to whoever spoke before" if len(unnamed) < len(segments) else "one person says it all"
        draft.note(f"{_listed(unnamed)} without a speaker: {given}")
    if untimed:
        why = "no times, or none that a line can have (an end after its start, 0 to 100 hours)"
        draft.note(f"{_listed(untimed)} with {why}: their lines stand without times")
    if not any(isinstance(item, Said) for item in draft.items):
        raise SceneError(Problem("nobody says a word in this transcript", file=str(path)))
    if sound is None:
        draft.note(f"there is no recording beside it, as {path.stem}.wav; its times stand in the lines all the same")
    return draft.finished(audio=sound, language=_language(job.get("language"), "language", draft))


def _listed(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:5])) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    return f"segment{'s' if len(numbers) > 1 else ''} {shown}"


def recording_beside(path: Path) -> str | None:
    """The recording that has the name of a script and lies beside it."""
    return next((path.with_suffix(end).name for end in _RECORDINGS if path.with_suffix(end).is_file()), None)


def _items(job: Mapping[str, Any], key: str, file: str) -> list[Any]:
    found = job.get(key)
    if not isinstance(found, list) or not found:
        raise SceneError(Problem(f"{key} holds nothing", file=file, hint=f'"{key}": [{{"text": "…"}}]'))
    return found
