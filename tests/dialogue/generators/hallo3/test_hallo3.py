"""hallo3 from scene to film, with a small random model in the release's folder layout."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from planned_scenes import plan_of

from dialogue.generators.generator import ShotJob, shot_job
from dialogue.generators.hallo3 import costs, hallo3
from dialogue.generators.hallo3.people import people_of, prompts_of
from dialogue.generators.hallo3.settings import settings
from dialogue.ground.errors import DialogueError
from dialogue.scene.reader import read_scene
from model.hallo3.clips import ClipSchedule

RATE = 16_000


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from hallo3_folder import write_hallo3_folder

    return write_hallo3_folder(tmp_path_factory.mktemp("weights"), height=4, width=6)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """These weights, two steps, and one thread: more only wait for each other on tensors this small."""
    monkeypatch.setenv("DIALOGUE_HALLO3_WEIGHTS", str(request.getfixturevalue("weights")))
    monkeypatch.setenv("DIALOGUE_HALLO3", "steps=2")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def write_voice(path: Path, seconds: float, start: float, end: float, pitch: float) -> None:
    """A buzzing voice with syllables from `start` to `end`; silence elsewhere."""
    moment = np.arange(round(seconds * RATE)) / RATE
    sound = 0.3 * np.sign(np.sin(2 * np.pi * pitch * moment)) * (0.5 + 0.5 * np.sin(2 * np.pi * 4 * moment))
    sound[(moment < start) | (moment >= end)] = 0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())


def write_scene(folder: Path, seconds: float) -> Path:
    """Two people; Ben interrupts Ana."""
    folder.mkdir(exist_ok=True)
    noise = np.random.default_rng(0)
    small = noise.integers(0, 255, (8, 16, 3), dtype=np.uint8)
    Image.fromarray(small).resize((192, 96), Image.Resampling.BICUBIC).save(folder / "two.png")
    first, second = ([round(share * seconds, 3) for share in edges] for edges in ((0.02, 0.6), (0.4, 0.98)))
    write_voice(folder / "ana.wav", seconds, first[0], first[1], 220)
    write_voice(folder / "ben.wav", seconds, second[0], second[1], 140)
    (folder / "scene.yaml").write_text(
        f"""scene: 1
generator: hallo3
seed: 3
output: {{size: 192x96, fps: 25}}
picture: two.png
cast:
  ana: {{track: ana.wav, face: [36, 30, 22, 26]}}
  ben: {{track: ben.wav, face: [134, 30, 22, 26]}}
lines:
  - {{ana: "Did you hear that?", from: {first[0]}, to: {first[1]}, emotion: joy}}
  - {{ben: "Hear what?", from: {second[0]}, to: {second[1]}, emotion: anger}}
"""
    )
    return folder / "scene.yaml"


def job_of(scene: Path) -> ShotJob:
    plan, work = plan_of(read_scene(scene, {})), scene.parent / "work"
    work.mkdir(exist_ok=True)
    return shot_job(plan, plan.shots[0], scene.parent, work)


def frames_of(job: ShotJob, stop_at: str = "") -> tuple[np.ndarray, list[str]]:
    """The shot's frames and what was reported; interrupted when `stop_at` is reported."""
    told: list[str] = []

    def report(share: float, doing: str) -> None:
        assert 0 <= share <= 1
        told.append(doing)
        if stop_at and doing.startswith(stop_at):
            raise KeyboardInterrupt

    return np.stack(list(hallo3.load()(job, report))), told


def test_a_stopped_shot_goes_on_at_its_clip_and_step_with_the_same_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hallo3, "SAVE_SECONDS", 0.0)
    whole = job_of(write_scene(tmp_path / "whole", 0.56))
    frames, told = frames_of(whole)
    assert frames.shape == (14, 96, 192, 3) and len(told) == 1 + 2 * 2 * 2  # 2 clips, 2 people, 2 steps
    stopped = job_of(write_scene(tmp_path / "stopped", 0.56))
    with pytest.raises(KeyboardInterrupt):
        frames_of(stopped, stop_at="denoising, clip 2 of 2, step 2")
    again, after = frames_of(stopped)
    assert after[1] == "denoising, clip 2 of 2, step 2 of 2"  # the first clip, and a step of the second, were there
    assert np.array_equal(frames, again)


def test_of_other_settings_nothing_is_taken_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = job_of(write_scene(tmp_path, 0.2))
    frames, told = frames_of(job)
    monkeypatch.setenv("DIALOGUE_HALLO3", "steps=2,text=2,audio=5")
    other, again = frames_of(job)
    assert len(told) == len(again) and not np.array_equal(frames, other)


