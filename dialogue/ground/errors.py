"""What can go wrong, as the user sees it: a place, what is wrong, what would be right.

Exit codes: 0 done, 1 a run that failed, 2 a mistake in what was given, 130 stopped by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Problem:
    """One finding. `str()` gives `scene.yaml:12:7: error: unknown speaker 'Anna' (did you mean 'Ana'?)`."""

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    hint: str | None = None
    severity: Literal["error", "warning", "note"] = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        hint = f" ({self.hint})" if self.hint else ""
        told = f"{self.severity}: {self.message}{hint}"
        return one_line(f"{place}: {told}" if place else told)


def one_line(text: str) -> str:
    """The text with what is no letter or sign of it (line ends, escapes of a terminal, bytes of no text) spelt out."""
    return text if text.isprintable() else "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


def quoted(name: object) -> str:
    """A name or path in quotes, as it is: what `one_line` spells out is not spelt twice."""
    mark = '"' if "'" in str(name) and '"' not in str(name) else "'"
    return f"{mark}{name}{mark}"


class DialogueError(Exception):
    """A failed run: exit 1. Carries every problem found, not only the first."""

    exit_code = 1

    def __init__(self, problems: Sequence[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = [Problem(problems)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems = tuple(dict.fromkeys(problems))  # a loop of a template makes a mistake as often as it runs
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SceneError(DialogueError):
    """A mistake in the scene, the media or the command: exit 2."""

    exit_code = 2


