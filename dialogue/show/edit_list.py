"""A plan as an edit list: OpenTimelineIO with a track per speaker, or CMX 3600 with locators for the turns.

Both speak of the finished film, cut at the shots, and of the recordings it was made from, so that an editor can take
it apart again. Times are on whole frames, each from the film's start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from dialogue.planning.colors import channels
from dialogue.planning.plan import AudioSlice, Mix, PlacedSound, Plan, Turn
from dialogue.show.table import emotion_text

if TYPE_CHECKING:
    import opentimelineio as otio

# The colours that CMX 3600 locators and OTIO markers know, as #rrggbb.
_MARKERS = {
    "RED": "#ff0000", "ORANGE": "#ff8000", "YELLOW": "#ffff00", "GREEN": "#00a000", "CYAN": "#00c0ff",
    "BLUE": "#0050ff", "PURPLE": "#8000ff", "MAGENTA": "#ff00ff", "PINK": "#ffa0c0", "WHITE": "#ffffff",
}  # fmt: skip
_LOCATORS = ("RED", "YELLOW", "GREEN", "CYAN", "BLUE", "MAGENTA", "WHITE")  # those of CMX 3600 as Avid writes it


def _marker_color(color: str, allowed: tuple[str, ...]) -> str:
    """The marker colour nearest to a speaker's."""
    wanted = channels(color)
    return min(
        allowed, key=lambda name: sum((a - b) ** 2 for a, b in zip(channels(_MARKERS[name]), wanted, strict=True))
    )


def _span(plan: Plan, start: float, end: float) -> tuple[int, int]:
    """First frame and frames of a time span; one frame at least."""
    first = plan.clock.frame_at(start)
    return first, max(1, plan.clock.frame_at(end) - first)


def _range(plan: Plan, first: int, frames: int) -> Any:
    import opentimelineio as otio

    rate = float(plan.fps)
    return otio.opentime.TimeRange(otio.opentime.RationalTime(first, rate), otio.opentime.RationalTime(frames, rate))


def _film_track(plan: Plan, film: str) -> Any:
    """One clip per shot of the film, with the prompt and the people seen in its metadata."""
    import opentimelineio as otio

    track = otio.schema.Track("film", kind=otio.schema.TrackKind.Video)
    for shot in plan.shots:
        media = otio.schema.ExternalReference(film, _range(plan, 0, plan.frames))
        clip = otio.schema.Clip(f"shot {shot.index + 1}", media, _range(plan, shot.start, shot.frames))
        clip.metadata["dialogue"] = {
            "picture": shot.picture,
            "prompt": shot.prompt,
            "faces": [face.speaker for face in shot.faces],
        }
        track.append(clip)
    return track


def _sound_clip(plan: Plan, name: str, audio: AudioSlice, at: float, media: str) -> Any:
    """What is heard from second `at` of the film on.

    Sound off the frames is rounded once, as a shift of the recording against the film: both ends of the clip then lie
    as far off in the recording as in the film, and nothing comes between sound and picture.
    """
    import opentimelineio as otio

    begin, frames = _span(plan, at, at + audio.end - audio.start)
    first = max(0, begin - plan.clock.frame_at(at - audio.start))
    known = max(_known_end(plan, audio.source), first + frames)
    reference = otio.schema.ExternalReference(_joined(media, audio.source), _range(plan, 0, known))
    clip = otio.schema.Clip(name, reference, _range(plan, first, frames))
    if audio.channel is not None or audio.stream is not None:
        channel, stream = audio.channel or 1, audio.stream or 1
        clip.metadata["dialogue"] = {"channel": audio.channel, "stream": audio.stream}
        # Where programs that read OTIO look for it: the adapter of Final Cut Pro 7 and Premiere XML, and Resolve.
        clip.metadata["fcp_xml"] = {"sourcetrack": {"mediatype": "audio", "trackindex": channel}}
        clip.metadata["Resolve_OTIO"] = {
            "Channels": [{"Source Channel ID": channel - 1, "Source Track ID": stream - 1}]
        }
    return clip


def _known_end(plan: Plan, source: str) -> int:
    """Frames of a recording that the plan knows of: the latest that is heard of it."""
    slices = [turn.audio for turn in plan.turns] + [part.audio for part in plan.mix.parts]
    slices += [sound.audio for sound in plan.sounds]
    ends = [audio.end for audio in slices if audio.source == source]
    if plan.mix.source == source:
        ends.append(plan.mix.duration or plan.duration)
    return plan.clock.frames_covering(max(ends, default=0.0))


def _joined(media: str, path: str) -> str:
    return path if media in ("", ".") or path.startswith("/") else f"{media.rstrip('/')}/{path}"


def _turn_clip(plan: Plan, turn: Turn, frames: int, media: str) -> Any:
    import opentimelineio as otio

    speaker = plan.speaker(turn.speaker)
    clip = _sound_clip(plan, (turn.text or speaker.name)[:80], turn.audio, turn.start, media)
    facts = {
        "speaker": turn.speaker,
        "text": turn.text or "",
        "emotion": emotion_text(turn.emotion),
        "origin": turn.origin,
    }
    clip.metadata["dialogue"] = {**clip.metadata.get("dialogue", {}), **facts}
    first = int(clip.source_range.start_time.value)
    marker = otio.schema.Marker(
        f"{speaker.name}: {turn.text}" if turn.text else speaker.name,
        _range(plan, first, frames),
        color=_marker_color(speaker.color, tuple(_MARKERS)),
    )
    clip.markers.append(marker)
    return clip


