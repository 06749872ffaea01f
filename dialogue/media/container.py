"""The one door to PyAV: a path is a path, never a protocol, and a file is one file, never a list of others."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.container import InputContainer

DAMAGED = "it may be damaged or cut off, as by a copy that was not finished"  # of what cannot be read
# What FFmpeg reads other files, hosts and devices through.
_LISTS = frozenset(
    {"concat", "hls", "dash", "sdp", "rtsp", "rtp", "sap", "imf", "lavfi", "tedcaptions", "webm_dash_manifest"}
)


def open_container(path: Path) -> InputContainer:
    """The file opened for reading, its tags in whatever encoding they are.

    Names such as `http:/host/x.wav` and `pipe:0.wav` are files of these names. Raises what PyAV raises, and ValueError
    for a text that only lists other files.
    """
    import av

    options = {"protocol_whitelist": "file"}
    try:
        container: InputContainer = av.open(f"file:{path}", metadata_errors="replace", options=options)
    except PermissionError:
        if os.access(path, os.R_OK):  # FFmpeg may read this file, and is kept from another that it names
            raise ValueError("it names other files to be read") from None
        raise
    if not _LISTS.isdisjoint(container.format.name.split(",")):
        form = container.format.name
        container.close()
        raise ValueError(f"it names other files to be read, as {form}")
    return container
