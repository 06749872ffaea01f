"""The process of the command line: Ctrl-C ends it with 130 at any moment, imports and the very end included."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

_STOPPED = 130
_came: list[int] = []  # one entry for every Ctrl-C


def _end(number: int, frame: FrameType | None) -> None:
    """While nothing has begun, and when all is done, there is nothing to clear away."""
    os.write(2, b"stopped\n")
    os._exit(_STOPPED)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raised where the work is, which clears away; remembered, for what is raised inside an import may come out
    as another error, or not at all."""
    _came.append(number)
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line of this process, and end it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as `nohup` and shells do for what runs behind
        from dialogue.cli.app import main as run

        run()
        return
    signal.signal(signal.SIGINT, _end)
    from dialogue.cli.app import STOPPED
    from dialogue.cli.app import main as run

    code: str | int | None = 0
    signal.signal(signal.SIGINT, _interrupt)
    try:
        run()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = 1
    except Exception:
        if not _came:
            raise
    signal.signal(signal.SIGINT, _end)
    if _came and not STOPPED:  # it came before or after the command itself
        os.write(2, b"stopped\n")
    sys.exit(_STOPPED if _came else code)


if __name__ == "__main__":
    main()
