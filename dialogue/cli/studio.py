"""`dialogue studio`: the cutting room, a page in the browser where a scene is seen, heard, corrected and finished."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import err, out
from dialogue.ground.errors import DialogueError, Problem


def command(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="scene.yaml, plan.json, or a folder with scenes or episodes.")
    ] = Path(),
    port: Annotated[int, typer.Option(metavar="N", min=0, max=65535, help="0: any free port.", show_default="any")] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address, and open no browser.")] = False,
) -> None:
    """Open the cutting room: a page in the browser, served by this machine for this machine alone.

    The scene file stays the truth: every edit in the page is written to it at once, and an edit of the file is shown
    in the page at once. Renders go on when the page or this command is closed.
    """
    from dialogue.studio.gate import Keys
    from dialogue.studio.house import House
    from dialogue.studio.server import serve

    house = House(path)
    listening = _listen(port)
    keys = Keys(listening.getsockname()[1])
    address = f"http://127.0.0.1:{keys.port}/#{keys.token}"
    out.print(address, soft_wrap=True, markup=False)
    err.print("Ctrl-C closes the room; renders that are under way go on", soft_wrap=True)
    if not no_open:
        import webbrowser

        webbrowser.open(address)
    serve(house, keys, listening)


def _listen(port: int) -> socket.socket:
    """A socket on this machine's own address. DialogueError where the port is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        listening.close()
        message = f"cannot listen on port {port}: {(error.strerror or str(error)).lower()}"
        raise DialogueError(Problem(message, hint="another --port, or none")) from None
    listening.listen(128)
    return listening
