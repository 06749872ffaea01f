"""Measure the road from scene to film on this machine: start-up, planning, speed, memory, a killed render.

    python scripts/bench_road.py [--json] [--only NAME …] [--size WxH]

It makes its media from the example scenes (their voices repeated), in a folder that is removed at the end. Times are
wall-clock seconds of fresh processes, memory is the largest resident set among a process and its children.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

ROOT = Path(__file__).resolve().parent.parent
SCENE = ROOT / "scenes" / "two_hander"
DIALOGUE = [sys.executable, "-m", "dialogue"]


@dataclass(frozen=True)
class Run:
    """A finished process: exit code, seconds on the clock and of processors, largest resident set in MB, its words."""

    code: int
    seconds: float
    processor: float
    megabytes: float
    printed: str


def run(*words: str | Path, env: dict[str, str] | None = None) -> Run:
    """`dialogue …` to its end, as on a machine that has never measured these media."""
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryFile() as printed:
        environment = {**os.environ, "XDG_CACHE_HOME": empty, **(env or {})}
        began = time.perf_counter()
        process = subprocess.Popen(
            [*DIALOGUE, *map(str, words)], cwd=ROOT, env=environment, stdout=printed, stderr=subprocess.STDOUT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed.seek(0)
        return Run(
            process.returncode,
            seconds,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024,
            printed.read().decode(errors="replace"),
        )


def ran(*words: str | Path) -> Run:
    done = run(*words)
    if done.code:
        raise SystemExit(f"dialogue {' '.join(map(str, words))} ended with {done.code}:\n{done.printed}")
    return done


def scene_of(folder: Path, seconds: float, shots: int = 1, size: str = "704x704") -> Path:
    """The two-hander's people, saying their lines again and again for that long, in that many shots."""
    folder.mkdir(parents=True)
    for name in ("ana", "ben"):
        voice, rate = soundfile.read(SCENE / f"{name}.flac", dtype="float32")
        count = round(seconds * rate)
        soundfile.write(folder / f"{name}.flac", np.resize(voice, count), rate)
    shutil.copy(SCENE / "night.png", folder)
    faces = re.findall(r"face: (\[.*?\])", (SCENE / "scene.yaml").read_text(encoding="utf-8"))
    people = "".join(
        f"  {name}: {{track: {name}.flac, face: {face}}}\n" for name, face in zip(("ana", "ben"), faces, strict=True)
    )
    ends = [seconds * (number + 1) / shots for number in range(shots - 1)]
    lines = [f"  - {{picture: night.png, prompt: shot {n}, until: {end:.2f}}}\n" for n, end in enumerate(ends)]
    lines.append("  - {picture: night.png}\n")
    scene = folder / "scene.yaml"
    scene.write_text(
        f"scene: 1\ngenerator: animatic\noutput: {{size: {size}}}\ncast:\n{people}shots:\n{''.join(lines)}",
        encoding="utf-8",
    )
    return scene


def start_up(folder: Path, size: str) -> dict[str, float]:
    """The best of five, warm; processor seconds beside them, which other work on the machine disturbs less."""
    found = {}
    for name, words in {"help": ["--help"], "check": ["check", SCENE / "scene.yaml"]}.items():
        runs = [ran(*words) for _ in range(5)]
        found[f"{name}_s"] = min(done.seconds for done in runs)
        found[f"{name}_processor_s"] = min(done.processor for done in runs)
    return found


def planning(folder: Path, size: str) -> dict[str, float]:
    scene = scene_of(folder / "hours", 3600)
    done = ran("plan", scene, "-o", folder / "planned")
    turns = len(json.loads((folder / "planned" / "plan.json").read_text(encoding="utf-8"))["turns"])
    found = {"two_1h_tracks_s": done.seconds, "processor_s": done.processor}
    return {**found, "two_1h_tracks_mb": done.megabytes, "turns": turns}


def film_seconds(folder: Path, name: str, seconds: float, size: str) -> Run:
    """`dialogue render` of a plan made before: generating, encoding and joining alone."""
    scene = scene_of(folder / name, seconds, size=size)
    ran("plan", scene, "-o", folder / name / "planned")
    return ran("render", folder / name / "planned" / "plan.json", "-o", folder / name / "film.mp4")


def animatic(folder: Path, size: str) -> dict[str, Any]:
    done = film_seconds(folder, "minute", 60, size)
    found = {"size": size, "film_s": 60, "render_s": done.seconds, "processor_s": done.processor}
    return {**found, "fps": 60 * 25 / done.seconds, "times_real_time": 60 / done.seconds}


def memory(folder: Path, size: str) -> dict[str, Any]:
    minute = film_seconds(folder, "one", 60, size).megabytes
    ten = film_seconds(folder, "ten", 600, size).megabytes
    return {"size": size, "1_min_mb": minute, "10_min_mb": ten, "growth_percent": 100 * (ten / minute - 1)}


def killed(folder: Path, size: str) -> dict[str, Any]:
    """Kill -9 in the middle of five shots, run again; and the same film by a run that nobody disturbed."""
    scene = scene_of(folder / "killed", 40, 5, size)
    shots = scene.parent / ".dialogue" / "shots"
    process = subprocess.Popen(
        [*DIALOGUE, "render", str(scene)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while len(list(shots.glob("[!.]*.mp4"))) < 2 or not list(shots.glob(".*.part.mp4")):
        if process.poll() is not None:
            raise SystemExit("the render ended before it could be killed")
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = len(list(shots.glob("[!.]*.mp4")))
    again = json.loads(ran_json("render", scene, "--format", "json"))
    other = scene_of(folder / "undisturbed", 40, 5, size)
    ran("render", other)
    films = [hashlib.sha256((place.parent / "scene.mp4").read_bytes()).hexdigest() for place in (scene, other)]
    rendered = sum(shot["because"] is not None for shot in again["shots"])
    return {"shots": 5, "kept": kept, "rendered_again": rendered, "film_identical": films[0] == films[1]}


def ran_json(*words: str | Path) -> str:
    done = subprocess.run([*DIALOGUE, *map(str, words)], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout


BENCHES: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "start_up": start_up, "planning": planning, "animatic": animatic, "memory": memory, "killed": killed,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--only", nargs="+", choices=BENCHES, default=list(BENCHES), metavar="NAME", help=", ".join(BENCHES)
    )
    parser.add_argument("--size", default="704x704", metavar="WxH", help="of the films; 704x704 when not given")
    wanted = parser.parse_args()
    figures: dict[str, Any] = {"cores": len(os.sched_getaffinity(0)), "load_before": round(os.getloadavg()[0], 2)}
    with tempfile.TemporaryDirectory(prefix="bench-road-") as folder:
        for name in wanted.only:
            found = BENCHES[name](Path(folder), wanted.size)
            figures[name] = {
                key: round(value, 3) if isinstance(value, float) else value for key, value in found.items()
            }
            if not wanted.json:
                print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in figures[name].items()), flush=True)
    if wanted.json:
        print(json.dumps(figures, indent=1))


main()
