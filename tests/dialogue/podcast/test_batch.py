"""Batches from outside: films, what is reused, what is kept of a hand's changes, and failures that stop nobody else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from unicodedata import normalize

import numpy as np
import psutil
import pytest
import soundfile
from batches import CAST, VARIABLES, buzz, run, write_cast, write_episode
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from dialogue.cast.cast import read_cast
from dialogue.cast.recognition import Heard
from dialogue.cli.app import app
from dialogue.formats.rttm import read_rttm
from dialogue.ground.errors import SceneError
from dialogue.planning.plan_json import read_plan
from dialogue.podcast.episode_scene import roles_of
from dialogue.podcast.episodes import find_episodes, tags_of
from dialogue.rendering.marks import streams_of
from dialogue.rendering.stitch import clip_frames
from dialogue.verification.marks import inspect

MEDIA = Path(__file__).parents[4] / "shared" / "media"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def stamps(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*.mp4")}


def test_episodes_become_films_and_run_again_are_reused(tmp_path: Path) -> None:
    cast, out = write_cast(tmp_path), tmp_path / "out"
    write_episode(tmp_path / "in/one.wav")
    write_episode(tmp_path / "in/two.wav", ("Ana Ruiz", 0.2, 5.8))
    report = run([tmp_path / "in"], cast, out)
    assert [(n, e.state, e.problems) for n, e in report.entries.items()] == [
        ("one", "rendered", ()),
        ("two", "rendered", ()),
    ]
    plan = read_plan(out / "one/plan.json").plan
    assert clip_frames(out / "one/one.mp4") == plan.frames == 60
    assert {turn.speaker for turn in plan.turns} == {"ana", "ben"} and plan.speaker("ben").color == "#3399cc"
    assert [len(shot.faces) for shot in plan.shots][0] == 2, "it opens wide, with both of them"
    assert len(report.entries["two"].people) == 1 and report.entries["two"].shots == 1
    assert [s.label for s in read_rttm(out / "one/turns.rttm")["one"]] == ["ana", "ben"]

    made = stamps(out)
    again = run([tmp_path / "in"], cast, out)
    assert stamps(out) == made and again.tally.started == 0
    assert all(entry.state == "rendered" and entry.made == 0 for entry in again.entries.values())

    write_episode(tmp_path / "in/two.wav", ("ben", 0.2, 5.8))
    third = run([tmp_path / "in"], cast, out)
    assert third.entries["one"].made == 0 and third.entries["two"].made == 1
    record = json.loads((out / "manifest.json").read_text("utf-8"))
    assert {name: entry["state"] for name, entry in record["episodes"].items()} == {
        "one": "rendered",
        "two": "rendered",
    }


def test_a_changed_planner_plans_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the version says: any change of the program's code, and no other run of it."""
    from dialogue.ground import own_code

    packages = tmp_path / "packages"
    for package in ("dialogue", "model"):
        source = Path(own_code.__file__).parents[2] / package
        shutil.copytree(source, packages / package, ignore=lambda _, names: [n for n in names if n == "weights"])
    monkeypatch.setattr(own_code, "_PACKAGES", packages)
    cast, out = write_cast(tmp_path), tmp_path / "out"
    write_episode(tmp_path / "one.wav")

    def planned_at() -> int:
        own_code.digest_of_code.cache_clear()
        assert not run([tmp_path / "one.wav"], cast, out, to="plan").failed
        return (out / "one/plan.json").stat().st_mtime_ns

    first = planned_at()
    assert planned_at() == first, "the same code and recording: the plan stands"
    with (packages / "dialogue/planning/regions.py").open("a") as code:
        code.write("# another rule\n")
    second = planned_at()
    assert second > first
    (packages / "dialogue/notes.txt").write_text("no code")
    assert planned_at() == second
    own_code.digest_of_code.cache_clear()


