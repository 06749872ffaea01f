"""`dialogue models`: nothing fetched without agreement; fetched from a hub on this machine; converted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
from hub import serving
from sherpa_models import write_models
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.generators.hunyuan.weights import WEIGHTS, patterns
from model.hunyuan.weights_folder import WeightsFolder

run = CliRunner().invoke


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The release's repository, small: `ckpts`, the licence, and files that nobody needs."""
    from official_folder import write_official_folder

    folder = tmp_path_factory.mktemp("released")
    write_official_folder(folder / "ckpts", fp8=False)
    (folder / "LICENSE").write_text("the licence")
    (folder / "ckpts" / "det_align").mkdir()
    (folder / "ckpts" / "det_align" / "detface.pt").write_text("a face detector")
    (folder / "ckpts" / "text_encoder_2" / "tf_model.h5").write_text("the same in another format")
    return folder


def pull(hub: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HF_ENDPOINT": hub, "HF_HUB_DISABLE_XET": "1", "HF_HUB_ETAG_TIMEOUT": "2"}
    command = [sys.executable, "-m", "dialogue", "models", "pull", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, check=False
    )


def test_pull_fetches_what_is_needed_after_the_licence_and_only_once(
    tmp_path: Path, released: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "weights"
    with serving(WEIGHTS.repository, released) as (hub, served):
        refused = pull(hub, "--to", folder)
        assert refused.returncode == 2 and "--accept-licence" in refused.stderr
        for said in ("European Union", "United Kingdom", "South Korea", str(folder), f"{WEIGHTS.gigabytes} GB"):
            assert said in refused.stderr
        assert served == [] and not folder.exists()

        done = pull(hub, "--to", folder, "--accept-licence")
        assert done.returncode == 0, done.stderr
        assert "European Union" in done.stderr and f"DIALOGUE_WEIGHTS={folder}" in done.stdout
        assert not WeightsFolder.at(folder).missing()
        assert not any("detface" in name or "h5" in name for name in served)
        count = len(served)
        again = pull(hub, "--to", folder)
        assert again.returncode == 0 and "all weights are in" in again.stdout and len(served) == count


def test_without_a_network_pull_says_so_in_one_line(tmp_path: Path) -> None:
    done = pull("http://127.0.0.1:9", "--to", tmp_path / "weights", "--accept-licence")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("error: cannot fetch") and "without a network" in last and "Traceback" not in done.stderr


def test_a_full_disk_is_found_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(100e9, 95e9, 5e9))
    with pytest.raises(Exception, match=f"5 GB are free and the weights need {WEIGHTS.gigabytes} GB"):
        WEIGHTS.check_space(tmp_path / "not" / "there" / "yet")


def test_the_eight_bit_file_comes_with_its_scales() -> None:
    assert sum("_fp8" in name for name in patterns(fp8=True)) == 2
    assert not any("_fp8" in name for name in patterns(fp8=False))


def test_pull_of_an_unknown_model_is_a_mistake() -> None:
    done = run(app, ["models", "pull", "sora"])
    assert done.exit_code == 2 and "hunyuan-avatar, hallo3, faces, voices and emotion can be fetched" in done.output


def test_list_tells_what_is_ready_and_what_is_missing(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(released))
    assert "hunyuan-avatar: ready" in run(app, ["models", "list"]).output
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(tmp_path))
    told = run(app, ["models", "list"]).output
    assert "weights are missing" in told and "dialogue models pull" in told and "animatic: ready" in told


def test_convert_writes_a_transformer_that_is_loaded_instead(
    released: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    import torch

    from model.hunyuan.loading import load_transformer

    folder = tmp_path / "weights"
    shutil.copytree(released, folder)
    monkeypatch.setenv("DIALOGUE_WEIGHTS", str(folder))
    before = load_transformer(WeightsFolder.at(folder), torch.bfloat16)
    done = run(app, ["models", "convert"])
    assert done.exit_code == 0, done.output
    found = WeightsFolder.at(folder)
    assert found.is_converted and not found.missing()
    after = load_transformer(found, torch.bfloat16).state_dict()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.state_dict().items())
    assert [path.name for path in found.root.iterdir() if path.name.startswith(".")] == []

    twice = run(app, ["models", "convert"])
    assert twice.exit_code == 2 and "is there already" in twice.output


def test_convert_of_a_folder_without_a_checkpoint_fails_in_one_line(tmp_path: Path) -> None:
    done = run(app, ["models", "convert", str(tmp_path)])
    assert done.exit_code == 1 and "Traceback" not in done.output
    assert not any(tmp_path.iterdir())


