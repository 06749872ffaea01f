"""A batch after its first run: a film, an episode that failed, and one in which it is asked who is who."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import soundfile
from batches import draw_person, write_episode

from dialogue.diarization.voice_encoder import weights_file
from dialogue.formats.rttm import write_rttm
from dialogue.ground.segments import LabelledSegment
from dialogue.media.recordings import read_samples

CALL = Path(__file__).parents[3] / "shared" / "media" / "cognitive-services-speech-sdk" / "katiesteve_mono.wav"
WHY_NOT = (
    "../shared/media is not here" if not CALL.is_file()
    else "the voices extra is not installed" if weights_file() is None
    else None
)  # fmt: skip
# Kim's sample is Katie's: which of them speaks in the call cannot be told, whatever is measured.
CAST = """\
cast: 1
people:
  steve: {name: Steve, picture: ana.png, face: [60, 40, 40, 50], voice: {enroll: steve.wav}}  # from the second call
  katie: {name: Katie, picture: ben.png, face: [60, 40, 40, 50], voice: {enroll: katie.wav}}
  kim: {name: Kim, picture: guest.png, face: [60, 40, 40, 50], voice: {enroll: katie.wav}}
"""
OPTIONS = ["--generator", "animatic", "--set", "size=128x96", "--set", "fps=10"]


def batch_with_a_question(folder: Path) -> Path:
    """The folder of the batch's output; `cast.yaml` and `in/` lie beside it."""
    for tone, name in enumerate(("ana", "ben", "guest")):
        draw_person(folder / f"{name}.png", 60 + 60 * tone)
    samples = read_samples(CALL)
    for name, start, end in (("katie", 9.5, 14.8), ("steve", 15.3, 17.8)):
        soundfile.write(folder / f"{name}.wav", samples[round(start * 16_000) : round(end * 16_000)], 16_000)
    (folder / "cast.yaml").write_text(CAST)
    write_episode(folder / "in/alone.wav", ("steve", 0.2, 5.8))
    (folder / "in/empty.wav").write_bytes(b"")
    soundfile.write(folder / "in/call.wav", samples[: 9 * 16_000], 16_000)
    spans = [("SPEAKER_00", 2.7, 3.5), ("SPEAKER_01", 4.0, 7.4), ("SPEAKER_00", 8.0, 8.9)]
    turns = [LabelledSegment(start, end, label) for label, start, end in spans]
    (folder / "in/call.rttm").write_text(write_rttm(turns, "call"))
    command = [sys.executable, "-m", "dialogue", "batch", "in", "--cast", "cast.yaml", "-o", "out", *OPTIONS]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    return folder / "out"