def test_a_scene_changed_by_hand_is_kept(tmp_path: Path) -> None:
    cast, out = write_cast(tmp_path), tmp_path / "out"
    write_episode(tmp_path / "one.wav")
    run([tmp_path / "one.wav"], cast, out, to="plan")
    scene = out / "one/scene.yaml"
    scene.write_text(scene.read_text("utf-8").replace('title: "one"', "title: Mine"), encoding="utf-8")
    for _ in range(2):
        report = run([tmp_path / "one.wav"], cast, out)
        assert report.entries["one"].edited and read_plan(out / "one/plan.json").plan.title == "Mine"
    assert report.tally.started == 0, "changed once, made once"


def test_strangers_get_the_spare_faces_and_then_none(tmp_path: Path) -> None:
    cast = write_cast(tmp_path)
    turns = (("ana", 0.2, 2.5), ("SPEAKER_07", 2.6, 4.9), ("SPEAKER_08", 5.0, 7.5))
    write_episode(tmp_path / "one.wav", *turns, seconds=8)
    entry = run([tmp_path / "one.wav"], cast, tmp_path / "out", to="plan").entries["one"]
    assert {key: (p["name"], p["seen"]) for key, p in entry.people.items()} == {
        "ana": ("Ana Ruiz", True),
        "guest_1": ("Guest 1", True),
        "guest_2": ("Guest 2", False),
    }
    assert any("no spare face left" in warning for warning in entry.warnings)
    plan = read_plan(tmp_path / "out/one/plan.json").plan
    assert {face.speaker for shot in plan.shots for face in shot.faces} == {"ana", "guest_1"}
    assert {turn.speaker for turn in plan.turns} == {"ana", "guest_1", "guest_2"}


@pytest.mark.parametrize(
    ("label", "name"),
    [("Maria", "Maria"), ("Dr. Ana-Lucía O'Neil", "Dr. Ana-Lucía O'Neil"), ("マリア", "マリア")]
    + [(label, "Guest 1") for label in ("SPEAKER_03", "spk1", "MEE006", "A", "Speaker B", "Unknown", "S.1")],
)
def test_a_stranger_whose_label_is_a_name_has_it(tmp_path: Path, label: str, name: str) -> None:
    heard = [Heard(label, None, "a stranger")]
    roles, warnings = roles_of(heard, read_cast(write_cast(tmp_path)))
    assert [(role.id, role.name) for role in roles] == [("guest_1", name)]
    told = f"{label} is a stranger; " if name == label else f"{label} is Guest 1, a stranger; "
    assert warnings[0].startswith(told)


def test_a_stranger_is_not_taken_for_somebody_called_guest_1(tmp_path: Path) -> None:
    cast = write_cast(tmp_path, CAST.replace("  ben:", "  guest_1:"))
    write_episode(tmp_path / "one.wav", ("SPEAKER_07", 0.2, 2.8), ("guest_1", 3.0, 5.8))
    entry = run([tmp_path / "one.wav"], cast, tmp_path / "out", to="plan").entries["one"]
    assert {key: person["label"] for key, person in entry.people.items()} == {
        "guest_2": "SPEAKER_07",
        "guest_1": "guest_1",
    }


def test_a_cough_is_left_out_and_told_and_a_short_answer_of_somebody_known_is_kept(tmp_path: Path) -> None:
    """In a file of turns too: under 2 % of the speech, no turn over 2 s."""
    cast = write_cast(tmp_path)
    turns = (("ana", 0.2, 39.0), ("SPEAKER_05", 39.2, 39.7), ("ben", 39.8, 40.3))
    write_episode(tmp_path / "one.wav", *turns, seconds=41)
    entry = run([tmp_path / "one.wav"], cast, tmp_path / "out", to="plan").entries["one"]
    assert entry.state == "planned" and set(entry.people) == {"ana", "ben"}, entry.problems
    (told,) = [warning for warning in entry.warnings if "SPEAKER_05" in warning]
    assert told.startswith("SPEAKER_05 is left out, for it speaks 0.5 s") and "`episodes: {one: …}`" in told


