"""The page in a real Chromium: ways to wait for it, to point at it, and to see what it wrote."""

from __future__ import annotations

import hashlib
import shutil
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))), None)


def enter(context: Any, address: str, wrong: list[str] | None = None) -> Any:
    """A page with the plan in it; whatever it complains of is noted."""
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.on("pageerror", lambda error: wrong.append(f"{error}") if wrong is not None else None)
    page.goto(address)
    until(page, "window.room && room.state.plan.value && !room.state.film.value.doing")
    return page


_STATE = """(() => {
  const { film, said } = window.room?.state ?? {}
  const now = film?.value
  return JSON.stringify({ said: said?.value, doing: now?.doing, old: now?.plan_old, job: now?.job })
})()"""


def until(page: Any, expression: str, seconds: float = 60) -> None:
    """Wait for an expression to hold. The page's own policy forbids what playwright would do for it."""
    end = time.monotonic() + seconds
    while not page.evaluate(f"!!({expression})"):
        if time.monotonic() > end:
            raise AssertionError(f"{expression} is {page.evaluate(expression)}; the page: {page.evaluate(_STATE)}")
        page.wait_for_timeout(50)


def until_written(page: Any, scene: Path, before: bytes) -> bytes:
    """What is on disk once an edit has come through, and the page shows it."""
    for _ in range(600):
        now = scene.read_bytes()
        if now != before:
            revision = hashlib.sha256(now).hexdigest()[:16]
            until(page, f"room.state.film.value.revision === '{revision}' && !room.state.film.value.doing")
            return now
        page.wait_for_timeout(50)
    raise AssertionError("nothing was written")


def spot(page: Any, seconds: float, lane: int) -> tuple[float, float]:
    """A point of the timeline, on the middle of a lane's regions."""
    return tuple(
        page.evaluate(
            """([seconds, lane]) => {
              const box = document.querySelector(".draw").getBoundingClientRect(), lanes = room.lanes;
              const row = lanes.lanes.value[lane];
              return [box.left + lanes.xOf(seconds), box.top + lanes.regionTop(row) + 16];
            }""",
            [seconds, lane],
        )
    )


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2, steps=4)
    page.mouse.move(*end, steps=4)
    page.mouse.up()
