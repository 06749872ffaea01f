"""The one door to the ffmpeg process: which binary, how it is started, what its failure says.

The binary is the one imageio-ffmpeg ships, so that a film is the same on every machine; one from the system is used
only where DIALOGUE_FFMPEG (or imageio-ffmpeg's own IMAGEIO_FFMPEG_EXE) names it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import FrameType
from typing import IO, Any

from dialogue.ground.errors import DialogueError, Problem

CHOICE = "DIALOGUE_FFMPEG"
_KEPT_LINES = 50  # of what ffmpeg says on stderr
_REASONS = {
    "No space left on device": "the disk is full",
    "Disk quota exceeded": "the disk quota is used up",
    "File too large": "the file is larger than this disk or account may hold",
    "Permission denied": "no permission to write or read there",
    "Read-only file system": "the disk is read-only",
}


def binary() -> str:
    """Path of the ffmpeg to run; DialogueError says what to install where there is none."""
    chosen = os.environ.get(CHOICE)
    if chosen:
        found = shutil.which(chosen)
        if found is None:
            raise DialogueError(Problem(f"{CHOICE} names {chosen!r}, which is no program", hint=f"unset {CHOICE}"))
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        found = str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        found = "ffmpeg"
    # imageio-ffmpeg falls back to whatever is on the PATH under this bare name: another ffmpeg makes other films.
    if found == "ffmpeg" or not os.access(found, os.X_OK):
        raise DialogueError(
            Problem(
                "ffmpeg is missing: imageio-ffmpeg, which ships it, is not installed whole",
                hint=f"`pip install --force-reinstall imageio-ffmpeg`, or set {CHOICE} to an ffmpeg with libx264",
            )
        )
    return found


@lru_cache(maxsize=4)
def version(exe: str) -> str:
    """The first line `ffmpeg -version` prints, such as `ffmpeg version 7.1`: part of every cached shot's key."""
    try:
        done = subprocess.run([exe, "-hide_banner", "-version"], capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as error:
        raise DialogueError(Problem(f"{exe} does not run: {error}", hint=f"set {CHOICE} to one that does")) from error
    return done.stdout.split(" Copyright")[0].strip()


def path(file: Path) -> str:
    """`file` as ffmpeg reads it: never taken for an option or a protocol, whatever its name."""
    return f"file:{file.absolute()}"


def source(file: Path, **options: Any) -> Any:
    """`file` as an input of a graph. Whatever it holds, no other protocol is reached: no socket, no pipe."""
    import ffmpeg

    return ffmpeg.input(path(file), protocol_whitelist="file", **options)


def run(stream: Any, doing: str, cwd: Path | None = None) -> None:
    """Run the graph built with ffmpeg-python to its end. `doing` completes "cannot …" where it fails."""
    with feeding(stream, doing, cwd):
        pass


@contextmanager
def feeding(stream: Any, doing: str, cwd: Path | None = None, said: deque[bytes] | None = None) -> Iterator[IO[bytes]]:
    """Run the graph with its standard input open to write to; leaving waits until ffmpeg has finished its file.

    `said`: gets the lines that ffmpeg has to say, for filters that tell what they measured; without it, its errors.

    Raises DialogueError with ffmpeg's own reason when it fails, also when it fails while being written to. When the
    body raises anything else, ffmpeg is killed and the error goes on.
    """
    import ffmpeg

    level = ("-loglevel", "error") if said is None else ("-loglevel", "info", "-nostats")
    command = ffmpeg.compile(stream.global_args("-hide_banner", *level, "-nostdin"), cmd=binary())
    said = deque(maxlen=_KEPT_LINES) if said is None else said
    process = drain = None
    code, unread = 0, False
    try:
        with _uninterrupted():
            process = _started([*command, "-y"], doing, cwd)
        drain = threading.Thread(target=said.extend, args=(process.stderr,), daemon=True)
        drain.start()
        assert process.stdin is not None
        try:
            yield process.stdin
            process.stdin.close()
        except BrokenPipeError:
            unread = True  # ffmpeg has ended early; its exit code and words say why
        code = process.wait()
    finally:
        if process is not None:
            _ended(process, drain)
    if code != 0 or unread:
        raise DialogueError(Problem(f"cannot {doing}: {_reason(code, list(said))}"))


def _started(command: list[str], doing: str, cwd: Path | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=cwd,
            start_new_session=True,  # Ctrl-C reaches us, not ffmpeg: we decide what is kept
        )
    except OSError as error:
        raise DialogueError(Problem(f"cannot {doing}: {command[0]} does not start: {error.strerror}")) from error


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait until the body has ended: a process whose start is interrupted would be nobody's to end.

    By a handler, not a mask: the system may give the signal to any thread, and Python's handlers run in this one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # handlers run in the main thread alone
        return
    came: list[tuple[int, FrameType | None]] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    before = {one: signal.signal(one, lambda number, frame: came.append((number, frame))) for one in signals}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
    for number, frame in came[:1]:
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)
        elif number == signal.SIGTERM and handler == signal.SIG_DFL:
            signal.raise_signal(number)


def _ended(process: subprocess.Popen[bytes], drain: threading.Thread | None) -> None:
    """Nothing of the process goes on: killed where it still runs, waited for, its pipes closed."""
    if process.poll() is None:
        process.kill()
        process.wait()
    if drain is not None:
        drain.join()
    _shut(process)


def _shut(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stderr):
        if stream is not None:
            with suppress(OSError):  # unwritten bytes have nowhere to go
                stream.close()


def _reason(code: int, said: list[bytes]) -> str:
    """Why ffmpeg ended with `code`: the cause in plain words where it is known, else the last thing it said."""
    lines = [line.decode(errors="replace").strip() for line in said]
    for known, plain in _REASONS.items():
        if any(known in line for line in lines):
            return plain
    if code == -25:  # SIGXFSZ
        return _REASONS["File too large"]
    if code < 0:
        return f"ffmpeg was ended by signal {-code}"
    last = next((line for line in reversed(lines) if line and not line.startswith("Conversion failed")), "")
    return last.split("] ", 1)[-1] or f"ffmpeg ended with exit code {code} and said nothing"
