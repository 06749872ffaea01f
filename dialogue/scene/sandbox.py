"""Filling a template, inside the process that may be given up: Jinja2, sandboxed, undefined variables are errors.

Each line of the filled text remembers the line of the template it came from, so that problems point into the file
the writer has open. `dialogue.scene.template` starts the process and is the way in.
"""

from __future__ import annotations

import json
import pickle
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from types import FrameType
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dialogue.ground.errors import Problem, SceneError
from dialogue.scene.source import LARGEST
from dialogue.scene.template import Filled, Limits

# Private-use characters around a line number; a template that holds them itself is not a scene.
_OPEN, _CLOSE = "\uf8f0", "\uf8f1"
_MARK = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_MARKS_BEFORE = re.compile(rf"(?:\s*{_OPEN}\d+{_CLOSE})+")


class _LineMarks(Extension):
    """Writes the template's line number before every piece of text it holds."""

    def filter_stream(self, stream: TokenStream) -> TokenStream | Iterable[Token]:
        return self._marked(stream)

    @staticmethod
    def _marked(stream: TokenStream) -> Iterator[Token]:
        for token in stream:
            if token.type == "data":
                lines = enumerate(token.value.split("\n"), start=token.lineno)
                yield Token(token.lineno, token.type, "\n".join(f"{_OPEN}{n}{_CLOSE}{line}" for n, line in lines))
            else:
                yield token


class _Sandbox(ImmutableSandboxedEnvironment):
    """Neither attributes that lead out of the template, nor products that fill the memory."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if not all(isinstance(value, (int, float)) and abs(value) < 1e9 for value in (left, right)):
            raise SecurityError(f"{operator} is for numbers below a thousand million")
        if operator == "**" and abs(right) > 64:
            raise SecurityError("an exponent is 64 at most")
        return super().call_binop(context, operator, left, right)


def fill_here(text: str, file: str, variables: Mapping[str, Any]) -> Filled:
    """As `dialogue.scene.template.fill`, in this process and without its limits."""
    if _OPEN in text or _CLOSE in text:
        raise SceneError(Problem("the template holds a private-use character", file, 1, 1, hint="remove it"))
    blocks: dict[str, Any] = {"trim_blocks": True, "lstrip_blocks": True, "keep_trailing_newline": True}
    environment = _Sandbox(undefined=StrictUndefined, extensions=[_LineMarks], **blocks)
    # str() of an undefined value is the error that names it; of a path, the path.
    environment.policies["json.dumps_kwargs"] = {"sort_keys": True, "default": str, "ensure_ascii": False}
    pieces: list[str] = []
    size = 0
    try:
        for piece in environment.from_string(text).generate(dict(variables)):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST:
                raise SecurityError(f"it grows beyond {LARGEST} characters")
    except TemplateSyntaxError as error:
        raise SceneError(Problem(f"in the template: {error.message}", file, error.lineno, 1)) from None
    except Exception as error:  # a template is a program: whatever it raises is a mistake in it
        raise SceneError(_runtime_problem(error, file, variables)) from None
    return _unmarked("".join(pieces))


def _runtime_problem(error: Exception, file: str, variables: Mapping[str, Any]) -> Problem:
    """The line is that of the innermost frame Jinja2 made for the template."""
    line = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    hint = None
    undefined = re.match(r"'(\w+)' is undefined", str(error))
    if undefined:
        known = ", ".join(sorted(variables)) or "none"
        hint = f"give it with --set {undefined[1]}=…; given: {known}"
    told = "it needs too much memory" if isinstance(error, MemoryError) else " ".join(str(error).split())[:300]
    return Problem(f"in the template: {told}", file, line or 1, 1, hint)


def _unmarked(text: str) -> Filled:
    """Take the marks out; a line is where the mark before its first word says, else (a value's) where the last was."""
    texts, numbers = [], []
    number = 1
    for line in text.split("\n"):
        leading = _MARKS_BEFORE.match(line)
        marks = _MARK.findall(leading[0]) if leading else []
        numbers.append(int(marks[-1]) if marks else number)
        later = _MARK.findall(line)
        number = int(later[-1]) if later else number
        texts.append(_MARK.sub("", line))
    return Filled("\n".join(texts), tuple(numbers))


class _TooLong(Exception):
    """The processor time is used up."""


def _limit(limits: Limits) -> None:
    """Bound this process; a system that has no such bounds leaves the time to the one who waits."""
    with suppress(ImportError):
        import resource
        import signal

        def stop(number: int, frame: FrameType | None) -> None:
            raise _TooLong(f"it runs longer than {limits.seconds:g} s")

        signal.signal(signal.SIGXCPU, stop)
        begun = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        seconds = int(begun + limits.seconds) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # a call into C is ended by the second
        with suppress(ValueError, OSError):  # macOS knows the bound and refuses it
            most = _held() + limits.memory
            resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _held() -> int:
    """Bytes of address space this process has already; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as told:
            import mmap

            return int(told.read().split()[0]) * mmap.PAGESIZE
    except (OSError, ValueError):
        return 0


def main() -> None:
    """Read (text, file, variables, limits) pickled from standard input; write what came of it as JSON."""
    text, file, variables, limits = pickle.load(sys.stdin.buffer)
    _limit(limits)
    try:
        found: dict[str, Any] = asdict(fill_here(text, file, variables))
    except SceneError as error:
        found = {"problems": [asdict(problem) for problem in error.problems]}
    sys.stdout.write(json.dumps(found))
