"""`--set name=value`: what fills a scene that is a template."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dialogue.ground.errors import Problem, SceneError

FORCE_HELP = "Write over files that no earlier run wrote, or that were changed since."
SET_HELP = "name=value for a scene that is a template (.yaml.j2); may be given many times."


def variables_of(settings: Sequence[str]) -> dict[str, str]:
    """The variables, values as text. SceneError names every setting that is none, or given twice."""
    variables: dict[str, str] = {}
    problems = []
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z_]\w*", name):
            problems.append(Problem(f"--set {setting!r} gives no variable", hint="write --set name=value"))
        elif name in variables:
            problems.append(Problem(f"--set {name} is given twice"))
        variables[name] = value
    if problems:
        raise SceneError(problems)
    return variables
