"""All films that the page was opened on, each with its room once somebody has looked in, and what is new in them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dialogue
from dialogue.studio import jobs
from dialogue.studio.episodes import Episodes, is_batch
from dialogue.studio.films import Film, find_films
from dialogue.studio.room import Room

BATCH = "batch"  # what news of a batch bears in place of a film


def _output(path: Path) -> Path:
    """The folder of a batch's output may be named by its manifest."""
    return dialogue.BatchFolder.named_by(path).output


class House:
    """The films at a path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rooms: dict[str, Room] = {}
        self._lock = threading.Lock()
        self._films: dict[str, Film] = {}
        self.episodes: Episodes | None = Episodes(_output(path)) if is_batch(_output(path)) else None
        self.find()

    def find(self) -> Sequence[Film]:
        """The films there are now; rooms stay open."""
        films = self.episodes.films() if self.episodes is not None else find_films(self.path)
        self._films = {film.id: film for film in films}
        return tuple(self._films.values())

    def room(self, film_id: str) -> Room:
        """KeyError where there is no such film."""
        with self._lock:
            if film_id not in self._rooms:
                self._rooms[film_id] = Room(self._films[film_id])
            return self._rooms[film_id]

    def film(self, film_id: str) -> Film:
        """KeyError where there is no such film."""
        return self._films[film_id]

    def forget(self, film_id: str) -> None:
        """A film is another one now: its room is opened anew."""
        with self._lock:
            room = self._rooms.pop(film_id, None)
            self.find()
        if room is not None:
            room.close()

    def films_record(self) -> dict[str, Any]:
        """The list of films, with how far each is."""
        folder = self.path if self.path.is_dir() else self.path.parent
        found = [{"id": film.id, "name": film.name, "kind": film.kind, "made": film_made(film)} for film in self.find()]
        return {"name": folder.resolve().name, "films": found, "batch": self.episodes is not None}

    def news(self, versions: dict[str, int], read: dict[str, str]) -> list[dict[str, Any]]:
        """What has happened since: films whose record has another version, and lines of their newest job.

        `versions` and `read` (JOB:LINE by film) are what the reader has, and are brought up to date.
        """
        found: list[dict[str, Any]] = []
        with self._lock:
            rooms = list(self._rooms.items())
        jobs.reap()
        if self.episodes is not None and versions.get(BATCH) != (stamp := self.episodes.stamp()):
            versions[BATCH] = stamp
            found.append({"film": BATCH, "kind": "batch"})
        for film_id, room in rooms:
            room.glance()
            if versions.get(film_id) != room.version:
                versions[film_id] = room.version
                found.append({"film": film_id, "kind": "film", "version": room.version})
            job = jobs.newest(room.cache)
            if job is None:
                continue
            number, _, line = read.get(film_id, "0:0").partition(":")
            after = int(line) if number == str(job.number) and line.isdigit() else 0
            for entry in job.lines(after):
                after += 1
                found.append({"film": film_id, "kind": "job", "job": job.number, "line": after, "entry": entry})
                if entry.get("kind") in ("done", "failed", "stopped"):
                    room.refresh()
            read[film_id] = f"{job.number}:{after}"
        return found


def film_made(film: Film) -> bool:
    """Whether its film lies beside it."""
    from dialogue.studio.look import film_place

    return film.kind != "new" and film_place(film).is_file()