def test_a_minute_of_one_person_is_not_one_picture(tmp_path: Path) -> None:
    cast = write_cast(tmp_path)
    canvas = Image.new("RGB", (760, 428), (60, 90, 120))
    canvas.paste(Image.open(tmp_path / "ana.png"), (300, 60))
    canvas.save(tmp_path / "ana.png")
    cast.write_text(cast.read_text().replace("picture: ana.png, face: [60, 40", "picture: ana.png, face: [360, 100"))
    episode = write_episode(tmp_path / "in" / "one.wav", ("ana", 0.2, 29), ("ana", 29.5, 59), seconds=60)
    report = run([episode], cast, tmp_path / "films", to="plan")
    assert report.entries["one"].problems == ()
    plan = read_plan(tmp_path / "films/one/plan.json").plan
    shots = [(shot.picture, float(shot.frames / plan.fps)) for shot in plan.shots]
    assert len(shots) >= 4 and max(seconds for _, seconds in shots) <= 16.1, shots
    assert {Path(picture).name for picture, _ in shots} == {"ana.png", "nearer.png"}
    nearer = next(shot for shot in plan.shots if shot.picture.endswith("nearer.png"))
    whole = next(shot for shot in plan.shots if not shot.picture.endswith("nearer.png"))
    assert nearer.faces[0].box.height > 2 * whole.faces[0].box.height


@pytest.mark.parametrize("mouth", ["[78, 84]", "[[70, 83], [86, 85]]"])
def test_a_mouth_that_the_cast_gives_is_the_mouth_in_every_picture(tmp_path: Path, mouth: str) -> None:
    """In their own, in all of them put together, and in a wide one; not only the box."""
    given = f"ana: {{name: Ana Ruiz, picture: ana.png, face: {{box: [60, 40, 40, 50], mouth: {mouth}}}}}"
    text = CAST.replace("ana: {name: Ana Ruiz, picture: ana.png, face: [60, 40, 40, 50]}", given)
    wide = f"wide:\n  - {{picture: both.png, faces: {{ana: {{box: [60, 40, 40, 50], mouth: {mouth}}}, "
    wide += "ben: [220, 40, 40, 50]}}\n"
    for name, cast_text in (("made", text), ("theirs", text + wide)):
        folder = tmp_path / name
        folder.mkdir()
        cast = write_cast(folder, cast_text)
        both = Image.new("RGB", (320, 120))
        for x, person in ((0, "ana"), (160, "ben")):
            both.paste(Image.open(folder / f"{person}.png"), (x, 0))
        both.save(folder / "both.png")
        episode = write_episode(folder / "one.wav", ("ana", 0.2, 19), ("ben", 19.5, 39), seconds=40)
        report = run([episode], cast, folder / "out", to="plan")
        assert report.entries["one"].problems == ()
        seen = set()
        for shot in read_plan(folder / "out/one/plan.json").plan.shots:
            for face in (face for face in shot.faces if face.speaker == "ana"):
                seen.add(len(shot.faces))
                assert face.own_mouth is not None and face.own_mouth.confidence == 1.0
                (ax, ay), (bx, by) = face.own_mouth.left, face.own_mouth.right
                middle = ((ax + bx) / 2 - face.box.x) / face.box.width, ((ay + by) / 2 - face.box.y) / face.box.height
                assert middle == pytest.approx((18 / 40, 44 / 50), abs=0.02)  # where 78, 84 lies in the box
        assert seen == {1, 2}


def test_a_decision_for_one_episode(tmp_path: Path) -> None:
    cast = write_cast(tmp_path, CAST + "episodes:\n  one: {SPEAKER_07: ben}\n")
    for name in ("one", "two"):
        write_episode(tmp_path / f"{name}.wav", ("ana", 0.2, 2.8), ("SPEAKER_07", 3.0, 5.8))
    entries = run([tmp_path / "one.wav", tmp_path / "two.wav"], cast, tmp_path / "out", to="plan").entries
    assert set(entries["one"].people) == {"ana", "ben"} and set(entries["two"].people) == {"ana", "guest_1"}


