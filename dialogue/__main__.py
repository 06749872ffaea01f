"""The process of the command line: Ctrl-C ends it with 130 at any moment, SIGTERM with 143, imports and the very end
included."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from types import FrameType

_came: list[int] = []  # one entry for every Ctrl-C and SIGTERM


def _end(number: int, frame: FrameType | None) -> None:
    """While nothing has begun, and when all is done, there is nothing to clear away."""
    os.write(2, b"stopped\n")
    os._exit(128 + number)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Raised where the work is, which clears away; remembered, for what is raised inside an import may come out
    as another error, or not at all."""
    _came.append(number)
    raise KeyboardInterrupt


def _on_stop(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, handler)


def main() -> None:
    """Run the command line of this process, and end it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as `nohup` and shells do for what runs behind
        from dialogue.cli.app import main as run

        run()
        return
    _on_stop(_end)
    from dialogue.cli.app import STOPPED
    from dialogue.cli.app import main as run

    code: str | int | None = 0
    _on_stop(_interrupt)
    try:
        run()
    except SystemExit as end:
        code = end.code
    except KeyboardInterrupt:
        code = 1
    except Exception:
        if not _came:
            raise
    _on_stop(_end)
    if _came and not STOPPED:  # it came before or after the command itself
        os.write(2, b"stopped\n")
    sys.exit(128 + _came[0] if _came else code)


if __name__ == "__main__":
    main()
