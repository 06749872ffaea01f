"""A film of every episode, from recordings, one cast and one template: what `import dialogue` offers as `batch`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from dialogue.film.plan import check_asked
from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.given import as_path
from dialogue.ground.progress import OnProgress, untold
from dialogue.podcast.batch import BatchResult, run_batch
from dialogue.podcast.forecast import Forecast
from dialogue.podcast.going_on import keep, kept
from dialogue.podcast.schedule import Crew
from dialogue.podcast.worker import Work

TEMPLATE = Path(__file__).with_name("podcast.yaml.j2")  # wide and close pictures


def batch(
    episodes: str | Path | Sequence[str | Path],
    cast: str | Path,
    output: str | Path,
    *,
    template: str | Path | None = None,
    generator: str | None = None,
    to: Literal["plan", "film"] = "film",
    jobs: int = 1,
    ray: bool | str = False,
    variables: Mapping[str, str] | None = None,
    speakers: int | None = None,
    hop: float | None = None,
    memory: str | None = None,
    gpus: int | str | None = None,
    force: bool = False,
    only: str | Collection[str] | None = None,
    progress: OnProgress = untold,
    expected: Callable[[Forecast], None] = lambda forecast: None,
) -> BatchResult:
    """Make a film of every episode. A failed one does not stop the rest; run again, what still stands is reused.

    Args:
        episodes: recordings, and folders of them.
        cast: cast.yaml, who may be heard and how they look.
        output: the folder of the films and of manifest.json.
        template: what a scene is like, a .yaml.j2 file; None: wide and close pictures.
        generator: what makes the pictures; None: as the template says, else the best that can run here.
        to: "plan" for plans to look at first.
        jobs: workers side by side, on each machine.
        ray: True: work on a Ray cluster started here; the address of one that runs (`host:port` or `auto`).
        variables: more for the template.
        speakers, hop, memory: see `plan`.
        gpus: how many GPUs each worker has for its own, which share its shots; see `render`.
        force: write over files that no earlier run wrote.
        only: of these episodes the ones of these names; None: all.
        progress: told whenever something has come to an end. expected: once, before the first shot, what it will take.

    Raises:
        SceneError: for a mistake in what was given; DialogueError where the disk has no room. All else is an episode's
            own failure, in its entry of the result.
    """
    from dialogue.cast.cast import read_cast
    from dialogue.diarization.diarizer import check_hop
    from dialogue.podcast.episode_plan import Setting
    from dialogue.podcast.episodes import find_episodes

    check_asked(speakers, hop, memory, gpus)
    check_hop(hop)
    cast, output = as_path(cast, "a cast"), as_path(output, "the output")
    make_crew = partial(_crew, jobs, ray, output, _each(shared := None if gpus is None else str(gpus)))
    found = find_episodes(places := _places(episodes))
    filled = _template(template)
    given = _with_generator(dict(variables or {}), generator, filled)
    names = [only] if isinstance(only, str) else only
    found = tuple(episode for episode in found if names is None or episode.name in names)
    setting = Setting(read_cast(cast), filled, output, given, speakers, hop, force, memory, shared)
    asked = {"episodes": places, "cast": cast, "template": template, "generator": generator, "jobs": jobs, "ray": ray,
             "variables": dict(variables or {}), "speakers": speakers, "hop": hop, "memory": memory, "gpus": shared}
    return run_batch(found, setting, to, make_crew, progress, expected, lambda: keep(setting.output, asked))


def go_on(output: str | Path, only: str | Collection[str] | None = None, progress: OnProgress = untold) -> BatchResult:
    """Go on with the batch in a folder, as its last run was asked for: films of its episodes, or of some by name.

    SceneError where there was none.
    """
    return batch(output=output, only=only, progress=progress, **kept(as_path(output, "the output")))


def _places(episodes: str | Path | Sequence[str | Path]) -> list[Path]:
    places = list(episodes) if isinstance(episodes, (list, tuple)) else [as_path(episodes, "episodes")]
    return [as_path(place, "an episode") for place in places]


def _each(gpus: str | None) -> int | None:
    """How many GPUs a worker has; None: nobody says."""
    from dialogue.generators.gpus import gpus_parts

    try:
        return None if gpus is None else gpus_parts(gpus).count
    except ValueError as error:
        raise SceneError(Problem(f"gpus {error}")) from None


def _crew(jobs: int, ray: bool | str, output: Path, gpus: int | None) -> tuple[Crew[Work], int]:
    """The workers, and how many."""
    if ray is False:
        from dialogue.podcast.crews import local_crew

        return local_crew(jobs, gpus)
    from dialogue.podcast.ray_crew import ray_crew

    return ray_crew(ray if isinstance(ray, str) else None, jobs, output, gpus)


def _template(written: str | Path | None) -> Path:
    """The template's file; the one of the package when none is named."""
    place = TEMPLATE if written is None else as_path(written, "a template")
    if not place.is_file():
        raise SceneError(Problem("no such template", str(place)))
    if place.suffix != ".j2":
        raise SceneError(Problem("is no template", str(place), hint="its name ends in .yaml.j2"))
    return place


def _with_generator(variables: dict[str, Any], name: str | None, template: Path) -> dict[str, Any]:
    """The variables with `generator` among them; SceneError where there is no such one, or it would not be heeded."""
    from dialogue.generators import GENERATORS
    from dialogue.scene.kinds import did_you_mean
    from dialogue.scene.template import variables_in

    if name is None:
        return variables
    if name not in GENERATORS:
        raise SceneError(Problem(f"there is no generator {name!r}", hint=did_you_mean(name, GENERATORS)))
    if variables.get("generator", name) != name:
        raise SceneError(Problem(f"--generator {name} and --set generator={variables['generator']} say two things"))
    if "generator" not in variables_in(template.read_text(encoding="utf-8")):
        hint = "give it the line `generator: {{ generator }}`"
        raise SceneError(Problem("the template does not take the generator from the command", str(template), hint=hint))
    return {**variables, "generator": name}
