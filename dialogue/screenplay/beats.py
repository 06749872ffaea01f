"""Scripts in JSON that hold words: MulmoScript's beats, and WhisperX transcripts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dialogue.ground.errors import Problem, SceneError
from dialogue.screenplay.screenplay import Draft, Heading, Person, Remark, Said, Screenplay, Silence

_RECORDINGS = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus", ".aac", ".mp4", ".mov", ".mkv", ".webm")
_BEAT_KEYS = {"speaker", "text", "image", "imagePrompt", "duration", "id", "audio", "speechOptions"}


def is_mulmo(job: Mapping[str, Any]) -> bool:
    return "$mulmocast" in job or isinstance(job.get("beats"), list)


def is_transcript(job: Mapping[str, Any]) -> bool:
    segments = job.get("segments")
    return isinstance(segments, list) and all(isinstance(s, dict) and "start" in s for s in segments[:3])


def read_mulmo(job: Mapping[str, Any], file: str) -> Screenplay:
    """MulmoScript: each beat a line of its speaker; its picture, where it is a file here, begins a shot."""
    draft = Draft()
    speech = job.get("speechParams")
    speakers = speech.get("speakers") if isinstance(speech, dict) else None
    shown = {name: _display(name, entry) for name, entry in speakers.items()} if isinstance(speakers, dict) else {}
    usual = _usual_speaker(speakers)
    for number, beat in enumerate(_items(job, "beats", file), 1):
        if not isinstance(beat, dict):
            raise SceneError(Problem(f"beat {number} is {beat!r}, not a beat", file=file, hint='{"text": "…"}'))
        _beat(beat, number, draft, shown, usual)
    for key in sorted(set(job) - {"$mulmocast", "title", "lang", "beats", "speechParams"}):
        draft.note(f"{key} of the script has no meaning here")
    title, language = job.get("title"), job.get("lang")
    return draft.finished(
        title=title if isinstance(title, str) else None, language=language if isinstance(language, str) else None
    )


def _beat(beat: Mapping[str, Any], number: int, draft: Draft, shown: Mapping[str, str], usual: str) -> None:
    image = beat.get("image")
    source = image.get("source") if isinstance(image, dict) else None
    picture = source.get("path") if isinstance(source, dict) and source.get("kind") == "path" else None
    prompt = beat.get("imagePrompt") or (image.get("prompt") if isinstance(image, dict) else None)
    if isinstance(picture, str) or isinstance(prompt, str):
        draft.items.append(Heading(prompt if isinstance(prompt, str) else "", picture if picture else None))
    elif isinstance(image, dict):
        draft.note(f"beat {number}: an image of type {image.get('type')!r} has no meaning here")
    audio = beat.get("audio")
    recording = audio.get("source", {}).get("path") if isinstance(audio, dict) else None
    words = beat.get("text")
    if isinstance(words, str) and words.strip():
        name = str(beat.get("speaker") or usual)
        key = draft.key(shown.get(name, name))
        draft.items.append(Said(key, " ".join(words.split()), audio=recording if isinstance(recording, str) else None))
    elif isinstance(beat.get("duration"), (int, float)):
        draft.items.append(Silence(float(beat["duration"])))
    for key in sorted(set(beat) - _BEAT_KEYS):
        draft.items.append(Remark("beat", f"{key}: {beat[key]}"))
        draft.note(f"{key} of a beat has no meaning here: kept as a comment")


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
    sound = next((path.with_suffix(end).name for end in _RECORDINGS if path.with_suffix(end).is_file()), None)
    for number, segment in enumerate(_items(job, "segments", str(path)), 1):
        if not isinstance(segment, dict) or not isinstance(segment.get("text"), str):
            raise SceneError(Problem(f"segment {number} has no text", file=str(path), hint='{"start": 0, "text": "…"}'))
        label = str(segment.get("speaker") or "SPEAKER_00")
        key = draft.key(label)
        if sound is not None:
            draft.people[key] = Person(draft.people[key].name, label=label)
        times = [float(t) if isinstance(t := segment.get(edge), (int, float)) else None for edge in ("start", "end")]
        words = " ".join(segment["text"].split())
        if words:
            draft.items.append(Said(key, words, start=times[0], end=times[1]))
    if sound is None:
        draft.note(f"there is no recording beside it, as {path.stem}.wav; its times stand in the lines all the same")
    language = job.get("language")
    return draft.finished(audio=sound, language=language if isinstance(language, str) else None)


def _items(job: Mapping[str, Any], key: str, file: str) -> list[Any]:
    found = job.get(key)
    if not isinstance(found, list) or not found:
        raise SceneError(Problem(f"{key} holds nothing", file=file, hint=f'"{key}": [{{"text": "…"}}]'))
    return found
