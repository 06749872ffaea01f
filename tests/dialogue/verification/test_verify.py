"""A film held against the plan it was made from, and against plans it was not made from."""

from __future__ import annotations

import dataclasses
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

import dialogue
from dialogue.cli.app import app
from dialogue.ground.box import Box
from dialogue.ground.errors import SceneError
from dialogue.planning.plan import Face, Mouth, Plan
from dialogue.planning.plan_json import read_plan, write_plan
from dialogue.rendering.ffmpeg import binary
from dialogue.verification.verdict import verify

SCENE = Path(__file__).parents[3] / "scenes" / "two_hander"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan]:
    """scenes/two_hander as a small animatic without labels, and its plan."""
    folder = tmp_path_factory.mktemp("verify")
    for file in SCENE.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    written = (folder / "scene.yaml").read_text()
    written = written.replace("output: {captions: [srt, vtt]}", "generator: animatic\noutput: {size: 256x256}")
    (folder / "scene.yaml").write_text(written)
    run = CliRunner()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIALOGUE_ANIMATIC", "none")
        for command in (["plan", "scene.yaml", "-o", "plan"], ["render", "scene.yaml", "-o", "film.mp4"]):
            patch.chdir(folder)
            result = run.invoke(app, command)
            assert result.exit_code == 0, result.output
    return folder / "film.mp4", read_plan(folder / "plan" / "plan.json").plan


def test_a_film_of_its_plan_is_as_planned(film: tuple[Path, Plan]) -> None:
    verdicts = verify(*film)
    assert [v.speaker for v in verdicts] == ["ana", "ben"]
    for verdict in verdicts:
        assert verdict.faults == () and verdict.lag == 0
        assert verdict.speaking is not None and verdict.listening is not None
        assert verdict.listening <= 0.1 * verdict.speaking


def test_swapped_voices_are_found(film: tuple[Path, Plan]) -> None:
    path, plan = film
    other = {"ana": "ben", "ben": "ana"}
    turns = tuple(dataclasses.replace(turn, speaker=other[turn.speaker]) for turn in plan.turns)
    verdicts = verify(path, dataclasses.replace(plan, turns=turns))
    wrong = ("the mouth does not move while they speak", "the mouth moves while they listen")
    assert [verdict.faults for verdict in verdicts] == [wrong, wrong]


def test_speech_that_moves_no_mouth_is_found(film: tuple[Path, Plan]) -> None:
    path, plan = film
    still = tuple(
        dataclasses.replace(shot, faces=tuple(dataclasses.replace(f, box=Box(0, 0, 40, 30)) for f in shot.faces))
        for shot in plan.shots
    )
    verdicts = verify(path, dataclasses.replace(plan, shots=still))
    assert all(verdict.faults == ("the mouth does not move while they speak",) for verdict in verdicts), verdicts


def test_a_mouth_that_opens_elsewhere_is_named(film: tuple[Path, Plan]) -> None:
    """The plan's mouths set on the brows: what opens is found below them, where the film's mouths are."""
    path, plan = film

    def brow(face: Face) -> Face:
        box = face.box
        y = box.y + 0.12 * box.height
        return dataclasses.replace(face, mouth=Mouth((box.x + 0.35 * box.width, y), (box.x + 0.65 * box.width, y)))

    shots = tuple(dataclasses.replace(shot, faces=tuple(map(brow, shot.faces))) for shot in plan.shots)
    faults = [verdict.faults for verdict in verify(path, dataclasses.replace(plan, shots=shots))]
    for told, face in zip(faults, plan.shots[0].faces, strict=True):
        (place,) = [re.search(r"not the mouth of the plan, but at \[(\d+), (\d+)\]", fault) for fault in told[-1:]]
        assert place is not None, told
        x, y = int(place[1]), int(place[2])
        assert face.box.contains(x, y) and y > face.box.y + 0.5 * face.box.height


def test_late_sound_is_found(film: tuple[Path, Plan], tmp_path: Path) -> None:
    import ffmpeg

    from dialogue.rendering.ffmpeg import binary

    late = tmp_path / "late.mp4"
    source = ffmpeg.input(str(film[0]))
    delayed = source.audio.filter("adelay", "160:all=1")
    ffmpeg.output(source.video, delayed, str(late), vcodec="copy").run(cmd=binary(), quiet=True)
    lags = [verdict.lag for verdict in verify(late, film[1])]
    assert lags == [-4, -4]


