"""What can go wrong, as the user sees it: a place, what is wrong, what would be right.

Exit codes: 0 done, 1 a run that failed, 2 a mistake in what was given, 130 stopped by Ctrl-C.
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
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.severity}: {self.message}{hint}" if place else f"{self.severity}: {self.message}{hint}"


class DialogueError(Exception):
    """A failed run: exit 1. Carries every problem found, not only the first."""

    exit_code = 1

    def __init__(self, problems: Sequence[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = [Problem(problems)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class SceneError(DialogueError):
    """A mistake in the scene, the media or the command: exit 2."""

    exit_code = 2


InputError = SceneError  # its name before
