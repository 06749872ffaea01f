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
    from dialogue.cast.cast import read_cast
    from dialogue.cast.recognition import hear_recording, require_encoder, too_alike, voice_in
    from dialogue.cast.voices import KeptVoice, keep_voice
    from dialogue.ground.digests import file_digest
    from dialogue.media.cache import Cache
    from dialogue.media.recordings import probe_recording

    file = read_cast(cast)
    if person not in file.cast.people:
        known = ", ".join(file.cast.people)
        raise SceneError(file.problem(("people",), f"there is no {person!r} in the cast", f"its people are {known}"))
    encoder = require_encoder()
    _readable(sample)
    if speaker is None:
        vector, seconds, where = voice_in(sample), probe_recording(sample, sample.name).duration, sample.name
    else:
        found = hear_recording(sample, file, speakers, Cache(), hop)
        if speaker not in found.voices:
            labels = ", ".join(found.labels) or "none"
            raise SceneError(Problem(f"no voice {speaker!r} in it", str(sample), hint=f"its labels are {labels}"))
        vector = [float(value) for value in found.voices[speaker]]
        seconds, where = found.duration_of(speaker), f"{sample.name} --speaker {speaker}"
    kept = KeptVoice(person, encoder, where, file_digest(sample), round(seconds, 3), tuple(vector))
    path = keep_voice(file.voices, kept)
    out.print(f"{person}: {seconds:.1f} s of voice kept in {path}", soft_wrap=True, markup=False)
    print_problems(tuple(Problem(note, severity="warning") for note in too_alike(person, file)))


@command.command("list")
def list_voices(
    cast: Cast = _CAST, json: Annotated[bool, typer.Option("--json", help="For programs.")] = False
) -> None:
    """Who of the cast is known by voice, from what, and by which encoder."""
    from dialogue.cast.cast import read_cast
    from dialogue.cast.recognition import encoder_name
    from dialogue.cast.voices import kept_voices

    file = read_cast(cast)
    voices, encoder = kept_voices(file.voices), encoder_name()
    rows = []
    for person, written in file.cast.people.items():
        kept = voices.get(person)
        if kept is not None:
            stale = "" if kept.encoder == encoder else f"; not comparable here, where voices are heard by {encoder}"
            told = f"{kept.seconds:.1f} s of {kept.sample}, by {kept.encoder}{stale}"
        elif written.voice is not None:
            told = f"by the cast: {written.voice.enroll or written.voice.speaker}"
        else:
            told = "no voice: `dialogue voices add` keeps one"
        rows.append({"person": person, "voice": told, "kept": kept is not None})
    if json:
        print_json(rows)
        return
    for row in rows:
        out.print(f"{row['person']}: {row['voice']}", soft_wrap=True, markup=False)
    for person in sorted(set(voices) - set(file.cast.people)):
        out.print(f"{person}: kept, but not in the cast", soft_wrap=True, markup=False)


@command.command("match")
def match(
    recording: Annotated[Path, typer.Argument(help="A recording of several people.")],
    cast: Cast = _CAST,
    speakers: Annotated[int | None, typer.Option(metavar="N", min=1, max=20, help="How many people are heard.")] = None,
    hop: Hop = None,
    json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say who speaks in a recording, how much, and how surely. Exit code 2 where somebody has to decide."""
    from dialogue.cast.cast import read_cast
    from dialogue.cast.recognition import hear_recording, recognise, require_encoder, voices_of_cast
    from dialogue.ground.times import format_time
    from dialogue.measures.mixed_recording import overlap_notes
    from dialogue.media.cache import Cache

    file = read_cast(cast)
    require_encoder()
    _readable(recording)
    found = hear_recording(recording, file, speakers, Cache(), hop)
    voices, warnings = voices_of_cast(file, Cache())
    heard, problems = recognise(found, file, recording.stem, voices, speakers)
    rows = [
        {
            "label": one.label,
            "person": one.person,
            "seconds": round(found.duration_of(one.label), 1),
            "first": format_time(min(s.start for s in found.segments if s.label == one.label)),
            "similarity": one.similarity,
            "margin": one.margin,
            "person_margin": one.person_margin,
            "how": one.how,
        }
        for one in heard
    ]
    if json:
        print_json(rows)
    for row in rows if not json else []:
        who = row["person"] or "a guest"
        line = f"{row['label']}: {who}, {row['seconds']} s, first at {row['first']}: {row['how']}"
        out.print(line, soft_wrap=True, markup=False)
    notes = [*warnings, *found.warnings, *overlap_notes(found.unsure)]
    print_problems(tuple(Problem(note, severity="warning") for note in notes))
    if problems:
        raise SceneError(problems)


def _readable(path: Path) -> None:
    if not path.is_file():
        raise SceneError(Problem("no such recording", str(path)))


@command.command("drafts")
def drafts(
    language: Annotated[str, typer.Option(metavar="LANGUAGE", help="Two letters, as in en or de.")] = "en",
    say: Annotated[str | None, typer.Option(metavar="WORDS", help="Have each say this, as sound files.")] = None,
    voice: Annotated[str | None, typer.Option(metavar="NAME", help="Only this one.")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Where the files go.")] = Path("voices"),
    playing: Annotated[bool, typer.Option("--play", help="Play them too.")] = False,
) -> None:
    """List the voices that speak lines without recordings, and hear them."""
    from dialogue.drafts.engine import DraftError
    from dialogue.drafts.listing import draft_voices, engines_missing, play, sample
    from dialogue.scene.kinds import did_you_mean

    found = [listed for listed in draft_voices(language) if voice in (None, str(listed.voice), listed.voice.name)]
    if voice is not None and not found:
        known = [str(listed.voice) for listed in draft_voices(language)]
        raise SceneError(Problem(f"there is no draft voice {voice!r}", hint=did_you_mean(voice, known)))
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
