"""The command as a whole: quick to start, one line per failure, the right exit code."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from dialogue.cli import app as shell
from dialogue.cli.variables import variables_of
from dialogue.ground.errors import DialogueError, Problem, SceneError

ROOT = Path(__file__).parents[3]
SCENE = ROOT / "scenes/two_hander/scene.yaml"
HEAVY = {"torch", "transformers", "diffusers", "cv2", "matplotlib", "av", "scipy", "pyannote", "ray"}

run = CliRunner().invoke


def dialogue(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dialogue", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> type:
    """Lets `dialogue doctor` raise what a test wants."""

    class Failing:
        error: BaseException = DialogueError("")

        @classmethod
        def command(cls) -> None:
            raise cls.error

    monkeypatch.setitem(sys.modules, "dialogue.cli.doctor", Failing)  # type: ignore[arg-type]
    return Failing


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (SceneError([Problem("a", "s.yaml", 1, 2, hint="b"), Problem("c")]), 2, "s.yaml:1:2: error: a (b)\nerror: c\n"),
        (DialogueError("shot 3 failed"), 1, "error: shot 3 failed\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (OSError(28, "No space left on device", "film.mp4"), 1, "error: No space left on device: film.mp4\n"),
        (PermissionError(13, "Permission denied", "out"), 1, "error: Permission denied: out\n"),
        (ZeroDivisionError("by\nzero"), 1, "error: ZeroDivisionError: by zero\n`dialogue --debug …`"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_a_line_and_an_exit_code(error: BaseException, code: int, told: str, failing: type) -> None:
    failing.error = error  # type: ignore[attr-defined]
    result = run(shell.app, ["doctor"])
    assert result.exit_code == code
    assert result.stderr.startswith(told)
    assert "Traceback" not in result.stderr


def test_debug_shows_where_a_failure_came_from(failing: type) -> None:
    failing.error = ZeroDivisionError("by zero")  # type: ignore[attr-defined]
    result = run(shell.app, ["--debug", "doctor"])
    assert result.exit_code == 1
    assert "Traceback" in result.stderr and "raise cls.error" in result.stderr


def test_debug_may_stand_anywhere() -> None:
    done = dialogue("check", "scene.yaml", "--set", "nothing", "--debug")
    assert (done.returncode, "Traceback" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments", [["rendr"], ["check"], ["check", "--nonsense", "x"], ["check", "x", "--format", "pdf"]]
)
def test_a_wrong_command_line_is_exit_2(arguments: list[str]) -> None:
    result = run(shell.app, arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
    if arguments == ["rendr"]:
        assert "render" in result.stderr


def test_every_module_with_a_command_is_listed() -> None:
    modules = [path.stem for path in (ROOT / "dialogue/cli").glob("*.py") if "\ncommand" in path.read_text("utf-8")]
    modules += [
        path.stem for path in (ROOT / "dialogue/cli").glob("*.py") if "\ndef command(" in path.read_text("utf-8")
    ]
    assert sorted(shell.COMMANDS) == sorted(name.rstrip("_") for name in modules)


def test_every_command_loads_and_explains_itself() -> None:
    for name in shell.COMMANDS:
        result = run(shell.app, [name, "--help"])
        assert result.exit_code == 0, f"{name}: {result.output}"
        assert f"dialogue {name}" in result.stdout.replace("root", "dialogue")


def test_help_lists_every_command_and_imports_none() -> None:
    script = (
        "import sys; sys.argv = ['dialogue', '--help']\n"
        "from dialogue.cli.app import COMMANDS, main\n"
        "try: main()\n"
        "except SystemExit as end: assert end.code == 0\n"
        "loaded = set(sys.modules) | {name.split('.')[0] for name in sys.modules}\n"
        f"assert not loaded & {HEAVY | {'numpy', 'pydantic', 'yaml'}}, loaded\n"
        "assert not [name for name in COMMANDS if f'dialogue.cli.{name}' in loaded]\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in shell.COMMANDS)


def test_check_imports_no_torch() -> None:
    """Warm, as when a writer saves and checks again: what the headers said is remembered."""
    script = (
        "import sys; import dialogue\n"
        f"assert dialogue.check({str(SCENE)!r}) == ()\n"
        "print(sorted({name.split('.')[0] for name in sys.modules}))\n"
    )
    for attempt in range(2):
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        loaded = set(json.loads(done.stdout.replace("'", '"')))
        assert not loaded & {"torch", "transformers", "diffusers", "matplotlib", "pyannote"}
        if attempt:  # small pictures are looked at for faces once, and remembered
            assert not loaded & {*HEAVY, "cv2"}


@pytest.mark.parametrize("arguments", [["--help"], ["check", str(SCENE)]], ids=["help", "check"])
def test_starting_takes_less_than_a_blink(arguments: list[str]) -> None:
    """0.4 s of processor time, the best of five, 0.7 with faces to be checked; more only on a busy machine."""
    busy = os.getloadavg()[0] > (os.cpu_count() or 1)
    best = 9.0
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert dialogue(*arguments).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert best <= (1.2 if busy else 0.4 if arguments == ["--help"] else 0.7)


def test_ctrl_c_is_exit_130(tmp_path: Path) -> None:
    """A scene that is a pipe nobody writes to keeps the command waiting until it is stopped."""
    pipe = tmp_path / "scene.yaml"
    os.mkfifo(pipe)
    command = [sys.executable, "-m", "dialogue", "check", str(pipe)]
    # a run started in the background inherits a Ctrl-C that is ignored
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heard)
    writer = os.open(pipe, os.O_WRONLY)  # returns once the command has opened its end
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    os.close(writer)
    assert (process.returncode, told) == (130, "stopped\n")


def test_output_cut_short_by_its_reader_is_no_error() -> None:
    command = f"{sys.executable} -m dialogue schema | head -n 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_variables_of_a_template() -> None:
    assert variables_of(["title=a=b", "n=1"]) == {"title": "a=b", "n": "1"}
    with pytest.raises(SceneError) as caught:
        variables_of(["title", "1=2", "n=1", "n=2"])
    assert len(caught.value.problems) == 3


def test_the_version_is_the_package_s() -> None:
    from dialogue import __version__

    assert run(shell.app, ["--version"]).stdout == f"dialogue {__version__}\n"
    assert isinstance(shell.app, typer.Typer)