def test_hallo3_is_fetched_after_both_licences_and_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hallo3_folder import write_hallo3_folder

    from dialogue.generators.hallo3.weights import WEIGHTS as HALLO3
    from model.hallo3.weights_folder import WeightsFolder as Hallo3Folder

    write_hallo3_folder(tmp_path / "released")
    folder = tmp_path / "weights"
    with serving(HALLO3.repository, tmp_path / "released") as (hub, served):
        refused = pull(hub, "hallo3", "--to", folder)
        assert refused.returncode == 2 and served == [] and not folder.exists()
        for said in ("MIT", "CogVideoX License", "--accept-licence", f"{HALLO3.gigabytes} GB"):
            assert said in refused.stderr
        done = pull(hub, "hallo3", "--to", folder, "--accept-licence")
        assert done.returncode == 0, done.stderr
        assert f"DIALOGUE_HALLO3_WEIGHTS={folder}" in done.stdout and not Hallo3Folder.at(folder).missing()
    monkeypatch.setenv("DIALOGUE_HALLO3_WEIGHTS", str(folder))
    assert "hallo3: ready" in run(app, ["models", "list"]).output
    converted = run(app, ["models", "convert", "hallo3"])
    assert converted.exit_code == 0, converted.output
    assert Hallo3Folder.at(folder).converted is not None
    assert [path.name for path in folder.iterdir() if path.name.startswith(".convert")] == []
    twice = run(app, ["models", "convert", str(folder)])
    assert twice.exit_code == 2 and "is there already" in twice.output


def test_the_models_of_voices_are_fetched_after_their_licences(tmp_path: Path) -> None:
    """From a hub on this machine, in a process of its own: huggingface_hub reads its address as it is imported."""
    served = write_models(tmp_path / "served")
    repository = "owner/voices"
    to = tmp_path / "voices"
    script = (
        "from dialogue.diarization import sherpa_files as s; from dialogue.cli.app import main; import sys\n"
        f"s.REPOSITORIES = {{name: ({repository!r}, name) for name in s.REPOSITORIES}}\n"
        f"sys.argv = ['dialogue', 'models', 'pull', 'voices', '--to', {str(to)!r}, *sys.argv[1:]]; main()\n"
    )
    with serving(repository, served) as (address, names):
        environment = {
            **os.environ,
            "HF_ENDPOINT": address,
            "HF_HUB_DISABLE_XET": "1",
            "HF_HOME": str(tmp_path / "hub"),
        }

        def pull(*words: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-c", script, *words]
            return subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
            )

        refused = pull()
        assert refused.returncode == 2 and "--accept-licence" in refused.stderr and not names
        assert "MIT licence" in refused.stderr and "33 MB" in refused.stderr and "Attribution 4.0" in refused.stderr
        done = pull("--accept-licence")
        assert done.returncode == 0, done.stderr
        assert f"voices: ready in {to}" in done.stdout and f"set DIALOGUE_VOICES={to}" in done.stdout
        assert sorted(file.name for file in to.iterdir()) == ["segmentation.onnx", "voice.onnx"]
        assert sorted(names) == ["segmentation.onnx", "voice.onnx"]


def test_the_model_that_hears_emotions_is_fetched_after_its_licence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from classifiers import write_classifier

    from dialogue.hearing.feeling import REPOSITORY, VARIABLE

    folder = tmp_path / "emotion"
    with serving(REPOSITORY, write_classifier(tmp_path / "served")) as (hub, served):
        refused = pull(hub, "emotion", "--to", folder)
        assert refused.returncode == 2 and served == [] and not folder.exists()
        for said in ("Apache License 2.0", "IEMOCAP", "--accept-licence", "380 MB"):
            assert said in refused.stderr
        done = pull(hub, "emotion", "--to", folder, "--accept-licence")
        assert done.returncode == 0, done.stderr
        assert f"emotion: ready in {folder}" in done.stdout and f"set {VARIABLE}={folder}" in done.stdout
    assert {"config.json", "preprocessor_config.json", "model.safetensors"} <= {file.name for file in folder.iterdir()}
    monkeypatch.setenv(VARIABLE, str(folder))
    assert "emotion: ready" in run(app, ["models", "list"]).output
    assert "a classifier in" in run(app, ["doctor"]).output


def test_models_alone_lists_them() -> None:
    alone, listed = (CliRunner().invoke(app, ["models", *words]) for words in ([], ["list"]))
    assert alone.exit_code == 0 and alone.stdout == listed.stdout and "animatic: ready" in alone.stdout