def test_a_template_with_a_mistake_and_one_that_reaches_too_far(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    cast = write_cast(tmp_path / "a")
    write_episode(tmp_path / "b/one.wav")
    mistake, far = tmp_path / "a/mistake.yaml.j2", tmp_path / "a/far.yaml.j2"
    mistake.write_text("scene: 1\ntitle: {{ episode.titel }}\n")
    (tmp_path / "secret.png").touch()
    far.write_text(
        "scene: 1\ncast: {ana: {face: [1, 2, 3, 4]}}\naudio: {{ episode.path }}\npicture: ../../secret.png\n"
    )
    entry = run([tmp_path / "b"], cast, tmp_path / "out", template=mistake).entries["one"]
    assert entry.state == "failed" and len(entry.problems) == 1
    assert entry.problems[0].startswith(f"{mistake}:2:1: error: in the template:") and "titel" in entry.problems[0]
    entry = run([tmp_path / "b"], cast, tmp_path / "out", template=far).entries["one"]
    assert entry.state == "failed" and f"{far}:4:10: error:" in entry.problems[0]
    assert not (tmp_path / "out/one/one.mp4").exists()


def bad_episodes(folder: Path) -> dict[str, str]:
    """Recordings of every awkward kind, and the state each should end in."""
    from dialogue.formats.rttm import write_rttm
    from dialogue.ground.segments import LabelledSegment

    folder.mkdir()
    turns = write_rttm([LabelledSegment(0.1, 2.0, "ana"), LabelledSegment(2.1, 3.9, "ben")], "x")
    (folder / "empty.wav").touch()
    (folder / "no_audio_in_it.mp3").write_text("this is text\n" * 50)
    soundfile.write(folder / "header_only.wav", np.zeros(0, np.float32), 16_000)
    soundfile.write(folder / "silent.wav", np.zeros(4 * 16_000, np.float32), 16_000)
    soundfile.write(folder / "eight_bit.wav", buzz(4, 8_000), 8_000, subtype="PCM_U8")
    soundfile.write(folder / "eight_channels.wav", np.tile(buzz(4)[:, None], 8), 16_000)
    soundfile.write(folder / "épisode n°3 – 東京 'quoted'.flac", buzz(4), 16_000)
    soundfile.write(folder / "truncated.flac", buzz(4), 16_000)
    data = (folder / "truncated.flac").read_bytes()
    (folder / "truncated.flac").write_bytes(data[: len(data) // 2])
    write_episode(folder / "alone.wav", ("ana", 0.1, 3.9), seconds=4)
    for name in ("eight_bit", "eight_channels", "épisode n°3 – 東京 'quoted'", "truncated"):
        (folder / f"{name}.rttm").write_text(turns)
    failing = ("empty", "no_audio_in_it", "header_only", "silent", "truncated")
    return {path.stem: "failed" if path.stem in failing else "rendered" for path in folder.glob("*[!m]")}


def test_bad_episodes_have_their_line_and_the_rest_finish(tmp_path: Path) -> None:
    cast, expected = write_cast(tmp_path), bad_episodes(tmp_path / "in")
    shutil.copy(_with_cover(tmp_path), tmp_path / "in/with_cover.m4a")
    (tmp_path / "in/with_cover.rttm").write_text((tmp_path / "in/eight_bit.rttm").read_text())
    expected["with_cover"] = "rendered"
    report = run([tmp_path / "in"], cast, tmp_path / "out")
    assert {name: entry.state for name, entry in report.entries.items()} == expected, {
        name: entry.problems for name, entry in report.entries.items()
    }
    for name, entry in report.entries.items():
        assert bool(entry.problems) == (entry.state == "failed"), name
        assert all("Traceback" not in problem for problem in entry.problems)
    assert "the file is empty" in report.entries["empty"].problems[0]
    record = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    assert {name: entry["state"] for name, entry in record["episodes"].items()} == expected
    write_episode(tmp_path / "in/empty.wav", ("ben", 0.1, 3.9), seconds=4)
    again = run([tmp_path / "in"], cast, tmp_path / "out")
    assert again.entries["empty"].state == "rendered", "mended, it goes on from there"
    assert [name for name, entry in again.entries.items() if entry.made] == ["empty"]


def _with_cover(folder: Path) -> Path:
    """An episode with its cover art as a video stream."""
    import imageio_ffmpeg

    soundfile.write(folder / "sound.wav", buzz(4), 16_000)
    done = folder / "cover.m4a"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-i", "sound.wav", "-i", "ana.png", "-map", "0", "-map", "1"]
    options = ["-c:v", "mjpeg", "-disposition:v", "attached_pic", "-metadata", "title=With a cover 🎙", "cover.m4a"]
    subprocess.run([*command, *options], cwd=folder, check=True, capture_output=True)
    assert tags_of(done).title == "With a cover 🎙"
    return done


@pytest.mark.skipif(not MEDIA.is_dir(), reason="../shared/media is not here")
def test_broken_files_of_others(tmp_path: Path) -> None:
    names = ["pydub/malformed/test1_empty.wav", "file-type/malformed/fixture-null.webm"]
    names += ["file-type/malformed/fixture-isom.mp4"]
    cast = write_cast(tmp_path)
    good = write_episode(tmp_path / "good.wav")
    report = run([*(MEDIA / name for name in names), good], cast, tmp_path / "out", to="plan")
    assert [entry.state for entry in report.entries.values()] == ["failed"] * 3 + ["planned"]
    assert all(len(entry.problems) == 1 for entry in list(report.entries.values())[:3])


def test_names_apart_and_places_that_are_not_there(tmp_path: Path) -> None:
    for place in ("a/ep.wav", "b/ep.wav", "b/ep.mp3", "b/other.WAV", "b/.hidden.wav", "b/notes.txt"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    found = find_episodes([tmp_path / "a", tmp_path / "b", tmp_path / "a/ep.wav"])
    assert [episode.path.name for episode in found] == ["ep.wav", "ep.mp3", "ep.wav", "other.WAV"]
    assert len({episode.name for episode in found}) == 4 and found[3].name == "other"
    (tmp_path / "c").mkdir()
    with pytest.raises(SceneError) as raised:
        find_episodes([tmp_path / "c", tmp_path / "nothing"])
    assert [problem.message for problem in raised.value.problems] == [
        "no recording in this folder",
        "no such file or folder",
    ]


def test_no_name_leads_out_of_the_output_or_onto_another(tmp_path: Path) -> None:
    names = [
        "...wav",
        "..wav",
        ".dialogue.wav",
        "manifest.json.wav",
        "MANIFEST.JSON.mp3",
        "a: b?.wav",
        "\u00e9.wav",
        "e\u0301.wav",
    ]
    names += ["Talk.wav", "talk.wav", "x" * 200 + ".wav", "x" * 200 + "y.wav", "a\nb.wav", "dialogue.wav", "nul. .wav"]
    for name in names:
        (tmp_path / name).touch()
    found = [episode.name for episode in find_episodes([tmp_path / name for name in names])]
    assert len({normalize("NFC", name).casefold() for name in found}) == len(names)
    for name in found:
        assert (tmp_path / "out" / name).resolve().parent == tmp_path / "out"
        assert not name.startswith(".") and name.casefold() != "manifest.json" and name == name.rstrip(". ")
        assert len(name) < 100 and name.isprintable() and not set(name) & set('<>:"/\\|?*')


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes that are no text")
def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/in/b\xff.wav")).touch()
    with pytest.raises(SceneError, match="is not UTF-8 text"):
        find_episodes([tmp_path / "in"])


def dialogue(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "dialogue", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=240)


def test_the_command_with_two_workers(tmp_path: Path) -> None:
    """Relative paths, processes of their own, exit 1 for a failed episode, and the list of what became of each."""
    write_cast(tmp_path)
    write_episode(tmp_path / "in/one.wav", ("ana", 0.2, 4.8), ("ben", 5.0, 9.8), seconds=10)
    (tmp_path / "in/empty.wav").touch()
    settings = [f"--set={name}={value}" for name, value in VARIABLES.items()]
    done = dialogue("batch", "in", "--cast", "cast.yaml", "-o", "out", "--jobs", 2, *settings, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert (
        "empty: failed" in done.stdout
        and "one: rendered, 10.0 s, 2 shots (2 made, 0 reused), Ana Ruiz, ben" in done.stdout
    )
    assert "1 film of 10 s in all: 2 shots to make; about" in done.stdout
    assert "in/empty.wav: error: the file is empty" in done.stderr and "Traceback" not in done.stderr
    alone = run([tmp_path / "in/one.wav"], tmp_path / "cast.yaml", tmp_path / "alone")
    films = [tmp_path / folder / "one/one.mp4" for folder in ("out", "alone")]
    assert streams_of(films[0]) == streams_of(films[1])
    assert [inspect(film).state for film in films] == ["unchanged", "unchanged"], "signed, whoever joined them"
    assert alone.entries["one"].hashes["film"]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_workers_end_with_a_batch_that_is_killed(tmp_path: Path) -> None:
    cast = write_cast(tmp_path)
    for name in ("one", "two"):
        write_episode(tmp_path / f"in/{name}.wav", seconds=60)
    settings = [f"--set={name}={value}" for name, value in VARIABLES.items()]
    words = ["batch", "in", "--cast", cast, "-o", "out", "--jobs", "2", *settings]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "dialogue", *map(str, words)]
    batch = psutil.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    workers: list[psutil.Process] = []
    while len(workers) < 3 and time.monotonic() < until:  # the third is multiprocessing's own
        workers = batch.children(recursive=True)
        time.sleep(0.1)
    batch.kill()
    batch.wait()
    assert len(workers) >= 2
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert not alive


def test_two_drawn_hosts_by_the_generator_of_the_command(tmp_path: Path) -> None:
    """scenes/cast/podcast.yaml, which has its pictures from scenes/cast, and `--generator`."""
    write_episode(tmp_path / "one.wav", ("SPEAKER_00", 0.2, 2.8), ("SPEAKER_01", 3.0, 5.8))

    def batch(*more: object) -> Result:
        hosts = Path(__file__).parents[3] / "scenes/cast/podcast.yaml"
        arguments = [tmp_path / "one.wav", "--cast", hosts, "-o", tmp_path / "out", "--to", "plan", *more]
        return CliRunner().invoke(app, ["batch", *map(str, arguments)])

    done = batch("--generator", "tiny")
    assert done.exit_code == 0 and "one: planned, 6.0 s, 1 shot, Ruby, Leon" in done.stdout, done.output
    plan = read_plan(tmp_path / "out/one/plan.json").plan
    assert (plan.width, plan.height) == (416, 240), "of the area that it was trained on"
    assert plan.generator == "tiny" and {face.speaker for face in plan.shots[0].faces} == {"ruby", "leon"}
    unknown = batch("--generator", "tinny")
    assert unknown.exit_code == 2 and "did you mean 'tiny'?" in unknown.stderr
    two = batch("--generator", "tiny", "--set", "generator=animatic")
    assert two.exit_code == 2 and "say two things" in two.stderr
    deaf = tmp_path / "deaf.yaml.j2"
    deaf.write_text("scene: 1\ngenerator: animatic\n")
    unheeded = batch("--generator", "tiny", "--template", deaf)
    assert unheeded.exit_code == 2 and "`generator: {{ generator }}`" in unheeded.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals to send")
def test_ctrl_c_ends_all_workers_and_the_next_run_goes_on(tmp_path: Path) -> None:
    import signal

    import psutil

    write_cast(tmp_path)
    for number in range(3):
        write_episode(tmp_path / f"in/{number}.wav", ("ana", 0.2, 9.8 - number), seconds=10)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    arguments = ["batch", "in", "--cast", "cast.yaml", "-o", "out", "--jobs", "2", "--set=size=640x480"]
    command = [sys.executable, "-m", "dialogue", *arguments, "--set=generator=animatic"]
    heard = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)  # a background run inherits a deaf one
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True, preexec_fn=heard
    ) as process:
        assert process.stderr is not None
        said = next(line for line in process.stderr if "made a shot" in line)
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
        assert process.wait(60) == 130, said + rest
    assert "the same command goes on from there" in rest and "Traceback" not in rest, rest
    assert workers and not psutil.wait_procs(workers, timeout=30)[1]
    record = json.loads((tmp_path / "out/manifest.json").read_text("utf-8"))
    assert {entry["state"] for entry in record["episodes"].values()} <= {"planned", "rendered"}
    report = run(
        [tmp_path / "in"],
        tmp_path / "cast.yaml",
        tmp_path / "out",
        variables={"size": "640x480", "generator": "animatic"},
    )
    assert not report.failed and sum(entry.reused for entry in report.entries.values()) >= 1
