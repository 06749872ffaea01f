"""Where the system keeps what a program fetched or made on purpose."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def data_folder() -> Path:
    """For models that were fetched and the key that signs films: $XDG_DATA_HOME, else the platform's own place."""
    home = os.environ.get("XDG_DATA_HOME") or (os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None)
    if home:
        return Path(home) / "dialogue"
    return Path.home() / ("Library/Application Support" if sys.platform == "darwin" else ".local/share") / "dialogue"
