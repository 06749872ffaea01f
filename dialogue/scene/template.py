"""Scenes ending in `.yaml.j2`: templates, each filled by a process of its own that is bounded in time and memory.

A template is a program. Whatever it does, it costs a few seconds and some memory of a process that nothing else needs.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dialogue.ground.errors import Problem, SceneError

SUFFIX = ".j2"
# Isolated from the folder it is started in, where a json.py may lie; the modules are those of this process.
_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from dialogue.scene.sandbox import main; main()"


@dataclass(frozen=True)
class Filled:
    """The text, and for each of its lines the line of the template, from 1."""

    text: str
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Limits:
    """What the filling of one template may take: seconds of a processor, bytes of memory, seconds of waiting."""

    seconds: float = 5.0
    memory: int = 1 << 29
    patience: float = 60.0  # a busy machine gives little of its processors


LIMITS = Limits()


def fill(text: str, file: str, variables: Mapping[str, Any], limits: Limits = LIMITS) -> Filled:
    """The template with its variables filled in; `variables` are values that can be pickled.

    `{{ title | tojson }}` quotes a value for YAML. Raises SceneError at the template's line for a syntax error, an
    undefined variable, anything the sandbox forbids, or more time or memory than a template may take.
    """
    given = pickle.dumps((text, file, dict(variables), limits))
    command = [sys.executable, "-I", "-c", _START, json.dumps(sys.path)]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=limits.patience)
    except subprocess.TimeoutExpired:
        raise SceneError(Problem(f"in the template: it runs longer than {limits.patience:g} s", file, 1, 1)) from None
    try:
        found = json.loads(done.stdout)
    except ValueError:  # it was ended in the middle of a call: by its time where that was a signal, else by its memory
        over = f"it runs longer than {limits.seconds:g} s" if done.returncode < 0 else "it needs too much memory"
        raise SceneError(Problem(f"in the template: {over}", file, 1, 1)) from None
    if "problems" in found:
        raise SceneError([Problem(**problem) for problem in found["problems"]])
    return Filled(found["text"], tuple(found["lines"]))


def variables_in(text: str) -> frozenset[str]:
    """The variables that a template uses and does not set itself; none for one that has a mistake in its syntax."""
    from jinja2 import Environment, TemplateSyntaxError, meta

    try:
        return frozenset(meta.find_undeclared_variables(Environment(autoescape=False).parse(text)))
    except TemplateSyntaxError:
        return frozenset()
