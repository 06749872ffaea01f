"""Pictures and recordings that cannot be read, of a scene that cannot be read either: all is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dialogue.ground.errors import Problem, SceneError
from dialogue.media.media import Recording
from dialogue.scene.kinds import NamedMedia
from dialogue.scene.scene import AudioRef


def unreadable(media: Sequence[NamedMedia], folder: Path, file: str) -> list[Problem]:
    """An error for each file that cannot be read, at the place in `file` that names it first."""
    found: list[Problem] = []
    for one in {(one.path, one.kind, one.stream, one.channel): one for one in reversed(media)}.values():
        try:
            absent = _look(one, folder)
        except SceneError as error:
            for problem in error.problems:
                message = f"{one.path} {problem.message}"
                found.append(Problem(message, file, one.place.line, one.place.column, problem.hint))
        else:
            if absent is not None:
                found.append(Problem(absent[0], file, one.place.line, one.place.column, absent[1]))
    return found


def missing_channel(ref: AudioRef, recording: Recording) -> tuple[str, str] | None:
    """That the channel that is meant is none of the recording's, and what may be meant instead."""
    if ref.channel is None or ref.channel <= recording.channels:
        return None
    hint = "leave out the #" if recording.channels == 1 else f"#1 to #{recording.channels}"
    if ref.stream is None and 2 <= ref.channel <= recording.streams:
        hint = f"did you mean {ref.path}#stream{ref.channel}?"
    count = "one channel" if recording.channels == 1 else f"{recording.channels} channels"
    return f"{ref.path} has {count}, and no channel {ref.channel}", hint


def _look(media: NamedMedia, folder: Path) -> tuple[str, str] | None:
    from dialogue.media.pictures import measure_picture
    from dialogue.media.recordings import check_beginning, probe_recording

    path = folder / media.path
    if media.kind == "picture":
        measure_picture(path, media.path)
        return None
    check_beginning(path, media.stream)
    if media.channel is None:
        return None
    ref = AudioRef(path=media.path, channel=media.channel, stream=media.stream)
    return missing_channel(ref, probe_recording(path, path.name, media.stream))
