"""The package `model` that belongs to this program, and not a stranger's file of the same name."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def check_model() -> None:
    """ImportError where `import model` would find somebody's model.py, or their folder `model`, instead of ours.

    A process that is the command line ends with the sentence alone, exit code 2.
    """
    ours = Path(__file__).parents[2] / "model" / "__init__.py"
    loaded = sys.modules.get("model")
    found = getattr(loaded, "__file__", None) if loaded is not None else _origin()
    if found is None or Path(found).resolve() == ours.resolve():
        return
    sentence = f"{found} hides the package `model` that dialogue needs: rename it, or start from another folder"
    if Path(sys.argv[0]).stem in ("dialogue", "-m"):  # the command line, or `python -m dialogue` while it is imported
        sys.stderr.write(f"error: {sentence}\n")
        sys.exit(2)
    raise ImportError(sentence)


def _origin() -> str | None:
    spec = importlib.util.find_spec("model")
    if spec is None:
        return None
    return spec.origin or next(iter(spec.submodule_search_locations or ()), None)
