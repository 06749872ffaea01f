"""Train Hallo3 on prepared videos, one phase at a time.

    python scripts/train_hallo3.py FOLDER --phase identity --weights DIR --out RUN [--new] [--steps 30000] [--resume]
    python scripts/train_hallo3.py FOLDER --phase audio --weights DIR --start RUN --out RUN2 --new

FOLDER is what scripts/prepare_hallo3.py wrote; DIR the released folder (VAE, T5, and the networks unless --start names
those of another run). --new gives the modules that the phase adds new weights. RUN gets state.safetensors to resume
from, and at the end the averaged networks in the official layout, which the program loads like the release.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from model.hallo3.checkpoint import load_official, save_official
from model.hallo3.loading import load_denoiser, load_reference
from model.hallo3.official_file import CheckpointError
from model.hallo3.prepared import PreparedVideo, batch_of, prepared_videos
from model.hallo3.t5_text import T5Text
from model.hallo3.training import Batch, Recipe, Trainer, initialise
from model.hallo3.transformer import Hallo3ReferenceNetwork, Hallo3Transformer3DModel
from model.hallo3.vae import Hallo3VAE, load_vae
from model.hallo3.weights_folder import WeightsFolder


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--phase", choices=("identity", "audio"), required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="networks of another run, in the official layout")
    parser.add_argument("--new", action="store_true", help="new weights for the modules of the phase")
    parser.add_argument("--steps", type=int, default=30_000)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--rate", type=float, default=Recipe.rate)
    parser.add_argument("--save-every", type=int, default=500)
    parser.add_argument("--resume", action="store_true")
    return parser.parse_args()


def networks(
    args: argparse.Namespace, folder: WeightsFolder, device: torch.device
) -> tuple[Hallo3Transformer3DModel, Hallo3ReferenceNetwork]:
    """Both networks, on the device, the denoiser with activation checkpointing on a GPU."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    if args.start is not None:
        denoiser = load_official(args.start, Hallo3Transformer3DModel, dtype)
        reference = load_official(args.start, Hallo3ReferenceNetwork, dtype)
    else:
        denoiser, reference = load_denoiser(folder, dtype), load_reference(folder, dtype)
    if args.new:
        initialise(denoiser, args.phase, torch.Generator().manual_seed(0))
    if device.type == "cuda":
        denoiser.enable_gradient_checkpointing()
        denoiser.train()
    return denoiser.to(device), reference.to(device)


class Feed:
    """Batches from prepared videos: a clip anywhere, its portrait any frame of the same video."""

    def __init__(
        self, videos: list[PreparedVideo], vae: Hallo3VAE, texts: dict[str, torch.Tensor], frames: int
    ) -> None:
        self.videos, self.vae, self.texts, self.frames = videos, vae, texts, frames

    def batch(self, count: int, size: tuple[int, int], generator: torch.Generator) -> Batch:
        def below(end: int) -> int:
            return int(torch.randint(end, (), generator=generator))

        clips, texts = [], []
        for _ in range(count):
            video = self.videos[below(len(self.videos))]
            starts = video.starts(self.frames)
            clips.append(video.clip(starts[below(len(starts))], below(video.frames), self.frames, size))
            texts.append(self.texts[video.caption])
        return batch_of(clips, texts, self.vae, generator)


def main() -> int:
    args = arguments()
    folder = WeightsFolder.at(args.weights)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        videos = prepared_videos(args.folder)
        if folder.vae is None or folder.t5 is None:
            raise ValueError(f"{folder.root}: has no VAE or no T5")
        denoiser, reference = networks(args, folder, device)
        config, vae = denoiser.config, load_vae(folder.vae)
        for video in videos:
            video.starts(config.sample_frames)
    except (ValueError, CheckpointError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    reader = T5Text.from_pretrained(folder.t5, config.max_text_seq_length, torch.float32)
    texts = {caption: reader(caption) for caption in {video.caption for video in videos}}
    del reader
    feed = Feed(videos, vae, texts, config.sample_frames)
    trainer = Trainer(denoiser, reference, args.phase, Recipe(rate=args.rate))
    args.out.mkdir(parents=True, exist_ok=True)
    state = args.out / "state.safetensors"
    if args.resume and state.exists():
        trainer.resume(state)
    size = (config.sample_height * vae.spatial_stride, config.sample_width * vae.spatial_stride)
    losses: list[float] = []
    while trainer.step < args.steps:
        losses.append(trainer.update(feed.batch(args.batch, size, trainer.generator).to(device)))
        if trainer.step % 10 == 0 or trainer.step == args.steps:
            print(f"{args.phase} step {trainer.step} loss {sum(losses[-10:]) / len(losses[-10:]):.4f}", flush=True)
        if trainer.step % args.save_every == 0 or trainer.step == args.steps:
            trainer.save(state)
    with trainer.averaged():
        save_official(denoiser, reference, args.out / "hallo3")
    print(f"{args.out / 'hallo3'}: averaged networks, in the official layout")
    return 0


if __name__ == "__main__":
    sys.exit(main())
