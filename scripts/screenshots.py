"""Pictures of the cutting room for docs/studio.md: the two-hander, rendered, in dark and light, and the first run.

python scripts/screenshots.py [FOLDER]        docs/ when none is named
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

ROOT = Path(__file__).parents[1]
SHOTS = "shots: [{picture: night.png, until: 2.4}, {until: 4.6, take: 2}, {picture: night.png}]\n"
# In the page, so that the film's mouths are looked at too.
RENDER = """(async () => {
  document.querySelector(".split .go").click();
  const done = () => room.state.film.value.job?.state === "done";
  for (let n = 0; n < 600 && !done(); n++) await new Promise(after => setTimeout(after, 200));
})()"""


@contextmanager
def room(path: Path) -> Iterator[str]:
    """The address of a room that is open while the body runs."""
    command = [sys.executable, "-m", "dialogue", "studio", str(path), "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().decode().strip()
    finally:
        server.terminate()
        server.wait()


def _timed(text: str) -> str:
    """The lines with the times they are heard at, so that nothing has to be listened to first."""
    times = iter(((0.51, 1.49), (1.86, 2.42), (2.79, 5.39), (5.75, 7.99), (8.61, 10.02)))
    rows = []
    for line in text.splitlines(keepends=True):
        rows.append(line)
        if line.startswith("  - "):
            start, end = next(times)
            rows.append(f"    from: {start}\n    to: {end}\n")
    return "".join(rows)


def picture(browser: Any, address: str, place: Path, theme: str, script: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900}, color_scheme=theme)
    page.goto(address)
    page.locator(".ln, .firstrun").first.wait_for()
    for _ in range(100):
        if page.evaluate("!room.state.film.value.doing"):
            break
        page.wait_for_timeout(100)
    if script:
        page.evaluate(script)
    page.wait_for_timeout(1500)
    page.screenshot(path=place)
    Image.open(place).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(place, optimize=True)
    page.close()
    print(place)


def main() -> None:
    from playwright.sync_api import sync_playwright

    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs"
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        scene = Path(place) / "lighthouse/scene.yaml"
        shutil.copytree(ROOT / "scenes/two_hander", scene.parent, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
        text = scene.read_text().replace("output: {", "generator: animatic\noutput: {labels: none, ")
        text = "".join(line for line in text.splitlines(keepends=True) if "color:" not in line)
        scene.write_text(_timed(text) + SHOTS)
        render = [sys.executable, "-m", "dialogue", "render", str(scene), "--takes", "2"]
        subprocess.run(render, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        with room(scene) as address:
            picture(browser, address, Path(place) / "rendered.png", "dark", RENDER)
        scene.write_text(scene.read_text().replace("    emotion: joy", "    emotion: {name: joy, strength: 1.2}"))
        stand = "room.state.selected.value = 2; room.state.person.value = 'ana'; room.at(3.44); room.lanes.fit(0, 9.4)"
        for theme in ("dark", "light"):
            with room(scene) as address:
                menu = "; room.state.menu.value = 'render'" if theme == "light" else ""
                picture(browser, address, folder / f"studio-{theme}.png", theme, stand + menu)
        empty = Path(place) / "new"
        empty.mkdir()
        with room(empty) as address:
            picture(browser, address, folder / "studio-first.png", "dark", "")
        browser.close()


if __name__ == "__main__":
    main()
