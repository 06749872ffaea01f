"""Which clips make a film, what each hears, and which of its frames are kept: pure integers.

A clip has 49 frames. The first 2 of every clip are motion frames, carried over from the clip before and dropped, so a
clip adds 47. Audio windows reach 2 frames to either side and stop at the ends of the audio, which the release pads to
whole clips of 49.
"""

from __future__ import annotations

from dataclasses import dataclass

CLIP_FRAMES = 49
MOTION_FRAMES = 2
REACH = 2  # frames an audio window reaches to either side


@dataclass(frozen=True)
class ClipSchedule:
    """The clips of `frames` frames.

    `released`: as many clips as the release makes, which advances by 47 over audio padded to multiples of 49 and so
    often makes one that is thrown away. Else as many as are needed.
    """

    frames: int
    clip: int = CLIP_FRAMES
    motion: int = MOTION_FRAMES
    released: bool = False

    def __post_init__(self) -> None:
        if self.frames < 1 or not 0 <= self.motion < self.clip:
            raise ValueError(
                f"{self.frames} frames in clips of {self.clip} with {self.motion} motion frames; there must be a "
                "frame, and a clip must be longer than what it takes over"
            )

    @property
    def new(self) -> int:
        """Frames a clip adds."""
        return self.clip - self.motion

    @property
    def padded(self) -> int:
        """Frames of audio, whole clips."""
        return -(-self.frames // self.clip) * self.clip

    @property
    def clips(self) -> int:
        return -(-(self.padded if self.released else self.frames) // self.new)

    def heard(self, clip: int) -> tuple[int, ...]:
        """For each frame of a clip the audio frame it hears; -1: silence, before the film begins."""
        first = self.new * clip
        before = [-1] * self.motion if clip == 0 else list(range(first - self.motion, first))
        own = [min(frame, self.padded - 1) for frame in range(first, first + self.new)]
        return (*before, *own)

    def kept(self, clip: int) -> range:
        """The decoded frames of a clip that are shown."""
        return range(self.motion, self.motion + min(self.new, self.frames - self.new * clip))

    def window(self, frame: int) -> tuple[int, ...]:
        """The audio frames around audio frame `frame`."""
        return tuple(min(max(frame + by, 0), self.padded - 1) for by in range(-REACH, REACH + 1))
