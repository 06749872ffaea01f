"""A scene of two people for hunyuan-avatar with small random weights, and the job of its first shot."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from PIL import Image
from planned_scenes import plan_of

from dialogue.generators.generator import ShotJob, shot_job
from dialogue.planning.plan import Plan
from dialogue.scene.reader import read_scene

RATE = 16_000


def write_voice(path: Path, seconds: float, spans: list[tuple[float, float]], pitch: float) -> None:
    """A buzzing voice with syllables, in the spans; silence elsewhere."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = 0.3 * np.sign(np.sin(2 * np.pi * pitch * time)) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * time))
    heard = np.zeros_like(sound)
    for start, end in spans:
        heard[round(start * RATE) : round(end * RATE)] = 1
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * heard * 32767).astype("<i2").tobytes())


def write_scene(folder: Path, seconds: float) -> Path:
    """Two people; Ben interrupts Ana, and Ana's joy turns into fear after three quarters of the film."""
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(0)
    for name in ("two", "joy", "fear"):
        Image.fromarray(noise.integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(folder / f"{name}.png")
    first, second = (0.02 * seconds, 0.4 * seconds), (0.75 * seconds, seconds)
    between = (0.35 * seconds, 0.8 * seconds)
    write_voice(folder / "ana.wav", seconds, [first, second], 220)
    write_voice(folder / "ben.wav", seconds, [between], 140)
    (folder / "scene.yaml").write_text(
        f"""scene: 1
generator: hunyuan-avatar
seed: 3
output: {{size: 64x64, fps: 25}}
picture: two.png
cast:
  ana: {{track: ana.wav, face: [8, 20, 12, 16], emotions: {{joy: joy.png, fear: {{image: fear.png, strength: 0.8}}}}}}
  ben: {{track: ben.wav, face: [44, 20, 12, 16]}}
lines:
  - {{ana: "Did you hear that?", from: {first[0]}, to: {first[1]}, emotion: joy}}
  - {{ben: "Hear what?", from: {between[0]}, to: {between[1]}}}
  - {{ana: "There. Again.", from: {second[0]}, to: {second[1]}, emotion: fear}}
"""
    )
    return folder / "scene.yaml"


def planned(scene: Path) -> Plan:
    file = read_scene(scene, {})
    return plan_of(file)


def job_of(scene: Path) -> ShotJob:
    plan, work = planned(scene), scene.parent / "work"
    work.mkdir(exist_ok=True)
    return shot_job(plan, plan.shots[0], scene.parent, work)
