"""`dialogue schema`: the JSON Schema of the scene language, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import print_json
from dialogue.cli.variables import FORCE_HELP


def command(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write it to this file.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=FORCE_HELP)] = False,
) -> None:
    """Print the JSON Schema (draft-07) of the scene language.

    Editors with a YAML language server complete and explain every key of a scene that begins with the line
    `# yaml-language-server: $schema=scene.schema.json`, after `dialogue schema -o scene.schema.json`.
    """
    from dialogue import json_schema

    if output is None:
        print_json(json_schema())
        return
    import json

    from dialogue.ground.outputs import check_outputs, put_text

    check_outputs([output], [], force)
    put_text(output, json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n")
