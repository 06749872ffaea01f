"""The model files of faces, run on the CPU. One interpreter per file and thread: an interpreter has one input."""

from __future__ import annotations

import threading
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dialogue.media.face_files import COMMAND, face_files

_loaded = threading.local()
_ORDER = {"detector": 0, "mesh": 1}  # as `face_files` gives them


def run(model: Literal["detector", "mesh"], picture: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The outputs of a model for one input (1, h, w, 3), in its own order, float32. FileNotFoundError without files."""
    files = face_files()
    if not files:
        raise FileNotFoundError(f"the models that find faces are not here: {COMMAND}")
    interpreter = _interpreter(str(files[_ORDER[model]]))
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], np.ascontiguousarray(picture, np.float32))
    interpreter.invoke()
    return [interpreter.get_tensor(output["index"]).copy() for output in interpreter.get_output_details()]


def _interpreter(file: str) -> Any:
    kept: dict[str, Any] = _loaded.__dict__.setdefault("interpreters", {})
    if file not in kept:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        # Without the delegate a look takes 4 and 10 ms instead of 1 and 3, and nothing is written to stderr.
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        kept[file] = Interpreter(model_path=file, num_threads=1, experimental_op_resolver_type=plain)
        kept[file].allocate_tensors()
    return kept[file]
