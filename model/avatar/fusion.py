"""Time-aware position shift fusion: which latent frames are denoised together at each step, as pure integers.

A long film is a ring of latent frames cut into windows that the model denoises one by one, always at rotary
positions 0 … window-1. After every step the cuts move, so that no seam stays in one place, and windows that pass
the end go on at the beginning. (HunyuanVideo-Avatar arXiv 2505.20156, algorithm 1; after Sonic arXiv 2411.16331.)

Two schedules. `position_shift` is the papers': a ring exactly as long as the film, windows spread evenly over it.
`released_ring` is what the official release runs: the film padded to 32k+1 latents, windows from the start of the
ring, moved 10 latents *earlier* each step. Both average where windows overlap.
"""

from __future__ import annotations

from dataclasses import dataclass

from model.grid import LATENT_STRIDE, WINDOW_LATENTS, latents_for


@dataclass(frozen=True)
class FusionSchedule:
    """Windows of `window` latents on a ring of `ring`, of which the first `latents` are the film.

    `starts`: where each window begins at step 0. Each step moves all of them by `offset` (negative: earlier), the
    way travelled taken modulo `period`. An `offset` of 0 keeps them in place.
    """

    latents: int
    ring: int
    window: int
    starts: tuple[int, ...]
    offset: int
    period: int

    def __post_init__(self) -> None:
        if not 1 <= self.latents <= self.ring or not 1 <= self.window <= self.ring:
            raise ValueError(
                f"latents {self.latents}, window {self.window}, ring {self.ring}: a ring holds the film and a window"
            )

    def shifted(self, step: int) -> tuple[int, ...]:
        """Where the windows begin at `step` (0-based), not yet wrapped onto the ring."""
        way = abs(self.offset) * step % self.period
        return tuple(start + (way if self.offset > 0 else -way) for start in self.starts)

    def windows(self, step: int) -> tuple[tuple[int, ...], ...]:
        """The latent frames (indexes on the ring) of each window at `step`. Together they cover the ring."""
        return tuple(tuple((start + place) % self.ring for place in range(self.window)) for start in self.shifted(step))

    def counts(self, step: int) -> tuple[int, ...]:
        """In how many windows each latent of the ring is at `step`."""
        counts = [0] * self.ring
        for window in self.windows(step):
            for latent in window:
                counts[latent] += 1
        return tuple(counts)

    def owners(self, step: int) -> tuple[int, ...]:
        """For each latent of the ring the last window that holds it at `step`."""
        owners = [0] * self.ring
        for number, window in enumerate(self.windows(step)):
            for latent in window:
                owners[latent] = number
        return tuple(owners)

    def audio_frames(self, start: int, stride: int = LATENT_STRIDE) -> tuple[int, ...]:
        """The video frames whose audio a window beginning at `start` (unwrapped) hears, on a ring of stride*ring.

        The window's first latent hears one frame, each later one `stride`: stride*(window-1)+1 frames.
        """
        return tuple((stride * start + place) % (stride * self.ring) for place in range(stride * (self.window - 1) + 1))

    def own_audio_frames(self, start: int, stride: int = LATENT_STRIDE) -> tuple[int, ...]:
        """The same for a model whose every latent, a window's first one too, hears all the frames it holds itself.

        The film's first latent, which holds one frame, hears it `stride` times: stride*window frames.
        """
        latents = ((start + place) % self.ring for place in range(self.window))
        return tuple(max(0, stride * (latent - 1) + 1 + frame) for latent in latents for frame in range(stride))


def position_shift(latents: int, window: int = WINDOW_LATENTS, offset: int = 5) -> FusionSchedule:
    """The papers' schedule for a film of `latents` latents: ceil(latents/window) windows, none of them padding.

    `offset`: latents the windows move per step (3 … 7 in HunyuanVideo-Avatar, 5 in AnyAvatar). A film shorter than
    the window is padded to one window, the length the model was trained on; a film of one window does not move.
    """
    if latents < 1 or window < 1:
        raise ValueError(f"latents {latents}, window {window}: both are at least 1")
    ring = max(latents, window)
    count = -(-ring // window)
    starts = tuple(number * ring // count for number in range(count))
    return FusionSchedule(latents, ring, window, starts, offset if count > 1 else 0, ring)


def released_ring(
    audio_frames: int, window: int = WINDOW_LATENTS, offset: int = 10, stride: int = LATENT_STRIDE
) -> FusionSchedule:
    """The official release's schedule for `audio_frames` frames of audio prompts (see `released_audio_frames`)."""
    latents = audio_frames // stride + 1
    blocks = audio_frames // (stride * (window - 1)) + 1
    ring = window if latents == window else blocks * (window - 1) + 1
    starts = tuple(range(0, ring, window))
    return FusionSchedule(latents, ring, window, starts, -offset if ring > window else 0, window)


def released_audio_frames(frames: int, window: int = WINDOW_LATENTS, stride: int = LATENT_STRIDE) -> int:
    """To how many frames of audio prompts the release pads a film of `frames` frames before it makes the ring."""
    whole = stride * (window - 1) + 1
    return whole if frames <= whole else frames + stride + 1


def fusion_for(frames: int, window: int = WINDOW_LATENTS, offset: int = 5) -> FusionSchedule:
    """The papers' schedule for `frames` video frames: ceil((n+3)/132) windows at the released sizes."""
    return position_shift(latents_for(frames), window, offset)
