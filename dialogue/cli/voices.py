"""`dialogue voices`: voices kept beside cast.yaml, so that a recording's speakers are known by name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dialogue.cli.console import err, out, print_json, print_problems
from dialogue.cli.plan import Hop
from dialogue.ground.errors import Problem, SceneError

_CAST_HELP = "The cast.yaml beside whose voices/ folder the voices are kept."
Cast = Annotated[Path, typer.Option("--cast", metavar="CAST", help=_CAST_HELP)]
_CAST = Path("cast.yaml")
command = typer.Typer(help="Remember voices, so that a recording's speakers are known by name.", no_args_is_help=True)


@command.command("add")
def add(
    person: Annotated[str, typer.Argument(help="One of the people of the cast.")],
    sample: Annotated[Path, typer.Argument(help="A recording of this voice alone; with --speaker, of several people.")],
    cast: Cast = _CAST,
    speaker: Annotated[
        str | None, typer.Option(metavar="LABEL", help="Take this label's voice, as `dialogue voices match` shows it.")
    ] = None,
    speakers: Annotated[int | None, typer.Option(metavar="N", min=1, max=20, help="How many people are heard.")] = None,
    hop: Hop = None,
) -> None:
    """Keep a person's voice, from a sample of it alone or from a label of a mixed recording."""
    from dialogue import enrol

    kept = enrol(person, sample, cast, speaker=speaker, speakers=speakers, hop=hop)
    out.print(f"{person}: {kept.seconds:.1f} s of voice kept in {kept.path}", soft_wrap=True, markup=False)
    print_problems(kept.warnings)


@command.command("list")
def list_voices(
    cast: Cast = _CAST, json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Who of the cast is known by voice, from what, and by which encoder."""
    from dialogue import enrolled

    rows = enrolled(cast)
    if json:
        print_json(list(rows))
        return
    for row in rows:
        out.print(f"{row['person']}: {row['voice']}", soft_wrap=True, markup=False)


@command.command("match")
def match(
    recording: Annotated[Path, typer.Argument(help="A recording of several people.")],
    cast: Cast = _CAST,
    speakers: Annotated[int | None, typer.Option(metavar="N", min=1, max=20, help="How many people are heard.")] = None,
    hop: Hop = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say who speaks in a recording, how much, and how surely. Exit code 2 where somebody has to decide."""
    from dialogue import match as matched

    found = matched(recording, cast, speakers=speakers, hop=hop)
    if json:
        print_json(list(found.speakers))
    for row in found.speakers if not json else ():
        who = row["person"] or "a guest"
        line = f"{row['label']}: {who}, {row['seconds']} s, first at {row['first']}: {row['how']}"
        out.print(line, soft_wrap=True, markup=False)
    print_problems(found.warnings)
    if found.problems:
        raise SceneError(found.problems)


@command.command("drafts")
def drafts(
    language: Annotated[str, typer.Option(metavar="LANGUAGE", help="Two letters, as in en or de.")] = "en",
    say: Annotated[str | None, typer.Option(metavar="WORDS", help="Have each say this, as sound files.")] = None,
    voice: Annotated[str | None, typer.Option(metavar="NAME", help="Only this one.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the files go.")] = Path("voices"),
    playing: Annotated[bool, typer.Option("--play", help="Play them too.")] = False,
) -> None:
    """List the voices that speak lines without recordings, and hear them."""
    from dialogue import DraftError, draft_voices, engines_missing, play, sample

    found = draft_voices(language, voice)
    words = say or ("Hello. This is how I sound." if playing else None)
    for listed in found:
        out.print(f"{listed.voice!s:24}{listed.licence}", soft_wrap=True, markup=False)
        if words is not None:
            try:
                path = sample(listed.voice, words, output)
            except DraftError as error:
                err.print(f"{listed.voice}: {error}", soft_wrap=True, markup=False)
                continue
            if playing and not play(path):
                err.print("no program here plays sound; the files are in " + str(output), markup=False)
                playing = False
    for name, mend in engines_missing().items():
        err.print(f"{name} cannot speak here: {mend}", soft_wrap=True, markup=False)
    if not found:
        hint = "two letters, as in en or de, or cmn"
        raise SceneError(Problem(f"no draft voice speaks {language!r} here", hint=hint))
