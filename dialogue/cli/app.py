"""The `dialogue` command. Each subcommand lives in a module of its own, imported only when it is called.

A command is one module `dialogue/cli/<name>.py` whose last name, `command`, is a function with typer annotations, or a
`typer.Typer` where the command has commands of its own; and one entry in `COMMANDS`. A command raises `DialogueError`
for what the user can mend; the shell prints the problems and exits with the error's code.
"""

from __future__ import annotations

import importlib
import keyword
import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dialogue.cli.console import err, out, print_problems, speak_any_text
from dialogue.ground.errors import DialogueError, Problem, SceneError

STOPPED: list[bool] = []  # whether it was said that Ctrl-C ended this process
# In the order of work. The summary is here so that `dialogue --help` imports none of them.
COMMANDS = {
    "init": "Write a small scene that renders, to start from.",
    "import": "Write a scene from a script: Fountain, names and words, another program's job.",
    "check": "Find every mistake in a scene: file, line and column of each.",
    "plan": "Show who speaks when, with which mouth, in which shot, and what it will cost.",
    "render": "Make the film.",
    "studio": "See, hear, correct and finish a scene in a page of the browser.",
    "batch": "Make a film of every episode, from one template.",
    "verify": "Compare who moved their mouth in a film with the plan.",
    "inspect": "Say what a film's marks tell of how it was made, and what was changed since.",
    "report": "Write one HTML file about a film, to send to somebody.",
    "export": "Turn a plan into an edit list, who-spoke-when or captions.",
    "voices": "Remember voices, so that a recording's speakers are known by name.",
    "models": "List, fetch and convert the models.",
    "schema": "Print the JSON Schema of the scene language, for editors.",
    "doctor": "Say what this machine has, and what is missing.",
}


class Shell(TyperGroup):
    """Lists stubs, runs the real commands, and turns whatever they raise into lines and an exit code."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        _check_names(args)
        name, found, rest = super().resolve_command(ctx, args)
        return name, (_load(name) if name in COMMANDS else found), rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except DialogueError as error:
            print_problems(error.problems)
            code = error.exit_code
            _show_traceback(ctx)
        except KeyboardInterrupt:
            err.print("stopped")
            STOPPED.append(True)
            code = 130
        except BrokenPipeError:
            raise  # the reader of our output has gone; typer ends quietly
        except Exception as error:
            if isinstance(error, _CONTROL_FLOW):
                raise
            err.print(f"error: {_told(error)}", soft_wrap=True, markup=False)
            if not _show_traceback(ctx) and not isinstance(error, OSError):
                err.print("`dialogue --debug …` shows where this came from", soft_wrap=True, markup=False)
            code = 1
        raise typer.Exit(code)


def _check_names(arguments: list[str]) -> None:
    """Names that are no text could be neither printed nor written into a plan."""
    wrong = [word for word in arguments if any("\ud800" <= letter <= "\udfff" for letter in word)]
    if wrong:
        hint = "rename it, as to letters, digits and -"
        raise SceneError([Problem(f"the name {word!r} is not UTF-8 text", hint=hint) for word in wrong])


def _told(error: Exception) -> str:
    """What the system said about a file or the disk; else the exception's kind and text on one line."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")


def _show_traceback(ctx: Any) -> bool:
    """With --debug, prints the traceback of the exception being handled."""
    debug = bool(ctx.params.get("debug"))
    if debug:
        import traceback

        err.print(traceback.format_exc(), soft_wrap=True, markup=False)
    return debug


def _load(name: str) -> Any:
    """The click command of `dialogue/cli/<name>.py`."""
    module = name if not keyword.iskeyword(name) else f"{name}_"
    target = importlib.import_module(f"dialogue.cli.{module}").command
    if not isinstance(target, typer.Typer):
        single = typer.Typer(add_completion=False)
        single.command(name)(target)
        target = single
    command = typer.main.get_command(target)
    command.name = name
    _let_us_tell(command)
    return command


def _let_us_tell(command: Any) -> None:
    """A file that may not be read is told by whoever opens it, in a line as all else is, and not as wrong usage."""
    for parameter in command.params:  # what a path has to be stands in its type, in newer typers in what describes it
        described = getattr(getattr(parameter, "type_descriptor", None), "parameter_info", None)
        for path in filter(None, (getattr(parameter, "type", None), described)):
            if hasattr(path, "readable"):
                path.readable = False
    for below in getattr(command, "commands", {}).values():
        _let_us_tell(below)


def _print_version(wanted: bool) -> None:
    if wanted:
        from dialogue import __version__

        out.print(f"dialogue {__version__}")
        raise typer.Exit


def _shell(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", envvar="DIALOGUE_DEBUG", help="Show the traceback of whatever goes wrong.")
    ] = False,
) -> None:
    """Write a scene in YAML, get a film in which everybody speaks their own lines with their own mouth."""


def _stub() -> None:
    """Stands in the list of commands for one not yet imported."""


def _build() -> typer.Typer:
    shell = typer.Typer(cls=Shell, no_args_is_help=True, pretty_exceptions_enable=False)
    shell.callback()(_shell)
    for name, summary in COMMANDS.items():
        shell.command(name, help=summary)(_stub)
    return shell


def main() -> None:
    """Run the command line of this process."""
    speak_any_text()
    if "--debug" in sys.argv[1:]:  # wherever it was written
        sys.argv = [sys.argv[0], "--debug", *(argument for argument in sys.argv[1:] if argument != "--debug")]
    app()


# What typer itself ends a command by. Usage errors are found by descent, for newer typers carry a click of their own.
_USAGE_ERRORS = typer.BadParameter.__mro__[: typer.BadParameter.__mro__.index(Exception)]
_CONTROL_FLOW = (typer.Exit, typer.Abort, *_USAGE_ERRORS)
app = _build()
