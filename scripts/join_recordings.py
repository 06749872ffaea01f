"""Join recordings, and what is known of who speaks in them, into one long recording.

    python scripts/join_recordings.py FOLDER OUT.wav

Takes every 16 kHz recording of FOLDER that an RTTM file there names, in the order of their names, and writes OUT.wav
with OUT.rttm, times moved. Speakers keep their labels: who is in two of them is one person in the whole.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import soundfile
from evaluate_diarization import SOUND, truth_of, truths

from dialogue.formats.rttm import write_rttm
from dialogue.ground.segments import LabelledSegment
from dialogue.media.recordings import read_samples

RATE = 16_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args()
    turns, _ = truths(arguments.folder)
    pieces, joined, at = [], [], 0.0
    for path in sorted(arguments.folder.iterdir()):
        name = truth_of(path, turns) if path.suffix.lower() in SOUND else None
        if name is None:
            continue
        samples = read_samples(path)
        for segment, _, label in turns[name].itertracks(yield_label=True):
            joined.append(LabelledSegment(at + segment.start, at + segment.end, label))
        pieces.append(samples)
        at += len(samples) / RATE
    soundfile.write(arguments.output, np.concatenate(pieces), RATE)
    arguments.output.with_suffix(".rttm").write_text(write_rttm(joined, arguments.output.stem), encoding="utf-8")
    print(f"{arguments.output}: {at:.1f} s of {len(pieces)} recordings, {len({s.label for s in joined})} speakers")


if __name__ == "__main__":
    main()
