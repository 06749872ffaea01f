"""hunyuan-avatar from scene to film, with a small random model in the release's folder layout."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from avatar_scenes import RATE, job_of, write_scene
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.generators.generator import ShotJob
from dialogue.generators.hunyuan import avatar as hunyuan_avatar
from dialogue.generators.hunyuan import costs as hunyuan_costs
from dialogue.generators.memory import memory_given
from dialogue.generators.shot_speakers import speaker_tracks
from dialogue.ground.box import Box
from dialogue.ground.errors import DialogueError
from dialogue.rendering.stitch import clip_frames


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from official_folder import write_official_folder

    return write_official_folder(tmp_path_factory.mktemp("weights") / "ckpts")


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """These weights, two steps, and one thread: more only wait for each other on tensors this small."""
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(request.getfixturevalue("weights")))
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=2")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def frames_of(job: ShotJob, stop_after: str = "") -> tuple[np.ndarray, list[str]]:
    """The shot's frames and what was reported; interrupted when `stop_after` is reported."""
    told: list[str] = []

    def report(share: float, doing: str) -> None:
        assert 0 <= share <= 1
        told.append(doing)
        if stop_after and doing.startswith(stop_after):
            raise KeyboardInterrupt

    return np.stack(list(hunyuan_avatar.load()(job, report))), told


@pytest.mark.timeout(900)  # half a minute when the machine is free
def test_twenty_seconds_of_two_overlapping_speakers_with_a_change_of_emotion(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "film", 20.0)
    done = CliRunner().invoke(app, ["render", str(scene)])
    assert done.exit_code == 0, done.output
    assert clip_frames(scene.with_suffix(".mp4")) == 500
    again = CliRunner().invoke(app, ["render", str(scene)])
    assert again.exit_code == 0 and "0 rendered, 1 reused" in again.output


def test_everybody_has_their_own_mask_voice_and_emotion(tmp_path: Path) -> None:
    job = job_of(write_scene(tmp_path / "film", 8.0))
    ana, ben = speaker_tracks(job)
    assert ana.waveform is not None and ben.waveform is not None
    both = slice(round(6.05 * RATE), round(6.35 * RATE))  # she begins at 6.0, he ends at 6.4
    assert ana.waveform[both].abs().max() > 0.1 and ben.waveform[both].abs().max() > 0.1
    alone = slice(round(3.3 * RATE), round(5.9 * RATE))
    assert ana.waveform[alone].abs().max() == 0 and ben.waveform[alone].abs().max() > 0.1

    assert ana.mask.shape == ben.mask.shape == (1, 8, 8)
    assert float(ana.mask.max()) == float(ben.mask.max()) == 1
    assert float((ana.mask * ben.mask).max()) == 0

    assert ben.emotions == () and len(ana.emotions) == 2 and ana.emotion_weights is not None
    assert ana.emotion_weights.shape == (51, 2)  # 200 frames
    assert ana.emotion_weights[0].tolist() == [0, 0]  # the picture as it is, until her first line at 0.16 s
    assert ana.emotion_weights[4].tolist() == [1, 0]
    torch.testing.assert_close(ana.emotion_weights[-1], torch.tensor([0.0, 0.8]))
    changed = (ana.emotion_weights[:, 1] > 0).nonzero()[0].item()
    assert 4 * changed in range(145, 154)  # at 6 s, faded over 0.2 s


def test_a_stopped_shot_goes_on_where_it_was_and_gives_the_same_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hunyuan_avatar, "SAVE_SECONDS", 0.0)
    whole, told = frames_of(job_of(write_scene(tmp_path / "one", 1.0)))
    assert whole.shape == (25, 64, 64, 3) and "denoising, step 1 of 2" in told

    job = job_of(write_scene(tmp_path / "two", 1.0))
    with pytest.raises(KeyboardInterrupt):
        frames_of(job, stop_after="denoising, step 2")  # before its state is saved: one step is lost
    assert (job.work / hunyuan_avatar.STATE).exists()
    resumed, told = frames_of(job)
    assert "denoising, step 1 of 2" not in told and "denoising, step 2 of 2" in told
    assert np.array_equal(resumed, whole)

    other = job_of(write_scene(tmp_path / "two", 1.0))
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=1")
    _, told = frames_of(other)
    assert "denoising, step 1 of 1" in told, "the state of other settings was taken up"