@pytest.mark.parametrize("sound", ["adelay=600:all=1", "adelay=3000:all=1", "atrim=start=0.5,asetpts=PTS-STARTPTS"])
def test_sound_that_is_late_by_seconds_is_told(film: tuple[Path, Plan], tmp_path: Path, sound: str) -> None:
    late, plan = tmp_path / "late.mp4", film[0].parent / "plan" / "plan.json"
    subprocess.run(
        [binary(), "-loglevel", "error", "-i", film[0], "-af", sound, "-c:v", "copy", late], check=True
    )
    says = {"adelay=600:all=1": "late by 600", "adelay=3000:all=1": "late by 3000"}.get(sound, "early by 500")
    result = CliRunner().invoke(app, ["verify", str(late), "--plan", str(plan), "--format", "json"])
    assert result.exit_code == 1
    milliseconds = int(re.findall(r"the sound is \w+ by (\d+) ms", result.output)[0])
    assert milliseconds == pytest.approx(int(says.split()[-1]), abs=20) and says.split()[0] in result.output
    (alone,) = {verdict.delay for verdict in verify(late, film[1])}
    assert alone is None or abs(abs(alone) * 1000 - milliseconds) < 60


def test_a_picture_that_starts_late_is_told(film: tuple[Path, Plan], tmp_path: Path) -> None:
    late = tmp_path / "late.mp4"
    args = ["-itsoffset", "0.6", "-i", film[0], "-i", film[0], "-map", "0:v", "-map", "1:a", "-c", "copy", late]
    subprocess.run([binary(), "-loglevel", "error", *args], check=True)
    (delay,) = {verdict.delay for verdict in verify(late, film[1], film[0].parent)}
    assert delay == pytest.approx(-0.6, abs=0.02)


def test_sound_of_something_else_is_not_measured(film: tuple[Path, Plan], tmp_path: Path) -> None:
    other = tmp_path / "other.mp4"
    noise = ["-f", "lavfi", "-i", "anoisesrc=d=8", "-i", film[0], "-map", "1:v", "-map", "0:a", "-c:v", "copy", other]
    subprocess.run([binary(), "-loglevel", "error", *noise], check=True)
    verdicts = verify(other, film[1], film[0].parent)
    assert {verdict.delay for verdict in verdicts} == {None}
    assert all("the film's sound is not what the plan's recordings give" in v.faults[-1] for v in verdicts)


@pytest.mark.parametrize("sound", ["minute/edith.flac", "emotions/03_asha.flac"])
def test_the_sound_of_another_talk_is_not_as_planned(film: tuple[Path, Plan], tmp_path: Path, sound: str) -> None:
    other, plan = tmp_path / "other.mp4", film[0].parent / "plan" / "plan.json"
    talk = ["-i", SCENE.parent / sound, "-i", film[0], "-map", "1:v", "-map", "0:a", "-c:v", "copy", other]
    subprocess.run([binary(), "-loglevel", "error", *talk], check=True)
    told = CliRunner().invoke(app, ["verify", str(other), "--plan", str(plan)])
    assert told.exit_code == 1
    assert told.output.count("everybody: the film's sound is not what the plan's recordings give") == 1


@pytest.mark.parametrize("below", [20, 10])
def test_its_own_sound_under_noise_is_still_its_own(film: tuple[Path, Plan], tmp_path: Path, below: int) -> None:
    noisy = tmp_path / "noisy.mp4"
    level = f"[1:a]volume=-{below}dB[n];[0:a][n]amix=inputs=2:duration=first:normalize=0[a]"
    noise = ["-i", film[0], "-f", "lavfi", "-i", "anoisesrc=a=0.1:d=30", "-filter_complex", level]
    out = ["-map", "0:v", "-map", "[a]", "-c:v", "copy", noisy]
    subprocess.run([binary(), "-loglevel", "error", *noise, *out], check=True)
    assert {verdict.faults for verdict in verify(noisy, film[1], film[0].parent)} == {()}


def test_a_film_without_sound_is_not_as_planned(film: tuple[Path, Plan], tmp_path: Path) -> None:
    made, plan = film
    mute = tmp_path / "mute.mp4"
    subprocess.run([binary(), "-v", "error", "-i", str(made), "-an", "-c", "copy", str(mute)], check=True)
    assert all("the film has no sound, and the plan has speech" in verdict.faults for verdict in verify(mute, plan))


