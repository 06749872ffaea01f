"""From nothing to a film in the cutting room, by mouse alone: how many clicks and seconds it takes.

    python scripts/studio_journeys.py PICTURE RECORDING… [--voices]

Opens `dialogue studio` on an empty folder in Chromium, brings the files in, answers whose face and, with --voices,
whose voice is whose, draws a draft of the film and waits until it plays. Dropping files counts as one click each.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


class Hand:
    """A mouse that counts."""

    def __init__(self, page: Any) -> None:
        self.page, self.clicks, self.began = page, 0, time.monotonic()

    def click(self, place: Any) -> None:
        place.click()
        self.clicks += 1

    def bring(self, name: str, files: list[Path]) -> None:
        self.page.get_by_label(name, exact=True).last.set_input_files([str(file) for file in files])
        self.clicks += 2  # the button, and the files in the system's own window

    def until(self, expression: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"!!({expression})"):
            if time.monotonic() > end:
                self.page.screenshot(path="journey.png")
                raise TimeoutError(expression)
            self.page.wait_for_timeout(100)

    def told(self, what: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s  {self.clicks:2d} clicks  {what}", flush=True)


def journey(hand: Hand, picture: Path, recordings: list[Path], voices: bool) -> None:
    page = hand.page
    hand.bring("Choose pictures", [picture])
    hand.bring("Choose recordings", recordings)
    for file in (picture, *recordings):
        hand.until(f"document.querySelector('.firstrun').innerText.includes({file.stem!r})")
    hand.until("document.querySelector('.zone.tall .btn:not(:disabled)')")
    hand.click(page.get_by_role("button", name="Write the scene"))
    hand.until("window.room && room.state.film.value.kind === 'scene' && !room.state.film.value.doing")
    hand.told("the scene is written")
    if voices:
        hand.until("document.querySelector('.q') || room.state.plan.value")
        while page.locator(".q").count():
            hand.click(page.locator(".q .pl"))
            hand.click(page.locator(".q [data-answer='1']"))
            page.wait_for_timeout(300)
            hand.until("!room.state.film.value.doing")
        hand.told("every voice has its name")
    hand.until("document.querySelectorAll('.stranger').length > 0", 60)
    people = page.evaluate("[...room.state.speakers.value.keys()]")
    for number in range(min(len(people), page.locator(".stranger").count())):
        hand.click(page.locator(".stranger").first)
        hand.click(page.locator(".whose [role=menuitem]").nth(number))
        hand.until("!room.state.film.value.doing && room.state.plan.value && !room.state.film.value.plan_old")
        page.wait_for_timeout(300)
    hand.told("every face has its name")
    hand.click(page.get_by_role("button", name="Render").first)
    hand.until("room.state.film.value.job?.state === 'done' && document.querySelector('video')?.readyState >= 2", 600)
    hand.click(page.get_by_role("button", name="Play (Space)"))
    hand.until("room.state.time.value > 0.5")
    hand.told("the film plays")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--voices", action="store_true", help="the one recording is of several people")
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        command = [sys.executable, "-m", "dialogue", "studio", folder, "--no-open"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            assert server.stdout is not None
            address = server.stdout.readline().decode().strip()
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            page.goto(address)
            page.locator(".firstrun").wait_for()
            journey(Hand(page), given.picture, given.recordings, given.voices)
            page.screenshot(path="journey.png")
            browser.close()
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
