"""What a scene means once it is read, and that no text whatever makes the reader fail in another way than it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialogue.ground.errors import SceneError
from dialogue.scene.reader import SceneFile, read_scene
from dialogue.scene.sandbox import fill_here
from dialogue.scene.scene import (
    AudioRef,
    EmotionReference,
    FaceBox,
    FaceDetect,
    FaceLike,
    FacePoint,
    LineEmotion,
    Member,
    Pause,
    Scene,
    SpokenLine,
    Voice,
)

SCENES = Path(__file__).parents[3] / "scenes"

WHOLE = """\
scene: 1
title: no
generator: animatic
seed: 7
output: {size: 9:16, fps: 29.97, captions: vtt, burn_in: no}
cast:
  ana:
    name: 1984
    face: {detect: left}
    track: call.wav#left
    emotions: {neutral: ana.png, joy: {image: ana.png, strength: 0.8}}
    color: "#E66"
  ben: {voice: {speaker: 007}, face: [1, 2.5, 30, 40], track: call.wav#2}
  cem: {voice: {enroll: a#1.wav}, face: {like: ana.png}, track: a#1.wav#1}
audio: mix.wav
diarization: auto
picture: ana.png
prompt: |
  Two lines
  of a prompt
lines:
  - ana: "Did you hear that?"
    audio: mix.wav
    emotion: joy
  - ben: off
    from: 1:02.5
    to: 1:03
    emotion: {blend: {neutral: 0.4, fear: 0.6}, strength: 1.5}
  - {pause: 0.8}
  - audio: mix.wav
    ana: 12:30
shots:
  - {picture: ana.png, until: 1:00}
  - {prompt: 5, lines: [4], faces: {ana: [60, 40, 300, 340], cem: {detect: 2}}}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files enough for the reader, which only looks whether they are there."""
    path = tmp_path_factory.mktemp("scene")
    for name in ("call.wav", "mix.wav", "ana.png", "a#1.wav"):
        (path / name).touch()
    return path


def read(text: str, folder: Path) -> SceneFile:
    (folder / "scene.yaml").write_text(text, encoding="utf-8")
    return read_scene(folder / "scene.yaml")


def test_every_key_becomes_what_it_means(folder: Path) -> None:
    scene = read(WHOLE, folder).scene
    assert (scene.title, scene.generator, scene.seed) == ("no", "animatic", 7)
    assert (scene.output.size, scene.output.fps, scene.output.captions) == ((576, 1024), "30000/1001", ("vtt",))
    assert scene.output.burn_in is False
    assert scene.prompt == "Two lines\nof a prompt\n"
    assert scene.cast["ana"] == Member(
        name="1984",
        face=FaceDetect(detect="left"),
        track=AudioRef(path="call.wav", channel=1),
        emotions={
            "neutral": EmotionReference(image="ana.png"),
            "joy": EmotionReference(image="ana.png", strength=0.8),
        },
        color="#ee6666",
    )
    assert scene.cast["ben"].voice == Voice(speaker="007")
    assert scene.cast["ben"].face == FaceBox(box=(1.0, 2.5, 30.0, 40.0))
    assert scene.cast["ben"].track == AudioRef(path="call.wav", channel=2)
    assert scene.cast["cem"].face == FaceLike(like="ana.png")
    assert scene.cast["cem"].voice == Voice(enroll="a#1.wav")
    assert scene.cast["cem"].track == AudioRef(path="a#1.wav", channel=1)
    first, second, pause, last = scene.lines
    assert isinstance(first, SpokenLine) and first.audio == AudioRef(path="mix.wav")
    assert first.emotion == LineEmotion(weights={"joy": 1.0})
    assert isinstance(second, SpokenLine) and (second.text, second.start, second.end) == ("off", 62.5, 63.0)
    assert second.emotion == LineEmotion(weights={"neutral": 0.4, "fear": 0.6}, strength=1.5)
    assert pause == Pause(pause=0.8)
    assert isinstance(last, SpokenLine) and (last.speaker, last.text) == ("ana", "12:30")
    assert (scene.shots[0].until, scene.shots[1].lines, scene.shots[1].prompt) == (60.0, (4,), "5")
    assert set(scene.shots[1].faces) == {"ana", "cem"}


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(WHOLE.splitlines(), 1) if text in line)


def test_a_problem_points_at_a_value_or_at_its_nearest_parent(folder: Path) -> None:
    file = read(WHOLE, folder)
    assert str(file.problem(("lines", 1, "from"), "x")) == f"{folder}/scene.yaml:{line_of('from: 1:02.5')}:11: error: x"
    assert file.problem(("lines", 0, "from"), "x").line == line_of('ana: "Did')
    assert file.problem(("shots", 9), "x").line == line_of("- {picture: ana.png, until")
    strength = file.problem(("cast", "ana", "emotions", "joy", "strength"), "x", severity="warning")
    assert (strength.line, strength.column) == (
        line_of("strength: 0.8"),
        1 + len("    emotions: {neutral: ana.png, joy: {image: ana.png, strength: "),
    )
    assert file.problem((), "x").line == 1


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_editors_of_every_kind_can_write_a_scene(encoding: str, newline: str, folder: Path) -> None:
    text = WHOLE.replace("title: no", "title: Über Brücken 橋").replace("\n", newline)
    (folder / "scene.yaml").write_bytes(text.encode(encoding))
    file = read_scene(folder / "scene.yaml")
    assert file.scene.title == "Über Brücken 橋"
    assert file.problem(("lines", 1, "from"), "x").line == line_of("from: 1:02.5")


def test_an_alias_repeats_a_whole_value(folder: Path) -> None:
    text = "scene: 1\ncast:\n  ana: {track: call.wav, face: &f [1, 2, 3, 4]}\npicture: ana.png\n"
    text += "shots: [{faces: {ana: *f}}]\n"
    assert read(text, folder).scene.shots[0].faces["ana"] == FaceBox(box=(1, 2, 3, 4))


def test_words_of_other_shapes_are_no_surprise(folder: Path) -> None:
    """What YAML readers commonly turn into something else stays what was written."""
    for word in ("no", "yes", "on", "null", "1:23", "0x10", "1e3", "2026-11-21", "007", "1_000", ".inf"):
        text = f"scene: 1\ntitle: '{word}'\ncast: {{ana: {{track: call.wav, face: {{detect: 1}}}}}}\npicture: ana.png\n"
        assert read(text, folder).scene.title == word


def test_paths_of_a_batch_stay_in_its_folders(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir(), outside.mkdir()
    (outside / "secret.wav").touch()
    (inside / "ana.png").touch()
    (inside / "link.wav").symlink_to(outside / "secret.wav")
    for path in ("../out/secret.wav", str(outside / "secret.wav"), "link.wav"):
        text = f"scene: 1\ncast: {{ana: {{track: {path}, face: {{detect: 1}}}}}}\npicture: ana.png\n"
        (inside / "scene.yaml").write_text(text)
        assert isinstance(read_scene(inside / "scene.yaml").scene, Scene)
        with pytest.raises(SceneError, match="leads outside"):
            read_scene(inside / "scene.yaml", reach=[inside])
        assert isinstance(read_scene(inside / "scene.yaml", reach=[inside, outside]).scene, Scene)


def reads_or_says_why(text: str, folder: Path, name: str) -> None:
    """The one thing that must hold for any text: a scene, or an SceneError whose every problem has a place."""
    path = folder / name
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    try:
        file = read_scene(path, {"title": "x"} if name.endswith(".j2") else None)
    except SceneError as error:
        assert error.problems
        for problem in error.problems:
            assert problem.line is not None and 1 <= problem.line <= text.count("\n") + text.count("\r") + 9
            str(problem).encode()
    else:
        assert isinstance(file.scene, Scene)


fuzzed = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzzed
@given(text=st.text(max_size=200))
def test_any_text_is_a_scene_or_an_input_error(text: str, folder: Path) -> None:
    reads_or_says_why(text, folder, "any.yaml")


@fuzzed
@given(data=st.binary(max_size=200))
def test_any_bytes_are_a_scene_or_an_input_error(data: bytes, folder: Path) -> None:
    (folder / "bytes.yaml").write_bytes(data)
    with pytest.raises(SceneError):
        read_scene(folder / "bytes.yaml")


@fuzzed
@given(data=st.data())
def test_a_damaged_scene_is_a_scene_or_an_input_error(data: st.DataObject, folder: Path) -> None:
    text = WHOLE
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        patch = data.draw(
            st.sampled_from(
                [
                    "",
                    " ",
                    "\n",
                    "\t",
                    ": ",
                    "- ",
                    "[",
                    "{",
                    "}",
                    "&a ",
                    "*a",
                    "!",
                    "#",
                    '"',
                    "'",
                    "|",
                    "0",
                    "\\U",
                    "\ud800",
                ]
            )
        )
        text = text[:start] + patch + text[end:]
    reads_or_says_why(text, folder, "damaged.yaml")


TOKENS = ["scene: 1", "cast", "lines", "shots", "ana", "track", "face", "from", "pause", "1", "call.wav", "\n", "\n  "]
TOKENS += ["[", "]", "{", "}", ",", ": ", "- ", '"', "'", "&x ", "*x", "? ", "<<"]
TOKENS += ["--- ", "!!int ", "| ", "%YAML 9.9", "{{ title }}", "{% if x %}"]


@fuzzed
@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=40), template=st.booleans())
def test_any_jumble_of_its_words_is_a_scene_or_an_input_error(tokens: list[str], template: bool, folder: Path) -> None:
    text = "".join(tokens)
    if template:  # in this process: one of its own for each example would take a minute
        try:
            text = fill_here(text, "jumble.yaml.j2", {}).text
        except SceneError as error:
            assert error.problems
            return
    reads_or_says_why(text, folder, "jumble.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 50_000,
        "a: &a [*a]",
        '"\\UFFFFFFFF"',
        "%YAML " + "9" * 5000 + ".1\n---\n",
        "? " * 20_000,
    ],
    ids=["lists", "mappings", "items", "itself", "escape", "directive", "keys"],
)
def test_hostile_texts_are_refused_quickly(text: str, folder: Path) -> None:
    reads_or_says_why(text, folder, "hostile.yaml")


def test_a_face_may_be_a_point_or_a_box_with_its_mouth(folder: Path) -> None:
    def face(written: str) -> object:
        text = f"scene: 1\ncast:\n  ana: {{track: call.wav, face: {written}}}\npicture: ana.png\n"
        return read(text, folder).scene.cast["ana"].face

    box = (1.0, 2.0, 30.0, 40.0)
    assert face("[7, 8.5]") == FacePoint(point=(7.0, 8.5))
    assert face("{box: [1, 2, 30, 40]}") == FaceBox(box=box)
    assert face("{box: [1, 2, 30, 40], mouth: [9, 30]}") == FaceBox(box=box, mouth=((9.0, 30.0),))
    corners = FaceBox(box=box, mouth=((5.0, 30.0), (20.0, 29.0)))
    assert face("{box: [1, 2, 30, 40], mouth: [[5, 30], [20, 29]]}") == corners
    assert face("{box: [1, 2, 30, 40], mouth: [[20, 29], [5, 30]]}") == corners