def test_only_around_the_faces_is_anything_made(tmp_path: Path) -> None:
    job = job_of(write_scene(tmp_path, 0.2))
    frames, _ = frames_of(job)
    still = np.asarray(Image.open(tmp_path / "two.png").convert("RGB"))
    changed = (frames.astype(int) - still).__abs__().max(axis=(0, 3))
    assert changed[36:50, 40:54].mean() > 4 and changed[36:50, 138:152].mean() > 4
    assert changed[-1, :2].max() == changed[-1, -2:].max() == 0  # the corners, as they were


def test_a_voice_opens_its_own_mouth_alone(tmp_path: Path) -> None:
    """With another voice of Ana's, nothing of Ben is another."""
    scene = write_scene(tmp_path, 0.2)
    frames, _ = frames_of(job_of(scene))
    write_voice(tmp_path / "ana.wav", 0.2, 0.0, 0.12, 440)
    shutil.rmtree(tmp_path / "work")
    other, _ = frames_of(job_of(scene))
    differing = np.abs(frames.astype(int) - other).max(axis=(0, 3))
    assert differing[30:56, 36:58].max() > 0 and differing[:, 125:].max() == 0


def test_masked_audio_makes_everybody_in_one_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_HALLO3", "steps=1,masked-audio")
    frames, told = frames_of(job_of(write_scene(tmp_path, 0.2)))
    assert frames.shape == (5, 96, 192, 3) and len(told) == 2


def test_a_prompt_for_each_clip_says_what_is_felt(tmp_path: Path) -> None:
    job = job_of(write_scene(tmp_path, 1.6))
    schedule = ClipSchedule(job.frames, 9)
    prompts = prompts_of(job, job.lanes[1], schedule)
    assert "anger" not in prompts[0] and prompts[-1].endswith("The expression of the person shows anger.")
    assert all("joy" in prompt for prompt in prompts_of(job, job.lanes[0], schedule)[2:])


def test_nobody_in_the_picture_is_still_a_film(tmp_path: Path) -> None:
    from dataclasses import replace

    job = job_of(write_scene(tmp_path, 0.2))
    job = replace(job, lanes=())
    assert [person.speakers for person in people_of(job, 1.5)] == [()]
    assert frames_of(job)[0].shape == (5, 96, 192, 3)


def test_settings_are_read_and_wrong_ones_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings().passes == 2
    monkeypatch.setenv("DIALOGUE_HALLO3", "steps=30,text=2,audio=5,picture=1.5,diffusers")
    assert settings().passes == 5 and settings().diffusers
    monkeypatch.setenv("DIALOGUE_HALLO3", "speed=9")
    with pytest.raises(DialogueError, match=r"DIALOGUE_HALLO3 has 'speed=9'; it takes steps=N"):
        hallo3.fingerprint()
    assert "speed=9" in (hallo3.missing() or "")


def test_vocals_need_a_separator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_HALLO3", "vocals")
    assert "has no audio_separator/*.onnx" in (hallo3.missing() or "")
    with pytest.raises(DialogueError, match=r"DIALOGUE_HALLO3 asks for vocals"):
        hallo3.load()


def test_missing_weights_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_HALLO3_WEIGHTS", str(tmp_path))
    assert "dialogue models pull hallo3" in (hallo3.missing() or "")
    with pytest.raises(DialogueError, match="hallo3: weights are missing"):
        hallo3.load()


def test_operations_are_those_of_the_released_network() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    from model.hallo3.transformer import Hallo3Transformer3DModel

    layers = 2
    with torch.device("meta"):
        network = Hallo3Transformer3DModel(num_layers=layers)
        given = (
            torch.empty(1, 13, 32, 60, 90), torch.empty(1), torch.empty(1, 226, 4096),
            [torch.empty(1, 1350, 3072)] * layers, torch.empty(1, 4, 1024), torch.empty(1, 13, 32, 768),
        )  # fmt: skip
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(*given)
    assert counter.get_total_flops() / layers == pytest.approx(costs.pass_operations() / costs.BLOCKS, rel=0.02)


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_twelve_seconds_of_two_people_killed_and_resumed(tmp_path: Path) -> None:
    """Through the command line; the first run is killed outright once a clip is finished."""
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    films = []
    for name, kill in (("whole", False), ("killed", True)):
        scene = write_scene(tmp_path / name, 12.0)
        command = [sys.executable, "-m", "dialogue", "render", str(scene)]
        if kill:
            running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            while running.poll() is None and not list((tmp_path / name).rglob("clip-00003.safetensors")):
                time.sleep(0.05)
            assert running.poll() is None
            running.send_signal(signal.SIGKILL)
            running.communicate()
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        # The film itself is signed, and a signature is another every time: the shots are what was made.
        films.append([clip.read_bytes() for clip in sorted((tmp_path / name / ".dialogue" / "shots").glob("*.mp4"))])
    assert films[0] == films[1] and films[0]
