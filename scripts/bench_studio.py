"""How fast the cutting room is: first view of a 10-minute scene, and frames while a film of 2,000 turns is scrolled.

python scripts/bench_studio.py
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).parents[1]
RATE = 8000
SCROLL = """async () => {
  const took = [], spans = []; let last = 0;
  room.lanes.scale.value = 60;
  for (let n = 0; n < 240; n++) {
    const now = await new Promise(requestAnimationFrame);
    if (last) spans.push(now - last);
    last = now;
    const begin = performance.now();
    room.lanes.move(n * 1.5);
    took.push(performance.now() - begin);
  }
  spans.sort((a, b) => a - b);
  const late = spans.filter(span => span > 25).length;
  return {median: spans[spans.length >> 1], p95: spans[Math.floor(spans.length * 0.95)], late};
}"""


def scene(folder: Path, seconds: int, turns: int) -> Path:
    """Two people who speak in turns, each on a track; every line has its times."""
    folder.mkdir()
    shutil.copy(ROOT / "scenes/two_hander/night.png", folder)
    noise = np.random.default_rng(0).normal(0, 0.1, seconds * RATE).astype(np.float32)
    each = seconds / turns
    gate = (np.arange(seconds * RATE) / RATE / each % 2 < 1).astype(np.float32)
    soundfile.write(folder / "ana.wav", noise * gate, RATE)
    soundfile.write(folder / "ben.wav", noise * (1 - gate), RATE)
    lines = "".join(
        f"  - {('ana', 'ben')[n % 2]}: Line {n + 1} of this long talk is said here.\n"
        f"    from: {n * each + 0.1:.2f}\n    to: {(n + 1) * each - 0.05:.2f}\n"
        for n in range(turns)
    )
    path = folder / "scene.yaml"
    path.write_text(
        "scene: 1\ngenerator: animatic\ncast:\n  ana: {name: Ana, track: ana.wav, face: [64, 196, 224, 274]}\n"
        "  ben: {name: Ben, track: ben.wav, face: [416, 196, 224, 274]}\npicture: night.png\nlines:\n" + lines
    )
    return path


def opened(browser: Any, path: Path, script: str | None) -> tuple[float, float, Any]:
    """Seconds to the first lines, and to the plan; what the script says."""
    command = [sys.executable, "-m", "dialogue", "studio", str(path), "--no-open"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert server.stdout is not None
        address = server.stdout.readline().decode().strip()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        begin = time.monotonic()
        page.goto(address)
        page.locator(".ln").first.wait_for()
        first = time.monotonic() - begin
        while not page.evaluate("!!room.state.plan.value && !room.state.film.value.doing"):
            page.wait_for_timeout(50)
        planned = time.monotonic() - begin
        page.wait_for_timeout(3000)
        told = page.evaluate(script) if script else None
        page.close()
        return first, planned, told
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        short = scene(Path(place) / "ten_minutes", 600, 200)
        for what in ("never seen before", "again"):
            first, planned, _ = opened(browser, short, None)
            print(
                f"10 minutes, 200 turns, {what}: lines after {first:.2f} s, the plan after {planned:.2f} s", flush=True
            )
        long = scene(Path(place) / "hours", 5400, 2000)
        first, planned, told = opened(browser, long, SCROLL)
        print(f"1.5 hours, 2,000 turns: lines after {first:.2f} s, the plan after {planned:.2f} s", flush=True)
        print(f"scrolling: {told['median']:.1f} ms a frame, 95 % within {told['p95']:.1f}; {told['late']} of 239 late")
        browser.close()


if __name__ == "__main__":
    main()