def test_a_film_of_another_plan_is_refused(film: tuple[Path, Plan], tmp_path: Path) -> None:
    path, plan = film
    with pytest.raises(SceneError, match="it is 256x256, the plan 512x256"):
        verify(path, dataclasses.replace(plan, width=512))
    longer = dataclasses.replace(plan.shots[-1], end=plan.shots[-1].end + 5)
    with pytest.raises(SceneError, match="ends 5 frames before the plan does"):
        verify(path, dataclasses.replace(plan, shots=(*plan.shots[:-1], longer)))
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film")
    with pytest.raises(SceneError, match="cannot be read as a film"):
        verify(broken, plan)


def test_the_command_says_so_by_its_exit_code(film: tuple[Path, Plan], tmp_path: Path) -> None:
    path, plan = film
    write_plan(tmp_path / "plan.json", plan, path.parent)
    told = CliRunner().invoke(app, ["verify", str(path), "--plan", str(tmp_path / "plan.json"), "--format", "json"])
    assert told.exit_code == 0
    assert [verdict["faults"] for verdict in json.loads(told.stdout)] == [[], []]


def test_the_commands_table_fits_and_says_what_is_wrong_below() -> None:
    from dialogue.cli.console import out
    from dialogue.cli.verify import _print
    from dialogue.verification.verdict import Verdict

    well = Verdict("ana", 12.5, 0.91, 0.02, 1, ())
    late = Verdict("ben", 3.0, 0.05, None, None, ("the mouth does not move while they speak", "and more"))
    with out.capture() as told:
        _print([well, late], {"ana": "Maximiliane Wolkenstein-Trostburg", "ben": "Ben"})
    lines = [line.rstrip() for line in told.get().splitlines()]
    assert all(len(line) <= 80 for line in lines)
    assert next(line for line in lines if "12.5 s" in line).endswith("0.91       0.02  1 frame  as planned")
    assert lines[-2:] == ["Ben: the mouth does not move while they speak", "Ben: and more"]


@pytest.mark.parametrize("size", ["128x128", "352x352"])
def test_chance_makes_no_lips_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    """Ben says little: in two seconds of speech another shift may fit as well as none."""
    import dialogue

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for file in (file for file in SCENE.iterdir() if file.is_file()):
        shutil.copy(file, tmp_path)
    text = (tmp_path / "scene.yaml").read_text()
    made = text.replace("output: {captions: [srt, vtt]}", f"generator: animatic\noutput: {{size: {size}}}")
    (tmp_path / "scene.yaml").write_text(made)
    verdicts = dialogue.verify(dialogue.render(tmp_path / "scene.yaml", tmp_path / "f.mp4"))
    assert [verdict.faults for verdict in verdicts] == [(), ()]


@pytest.mark.parametrize("there", ["ana", "ben"])
@pytest.mark.parametrize("known", [True, False])
def test_a_voice_that_is_gone_is_told(film: tuple[Path, Plan], tmp_path: Path, there: str, known: bool) -> None:
    """Only one of the two microphones is in the film; with their recordings at hand, and without."""
    one = tmp_path / "one.mp4"
    sound = ["-i", SCENE / f"{there}.flac", "-i", film[0], "-map", "1:v", "-map", "0:a", "-c:v", "copy", one]
    subprocess.run([binary(), "-loglevel", "error", *sound], check=True)
    gone = "nothing of them is heard where the plan has them speak"
    verdicts = verify(one, film[1], film[0].parent if known else None)
    assert {verdict.speaker for verdict in verdicts if gone in verdict.faults} == {"ana", "ben"} - {there}


@pytest.mark.parametrize("gain", [-25, 12])
def test_a_film_turned_up_or_down_has_all_its_voices(film: tuple[Path, Plan], tmp_path: Path, gain: int) -> None:
    other = tmp_path / "other.mp4"
    level = ["-i", film[0], "-af", f"volume={gain}dB", "-c:v", "copy", other]
    subprocess.run([binary(), "-loglevel", "error", *level], check=True)
    assert {verdict.faults for verdict in verify(other, film[1], film[0].parent)} == {()}


def test_a_film_that_was_cut_off_is_told_as_such(tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isomiso2" + b"\0\0\x40\0mdat" + bytes(2000))
    plan = dialogue.plan(Path(__file__).parents[3] / "scenes/two_hander/scene.yaml")
    with pytest.raises(dialogue.SceneError, match="damaged or cut off"):
        dialogue.verify(cut, plan)
    with pytest.raises(dialogue.SceneError, match="damaged or cut off"):
        dialogue.inspect(cut)
