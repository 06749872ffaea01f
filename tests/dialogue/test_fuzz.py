"""A short run of scripts/fuzz.py: damaged files of every kind end in lines and an exit code."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from fuzz_files import cases, damaged

ROOT = Path(__file__).parents[2]


def test_a_short_run_has_no_fault(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(ROOT / "scripts/fuzz.py"), "--count", "60", "--seed", "7000", "--jobs", "1"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "60 inputs in" in done.stdout and "0 faults" in done.stdout


def test_the_same_seed_is_the_same_input_and_every_command_is_met() -> None:
    assert damaged(b"scene: 1\n" * 20, random.Random(5)) == damaged(b"scene: 1\n" * 20, random.Random(5))
    assert damaged(b"", random.Random(5)) is not None
    commands = {case.words[0] for case in cases()}
    assert commands == {"check", "plan", "render", "export", "voices", "batch", "import", "verify", "inspect"}
    files = {Path(case.file).suffix for case in cases()}
    assert files >= {".yaml", ".j2", ".json", ".rttm", ".srt", ".vtt", ".wav", ".flac", ".mp3", ".m4a", ".mp4"}
    assert files >= {".png", ".jpg", ".avif", ".webp", ".fountain", ".txt"}
