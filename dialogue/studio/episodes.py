"""A batch open in the page: its episodes their state, who is who where that is asked, and going on with the rest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dialogue
from dialogue.ground.errors import DialogueError, Problem
from dialogue.scene.edit import Edit, Remove, Set
from dialogue.studio import jobs
from dialogue.studio.document import Document
from dialogue.studio.films import Film

_GUEST = "guest"


def is_batch(path: Path) -> bool:
    """Whether `dialogue batch` has written there."""
    return bool(dialogue.BatchFolder(path))


class Episodes:
    """The episodes of a batch by the folder of its output. What is shown is what stands there, whoever wrote it."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.batch = dialogue.BatchFolder(output)

    @property
    def cache(self) -> Path:
        return self.batch.cache

    def films(self) -> tuple[Film, ...]:
        """The episodes that have a scene: they can be opened. Their clips are the batch's own."""
        entries = self.batch.entries()
        return tuple(
            Film(self.output / entry.scene, name, "scene", self.output / name / f"{name}.mp4", self.cache)
            for name, entry in sorted(entries.items())
            if entry.scene is not None and (self.output / entry.scene).is_file()
        )

    def record(self) -> dict[str, Any]:
        """What the page is told of the batch."""
        entries, cast = self.batch.entries(), self.batch.cast()
        busy = self.batch.busy()
        films = {film.name: film.id for film in self.films()}
        told = [_episode(name, entry, cast, busy, films.get(name)) for name, entry in sorted(entries.items())]
        return {"name": self.output.resolve().name, "busy": busy, "episodes": told, "job": self._job()}

    def stamp(self) -> int:
        """Another number whenever something of the record may be another."""
        seen: list[object] = [self.batch.busy()]
        for place in (self.batch.manifest, self.batch.cast_file()):
            seen.append(place.stat().st_mtime_ns if place is not None and place.is_file() else 0)
        job = jobs.newest(self.cache)
        if job is not None:
            seen += [job.number, len(job.lines()), job.state()]
        return int(hashlib.sha256(repr(seen).encode()).hexdigest()[:12], 16)

    def source(self, name: str) -> Path:
        """The recording of an episode. KeyError where there is no such episode."""
        return self.batch.recording(name)

    def answer(self, name: str, label: str, who: str | None) -> None:
        """Write into the cast who a voice of an episode is; None takes the answer back.

        DialogueError where it cannot be: what nobody has asked, or somebody who is not in the cast.
        """
        entry, cast = self.batch.entries().get(name), self.batch.cast()
        if entry is None or cast is None or label not in {str(asked["label"]) for asked in entry.open}:
            raise DialogueError(Problem(f"nobody has asked who {label!r} is in {name!r}"))
        if who is not None and who not in (*cast.cast.people, _GUEST):
            raise DialogueError(Problem(f"nobody of the cast is called {who!r}"))
        decided = cast.cast.episodes
        document = Document(cast.path)
        document.edit(document.revision, _edits(decided, name, label, who), f"who {label} is in {name}")

    def go(self, only: Sequence[str]) -> jobs.Job:
        """Go on with some episodes, in a process of its own. DialogueError where that cannot be."""
        known = self.batch.entries()
        wrong = next((name for name in only if name not in known), None)
        if wrong is not None or not only:
            raise DialogueError(Problem(f"there is no episode {wrong!r}" if only else "there is nothing to go on with"))
        job = jobs.newest(self.cache)
        if self.batch.busy() or (job is not None and job.state() == "running"):
            raise DialogueError(Problem("the batch is at work already", hint="wait for it, or stop it"))
        self.batch.asked()  # raises where it was not kept
        return jobs.start(self.cache, {"batch": str(self.output.resolve()), "only": list(only)})

    def stop(self) -> bool:
        job = jobs.newest(self.cache)
        return job is not None and job.cancel()

    def _job(self) -> dict[str, Any] | None:
        job = jobs.newest(self.cache)
        if job is None:
            return None
        last = {entry.get("kind"): entry for entry in job.lines()}
        ended = last.get("done") or last.get("failed") or last.get("stopped")
        return {"number": job.number, "state": job.state(), "step": last.get("step"), "ended": ended}


def _episode(
    name: str, entry: dialogue.Entry, cast: dialogue.CastFile | None, busy: bool, film: str | None
) -> dict[str, Any]:
    decided = cast.cast.episodes.get(name, {}) if cast is not None else {}
    asks = [_ask(asked, cast, decided) for asked in entry.open] if entry.state == "failed" else []
    return {
        "name": name,
        "state": _state(entry, asks, busy),
        "film": film,
        "made": entry.made,
        "shots": entry.shots,
        "seconds": entry.seconds,
        "people": [str(person["name"]) for person in entry.people.values()],
        "problems": list(entry.problems),
        "warnings": list(entry.warnings),
        "asks": asks,
    }


def _state(entry: dialogue.Entry, asks: Sequence[Mapping[str, Any]], busy: bool) -> str:
    """done, failed, asks, running or waiting."""
    if entry.state == "rendered":
        return "done"
    if entry.state == "failed":
        return ("waiting" if all(ask["who"] for ask in asks) else "asks") if asks else "failed"
    return "running" if entry.state == "running" and busy else "waiting"


def _ask(asked: Mapping[str, Any], cast: dialogue.CastFile | None, decided: Mapping[str, str]) -> dict[str, Any]:
    """A question: the voice, where to listen, and who it may be, the most alike first."""
    alike = asked.get("alike") or {}
    people = cast.cast.people if cast is not None else {}
    ranked = sorted(people, key=lambda who: -float(alike.get(who, -1.0)))
    known = [{"id": who, "name": people[who].name or who, "color": people[who].color, "alike": alike.get(who)}
             for who in ranked]  # fmt: skip
    label = str(asked["label"])
    return {
        "label": label,
        "seconds": asked.get("seconds", 0.0),
        "turns": [list(turn) for turn in asked.get("turns", ())],
        "people": [*known, {"id": _GUEST, "name": "a guest", "color": None, "alike": None}],
        "who": decided.get(label),
    }


def _edits(decided: Mapping[str, Mapping[str, str]], name: str, label: str, who: str | None) -> list[Edit]:
    if who is None:
        return [Remove(("episodes", name, label))] if label in decided.get(name, {}) else []
    if not decided:
        return [Set(("episodes",), {name: {label: who}})]
    if name not in decided:
        return [Set(("episodes", name), {label: who})]
    return [Set(("episodes", name, label), who)]
