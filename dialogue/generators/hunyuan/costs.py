"""What a shot costs with hunyuan-avatar: windows, floating-point operations, seconds and memory. Imports no torch.

Operations are counted: they equal those of the released model run on meta tensors (a window of 33 latents at 704 x
1216 is 11.24 PFLOP per branch).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from dialogue.generators.gpus import Gpus
from dialogue.generators.hardware import VAE_SHARE, machine
from dialogue.planning.choice import Estimate
from model.grid import frames_for, latents_for, windows_for

HIDDEN, BLOCKS, TEXT = 3072, 60, 831
BF16 = 2  # bytes
TRANSFORMER, ENCODERS = 26.0e9, 16.8e9  # bytes of weights
# Of the transformer in 8 bits; of a double block, of all that is in no block; the largest layer multiplied out.
EIGHT_BITS, DOUBLE_BLOCK, OUTSIDE, MULTIPLIED_OUT = 13.6e9, 0.68e9, 1.06e9, 0.11e9
HOOK_CACHES = {"first-block": 4, "mag-cache": 2}  # residuals of every token, of the last step and of this one
ROOM = 0.92  # of a card's memory: the rest is the driver's, the kernels' own and lost between blocks


def forward_operations(width: int, height: int, window: int) -> float:
    """Of one window in one branch through all blocks: attention, and the linear layers."""
    tokens = (width // 16) * (height // 16) * (window + 1) + TEXT
    return BLOCKS * (4 * tokens**2 * HIDDEN + 24 * HIDDEN**2 * tokens)


def decode_operations(width: int, height: int, frames: int) -> float:
    """Of the VAE's decoder with the released tiles, each pixel decoded about twice."""
    return 4.0e15 * (width * height) / (704 * 1216) * frames / 129


@dataclass(frozen=True)
class Sizes:
    """What decides the memory of denoising. The defaults are the released transformer's, in bfloat16."""

    tokens: int  # of a latent frame
    latents: int  # of the ring
    window: int
    windows: int
    speakers: int = 1
    text: int = TEXT
    hidden: int = HIDDEN
    head: int = 128
    adapters: int = 10
    adapter_dim: int = 1024
    audio_tokens: int = 16  # of a latent frame
    channels: int = 16
    number: int = BF16  # bytes
    caches: int = 1  # of the ring's tokens


def cache_bytes(s: Sizes) -> int:
    """Block outputs of the whole ring, and of each window its reference and text, in both branches."""
    return 2 * s.hidden * s.number * (s.latents * s.tokens + s.windows * (s.tokens + s.text))


def working_bytes(s: Sizes, rows: int) -> int:
    """What is alive in the middle of a single block beside weights and cache, for a forward of `rows` rows.

    Eight activations of a row: what the blocks were given, what this one was given, both streams joined, normed,
    queries, keys, values, what attention gives; what is made in chunks is less. Then rotary tables; keys and values of
    the adapters for the film and for the window; latents and the velocities of all windows so far.
    """
    image = (s.window + 1) * s.tokens
    alive = 7 if 2 * s.windows <= rows else 8  # one forward alone is past when there is a cache
    activations = alive * rows * (image + s.text) * s.hidden * s.number
    rotary = 2 * image * s.head * 4
    heard = 2 * s.adapters * s.adapter_dim * s.audio_tokens * s.speakers * s.number * (s.latents + rows * s.window)
    cells = 4 * s.tokens * s.channels * 4  # of a latent, float32; a token is 2 x 2 of them
    latents = cells * (2 * s.latents + 2 * s.windows * s.window)
    return activations + rotary + heard + latents


def weight_bytes(memory: str, eight_bits: bool) -> float:
    """Of the weights on the card at once: all, or a block at work, the next and what belongs to no block."""
    if memory == "high":
        return ENCODERS + (EIGHT_BITS if eight_bits else TRANSFORMER)
    if memory == "balanced" and not eight_bits:
        return 2 * DOUBLE_BLOCK + OUTSIDE
    return DOUBLE_BLOCK + OUTSIDE + MULTIPLIED_OUT


def peak_bytes(s: Sizes, memory: str, eight_bits: bool = False, cache_on_host: bool = False) -> int:
    """The most that a shot has on the card at once."""
    rows = 2 if memory == "high" else 1
    cache = 0 if cache_on_host or memory == "low" else s.caches * cache_bytes(s)
    return round(weight_bytes(memory, eight_bits) + working_bytes(s, rows) + cache)


def sizes(width: int, height: int, frames: int, window: int, speakers: int = 1) -> Sizes:
    """Of a shot: a ring as long as the film, one window at least."""
    latents = max(latents_for(frames), window)
    return Sizes((width // 16) * (height // 16), latents, window, windows_for(frames, window), speakers)


WAYS = (("high", False), ("high", True), ("balanced", False), ("balanced", True), ("low", True))


def fitting(s: Sizes, card: float, eight_bits: bool = False, memory: str | None = None) -> tuple[str, bool] | None:
    """The fastest way this shot fits into `card` bytes: (memory, whether the cache waits on the host); None: no way.

    `memory`: the only one that is allowed.
    """
    ways = (way for way in WAYS if memory in (None, way[0]))
    return next((way for way in ways if peak_bytes(s, way[0], eight_bits, way[1]) <= ROOM * card), None)


def least_bytes(s: Sizes, eight_bits: bool = False, memory: str | None = None) -> int:
    """The card's memory that this shot takes in the thriftiest way allowed."""
    return min(peak_bytes(s, way[0], eight_bits, way[1]) for way in WAYS if memory in (None, way[0]))


def longest(
    width: int, height: int, window: int, card: float, eight_bits: bool = False, memory: str | None = None,
    people: int = 1,
) -> int:  # fmt: skip
    """Frames of the longest shot, in whole windows, that fits into `card` bytes some way; 0: none does."""
    most = 0
    for windows in range(1, 65):
        frames = frames_for(windows * window)
        if fitting(sizes(width, height, frames, window, people), card, eight_bits, memory) is None:
            break
        most = frames
    return most


def share_of(rows: int, gpus: Gpus) -> float:
    """Of the work of a step, what the busiest has: rows are dealt whole, tokens evenly."""
    return ceil(rows / gpus.count) / rows if gpus.share == "windows" else 1 / gpus.count


def estimate(
    width: int, height: int, frames: int, full_steps: int, steps: int, window: int, memory: str | None,
    eight_bits: bool = False, card: float | None = None, people: int = 1,
    gpus: Gpus | None = None,
) -> Estimate:  # fmt: skip
    """Of a shot: both branches of every window at every step, a step on cached blocks costing one of 60.

    `card`: bytes of the card it is made on, where they are known. `gpus` share the steps; the rest is one's.
    """
    here = machine()
    windows = windows_for(frames, window)
    steps_worth = full_steps + (steps - full_steps) / BLOCKS
    work = 2 * windows * steps_worth * forward_operations(width, height, window)
    work *= share_of(2 * windows, gpus or Gpus())
    seconds = work / here.speed + decode_operations(width, height, frames) / (here.speed * VAE_SHARE)
    shot = sizes(width, height, frames, window, people)
    if card is not None:
        mode, on_host = fitting(shot, card, eight_bits, memory) or (memory or "low", True)
        return Estimate(windows, 60 + seconds, peak_bytes(shot, mode, eight_bits, on_host), mode)
    peak = peak_bytes(shot, memory or "high", eight_bits)
    if not here.gpu:
        peak = round(TRANSFORMER + ENCODERS + working_bytes(shot, 2) + cache_bytes(shot))
    return Estimate(windows, 60 + seconds, peak, memory)
