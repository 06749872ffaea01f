"""How long it takes, and how much memory, to measure a scene of two long tracks: loudness, durations, who speaks when.

    python scripts/bench_measures.py [--hours 1] [--bleed -20] [--json] VOICE.wav VOICE.wav

Builds tracks of that length from the two recordings, said in turn with pauses and, on request, heard in each other's
track; measures them with an empty cache, then again. Prints seconds, peak memory, and how the speech found compares
with what the tracks are known to hold.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

RATE = 16_000


def build(folder: Path, voices: list[Path], hours: float, bleed: float | None) -> list[list[tuple[float, float]]]:
    """Writes a.wav and b.wav; the spans in which each voice was laid, in seconds."""
    from dialogue.media.recordings import read_samples

    sounds = [read_samples(voice) for voice in voices]
    total = round(hours * 3600 * RATE)
    tracks = np.zeros((2, total), np.float32)
    spans: list[list[tuple[float, float]]] = [[], []]
    at, turn = RATE, 0
    pauses = np.random.default_rng(0)
    while at < total:
        sound = sounds[turn % 2][: total - at]
        tracks[turn % 2, at : at + len(sound)] = sound
        spans[turn % 2].append((at / RATE, (at + len(sound)) / RATE))
        at += len(sound) + round(pauses.uniform(0.2, 2.0) * RATE)
        turn += 1
    if bleed is not None:
        heard = np.roll(tracks[::-1], RATE // 100, axis=1) * 10 ** (bleed / 20)
        tracks += heard
    for name, track in zip("ab", tracks, strict=True):
        soundfile.write(folder / f"{name}.wav", np.clip(track, -1, 1), RATE, subtype="PCM_16")
    return spans


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", nargs=2, type=Path)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--bleed", type=float, help="dB at which each is heard in the other's track")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child = os.fork()  # the tracks are built in a process of their own, so that their memory is not counted
        if child == 0:
            spans = build(folder, options.voices, options.hours, options.bleed)
            (folder / "spans.json").write_text(json.dumps(spans))
            os._exit(0)
        os.waitpid(child, 0)
        result = measured(folder)
    if options.json:
        print(json.dumps(result))
    else:
        for key, value in result.items():
            print(f"{key:24s} {value}")


def measured(folder: Path) -> dict[str, float | int]:
    from dialogue.measures.look import measure
    from dialogue.scene.reader import read_scene

    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    Image.new("RGB", (64, 64)).save(folder / "p.png")
    cast = "  a: {track: a.wav, face: [0, 0, 20, 20]}\n  b: {track: b.wav, face: [30, 0, 20, 20]}\n"
    (folder / "scene.yaml").write_text(f"scene: 1\ncast:\n{cast}picture: p.png\n")
    file = read_scene(folder / "scene.yaml")
    seconds = []
    core_seconds = 0.0
    for _ in range(2):
        began = time.perf_counter()
        measures = measure(file)
        seconds.append(round(time.perf_counter() - began, 2))
        core_seconds = core_seconds or round(time.process_time(), 1)
    spans = json.loads((folder / "spans.json").read_text())
    outside = [
        segment.end - segment.start
        for speech, known in zip(measures.speech.values(), spans, strict=True)
        for segment in speech
        if not any(start - 0.1 <= segment.start and segment.end <= end + 0.1 for start, end in known)
    ]
    return {
        "seconds": seconds[0],
        "seconds again": seconds[1],
        "core-seconds": core_seconds,
        "peak memory MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "turns laid": sum(len(known) for known in spans),
        "segments found": sum(len(speech) for speech in measures.speech.values()),
        "seconds found outside": round(sum(outside), 2),
    }


if __name__ == "__main__":
    main()