def test_a_shot_of_nobody_is_made_too(tmp_path: Path) -> None:
    job = job_of(write_scene(tmp_path / "film", 1.0))
    (track,) = speaker_tracks(dataclasses.replace(job, lanes=()))
    assert float(track.mask.max()) == 0 and track.waveform is None


def test_missing_weights_are_one_line_with_folder_files_and_command(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = write_scene(tmp_path / "film", 1.0)
    part = tmp_path / "part"
    shutil.copytree(weights, part)
    (part / "hunyuan-video-t2v-720p" / "vae" / "pytorch_model.pt").unlink()
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(part))
    done = CliRunner().invoke(app, ["render", str(scene)])
    assert done.exit_code == 1 and "Traceback" not in done.output
    for said in (str(part), "hunyuan-video-t2v-720p/vae/pytorch_model.pt", "dialogue models pull"):
        assert said in done.output
    assert not scene.with_suffix(".mp4").exists()

    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(tmp_path / "nowhere"))
    told = hunyuan_avatar.missing()
    assert told is not None and "llava_llama_image" in told and "\n" not in told


def test_memory_is_an_option_of_render(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_MEMORY", "high")
    scene = write_scene(tmp_path / "film", 0.5)
    done = CliRunner().invoke(app, ["render", str(scene), "--memory", "low", "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "low memory" not in hunyuan_avatar.fingerprint(), "the environment is as it was"
    with memory_given("low"):
        assert "low memory" in hunyuan_avatar.fingerprint()
    assert CliRunner().invoke(app, ["render", str(scene), "--memory", "lots"]).exit_code == 2


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("DIALOGUE_MEMORY", "lots", "DIALOGUE_MEMORY is 'lots'; it is low, balanced, high"),
        ("DIALOGUE_HUNYUAN_AVATAR", "steps=none", "'steps=none'; it takes steps=N"),
        ("DIALOGUE_HUNYUAN_AVATAR", "quality=9", "'quality=9'; it takes"),
        ("DIALOGUE_HUNYUAN_AVATAR", "window=0", "'window=0'"),
        ("DIALOGUE_HUNYUAN_AVATAR", "attention=fast", "attention is one of native, cudnn, flash-2, "),
        ("DIALOGUE_FAST", "warp", "DIALOGUE_FAST: fast has 'warp'"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    told = hunyuan_avatar.missing()
    assert told is not None and said in told


def test_the_fingerprint_knows_weights_and_settings(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = hunyuan_avatar.fingerprint()
    assert hunyuan_avatar.fingerprint() == before
    copied = tmp_path / "copy"
    shutil.copytree(weights, copied)
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(copied))
    assert hunyuan_avatar.fingerprint() == before, "where the weights are and how old is not what they are"
    file = copied / "whisper-tiny" / "config.json"
    file.write_text(file.read_text() + " ")
    assert hunyuan_avatar.fingerprint() != before
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(weights))
    monkeypatch.setenv("DIALOGUE_MEMORY", "low")
    assert "low memory" in hunyuan_avatar.fingerprint()
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=30, offset=3, large-tiles")
    for said in ("30 steps", "moved by 3", "large tiles"):
        assert said in hunyuan_avatar.fingerprint()


def test_operations_are_those_counted_on_the_released_model() -> None:
    assert hunyuan_costs.forward_operations(704, 1216, 33) == pytest.approx(11.244e15, rel=3e-3)
    assert hunyuan_costs.forward_operations(704, 704, 33) == pytest.approx(4.191e15, rel=3e-3)
    two = hunyuan_costs.estimate(704, 704, 261, 30, 50, 33, "high")
    three = hunyuan_costs.estimate(704, 704, 262, 30, 50, 33, "high")
    assert (two.windows, three.windows) == (2, 3)
    assert three.seconds - 60 == pytest.approx(1.5 * (two.seconds - 60), rel=0.02)


def test_estimating_imports_no_torch() -> None:
    code = (
        "import sys; from dialogue.generators.hunyuan import avatar as g; from dialogue.generators.hunyuan.costs "
        "import estimate; g.missing(); g.fingerprint(); estimate(704, 704, 200, 30, 50, 33, None); "
        "import model.avatar.guidance, model.avatar.fusion; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_face_at_the_edge_keeps_its_mask_inside(tmp_path: Path) -> None:
    job = job_of(write_scene(tmp_path / "film", 1.0))
    face = dataclasses.replace(job.lanes[0].face, region=Box(-20, -20, 30, 30))
    (track,) = speaker_tracks(dataclasses.replace(job, lanes=(dataclasses.replace(job.lanes[0], face=face),)))
    assert track.mask[0, 0, 0] == 1 and float(track.mask[0, 2:].max()) == 0


def test_an_attention_kernel_that_is_not_there_is_told_and_one_that_is_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=2,attention=flash-3")
    with pytest.raises(DialogueError, match=r"hunyuan-avatar: attention 'flash-3' cannot be used here: .*"):
        hunyuan_avatar.load()
    assert "attention flash-3" in hunyuan_avatar.fingerprint()
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=2,attention=native")
    hunyuan_avatar.load()


def test_distilled_weights_that_are_not_there_are_told_and_those_that_are_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dialogue.generators.fast import fast_given

    usual = hunyuan_avatar.fingerprint()
    with fast_given(("distilled",)):
        assert "--fast distilled needs a LoRA, and there is no " in (hunyuan_avatar.missing() or "")
        lora = tmp_path / "few.safetensors"
        lora.write_bytes(b"weights")
        monkeypatch.setenv("DIALOGUE_DISTILLED", str(lora))
        assert hunyuan_avatar.missing() is None
        first = hunyuan_avatar.fingerprint()
        lora.with_suffix(".json").write_text('{"steps": 4}')
        assert len({usual, first, hunyuan_avatar.fingerprint()}) == 3
        with pytest.raises(DialogueError, match="is no safetensors file"):
            hunyuan_avatar.load()
    monkeypatch.setenv("DIALOGUE_MEMORY", "balanced")
    with fast_given(("8-bit",)), pytest.raises(DialogueError, match="needs high memory"):
        hunyuan_avatar.load()


def test_magnitudes_are_told_where_missing_measured_by_a_render_and_then_used(
    tmp_path: Path, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dialogue.generators.fast import fast_given

    copied = tmp_path / "weights"
    shutil.copytree(weights, copied)
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(copied))
    with fast_given(("mag-cache",)):
        assert "`DIALOGUE_HUNYUAN_AVATAR=calibrate dialogue render SCENE` writes it" in (hunyuan_avatar.missing() or "")
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=2,calibrate")
    scene = write_scene(tmp_path / "film", 0.5)
    done = CliRunner().invoke(app, ["render", str(scene)])
    assert done.exit_code == 0, done.output
    measured = json.loads((copied / "mag_ratios.json").read_text())
    assert len(measured) == 2 and measured[0] == 1.0 and all(ratio > 0 for ratio in measured)
    monkeypatch.setenv("DIALOGUE_HUNYUAN_AVATAR", "steps=2")
    with fast_given(("mag-cache",)):
        assert hunyuan_avatar.missing() is None and "mag-cache" in hunyuan_avatar.fingerprint()
        (copied / "mag_ratios.json").write_text("{}")
        assert "no list of ratios" in (hunyuan_avatar.missing() or "")


def test_what_one_gpu_does_alone_is_refused_for_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIALOGUE_FAST", "sparse,taylor")
    assert hunyuan_avatar.missing() is None
    monkeypatch.setenv("DIALOGUE_GPUS", "2")
    assert hunyuan_avatar.missing() == "--fast sparse is of one GPU alone; leave it out, or --gpus"
