"""What the media of a scene say: durations, picture sizes, faces found, who speaks when; looked at before planning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.hearing.feeling import Felt
from dialogue.hearing.heard import Difference, HeardLine
from dialogue.media.media import FoundFace, Picture, Recording
from dialogue.scene.scene import AudioRef, FaceBox, FacePoint


@dataclass(frozen=True)
class Measures:
    """Everything the planner may know about the media of one scene.

    - `recordings`, `pictures`: every file the scene names, by its path as written, without `#channel`, with `#stream2`.
    - `faces`: the faces of the pictures in which the scene says `detect`, left to right.
    - `placed`: for boxes and points written for faces, keyed (picture, face as written): the face there and its mouth;
      None where there is no face at all.
    - `likes`: for `{like: image}` in a picture, keyed (picture, image): the face that is alike.
    - `speech`: when somebody speaks in the track, in seconds of the scene, bleed of the other tracks taken out; only
      for the tracks whose turns the scene does not give (`measure`), empty after `probe`.
    - `diarization`: who speaks when in the mix, sorted by start; from the file the scene names, or automatic.
    - `drawn`: whether the pictures of the shots are of the drawn world of the small model, where a scene may use it.
    - `lines`: where lines without times are heard, by their index; `differences`: where script and recording differ.
    - `starts`: the second of the scene at which a track begins, by `AudioRef.heard`, where that was found by comparing
      it with the mix; see `start_of`.
    - `levels`: how loud people speak in the recordings that are to be mixed, in dBFS, by `AudioRef.heard`.
    - `felt`: the emotions heard in recordings where the scene leaves them to be told, in seconds of the recording, by
      `AudioRef.heard`.
    - `warnings`: what a writer should know, one sentence each.
    """

    recordings: Mapping[str, Recording] = field(default_factory=dict)
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    faces: Mapping[str, tuple[FoundFace, ...]] = field(default_factory=dict)
    likes: Mapping[tuple[str, str], FoundFace] = field(default_factory=dict)
    speech: Mapping[AudioRef, tuple[Segment, ...]] = field(default_factory=dict)
    diarization: tuple[LabelledSegment, ...] = ()
    warnings: tuple[str, ...] = ()
    drawn: Mapping[str, bool] = field(default_factory=dict)
    placed: Mapping[tuple[str, FaceBox | FacePoint], FoundFace | None] = field(default_factory=dict)
    lines: Mapping[int, HeardLine] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    starts: Mapping[AudioRef, float] = field(default_factory=dict)
    levels: Mapping[AudioRef, float] = field(default_factory=dict)
    felt: Mapping[AudioRef, tuple[Felt, ...]] = field(default_factory=dict)

    def start_of(self, track: AudioRef) -> float:
        """The second of the scene at which a track begins: as written, else as found, else 0."""
        return track.start if track.start is not None else self.starts.get(track.heard, 0.0)