def _speaker_tracks(plan: Plan, speaker_id: str, media: str) -> list[Any]:
    """The speaker's turns on a track, gaps between; a turn that overlaps the one before goes to a second track."""
    import opentimelineio as otio

    tracks: list[tuple[Any, int]] = []
    for turn in (turn for turn in plan.turns if turn.speaker == speaker_id):
        first, frames = _span(plan, turn.start, turn.end)
        place = next((index for index, (_, filled) in enumerate(tracks) if filled <= first), None)
        if place is None:
            name = plan.speaker(speaker_id).name + (f" {len(tracks) + 1}" if tracks else "")
            tracks.append((otio.schema.Track(name, kind=otio.schema.TrackKind.Audio), 0))
            place = len(tracks) - 1
        track, filled = tracks[place]
        if first > filled:
            track.append(otio.schema.Gap(source_range=_range(plan, 0, first - filled)))
        track.append(_turn_clip(plan, turn, frames, media))
        tracks[place] = track, first + frames
    return [track for track, _ in tracks]


def _mix_track(plan: Plan, mix: Mix, media: str) -> list[Any]:
    """The mix that is heard, where it is one recording."""
    import opentimelineio as otio

    if mix.source is None:
        return []
    track = otio.schema.Track("mix", kind=otio.schema.TrackKind.Audio)
    whole = AudioSlice(mix.source, 0.0, mix.duration or plan.duration, stream=mix.stream)
    track.append(_sound_clip(plan, "mix", whole, 0.0, media))
    return [track]


def _sound_tracks(plan: Plan, media: str) -> list[Any]:
    """Beds and effects: on one track where they follow each other, on more where they are heard at once."""
    import opentimelineio as otio

    tracks: list[tuple[Any, int]] = []
    for sound in plan.sounds:
        for audio, at in _plays(sound):
            first, frames = _span(plan, at, at + audio.end - audio.start)
            place = next((index for index, (_, filled) in enumerate(tracks) if filled <= first), None)
            if place is None:
                name = "sound" + (f" {len(tracks) + 1}" if tracks else "")
                tracks.append((otio.schema.Track(name, kind=otio.schema.TrackKind.Audio), 0))
                place = len(tracks) - 1
            track, filled = tracks[place]
            if first > filled:
                track.append(otio.schema.Gap(source_range=_range(plan, 0, first - filled)))
            clip = _sound_clip(plan, PurePath(audio.source).name, audio, at, media)
            facts = {"gain": sound.gain, "fade_in": sound.fade_in, "fade_out": sound.fade_out, "duck": sound.duck}
            clip.metadata["dialogue"] = {**clip.metadata.get("dialogue", {}), **facts, "loop": sound.loop}
            track.append(clip)
            tracks[place] = track, first + frames
    return [track for track, _ in tracks]


def _plays(sound: PlacedSound) -> Iterator[tuple[AudioSlice, float]]:
    """What is heard of a sound, and from when on: once, or again and again until it ends."""
    length, at = sound.audio.end - sound.audio.start, sound.start
    while at < sound.end:
        yield replace(sound.audio, end=sound.audio.start + min(length, sound.end - at)), at
        at += length


def otio_timeline(plan: Plan, film: str, media: str) -> otio.schema.Timeline:
    """The plan as a timeline: the film's shots, the mix, a track per speaker with a marker per turn, beds and effects.

    Where there is a mix the speakers' tracks are there and not enabled.

    `film` and `media` (the folder of the recordings) are paths relative to where the timeline is saved.
    """
    import opentimelineio as otio

    timeline = otio.schema.Timeline(plan.title or "dialogue")
    timeline.global_start_time = otio.opentime.RationalTime(0, float(plan.fps))
    timeline.tracks.append(_film_track(plan, film))
    mixes = _mix_track(plan, plan.mix, media)
    timeline.tracks.extend(mixes)
    for speaker in plan.speakers:
        for track in _speaker_tracks(plan, speaker.id, media):
            track.enabled = not mixes  # or everybody would be heard twice
            timeline.tracks.append(track)
    timeline.tracks.extend(_sound_tracks(plan, media))
    timeline.metadata["dialogue"] = {
        "generator": plan.generator,
        "seed": plan.seed,
        "colors": {speaker.id: speaker.color for speaker in plan.speakers},
    }
    return timeline


def _timecode(frame: int, base: int) -> str:
    """Non-drop hh:mm:ss:ff."""
    seconds, frames = divmod(frame, base)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{frames:02d}"


def _ascii(text: str, length: int) -> str:
    """One line of printable text: an EDL knows no more."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:length]


def edl_text(plan: Plan, film: str) -> str:
    """The plan as a CMX 3600 edit list of the film: one event per shot, one locator per turn, record from 0.

    Timecode counts at the nearest whole frame rate, non-drop, as editors do for 23.976 and 29.97.
    """
    base = max(1, round(float(plan.fps)))
    lines = [f"TITLE: {_ascii(plan.title or 'dialogue', 70)}", "FCM: NON-DROP FRAME", ""]
    locators = [(plan.clock.frame_at(turn.start), turn) for turn in plan.turns]
    for shot in plan.shots:
        first, last = _timecode(shot.start, base), _timecode(shot.end, base)
        lines.append(f"{shot.index + 1:03d}  AX       AA/V  C        {first} {last} {first} {last}")
        lines.append(f"* FROM CLIP NAME: {_ascii(film, 200)}")
        lines += [f"* COMMENT: {_ascii(shot.prompt, 200)}"] if shot.prompt else []
        for frame, turn in locators:
            if shot.start <= frame < shot.end:
                speaker = plan.speaker(turn.speaker)
                words = f"{speaker.name}: {turn.text}" if turn.text else speaker.name
                color = _marker_color(speaker.color, _LOCATORS)
                lines.append(f"* LOC: {_timecode(frame, base)} {color:<7} {_ascii(words, 160)}")
        lines.append("")
    return "\n".join(lines)
