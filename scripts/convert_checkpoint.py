"""Convert the official transformer checkpoint to diffusers' layout, or back.

    python scripts/convert_checkpoint.py SOURCE TARGET [--dtype bfloat16] [--fp8] [--shard-size 10GB]
    python scripts/convert_checkpoint.py SOURCE TARGET --to-official [--fp8]

SOURCE: the official file, its folder or the folder of all official weights; with --to-official a folder that
save_pretrained wrote. Every missing, unexpected or misshapen key is reported, and then nothing is written. Checkpoints
are read without running code from them. Exit 2 when SOURCE cannot be converted.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

import torch

import model  # noqa: F401  (lets torchaudio import on machines without CUDA)

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}


def convert(source: Path, target: Path, dtype: torch.dtype, fp8: bool, to_official: bool, shard_size: str) -> None:
    """Write beside the target first, so that a conversion that breaks off leaves nothing at it."""
    from model.avatar.checkpoint import save_official
    from model.avatar.transformer import HunyuanVideoAvatarTransformer3DModel

    if target.exists():
        raise FileExistsError(f"{target}: exists already (choose a new folder)")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as beside:
        unfinished = Path(beside) / target.name
        if to_official:
            loaded = HunyuanVideoAvatarTransformer3DModel.from_pretrained(source, torch_dtype=dtype)
            save_official(loaded, unfinished, fp8)
        else:
            loaded = HunyuanVideoAvatarTransformer3DModel.from_single_file(source, dtype, fp8=fp8)
            loaded.save_pretrained(unfinished, max_shard_size=shard_size)
        shutil.move(unfinished, target)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--dtype", choices=DTYPES, default="bfloat16", help="of the weights written")
    parser.add_argument("--fp8", action="store_true", help="read (or with --to-official write) the 8-bit file and map")
    parser.add_argument("--to-official", action="store_true")
    parser.add_argument("--shard-size", default="10GB")
    options = parser.parse_args()
    try:
        convert(
            options.source, options.target, DTYPES[options.dtype], options.fp8, options.to_official, options.shard_size
        )
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(options.target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
