"""One look at a scene's media while it lasts: many files side by side, the cache, and problems at their places."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dialogue.ground.errors import Problem, SceneError
from dialogue.ground.progress import OnProgress, Progress
from dialogue.media.cache import Cache

if TYPE_CHECKING:
    from dialogue.scene.reader import Keypath, SceneFile

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Look:
    """One look: the scene, the cache, and the problems found so far."""

    def __init__(self, file: SceneFile, report: OnProgress) -> None:
        self.file = file
        self.cache = Cache()
        self.problems: list[Problem] = []
        self.told: list[Problem] = []  # of files that are not media: warnings, each at its own line
        self._report = report

    def path(self, written: str) -> Path:
        return self.file.folder / written

    @cached_property
    def listening(self) -> list[str]:
        """How recordings are made ready to be listened to, as what is heard is known by it: cleaned, or nothing.

        SceneError where the scene asks for it and nothing here cleans.
        """
        if not self.file.scene.clean:
            return []
        from dialogue.media.cleaning import ADVICE, way

        how = way()
        if how is None:
            raise SceneError(self.file.problem(("clean",), "nothing here cleans recordings", ADVICE))
        return [f"cleaned by {how}"]

    def each(self, doing: str, items: Mapping[K, Keypath], look_at: Callable[[K], V]) -> dict[K, V]:
        """`look_at` of every item, side by side; what raises SceneError is left out and reported at its place."""
        found: dict[K, V] = {}
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            futures = {item: pool.submit(look_at, item) for item in items}
            for done, (item, future) in enumerate(futures.items()):
                self.tell(doing, done, len(items))
                try:
                    found[item] = future.result()
                except SceneError as error:
                    self._place(item, items[item], error.problems)
        if items:
            self.tell(doing, len(items), len(items))
        return found

    def tell(self, doing: str, done: int, total: int) -> None:
        self._report(Progress(f"{doing} ({done} of {total})", done / max(1, total)))

    def _place(self, item: Hashable, keys: Keypath, problems: Iterable[Problem]) -> None:
        """What is wrong with a file, at the place in the scene that names it."""
        for problem in problems:
            path = Path(problem.file or str(item))
            name = path.relative_to(self.file.folder) if path.is_relative_to(self.file.folder) else path
            placed = self.file.problem(keys, f"{name} {problem.message}", problem.hint)
            if placed not in self.problems:
                self.problems.append(placed)

    def raise_problems(self) -> None:
        if self.problems:
            raise SceneError(sorted(self.problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
