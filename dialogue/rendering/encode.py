"""RGB frames to one H.264 file per shot, straight through a pipe. Every shot of a film is encoded alike.

All shots share codec parameters, closed groups of pictures that begin with an IDR frame, and one track timescale:
they join by copying packets. The bytes depend on the frames alone: the number of threads is fixed and x264 is told to
choose no algorithm by the processor it finds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dialogue.ground.errors import DialogueError, Problem, SceneError
from dialogue.rendering import ffmpeg

if TYPE_CHECKING:
    from dialogue.generators.generator import Frame

_THREADS = 4  # x264's output depends on it; four keep up with any generator
_SECONDS_PER_GOP = 2  # how far a player must seek back at most
X264 = f"threads={_THREADS}:open-gop=0:cpu-independent=1"
_TO_YUV = "in_range=full:out_range=tv:out_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int+bitexact"
_TAGS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
FILTERS = f"scale={_TO_YUV},format=yuv420p,{_TAGS}"


def check_size(width: int, height: int) -> None:
    """Raise SceneError where H.264 with 4:2:0 chroma cannot hold the frame: both sides must be even, 16 … 16384."""
    if width % 2 or height % 2 or min(width, height) < 16 or max(width, height) > 16384:
        nearest = "x".join(str(min(max(side - side % 2, 16), 16384)) for side in (width, height))
        raise SceneError(Problem(f"a film of {width}x{height} pixels cannot be encoded", hint=f"even sides: {nearest}"))


def timescale(fps: Fraction) -> int:
    """Ticks per second of the video track: over 10 000 and a whole number of them in every frame."""
    ticks = fps.numerator
    while ticks <= 10_000:
        ticks *= 2
    if ticks >= 2**31:
        raise SceneError(Problem(f"{fps} frames per second cannot be written in mp4", hint="25, 24 or 30000/1001"))
    return ticks


def parameters(fps: Fraction) -> dict[str, Any]:
    """The output options of every video stream this project encodes, in ffmpeg-python's names."""
    return {
        "c:v": "libx264",
        "preset": "veryfast",
        "crf": 18,
        "pix_fmt": "yuv420p",
        "g": max(1, round(fps * _SECONDS_PER_GOP)),
        "x264-params": X264,
        "video_track_timescale": timescale(fps),
        "movie_timescale": timescale(fps),
        "fflags": "+bitexact",
        "flags:v": "+bitexact",
        "f": "mp4",
    }


def encode(
    frames: Iterator[Frame],
    output: Path,
    *,
    width: int,
    height: int,
    fps: Fraction,
    count: int,
    what: str = "the shot",
    on_frame: Callable[[int], None] = lambda done: None,
) -> None:
    """Write exactly `count` frames, each (height, width, 3) uint8 RGB, to `output` as mp4.

    `on_frame` is told how many frames are done. Raises DialogueError, naming `what`, when ffmpeg fails or the frames
    are too few, too many or of another shape; `output` is then not to be used.
    """
    check_size(width, height)
    import ffmpeg as graph

    pipe = graph.input("pipe:0", f="rawvideo", pix_fmt="rgb24", s=f"{width}x{height}", r=str(fps))
    stream = pipe.output(ffmpeg.path(output), vf=FILTERS, **parameters(fps))
    done = 0
    with ffmpeg.feeding(stream, f"encode {what}") as stdin:
        for frame in frames:
            if frame.shape != (height, width, 3) or frame.dtype != "uint8":
                raise DialogueError(
                    f"the generator gave a frame of shape {frame.shape}, {frame.dtype}, for {what}; "
                    f"frames are ({height}, {width}, 3), uint8"
                )
            if done == count:
                raise DialogueError(f"the generator gave more than the {count} frames of {what}")
            stdin.write(frame.data if frame.flags.c_contiguous else frame.tobytes())
            done += 1
            on_frame(done)
        if done != count:
            raise DialogueError(f"the generator gave {done} of the {count} frames of {what}")
