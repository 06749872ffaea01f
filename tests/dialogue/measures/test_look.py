"""One look at a scene: what is asked for and nothing more, kept by the files' bytes, every problem at its place."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from dialogue.ground.errors import SceneError
from dialogue.measures.look import measure, probe
from dialogue.measures.scene_media import wanted_by
from dialogue.media.cache import Cache
from dialogue.scene.reader import SceneFile, read_scene
from dialogue.scene.scene import AudioRef

ROOT = Path(__file__).parents[3]
MEDIA = ROOT / ".." / "shared" / "media"
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")
RATE = 16_000

CAST = """\
scene: 1
cast:
  ana: {track: call.wav#left, face: [10, 10, 40, 40]}
  ben: {track: call.wav#right, face: [60, 10, 40, 40]}
picture: two.png
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    scene = tmp_path / "scene"
    scene.mkdir()
    random = np.random.default_rng(0)
    soundfile.write(scene / "call.wav", random.normal(size=(3 * RATE, 2)) * 0.01, RATE)
    soundfile.write(scene / "line.wav", random.normal(size=RATE) * 0.01, RATE)
    Image.new("RGB", (120, 80), "white").save(scene / "two.png")
    return scene


def scene_of(folder: Path, text: str) -> SceneFile:
    (folder / "scene.yaml").write_text(text, encoding="utf-8")
    return read_scene(folder / "scene.yaml")


def test_probe_reads_headers_and_measure_all(folder: Path) -> None:
    file = scene_of(folder, CAST)
    quick, whole = probe(file), measure(file)
    assert quick.recordings["call.wav"].duration == whole.recordings["call.wav"].duration == 3.0
    assert quick.recordings["call.wav"].loudness is None
    assert whole.recordings["call.wav"].loudness == pytest.approx(-34, abs=2)
    assert (quick.pictures["two.png"].width, quick.pictures["two.png"].height) == (120, 80)
    assert quick.speech == {}
    assert whole.speech == {AudioRef(path="call.wav", channel=1): (), AudioRef(path="call.wav", channel=2): ()}


def test_nothing_is_listened_to_when_the_script_has_times(folder: Path) -> None:
    timed = CAST + "lines:\n  - {ana: Hi., from: 0.5, to: 1}\n  - {ben: Oh., audio: line.wav}\n"
    assert wanted_by(scene_of(folder, timed).scene).speech == {}
    untimed = CAST + "lines:\n  - {ana: Hi.}\n  - {ben: Oh., audio: line.wav}\n"
    wanted = wanted_by(scene_of(folder, untimed).scene)
    assert [ref.channel for ref in wanted.speech] == [1, 2]  # both: what one hears of the other
    assert [ref.sound for ref in wanted.recordings] == ["call.wav", "line.wav"]


def test_faces_are_looked_for_only_where_asked(folder: Path) -> None:
    shots = CAST + "shots:\n  - {until: 1}\n  - {picture: two.png, faces: {ana: {detect: largest}}}\n"
    assert list(wanted_by(scene_of(folder, CAST).scene).detect) == []
    assert list(wanted_by(scene_of(folder, shots).scene).detect) == ["two.png"]


def test_a_second_look_opens_no_media(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = scene_of(folder, CAST)
    first = measure(file)
    for name in ("recordings.measure_recording", "pictures.measure_picture", "speech.listen"):
        monkeypatch.setattr(f"dialogue.media.{name}", None)
    assert measure(file) == first


def test_a_changed_file_is_measured_again(folder: Path) -> None:
    """Even with the same size and times: what counts is the bytes."""
    import os

    file = scene_of(folder, CAST)
    before = measure(file)
    at = (folder / "call.wav").stat()
    soundfile.write(folder / "call.wav", np.random.default_rng(1).normal(size=(3 * RATE, 2)) * 0.1, RATE)
    os.utime(folder / "call.wav", ns=(at.st_atime_ns, at.st_mtime_ns))
    assert (folder / "call.wav").stat().st_size == at.st_size
    after = measure(file)
    assert after.recordings["call.wav"].loudness == pytest.approx(before.recordings["call.wav"].loudness + 20, abs=0.5)


def test_a_copy_elsewhere_is_known_by_its_own_name(folder: Path) -> None:
    measure(scene_of(folder, CAST))
    (folder / "copy.png").write_bytes((folder / "two.png").read_bytes())
    copied = measure(scene_of(folder, CAST.replace("two.png", "copy.png")))
    assert copied.pictures["copy.png"].path == "copy.png"


def test_a_cache_that_cannot_be_written_or_is_damaged_changes_nothing(folder: Path, tmp_path: Path) -> None:
    file = scene_of(folder, CAST)
    first = measure(file)
    for entry in (tmp_path / "cache").rglob("*.json"):
        entry.write_text('{"half": ')
    assert measure(file) == first
    (tmp_path / "blocked").write_text("a file where the folder should be")
    blocked = Cache(tmp_path / "blocked" / "measures")
    assert blocked.remembered(["x"], [folder / "two.png"], lambda: 5) == 5


def test_the_cache_tells_ways_and_files_apart(folder: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    values = iter(range(9))
    for way, path in ((["a", 1], "two.png"), (["a", 2], "two.png"), (["a", 1], "line.wav")):
        cache.remembered(way, [folder / path], lambda: next(values))
    assert cache.remembered(["a", 2], [folder / "two.png"], lambda: next(values)) == 1
    assert cache.remembered(["a", 1], [folder / "line.wav"], lambda: next(values)) == 2
    known = [cache.knows(["a", n], [folder / "line.wav"]) for n in (1, 2)]
    assert known == [True, False] and not cache.knows(["a", 1], [folder / "nowhere.wav"])
    assert not list((tmp_path / "c").rglob("*.part"))


def test_every_problem_stands_where_the_file_is_named(folder: Path) -> None:
    (folder / "call.wav").write_bytes(b"RIFF")
    (folder / "two.png").write_bytes(b"no picture")
    (folder / "who.rttm").write_text("SPEAKER x\n")
    file = scene_of(folder, CAST + "audio: line.wav\ndiarization: who.rttm\n")
    for look in (probe, measure):
        with pytest.raises(SceneError) as caught:
            look(file)
        lines = str(caught.value).splitlines()
        assert len(lines) == 3
        assert any(
            line.startswith(f"{folder / 'scene.yaml'}:3:") and "call.wav cannot be read" in line for line in lines
        )
        assert any(
            line.startswith(f"{folder / 'scene.yaml'}:5:") and "two.png is not a picture" in line for line in lines
        )
        assert any(line.startswith(f"{folder / 'who.rttm'}:1:1: error: a SPEAKER line has 9") for line in lines)


def test_a_channel_that_is_not_there(folder: Path) -> None:
    file = scene_of(folder, CAST.replace("call.wav#right", "line.wav#right"))
    with pytest.raises(SceneError, match=r"scene\.yaml:4:\d+: error: line\.wav has 1 channel; there is no channel 2"):
        measure(file)


def test_a_diarization_file_is_read(folder: Path) -> None:
    (folder / "who.vtt").write_text("WEBVTT\n\n00:00.500 --> 00:01.000\n<v Ana>Hi.\n", encoding="utf-8")
    cast = CAST.replace("track: call.wav#left, ", "").replace("track: call.wav#right, ", "")
    found = probe(scene_of(folder, cast + "audio: call.wav\ndiarization: who.vtt\n")).diarization
    assert [(turn.start, turn.end, turn.label, turn.text, turn.origin) for turn in found] == [
        (0.5, 1.0, "Ana", "Hi.", "who.vtt")
    ]


def test_progress_is_told(folder: Path) -> None:
    told: list[str] = []
    measure(scene_of(folder, CAST), lambda progress: told.append(progress.doing))
    assert "reading the recordings (1 of 1)" in told
    assert "listening to the tracks (2 of 2)" in told


@needs_media
def test_bleed_is_taken_out_and_told(folder: Path) -> None:
    from dialogue.media.recordings import read_samples

    voice = read_samples(MEDIA / "podcastfy" / "turns" / "1_question.mp3")
    other = np.roll(voice, 80) * 0.1 + np.random.default_rng(0).normal(size=len(voice)) * 1e-4
    soundfile.write(folder / "call.wav", np.stack([voice, other], 1), RATE)
    found = measure(scene_of(folder, CAST))
    assert found.speech[AudioRef(path="call.wav", channel=1)]
    assert found.speech[AudioRef(path="call.wav", channel=2)] == ()
    (warning,) = found.warnings
    assert re.fullmatch(
        r"call.wav#1 is heard in call.wav#2 too, 2[01] dB down: that sound opens no mouth there", warning
    )


def test_probing_imports_no_torch_and_a_second_time_no_decoder(folder: Path) -> None:
    scene_of(folder, CAST)
    code = (
        "import sys; from dialogue.scene.reader import read_scene; from dialogue.measures.look import probe;"
        f"probe(read_scene({str(folder / 'scene.yaml')!r}));"
        "print(sorted({'torch', 'cv2', 'onnxruntime', 'scipy', 'av', 'PIL'} & set(sys.modules)))"
    )
    heard = [
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert heard == ["['PIL', 'av']", "[]"]
