"""Make dialogue/diarization/strangers.npz: voices that are nobody's, which a kept voice has to be nearer than.

    python scripts/make_strangers.py

To the encoder of open voices all voices of a formant synthesiser are much alike (up to 0.96 between two of them, where
two people are 0.87 at most). So a dozen of espeak-ng's, saying a sentence of ours, stand for them. Needs espeak-ng.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import numpy as np

from dialogue.diarization.open_voices import voice_of
from dialogue.diarization.strangers import FILE
from dialogue.media.recordings import read_samples

VARIANTS = ("Annie", "f1", "f3", "f5", "klatt", "linda", "m2", "m4", "m6", "rob", "UniRobot", "john")
SENTENCE = (
    "The road to the lake is longer than it looks, and in the evening the wind turns. We took the boat out anyway, "
    "because nobody had told us about the storm, and because my brother never listens."
)


def main() -> None:
    voices = []
    with tempfile.TemporaryDirectory() as folder:
        for variant in VARIANTS:
            path = Path(folder) / f"{variant}.wav"
            subprocess.run(["espeak-ng", "-v", f"en-us+{variant}", "-w", str(path), SENTENCE], check=True)
            voices.append(voice_of(read_samples(path)))
    np.savez_compressed(FILE, voices=np.stack(voices).astype(np.float16))
    print(f"{FILE}: {len(voices)} voices")


if __name__ == "__main__":
    main()
