"""Prepare videos of one talking person each, for scripts/train_hallo3.py.

    python scripts/prepare_hallo3.py VIDEO... --out FOLDER --weights DIR [--caption TEXT]

Writes a folder per video: its frames, the smallest rectangle around the face in all of them, the face's embedding, and
what wav2vec2 hears at each frame, at the video's own rate (model/hallo3/prepared.py has the layout). The caption is
VIDEO.txt where that is there. DIR holds wav2vec2 and insightface's models as the release does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import av
import numpy as np
import torch
from PIL import Image

from dialogue.ground.errors import SceneError
from dialogue.media.faces import detect
from dialogue.media.recordings import Samples
from model.hallo3.face_embedding import FaceEmbedder
from model.hallo3.prepared import write_video
from model.hallo3.wav2vec_audio import SAMPLE_RATE, Wav2VecAudioEncoder
from model.hallo3.weights_folder import WeightsFolder

LOOKS = 12  # frames in which the face is looked for
FALLBACK = "A person is talking."
Box = tuple[float, float, float, float]


def frames_of(video: Path) -> tuple[list[np.ndarray], float]:
    """Every frame (H, W, 3) uint8, and the rate."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 25)
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)], rate


def faces_of(frames: list[np.ndarray]) -> tuple[Box, Box, int]:
    """The rectangle around the largest face over the video, that face where it is first seen, and in which frame."""
    seen: list[tuple[int, Box]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for number in np.unique(np.linspace(0, len(frames) - 1, LOOKS).astype(int)):
            file = Path(scratch) / f"{number}.png"
            Image.fromarray(frames[number]).save(file)
            found = max((face.box for face in detect(file)), key=lambda box: box.area, default=None)
            if found is not None:
                seen.append((int(number), (found.x, found.y, found.right, found.bottom)))
    if not seen:
        raise ValueError("shows no face")
    corners = np.array([box for _, box in seen])
    left, top, right, bottom = (*corners[:, :2].min(axis=0), *corners[:, 2:].max(axis=0))
    first, face = seen[0]
    return (float(left), float(top), float(right - left), float(bottom - top)), face, first


def prepare(video: Path, out: Path, caption: str, hear: Wav2VecAudioEncoder, embed: FaceEmbedder) -> int:
    """One video into its folder; its frames."""
    frames, rate = frames_of(video)
    around, face, first = faces_of(frames)
    sound = np.concatenate([np.zeros(0, np.float32), *Samples(video, None).blocks(SAMPLE_RATE)])
    audio = hear(torch.from_numpy(sound), rate, len(frames))
    write_video(out / video.stem, frames, rate, caption, around, embed(frames[first], face)[0], audio)
    return len(frames)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--caption", default=FALLBACK)
    args = parser.parse_args()
    folder = WeightsFolder.at(args.weights)
    if folder.wav2vec is None:
        print(f"{folder.root}: error: has no wav2vec2 (wanted wav2vec/wav2vec2-base-960h)", file=sys.stderr)
        return 2
    hear, embed = Wav2VecAudioEncoder.from_pretrained(folder.wav2vec), FaceEmbedder.from_folder(folder.faces)
    if embed.analysis is None:
        print("note: no insightface models: every face's embedding is zero", file=sys.stderr)
    failed = 0
    for video in args.videos:
        beside = video.with_suffix(".txt")
        caption = beside.read_text().strip() if beside.is_file() else args.caption
        try:
            print(f"{video}: {prepare(video, args.out, caption, hear, embed)} frames")
        except (ValueError, OSError, IndexError, av.error.FFmpegError, SceneError) as error:
            print(f"{video}: error: {str(error).splitlines()[0]}", file=sys.stderr)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
