"""`dialogue batch`: a film of every episode, from one cast and one template."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dialogue.cli.console import err, out
from dialogue.cli.plan import Hop
from dialogue.cli.variables import FORCE_HELP, SET_HELP, variables_of
from dialogue.ground.errors import InputError, Problem

if TYPE_CHECKING:
    from dialogue.podcast.batch import Report, Tellers
    from dialogue.podcast.schedule import Crew
    from dialogue.podcast.worker import Work


class Goal(str, Enum):
    """How far to go."""

    plan = "plan"
    film = "film"


Template = Annotated[
    Path | None,
    typer.Option(metavar="TEMPLATE", help="What a scene is like, a .yaml.j2 file; absent: wide and close pictures."),
]


def command(
    episodes: Annotated[
        list[Path], typer.Argument(metavar="EPISODES…", help="Recordings, and folders of them.", show_default=False)
    ],
    cast: Annotated[Path, typer.Option(metavar="CAST", help="Who may be heard, and how they look: cast.yaml.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", help="Folder of the films and manifest.json.")
    ],
    template: Template = None,
    generator: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What makes the pictures, as `generator:` in a scene; else the best here."),
    ] = None,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=256, help="Workers side by side, on each machine.")] = 1,
    to: Annotated[Goal, typer.Option(help="plan: plans to look at first; film: everything.")] = Goal.film,
    speakers: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=20, help="How many speak in each episode.")
    ] = None,
    hop: Hop = None,
    ray: Annotated[
        bool,
        typer.Option(
            "--ray", help="Work on a Ray cluster: --ray host:port or --ray auto, one that runs; else one started here."
        ),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help=FORCE_HELP)] = False,
    setting: Annotated[list[str] | None, typer.Option("--set", help=SET_HELP, show_default=False)] = None,
) -> None:
    """Make a film of every episode. A failed one does not stop the rest; run again, what still stands is reused."""
    from dialogue.cast.cast import read_cast
    from dialogue.diarization.diarizer import check_hop
    from dialogue.podcast.batch import run_batch
    from dialogue.podcast.crews import local_crew
    from dialogue.podcast.episode_plan import Setting
    from dialogue.podcast.episodes import find_episodes

    check_hop(hop)
    address = next((str(place) for place in episodes if ray and _is_address(place)), None)
    found = find_episodes([place for place in episodes if str(place) != address])
    variables = _with_generator(variables_of(setting or []), generator, _template(template))
    shared = Setting(read_cast(cast), _template(template), output, variables, speakers, hop, force)

    def make_crew() -> tuple[Crew[Work], int]:
        if not ray:
            return local_crew(jobs)
        from dialogue.podcast.ray_crew import ray_crew

        return ray_crew(address, jobs, output)

    out.print(f"{len(found)} episode{'s' * (len(found) != 1)}", highlight=False)
    try:
        with _progress() as tellers:
            report = run_batch(found, shared, to.value, make_crew, tellers)
    except KeyboardInterrupt:
        err.print("every finished shot is kept: the same command goes on from there", soft_wrap=True)
        raise
    _print_report(report, output)
    if report.failed:
        raise typer.Exit(1)


def _is_address(place: Path) -> bool:
    """Whether what stands among the episodes is the address of a cluster, as behind --ray it may."""
    return not place.exists() and re.fullmatch(r"auto|[\w.-]+:\d{2,5}", str(place)) is not None


def _template(written: Path | None) -> Path:
    """The template's file; the one of the package when none is named."""
    if written is None:
        import dialogue.podcast

        return Path(dialogue.podcast.__file__).with_name("podcast.yaml.j2")
    if not written.is_file():
        raise InputError(Problem("no such template", str(written)))
    if written.suffix != ".j2":
        raise InputError(Problem("is no template", str(written), hint="its name ends in .yaml.j2"))
    return written


def _with_generator(variables: dict[str, str], name: str | None, template: Path) -> dict[str, str]:
    """The variables with `generator` among them; InputError where there is no such one, or it would not be heeded."""
    from dialogue.generators import GENERATORS
    from dialogue.scene.kinds import did_you_mean

    if name is None:
        return variables
    if name not in GENERATORS:
        raise InputError(Problem(f"there is no generator {name!r}", hint=did_you_mean(name, GENERATORS)))
    if variables.get("generator", name) != name:
        raise InputError(Problem(f"--generator {name} and --set generator={variables['generator']} say two things"))
    if not re.search(r"{{[^}]*\bgenerator\b", template.read_text(encoding="utf-8")):
        hint = "give it the line `generator: {{ generator }}`"
        raise InputError(Problem("the template does not take the generator from the command", str(template), hint=hint))
    return {**variables, "generator": name}


@contextmanager
def _progress() -> Iterator[Tellers]:
    """On a terminal a bar with the time left; elsewhere a line for whatever has come to an end."""
    from dialogue.ground.amounts import duration_text
    from dialogue.podcast.batch import Step, Tellers
    from dialogue.podcast.forecast import Forecast

    def expected(forecast: Forecast) -> None:
        out.print(str(forecast), soft_wrap=True, markup=False)

    if not err.is_terminal:

        def say(step: Step) -> None:
            left = f", about {duration_text(step.left)} left" if step.left is not None else ""
            err.print(f"{step.share:4.0%} {step.doing}{left}", soft_wrap=True, markup=False)

        yield Tellers(say, expected)
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (BarColumn(), TextColumn("{task.percentage:>3.0f} %  {task.fields[left]}  {task.description}"))
    with Progress(*columns, console=err, transient=True) as bar:
        shown = bar.add_task("looking at what there is", total=1.0, left="")

        def show(step: Step) -> None:
            left = f"{duration_text(step.left)} left" if step.left is not None else ""
            bar.update(shown, completed=step.share, description=step.doing, left=left)

        yield Tellers(show, expected)


def _print_report(report: Report, output: Path) -> None:
    for name, entry in report.entries.items():
        people = ", ".join(str(person["name"]) for person in entry.people.values())
        shots = f"{entry.shots} shot{'s' * (entry.shots != 1)}"
        shots += f" ({entry.made} made, {entry.reused} reused)" if entry.film else ""
        if entry.state == "failed":
            line = f"{name}: failed"
        else:
            line = f"{name}: {entry.state}, {entry.seconds:.1f} s, {shots}, {people}"
        out.print(line, soft_wrap=True, markup=False)
        for problem in entry.problems:
            err.print(f"  {problem}", soft_wrap=True, markup=False)
        for warning in entry.warnings:
            err.print(f"  warning: {warning}", soft_wrap=True, markup=False)
    done = len(report.entries) - len(report.failed)
    again = f", {report.tally.again} shots made again after a worker's death" if report.tally.again else ""
    told = f"{done} of {len(report.entries)} episodes done{again}; {output / 'manifest.json'} says what became of each"
    out.print(told, soft_wrap=True, markup=False)
