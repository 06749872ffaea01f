"""The example scenes check without a word, plan as their voices were placed, and render; docs/scene.md holds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from planned_scenes import plan_of
from typer.testing import CliRunner

from dialogue.characters.characters import EMOTIONS
from dialogue.cli.app import app
from dialogue.film.check import check
from dialogue.scene.language import MEMBER_KEYS, OUTPUT_KEYS, SCENE_KEYS, SHOT_KEYS
from dialogue.scene.line import LINE_KEYS
from dialogue.scene.reader import read_scene
from dialogue.scene.sounds import SOUND_KEYS

ROOT = Path(__file__).parents[2]
SCENES = sorted(path.parent for path in ROOT.glob("scenes/*/scene.yaml"))
DOCS = (ROOT / "docs/scene.md").read_text(encoding="utf-8")

each_scene = pytest.mark.parametrize("folder", SCENES, ids=lambda folder: folder.name)


def truth(folder: Path) -> list[tuple[float, float, str]]:
    """(start, end, speaker) of every line as the voices were put together."""
    rows = [line.split() for line in (folder / "truth.rttm").read_text().splitlines()]
    return [(float(row[3]), float(row[3]) + float(row[4]), row[7]) for row in rows]


def small_copy(folder: Path, target: Path) -> Path:
    """The scene with the animatic in small frames, away from the repository; a long one at 5 frames a second."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns(".dialogue"))
    (target.parent / "cast").symlink_to(ROOT / "scenes/cast")
    scene = target / "scene.yaml"
    text = scene.read_text(encoding="utf-8")
    size = "192x192, fps: 5" if folder.name == "minute" else "192x192"
    kept = re.search(r"^output: \{(?:size: [^,}]+(?:, )?)?(.*)\}$", text, re.MULTILINE)
    text = re.sub(r"^(output|generator): .*\n", "", text, flags=re.MULTILINE)
    rest = f", {kept[1]}" if kept and kept[1] else ""
    scene.write_text(
        text.replace("scene: 1\n", f"scene: 1\ngenerator: animatic\noutput: {{size: {size}{rest}}}\n"), "utf-8"
    )
    return scene


def test_there_is_an_example_of_every_feature() -> None:
    assert [folder.name for folder in SCENES] == [
        "emotions", "interruption", "minute", "three_at_a_table", "two_hander",
    ]  # fmt: skip


@each_scene
def test_an_example_has_no_problems(folder: Path) -> None:
    assert check(folder / "scene.yaml") == ()


@each_scene
def test_the_plan_has_every_turn_where_it_is_spoken(folder: Path) -> None:
    """To 60 ms, which is a frame and a half: by microphone, by recording and by diarization file."""
    file = read_scene(folder / "scene.yaml")
    plan = plan_of(file)
    turns = [(turn.start, turn.end, turn.speaker) for turn in plan.turns]
    expected = truth(folder)
    assert [speaker for *_, speaker in turns] == [speaker for *_, speaker in expected]
    for (start, end, _), (true_start, true_end, _) in zip(turns, expected, strict=True):
        assert abs(start - true_start) <= 0.06
        assert abs(end - true_end) <= 0.06


@each_scene
def test_an_example_renders(folder: Path, tmp_path: Path) -> None:
    import av

    scene = small_copy(folder, tmp_path / "scene")
    film = tmp_path / "film.mp4"
    result = CliRunner().invoke(app, ["render", str(scene), "-o", str(film)])
    assert result.exit_code == 0, result.stderr
    file = read_scene(scene)
    plan = plan_of(file)
    with av.open(str(film)) as container:
        frames = sum(1 for _ in container.decode(video=0))
    with av.open(str(film)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        heard = samples / container.streams.audio[0].rate
    assert frames == plan.frames
    assert abs(frames / float(plan.fps) - plan.duration) <= 1 / float(plan.fps)
    assert abs(heard - plan.duration) <= 1 / float(plan.fps) + 1024 / 16_000  # AAC ends on whole blocks
    assert {path.suffix for path in tmp_path.glob("film.*")} == {".mp4", *(f".{kind}" for kind in plan.captions)}


def test_emotions_change_line_by_line() -> None:
    """All seven, each with a picture of the speaker in it."""
    file = read_scene(ROOT / "scenes/emotions/scene.yaml")
    plan = plan_of(file)
    worn = [max(turn.emotion.weights, key=lambda weight: weight[1])[0] for turn in plan.turns]
    assert set(worn) == set(EMOTIONS)
    assert all(before != after for before, after in zip(worn, worn[1:], strict=False))
    for turn, emotion in zip(plan.turns, worn, strict=True):
        assert emotion in {reference.name for reference in plan.speaker(turn.speaker).emotions}


def test_a_talk_lasts_a_minute() -> None:
    file = read_scene(ROOT / "scenes/minute/scene.yaml")
    plan = plan_of(file)
    assert 60 <= plan.duration <= 70
    assert {turn.speaker for turn in plan.turns} == {"edith"}


@pytest.mark.parametrize("keys", [SCENE_KEYS, OUTPUT_KEYS, MEMBER_KEYS, LINE_KEYS, SHOT_KEYS, SOUND_KEYS], ids=len)
def test_the_reference_has_every_key(keys: dict[str, object]) -> None:
    for key in keys:
        assert re.search(rf"^\| .*`{key}`.* \|", DOCS, re.MULTILINE), key


def test_the_scenes_of_the_reference_are_scenes(tmp_path: Path) -> None:
    blocks = [block for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL) if block.startswith("scene: 1")]
    assert len(blocks) == 3
    for name in set(re.findall(r"\w+\.(?:wav|flac|png|jpg|mp3)", DOCS)):
        (tmp_path / name).touch()
    (tmp_path / "7").mkdir()
    for name in ("ana.wav", "ben.wav"):
        (tmp_path / "7" / name).touch()
    for number, block in enumerate(blocks):
        template = "{{" in block
        path = tmp_path / f"scene{number}.yaml{'.j2' if template else ''}"
        path.write_text(block, encoding="utf-8")
        assert read_scene(path, {"title": "It's: on", "episode": "7"} if template else None).scene.scene == 1
