"""Every broken file gives exactly one clear line and exit code 2; what is only odd is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from dialogue.formats.turns import read_turns
from dialogue.ground.errors import SceneError
from dialogue.measures.look import measure, probe
from dialogue.media.pictures import measure_picture, open_picture
from dialogue.media.recordings import measure_recording, probe_recording
from dialogue.scene.reader import read_scene

MEDIA = Path(__file__).parents[3] / ".." / "shared" / "media"
pytestmark = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")

SOUND = {
    "file-type/malformed/fixture-corrupt.mkv": "cannot be read as sound",
    "file-type/malformed/fixture-isom.mp4": "cannot be read as sound",
    "file-type/malformed/fixture-null.webm": "has no sound in it",
    "file-type/malformed/fixture-json.webp": "has no sound in it",
    "pydub/malformed/test1_empty.wav": "holds no sound",
    "webvtt-py/malformed/invalid_format4.srt": "has no sound in it|cannot be read as sound",
}
TRACK = f"track: {(MEDIA / 'pyannote-audio' / 'sample.wav').resolve()}"
ODD_SOUND = {
    "file-type/malformed/fixture-bad-offset.mp3": 0.5224,
    "pydub/malformed/wrong_extension.aac": 9.6595,
    "moviepy/malformed/video_with_failing_audio.mp4": 11.2337,
    "moviepy/malformed/no_duration.webm": 4.875,
    "silero-vad/test.mp3": 2.5339,
}
PICTURES = {
    "Pillow/images/broken.png": "is not a picture that can be read",
    "Pillow/images/broken_data_stream.png": "is a damaged picture",
    "Pillow/images/decompression_bomb.gif": "has more than 80,000,000 pixels",
    "file-type/malformed/fixture-json.webp": "is not a picture that can be read",
    "file-type/malformed/fixture-isom.mp4": "is not a picture that can be read",
}
ODD_PICTURES = {
    "Pillow/images/junk_jpeg_header.jpg": (1024, 768),
    "Pillow/images/invalid-exif.jpg": (200, 200),
    "Pillow/images/hopper_orientation_3.jpg": (128, 128),
    "Pillow/images/hopper_orientation_6.jpg": (128, 128),
    "echomimic_v3/images/11.jpg": (1080, 1920),  # a WebP by another name
}
SUBTITLES = {
    "file-type/malformed/fixture-vtt-eof.vtt": r"vtt:1:1: error: has no turn in it",
    "webvtt-py/malformed/invalid_format1.srt": r"srt:1:1: error: cue 1 has no times",
    "webvtt-py/malformed/invalid_format2.srt": r"srt:1:1: error: this block has no times",
    "webvtt-py/malformed/invalid_format3.srt": r"srt:2:1: error: cue 1 has no times",
    "webvtt-py/malformed/invalid_format4.srt": r"srt:1:1: error: this block has no times",
    "webvtt-py/malformed/invalid_timeframe.srt": r"srt:2:1: error: no cue of it says who speaks",
    "webvtt-py/malformed/missing_caption_text.srt": r"srt:6:1: error: this cue has no text",
    "webvtt-py/malformed/missing_timeframe.srt": r"srt:6:1: error: cue 2 has no times",
}


def test_every_malformed_file_is_named_here() -> None:
    named = {*SOUND, *ODD_SOUND, *PICTURES, *ODD_PICTURES, *SUBTITLES}
    there = {str(path.relative_to(MEDIA)) for path in MEDIA.glob("*/malformed/*")}
    there |= {str(path.relative_to(MEDIA)) for path in (MEDIA / "Pillow" / "images").iterdir()}
    assert there <= named


def scene_of(tmp_path: Path, member: str, picture: str = "white.png", rest: str = "") -> Path:
    Image.new("RGB", (64, 64), "white").save(tmp_path / "white.png")
    scene = tmp_path / "scene.yaml"
    face = "face: [9, 9, 30, 30]"
    scene.write_text(f"scene: 1\ncast:\n  ana: {{{face}, {member}}}\npicture: {picture}\n{rest}", encoding="utf-8")
    return scene


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("name", SOUND)
def test_broken_sound(name: str, tmp_path: Path) -> None:
    for look in (probe_recording, measure_recording):
        with pytest.raises(SceneError, match=SOUND[name]):
            look(MEDIA / name, name)
    scene = scene_of(tmp_path, f"track: {(MEDIA / name).resolve()}")
    for look_at in (probe, measure):
        with pytest.raises(SceneError) as caught:
            look_at(read_scene(scene))
        assert caught.value.exit_code == 2
        (line,) = str(caught.value).splitlines()
        assert line.startswith(f"{scene}:3:")
        assert Path(name).name in line


@pytest.mark.parametrize("name", ODD_SOUND)
def test_odd_sound_is_read(name: str) -> None:
    assert measure_recording(MEDIA / name, name).duration == pytest.approx(ODD_SOUND[name], abs=1e-3)


@pytest.mark.parametrize("name", PICTURES)
def test_broken_pictures(name: str, tmp_path: Path) -> None:
    for look in (lambda path: measure_picture(path, name), open_picture):
        with pytest.raises(SceneError, match=PICTURES[name]):
            look(MEDIA / name)
    scene = scene_of(tmp_path, TRACK, str((MEDIA / name).resolve()))
    for look_at in (probe, measure):
        with pytest.raises(SceneError) as caught:
            look_at(read_scene(scene))
        (line,) = str(caught.value).splitlines()
        assert line.startswith(f"{scene}:4:")
        assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ODD_PICTURES)
def test_odd_pictures_are_read(name: str) -> None:
    found = measure_picture(MEDIA / name, name)
    assert (found.width, found.height) == ODD_PICTURES[name]
    assert open_picture(MEDIA / name).shape == (found.height, found.width, 3)


@pytest.mark.parametrize("name", SUBTITLES)
def test_broken_subtitles(name: str, tmp_path: Path) -> None:
    with pytest.raises(SceneError, match=SUBTITLES[name]):
        read_turns(MEDIA / name)
    sound = (MEDIA / "pyannote-audio" / "sample.wav").resolve()
    scene = scene_of(tmp_path, "name: Ana", rest=f"audio: {sound}\ndiarization: {(MEDIA / name).resolve()}\n")
    with pytest.raises(SceneError) as caught:
        probe(read_scene(scene))
    assert caught.value.exit_code == 2
    assert len(str(caught.value).splitlines()) == 1


def test_many_problems_come_at_once(tmp_path: Path) -> None:
    sound = (MEDIA / "pydub" / "malformed" / "test1_empty.wav").resolve()
    picture = (MEDIA / "Pillow" / "images" / "broken.png").resolve()
    scene = scene_of(tmp_path, f"track: {sound}", str(picture))
    with pytest.raises(SceneError) as caught:
        measure(read_scene(scene))
    assert [problem.line for problem in caught.value.problems] == [3, 4]
