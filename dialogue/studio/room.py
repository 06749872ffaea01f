"""One film open in the page: its file, what is known of it, and its renders. Looks again whenever the file changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import dialogue
from dialogue.ground.box import Box
from dialogue.ground.errors import DialogueError, Problem
from dialogue.ground.progress import Cancelled, Progress
from dialogue.scene.edit import Edit
from dialogue.studio import jobs, mouths
from dialogue.studio.document import Document
from dialogue.studio.films import Film
from dialogue.studio.look import Look, film_place, first_look, plan_look, whole_look
from dialogue.studio.mends import mends_of
from dialogue.studio.record import look_record, media_id, pictures_named, recordings_named

_PATIENCE = 120.0  # seconds for which what is asked of a plan waits for it


class Room:
    """A film, and a thread that keeps what is known of it up to date."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.document = Document(film.path) if film.kind == "scene" else None
        self.look = Look(media=film.folder)
        self.doing: str | None = None if film.kind == "new" else "reading"
        self.version = 0  # of the record: raised with every change
        self._seen: dict[Path, int] = {}  # when the files of the film were last changed
        self._faces: dict[str, tuple[int, tuple[Box, ...]]] = {}  # found in a picture, when it was last changed
        self._revision: str | None = None  # of the file that is being looked at
        self._looked = 0  # the stamp of the film whose mouths were looked at last
        self._known: str | None = None  # what the page was told of its mouths
        self._old: Look | None = None  # the last look that had a plan
        self._wake = threading.Event()
        self._lock = threading.RLock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"room-{film.name}", daemon=True)
        self._thread.start()
        if film.kind != "new":
            self.refresh()

    @property
    def folder(self) -> Path:
        return self.film.folder

    @property
    def cache(self) -> Path:
        return self.look.media / ".dialogue"

    @property
    def clips(self) -> Path:
        """Where its clips are kept, and what is known of its film."""
        return self.film.clips or self.cache

    @property
    def movie(self) -> Path:
        """Where its film is written."""
        return film_place(self.film)

    @property
    def revision(self) -> str | None:
        return self.document.revision if self.document is not None else None

    def planned(self) -> Look | None:
        """The newest look that has a plan."""
        return self.look if self.look.plan is not None else self._old

    def settled(self) -> Look:
        """The look at the file as it stands, once its plan is made or it is known that there is none.

        The file is looked at anew whenever something it names has changed, a film that was just made among it: what is
        asked for meanwhile waits, and is not refused.
        """
        end = time.monotonic() + _PATIENCE
        while not self._closed and self._unsettled() and time.monotonic() < end:
            time.sleep(0.02)
        return self.look

    def _unsettled(self) -> bool:
        with self._lock:
            behind = self._wake.is_set() or self.look.revision != self.revision
            return behind or (self.doing is not None and self.look.plan is None)

    def glance(self) -> None:
        """Look again when the file, or one it names, has changed on disk."""
        seen = {}
        for place in (self.film.path, self.movie, *self.media().values()):
            try:
                seen[place] = place.stat().st_mtime_ns
            except OSError:
                seen[place] = 0
        before, self._seen = self._seen, seen
        if any(before.get(place, stamp) != stamp for place, stamp in seen.items()):
            self.refresh()
        known = mouths.known_stamp(self.clips, self.movie)
        if known != self._known:
            self._known = known
            self.version += 1

    def refresh(self) -> None:
        """Look again: the file or something it names has changed."""
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    def edit(self, base: str, edits: Sequence[Edit], label: str, typing: bool = False) -> None:
        """Write edits to the scene file. EditError or SceneError where that cannot be."""
        with self._lock:
            self._open().edit(base, edits, label, typing)
        self.refresh()

    def undo(self) -> str | None:
        with self._lock:
            label = self._open().undo()
        self.refresh()
        return label

    def redo(self) -> str | None:
        with self._lock:
            label = self._open().redo()
        self.refresh()
        return label

    def _open(self) -> Document:
        if self.document is None:
            what = "a plan" if self.film.kind == "plan" else "a template"
            raise DialogueError(Problem(f"{what} is shown as it is; edit the scene it is made from"))
        return self.document

    def _work(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            if not self._closed:
                try:
                    self._look()
                except Exception as error:  # shown in the page, like any other problem
                    self._publish(Look((Problem(f"{type(error).__name__}: {error}"),), media=self.film.folder), None)

    def _look(self) -> None:
        if self.film.kind == "plan":
            self._publish(plan_look(self.film), None)
            return
        with self._lock:
            if self.document is not None:
                self.document.look()
            self._revision = self.revision
        first = first_look(self.film.path)
        self._publish(first, None if first.wrong else "planning")
        if first.wrong or self._wake.is_set():
            self._find_faces()  # what is wrong may be mended by a click on one
            return

        def tell(progress: Progress) -> None:
            if self._wake.is_set():
                raise Cancelled
            self._publish(self.look, progress.doing)

        with suppress(Cancelled):  # the file has changed while it was being looked at
            self._publish(whole_look(first, self.film, tell), None)
            self._look_at_mouths()
            self._find_faces()

    def _find_faces(self) -> None:
        """Also in pictures whose faces the scene gives: somebody may be in them whom it does not name."""
        for name in sorted(pictures_named(self.look.root)):
            place = self.look.media / name
            with suppress(OSError, DialogueError):
                stamp = place.stat().st_mtime_ns
                if self._faces.get(name, (0, ()))[0] != stamp:
                    self._faces[name] = (stamp, dialogue.faces(place))
                    self.version += 1
            if self._wake.is_set():
                return

    def _publish(self, look: Look, doing: str | None) -> None:
        with self._lock:
            self.look, self.doing = replace(look, revision=self._revision), doing
            self.version += 1
            if look.plan is not None:
                self._old = self.look

    def record(self) -> dict[str, Any]:
        """Everything the page shows of this film."""
        with self._lock:
            shown = self.film.path.name
            record = look_record(self.look, shown)
            if record["plan"] is None and self._old is not None:  # of before, until there is one again
                old = look_record(self._old, shown)
                record |= {"plan": old["plan"], "shots": old["shots"], "pictures": record["pictures"] | old["pictures"]}
                record["plan_old"] = True
            for name, (_, boxes) in self._faces.items():
                if name in record["pictures"]:
                    record["pictures"][name]["faces"] = [[round(side, 1) for side in box.to_list()] for box in boxes]
            document = self.document
            behind = self.look.revision != self.revision  # the thread has not come to the last edit yet
            if behind and record["plan"] is not None:
                record["plan_old"] = True
            tree = self.tree()
            if document is not None and tree is not None:
                for problem in record["problems"]:
                    problem["mends"] = [] if behind else mends_of(problem, tree, document.text, self.folder)
            return {
                "id": self.film.id,
                "name": self.film.name,
                "kind": self.film.kind,
                "file": shown,
                "version": self.version,
                "doing": self.doing or ("checking" if behind else None),
                "revision": document.revision if document is not None else None,
                "undo": document.undo_label if document is not None else None,
                "redo": document.redo_label if document is not None else None,
                "scene": tree,
                "media": {name: media_id(name) for name in self.media()},
                "film": self._film(),
                "mouths": mouths.known_stamp(self.clips, self.movie),
                "characters": sorted(dialogue.actors()) if self.film.kind == "new" else [],
                **record,
            }

    def tree(self) -> Any:
        """What the scene file says; None where it is no YAML."""
        from dialogue.scene.spans import spans

        if self.document is None:
            return None
        try:
            from dialogue.scene.source import compose

            text = self.document.text
            compose(text, self.film.path.name)
            return spans(text).tree
        except DialogueError:
            return None

    def _film(self) -> dict[str, Any] | None:
        try:
            return {"stamp": self.movie.stat().st_mtime_ns, "name": self.movie.name}
        except OSError:
            return None

    def _look_at_mouths(self) -> None:
        """In a film that somebody has made elsewhere, as by `dialogue render`, and where nobody has looked yet."""
        job = jobs.newest(self.cache)
        if not self.look.stands or not self.movie.is_file() or (job is not None and job.state() == "running"):
            return
        stamp = self.movie.stat().st_mtime_ns
        if stamp != self._looked and mouths.known_stamp(self.clips, self.movie) is None:
            self._looked = stamp
            mouths.start(self.movie, self.film.path, self.clips)

    def media(self) -> dict[str, Path]:
        """Every file of the film that the page may see, by its name in the scene."""
        names: set[str] = set()
        for look in filter(None, (self.look, self._old)):
            names |= pictures_named(look.root) | recordings_named(look.root)
            if look.planned is not None:
                names |= {*look.planned.plan.media, *look.planned.plan.reads}
                if look.planned.measures is not None:
                    names |= {*look.planned.measures.pictures, *look.planned.measures.recordings}
        return {name: self.look.media / name for name in sorted(names)}
