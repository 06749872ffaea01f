"""A room while its film is being planned anew."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dialogue.studio import jobs, room, shown
from dialogue.studio.films import Film
from dialogue.studio.room import Room


@pytest.fixture
def opened(scene: Path) -> Iterator[Room]:
    made = Room(Film(scene, "two", "scene"))
    soon(lambda: made.look.plan is not None and made.doing is None)
    yield made
    made.close()


def soon(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_what_is_asked_while_it_is_planned_waits_for_the_plan(opened: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """A film that was just made, or a picture that changed, has everything planned again: that is no refusal."""
    held, whole = threading.Event(), room.whole_look

    def slowly(*given: Any) -> Any:
        held.wait(30)
        return whole(*given)

    monkeypatch.setattr(room, "whole_look", slowly)
    orders: list[dict[str, Any]] = []
    monkeypatch.setattr(jobs, "start", lambda cache, order: orders.append(order))
    opened.refresh()
    soon(lambda: opened.look.plan is None)
    threading.Timer(0.3, held.set).start()
    shown.start_render(opened, {"shot": 1})
    assert [order["shot"] for order in orders] == [1]
