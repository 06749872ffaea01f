"""What the command line prints with: results on stdout, everything said about them on stderr."""

from __future__ import annotations

import codecs
import io
import sys
from collections import Counter
from collections.abc import Iterable
from typing import Any

from rich.console import Console
from rich.text import Text

from dialogue.ground.errors import Problem

_STYLES = {"error": "bold red", "warning": "bold yellow", "note": "dim"}
_SHOWN = 100


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""What an encoding lacks, as JSON writes it: \u00e9."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4)), error.end


def speak_any_text() -> None:
    """A terminal of few letters, or a name that is no text, never ends a command: what cannot be shown is escaped."""
    codecs.register_error("escaped", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="escaped")


def problem_text(problem: Problem) -> Text:
    """The problem as `str()` gives it, the place bold and the severity coloured."""
    text = Text(str(problem))
    text.highlight_regex(rf"{problem.severity}: ", _STYLES[problem.severity])
    if problem.file is not None:
        text.stylize("bold", 0, len(problem.file))
    return text


def print_problems(problems: Iterable[Problem]) -> None:
    """One line each on stderr, never wrapped, so that editors and shells find the place in it.

    The first hundred errors and the first hundred warnings: what follows is mended with them, or seen the next time.
    """
    counts: Counter[str] = Counter()
    for problem in problems:
        counts[problem.severity] += 1
        if counts[problem.severity] <= _SHOWN:
            err.print(problem_text(problem), soft_wrap=True)
    for severity, count in counts.items():
        if count > _SHOWN:
            err.print(f"… and {count - _SHOWN} more {severity}s", soft_wrap=True, markup=False)


def problem_record(problem: Problem) -> dict[str, Any]:
    """The problem for `--format json`; every key is always there."""
    return {
        "severity": problem.severity,
        "file": problem.file,
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "hint": problem.hint,
    }


def print_json(value: Any) -> None:
    """`value` as indented JSON on stdout, plain when piped."""
    import json

    out.print(json.dumps(value, indent=2, ensure_ascii=False), soft_wrap=True, markup=False, highlight=False)


out = Console(highlight=False)
err = Console(stderr=True, highlight=False)
