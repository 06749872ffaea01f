"""Train the small model from nothing: draw its world, then its video code, then the transformer that acts in it.

    python scripts/train_tiny.py --budget-minutes 180             everything, into runs/tiny and model/weights/tiny
    python scripts/train_tiny.py --stage flow --resume            go on with one stage where it stopped
    python scripts/train_tiny.py --device cuda --batch 256        the transformer on a GPU

Stages, in order; each takes its share of the budget, writes into --folder, and is skipped or continued with --resume:

    bank       draws clips of talking characters (needs espeak-ng): crops round one face, then whole pictures of 1-4
    vae        the video code: what moves beside a still picture, by convolutions, mouths counted most
    latents    the bank, encoded
    reader     the measuring tool, a small network that reads openness and emotion off drawn faces
    emotion    a network that names the emotion of a picture; its tokens feed the emotion modules
    flow       the transformer: stage "audio", then clips and stills 1 : 1.5 with emotion pictures, then whole pictures
    decoder    the VAE's decoder, refined on latents that the transformer itself made
    export     float16 weights, configs and the training log

The variants of the papers' ablations, each beside the others in one folder, 9 minutes each on two cores:

    python scripts/train_tiny.py --stage flow --name token --injection token --steps 500 --batch 16
    python scripts/train_tiny.py --stage export --name token --weights runs/tiny/token
    python scripts/evaluate_tiny.py --variants runs/tiny/token runs/tiny/token_add ...
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import torch
from tiny import (
    bank,
    batches,
    decoder_training,
    emotion_training,
    flow_training,
    latents,
    reader,
    vae_training,
    validation,
    words,
)
from tiny.halves import keep_memory

from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel
from model.hunyuan.pipeline import HunyuanVideoAvatarPipeline
from model.tiny.emotion import TinyEmotionEncoder, TinyEmotionNetwork
from model.tiny.log_mel import LogMelAudioEncoder
from model.tiny.sentence_text import SentenceText
from model.tiny.tiny import SHIFT, WEIGHTS, save_tiny
from model.tiny.vae import AutoencoderTinyMotion

# Shares of the budget. The bank's size follows from its share: a core draws about 6 crops or 1.5 whole pictures a
# second.
SHARES = {"bank": 0.12, "vae": 0.17, "latents": 0.02, "reader": 0.03, "emotion": 0.01, "flow": 0.55, "decoder": 0.10}
STAGES = (*SHARES, "export")
# What the bank holds: split, pixels, latents, share of the time. More characters teach
# more than longer looks at the same.
SETS = (("validation", 128, 5, 0.0), ("train", 128, 5, 0.7), ("train", 256, 9, 0.3))
READER = Path(__file__).parent / "tiny" / "reader.pt"


class Run:
    """One training run: its folder, its options, its log."""

    def __init__(self, args: argparse.Namespace) -> None:
        self.args, self.folder = args, args.folder
        self.bank = args.folder / "bank"
        self.folder.mkdir(parents=True, exist_ok=True)

    def minutes(self, stage: str) -> float:
        return float(self.args.budget_minutes * SHARES[stage])

    def log(self, line: str) -> None:
        print(line, flush=True)
        with (self.folder / "training.log").open("a") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")

    def draw_bank(self) -> None:
        core_seconds = 60 * self.minutes("bank") * self.args.workers
        for split, size, length, share in SETS:
            clips = core_seconds * share / (0.15 if size == 128 else 0.6)
            shards = max(1, int(clips / bank.SHARD)) if split == "train" else 2
            bank.fill(self.bank, split, size, length, shards, self.args.workers)
            self.log(f"bank {split}, {size} pixels, {length} latents: {shards * bank.SHARD} clips")

    def train_vae(self) -> None:
        vae_training.train(
            self.bank, self.folder / "vae", self.minutes("vae"), resume=self.args.resume, report=self.log
        )

    def encode(self) -> None:
        """The bank as latents; their spread inside the masks becomes 1 by the VAE's scale."""
        vae = self.vae()
        if float(vae.scale) == 1.0:
            first = torch.load(bank.shards_of(self.bank, "train", 128, 5)[0], weights_only=True)
            vae.scale.fill_(latents.spread(latents.encode_clips(vae, first))[0])
            vae.save_pretrained(self.folder / "vae")
        for split, size, length, _ in SETS:
            latents.encode_bank(vae, self.bank, split, size, length, self.args.workers)

    def train_reader(self) -> None:
        reader.train(self.bank, self.folder / "reader.pt", self.minutes("reader"), self.log)

    def train_emotion(self) -> None:
        emotion_training.train(self.bank, self.folder / "emotion", self.minutes("emotion"), report=self.log)

    def train_flow(self) -> None:
        pieces = self.folder / "pieces.model"
        if not pieces.exists():
            words.train_vocabulary(pieces)
        text, network = SentenceText(pieces), TinyEmotionNetwork.from_pretrained(self.folder / "emotion").eval()
        crops = batches.bank_on_disk(self.bank, "train", 128, 5, text, network)
        whole = batches.bank_on_disk(self.bank, "train", 256, 9, text, network)
        trainer = flow_training.Trainer(
            self.config(crops),
            text,
            self.minutes("flow"),
            self.args.rate,
            self.args.batch,
            self.args.device,
            steps=self.args.steps,
        )
        state = self.folder / f"{self.args.name}.pt"
        if self.args.resume and state.exists():
            trainer.resume(state)
        judge, clips = reader.load_reader(self.reader()), validation.exam_clips()

        def examine(trainer: flow_training.Trainer) -> str:
            picture = self.folder / "sheets" / f"{self.args.name}-{trainer.step:06d}.png"
            return validation.examine(self.pipeline(), judge, clips, picture)

        flow_training.run(trainer, crops, whole, state, self.log, examine)

    def reader(self) -> Path:
        """The reader trained in this run, else the one in the repository."""
        mine = self.folder / "reader.pt"
        return mine if mine.exists() else READER

    def config(self, crops: batches.Bank) -> dict[str, Any]:
        """The transformer's, with the spread of what moves measured on the bank."""
        saved = self.folder / f"{self.args.name}.json"
        if self.args.resume and saved.exists():
            return dict(json.loads(saved.read_text()))
        inside, outside = latents.spread(crops.clips[:256])
        config = flow_training.TRANSFORMER | {
            "latent_spread": round(inside, 4),
            "latent_spread_outside": round(max(0.02, outside), 4),
            "injection": self.args.injection,
        }
        if self.args.no_emotion:
            config["emotion_layers"] = []
        saved.write_text(json.dumps(config))
        return config

    def vae(self) -> AutoencoderTinyMotion:
        return AutoencoderTinyMotion.from_pretrained(self.folder / "vae").eval()

    def pipeline(self) -> HunyuanVideoAvatarPipeline:
        """The averaged weights as they will ship."""
        from diffusers import FlowMatchEulerDiscreteScheduler

        state = torch.load(self.folder / f"{self.args.name}.pt", weights_only=True, map_location="cpu")
        config = json.loads((self.folder / f"{self.args.name}.json").read_text())
        transformer = HunyuanVideoAvatarTransformer3DModel(**config).eval()
        transformer.load_state_dict(state["ema"])
        text = SentenceText(self.folder / "pieces.model").eval()
        text.load_state_dict(state["ema_text"])
        vae, network = self.vae(), TinyEmotionNetwork.from_pretrained(self.folder / "emotion").eval()
        return HunyuanVideoAvatarPipeline(
            transformer=transformer,
            scheduler=FlowMatchEulerDiscreteScheduler(shift=SHIFT),
            vae=vae,
            text_encoder=text,
            audio_encoder=LogMelAudioEncoder(),
            emotion_encoder=TinyEmotionEncoder(vae, network),
        )

    def train_decoder(self) -> None:
        decoder_training.train(self.pipeline(), self.bank, self.folder / "vae", self.minutes("decoder"), self.log)

    def export(self) -> None:
        save_tiny(self.pipeline(), self.folder / "pieces.model", self.args.weights)
        if (self.folder / "reader.pt").exists() and self.args.weights == WEIGHTS:
            READER.write_bytes((self.folder / "reader.pt").read_bytes())
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip()
        log = (self.folder / "training.log").read_text() if (self.folder / "training.log").exists() else ""
        (self.args.weights / "training.log").write_text(f"code at commit {commit}\n{log}")
        size = sum(file.stat().st_size for file in self.args.weights.rglob("*") if file.is_file())
        self.log(f"exported {size / 1e6:.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stage", choices=("all", *STAGES), default="all")
    parser.add_argument("--budget-minutes", type=float, default=180, help="of all stages together (default: 180)")
    parser.add_argument("--resume", action="store_true", help="go on from what --folder holds")
    parser.add_argument("--device", default="cpu", help="of the transformer's training: cpu (default) or cuda")
    parser.add_argument(
        "--folder", type=Path, default=Path("runs/tiny"), help="clips, states and logs (default: runs/tiny)"
    )
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where the finished weights go")
    parser.add_argument("--workers", type=int, default=2, help="processes that draw")
    parser.add_argument("--batch", type=int, default=40)
    parser.add_argument("--steps", type=int, help="of the transformer, instead of its share of the minutes")
    parser.add_argument("--rate", type=float, default=2.5e-3, help="learning rate")
    parser.add_argument("--name", default="flow", help="of the state of the transformer, to keep variants apart")
    parser.add_argument("--injection", default="token_add", choices=("released", "token", "token_channel", "token_add"))
    parser.add_argument("--no-emotion", action="store_true", help="train without the emotion module")
    args = parser.parse_args()
    torch.set_num_threads(1)  # two halves of every batch run side by side instead
    keep_memory()
    run = Run(args)
    work = {
        "bank": run.draw_bank,
        "vae": run.train_vae,
        "latents": run.encode,
        "reader": run.train_reader,
        "emotion": run.train_emotion,
        "flow": run.train_flow,
        "decoder": run.train_decoder,
        "export": run.export,
    }
    for stage in STAGES if args.stage == "all" else (args.stage,):
        run.log(f"stage {stage}")
        work[stage]()


if __name__ == "__main__":
    main()
