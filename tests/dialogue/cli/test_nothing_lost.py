"""No command destroys what a scene, plan or cast reads, nor what somebody else made."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from batches import buzz, draw_person
from typer.testing import CliRunner, Result

from dialogue.cli.app import app

SCENE = """\
scene: 1
cast:
  ana: {track: ana.wav, face: [60, 40, 40, 50]}
  ben: {track: ben.wav}
  eve: {name: Eve, voice: {enroll: eve.mp4}}
picture: ana.png
audio: mix.wav
diarization: turns.rttm
output: {size: 160x120, fps: 10, captions: [srt]}
generator: animatic
lines:
  - {ana: Hello there, from: 0.2, to: 1.5}
"""


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    import soundfile

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    draw_person(Path("ana.png"), 90)
    for name in ("ana.wav", "ben.wav", "mix.wav", "eve.wav"):
        soundfile.write(name, buzz(2.0), 16_000)
    shutil.move("eve.wav", "eve.mp4")  # the kind of a file is in its bytes
    Path("turns.rttm").write_text("SPEAKER mix 1 0.2 1.3 <NA> <NA> ana <NA> <NA>\n")
    Path("scene.yaml").write_text(SCENE)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def digests() -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in Path().iterdir() if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "scene.yaml", "-o", "."],
        ["plan", "scene.yaml", "-o", ".", "--force"],
        ["render", "scene.yaml", "-o", "eve.mp4", "--force"],
        ["render", "scene.yaml", "-o", "ana.wav", "--force"],
        ["render", "scene.yaml", "-o", "."],
        ["render", "scene.yaml", "-o", ".."],
        ["schema", "-o", "scene.yaml"],
        ["schema", "-o", "."],
        ["export", "plan/plan.json", "--to", "srt", "-o", "ana.wav"],
        ["export", "plan/plan.json", "--to", "rttm", "-o", "turns.rttm", "--force"],
        ["export", "plan/plan.json", "--to", "rttm", "-o", "eve.mp4", "--force"],
        ["export", "plan/plan.json", "--to", "otio", "-o", "ben.wav", "--force"],
        ["export", "plan/plan.json", "--to", "srt", "-o", "plan/plan.json", "--force"],
        ["render", "plan/plan.json", "-o", "eve.mp4", "--force"],
        ["render", "plan/plan.json", "-o", "turns.mp4"],
    ],
    ids=lambda words: " ".join(words),
)
def test_inputs_stand(words: list[str]) -> None:
    if words[1] == "plan/plan.json":
        done = run("plan", "scene.yaml", "-o", "plan")
        assert done.exit_code == 0, done.output
        Path("turns.srt").write_text("somebody's")
    before = digests()
    result = run(*words)
    assert result.exit_code == 2 and "error: " in result.stderr, result.output
    assert digests() == before


def test_what_is_nobodys_is_replaced_with_force_alone() -> None:
    Path("talk.mp4").write_bytes(b"a film of somebody's")
    Path("talk.srt").write_text("captions of somebody's")
    refused = run("render", "scene.yaml", "-o", "talk.mp4")
    assert refused.exit_code == 2
    assert "talk.mp4: error: is there, and no earlier run wrote it (--force replaces it" in refused.stderr
    assert "talk.srt: error: is there, and no earlier run wrote it" in refused.stderr
    assert not Path(".dialogue").exists(), "refused before any work"
    for words in (["--force"], [], ["--force"]):
        done = run("render", "scene.yaml", "-o", "talk.mp4", *words)
        assert done.exit_code == 0, done.output
    Path("talk.srt").write_text("1\n00:00:00,000 --> 00:00:01,000\nMended by hand\n")
    assert run("render", "scene.yaml", "-o", "talk.mp4").exit_code == 2
    assert "Mended by hand" in Path("talk.srt").read_text()


def test_a_plan_is_made_again_where_it_was_made_and_a_changed_one_stays() -> None:
    assert run("plan", "scene.yaml", "-o", "plan").exit_code == 0
    assert run("plan", "scene.yaml", "-o", "plan").exit_code == 0
    plan = Path("plan/plan.json")
    plan.write_text(plan.read_text().replace('"seed": 0', '"seed": 7'))
    refused = run("plan", "scene.yaml", "-o", "plan")
    assert refused.exit_code == 2 and "plan.json: error: was changed since it was written" in refused.stderr
    assert run("plan", "scene.yaml", "-o", "plan", "--force").exit_code == 0
    assert '"seed": 7' not in plan.read_text()


@pytest.mark.parametrize("place", ["folder.mp4", "dead.mp4", "x" * 300 + ".mp4"])
def test_places_where_no_film_can_be(place: str) -> None:
    Path("folder.mp4").mkdir()
    Path("dead.mp4").symlink_to("nothing")
    Path("film.srt").mkdir()
    result = run("render", "scene.yaml", "-o", place, "--force")
    assert result.exit_code == 2 and not Path(".dialogue").exists()
    result = run("render", "scene.yaml", "-o", "film.mp4")
    assert result.exit_code == 2 and "film.srt: error: a folder has this name" in result.stderr
    assert not Path(".dialogue").exists()


def test_a_batch_spares_what_it_reads_and_what_is_there() -> None:
    Path("cast.yaml").write_text("cast: 1\npeople:\n  ana: {picture: ana.png, face: [60, 40, 40, 50]}\n")
    Path("out/talk").mkdir(parents=True)
    shutil.copy("mix.wav", "out/talk/turns.wav")
    shutil.copy("turns.rttm", "out/talk/turns.rttm")
    shutil.copy("mix.wav", "talk.wav")
    shutil.copy("turns.rttm", "talk.rttm")
    Path("out/talk/scene.yaml").write_text("by hand")
    rest = ["--cast", "cast.yaml", "-o", "out", "--set", "size=160x120", "--set", "fps=10", "--generator", "animatic"]
    before = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    refused = run("batch", "talk.wav", *rest)
    assert refused.exit_code == 1 and "scene.yaml: error: is there, and no earlier run wrote it" in refused.stderr
    assert {path: path.read_bytes() for path in before} == before
    assert run("batch", "talk.wav", *rest, "--force").exit_code == 0
    assert run("batch", "talk.wav", *rest).exit_code == 0
    Path("other").mkdir()
    shutil.copy("talk.wav", "other/talk.wav")
    with Path("other/talk.wav").open("ab") as file:
        file.write(b"\0" * 6400)
    shutil.copy("talk.rttm", "other/talk.rttm")
    film = Path("out/talk/talk.mp4").read_bytes()
    refused = run("batch", "other/talk.wav", *rest)
    assert refused.exit_code == 1 and "out/talk holds the film of talk.wav" in refused.stderr
    assert Path("out/talk/talk.mp4").read_bytes() == film
    Path("manifest").mkdir()
    Path("manifest/manifest.json").write_text("{}")
    rest[3] = "manifest"
    assert run("batch", "talk.wav", *rest).exit_code == 2 and Path("manifest/manifest.json").read_text() == "{}"


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="a folder that nobody may write to, root neither")
@pytest.mark.parametrize(
    "words",
    [
        ["plan", "scene.yaml", "-o", "/proc/plan"],
        ["render", "scene.yaml", "-o", "/proc/film.mp4"],
        ["render", "scene.yaml", "--cache", "/proc/cache"],
        ["init", "/proc/new"],
        ["import", "words.txt", "-o", "/proc/new/scene.yaml"],
        ["schema", "-o", "/proc/schema.json"],
        ["batch", "mix.wav", "--cast", "cast.yaml", "-o", "/proc/out"],
    ],
    ids=lambda words: " ".join(words),
)
def test_a_folder_that_cannot_be_written_is_exit_2_and_named(words: list[str]) -> None:
    Path("words.txt").write_text("Ana: Hello there.\nBen: Who is it?\n")
    Path("cast.yaml").write_text("cast: 1\npeople:\n  ana: {picture: ana.png, face: [60, 40, 40, 50]}\n")
    result = run(*words)
    assert result.exit_code == 2 and "/proc" in result.stderr and "error: " in result.stderr, result.output
