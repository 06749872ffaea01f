"""A recording whose two channels hold different people, as telephones and interviews are recorded: two tracks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dialogue.ground.segments import LabelledSegment, Segment

if TYPE_CHECKING:
    from dialogue.diarization.diarization import Diarization
    from dialogue.diarization.diarizer import Diarizer

LABELS = ("left", "right")
_ALIKE = 0.3  # coherence of the channels from which they are one sound in stereo; two microphones apart gave 0.01
_LEAST = 1.0  # seconds that somebody speaks in a channel
_ONE_ROOM = -15.0  # dB: what is heard so well in the other channel is one room in stereo
_VOICE = 90.0  # seconds of a channel that its voice is taken from


def by_channels(diarizer: Diarizer, path: Path, stream: int | None, clean: bool = False) -> Diarization | None:
    """Who speaks when by the channels, labelled left and right; None where they do not hold two people."""
    import numpy as np

    from dialogue.diarization.diarization import Diarization
    from dialogue.media.bleed import own_speech
    from dialogue.media.recordings import Samples
    from dialogue.media.speech import listen

    if not _apart(path, stream):
        return None
    tracks = [Samples(path, channel, stream, clean=clean) for channel in (1, 2)]
    own, leaks = own_speech(tracks, [listen(track) for track in tracks])
    seconds = [sum(segment.duration for segment in spoken) for spoken in own]
    if min(seconds) < _LEAST or any(leak.gain > _ONE_ROOM for leak in leaks):
        return None
    segments, voices = [], {}
    for label, track, spoken in zip(LABELS, tracks, own, strict=True):
        segments += [LabelledSegment(part.start, part.end, label) for part in spoken]
        sound = np.concatenate([track.read(part.start, part.end) for part in _first(spoken)])
        voices[label] = diarizer.voice_of(sound)
    told = (
        f"the two channels of {path.name} hold different people, and each is taken for a track: "
        f"{path.name}#left and {path.name}#right"
    )
    return Diarization(tuple(sorted(segments)), "the channels", "they hold different people", voices, warnings=(told,))


def _first(spoken: Sequence[Segment]) -> list[Segment]:
    """The speech a voice is taken from."""
    kept: list[Segment] = []
    for part in spoken:
        if sum(segment.duration for segment in kept) < _VOICE:
            kept.append(part)
    return kept


def _apart(path: Path, stream: int | None) -> bool:
    """Whether there are two channels, and what is in one is not in the other."""
    import numpy as np

    from dialogue.media.recordings import sound_blocks

    sums = np.zeros((2, 2))
    for block, _ in sound_blocks(path, 5.0, stream):
        if len(block) != 2:
            return False
        sums += block.astype(np.float64) @ block.T
    power = sums[0, 0] * sums[1, 1]
    return bool(power > 0 and abs(sums[0, 1]) / np.sqrt(power) < _ALIKE)
