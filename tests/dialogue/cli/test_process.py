"""The command as a process: stopped at any moment, on a terminal of few letters, with names that are no text."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCENE = ROOT / "scenes/two_hander/scene.yaml"
DIALOGUE = [sys.executable, "-m", "dialogue"]


def environment(folder: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache"), **more}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("after", [0.0, 0.05, 0.2, 0.4, 0.7, 1.1, 1.6])
def test_ctrl_c_is_130_at_any_moment(after: float, tmp_path: Path) -> None:
    """`after` seconds from where the process has begun: imports and reading included."""
    code = (
        "import os, signal, sys, threading; import dialogue.__main__ as process\n"
        f"sys.argv = ['dialogue', 'plan', {str(SCENE)!r}, '-o', {str(tmp_path / 'plan')!r}]\n"
        "signal.signal(signal.SIGINT, process._end)\n"
        f"timer = threading.Timer({after}, os.kill, (os.getpid(), signal.SIGINT)); timer.daemon = True; timer.start()\n"
        "process.main()"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        assert (done.returncode, "Traceback" in done.stderr) == (130, False), done.stderr
        assert done.stderr.strip().endswith("stopped")
    else:
        assert (tmp_path / "plan/plan.json").exists(), "only a command that was done may say so"
    assert not list(tmp_path.rglob("*.part*"))


def test_an_interrupt_that_an_import_turns_into_another_error_is_130(tmp_path: Path) -> None:
    code = (
        "import signal, sys; sys.argv = ['dialogue', 'doctor']\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it
        "import dialogue.cli.app as app, dialogue.__main__ as process\n"
        "def broken(name):\n"
        "    try: signal.raise_signal(signal.SIGINT)\n"
        "    except KeyboardInterrupt: raise ImportError('numpy could not be imported')\n"
        "app._load = broken\n"
        "process.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, text=True)
    assert done.returncode == 130, done.stderr


def test_a_terminal_of_few_letters(tmp_path: Path) -> None:
    few = environment(tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    for words in (["--help"], ["doctor"], ["check", str(SCENE)], ["plan", str(SCENE)]):
        done = subprocess.run([*DIALOGUE, *words], env=few, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    scene = tmp_path / "scène🎙.yaml"
    scene.write_text("scene: 1\ncast: {zoë: {track: é.wav}}\n", encoding="utf-8")
    done = subprocess.run([*DIALOGUE, "check", str(scene), "--format", "json"], env=few, capture_output=True, text=True)
    assert done.returncode == 2 and json.loads(done.stdout)[0]["file"] == str(scene)


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes that are no text")
def test_a_name_that_is_no_text_is_exit_2(tmp_path: Path) -> None:
    for words in ([b"check", b"b\xff.yaml"], [b"render", str(SCENE).encode(), b"-o", b"b\xff.mp4"]):
        command = [os.fsencode(word) for word in DIALOGUE] + words
        done = subprocess.run(command, env=environment(tmp_path), cwd=tmp_path, capture_output=True)
        assert done.returncode == 2
        assert done.stderr.startswith(b"error: the name 'b\\udcff") and b"is not UTF-8 text" in done.stderr
