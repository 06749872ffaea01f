"""The ready characters: a scene starts from any of them, checks, plans and renders; wrong names say which there are."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft7Validator
from PIL import Image
from planned_scenes import plan_of
from typer.testing import CliRunner

from dialogue.characters.characters import EMOTIONS, LIBRARY, characters, together
from dialogue.cli.app import app
from dialogue.film.check import check
from dialogue.scene.json_schema import json_schema
from dialogue.scene.reader import read_scene

ROOT = Path(__file__).parents[3]

run = CliRunner().invoke


def test_the_library_is_in_the_package_and_beside_the_scenes() -> None:
    assert (ROOT / "scenes/cast").resolve() == (ROOT / "dialogue/characters").resolve() == LIBRARY
    assert len(characters()) == 8
    for name, character in characters().items():
        files = {path.name for path in (ROOT / "scenes/cast" / name).iterdir()}
        assert files == {
            *(f"{emotion}.png" for emotion in EMOTIONS), "portrait.png", "figure.png", "hello.flac",
            f"{character.emotion}.flac",
        }  # fmt: skip
        assert (ROOT / "scenes/cast/places" / f"{character.place}.png").is_file()


@pytest.mark.parametrize("names", [None, "edith", "Juma, mei,ruby", "marek,freya,leon,asha"])
def test_a_scene_starts_from_any_of_them(names: str | None, tmp_path: Path) -> None:
    """Everybody where the scene says, in the order named, each line with its sound and its emotion's picture."""
    folder = tmp_path / "new" / "scene"
    result = run(app, ["init", str(folder), *(["--cast", names] if names else [])])
    assert result.exit_code == 0, result.stderr
    assert check(folder / "scene.yaml") == ()
    file = read_scene(folder / "scene.yaml")
    expected = re.findall(r"\w+", (names or "asha,leon").lower())
    assert list(file.scene.cast) == expected
    plan = plan_of(file)
    assert [face.speaker for face in plan.shots[0].faces] == expected
    assert [turn.speaker for turn in plan.turns] == expected * 2
    assert plan.duration <= 20
    assert not any("never seen" in warning or "widened" in warning for warning in plan.warnings)
    assert json.loads((folder / "scene.schema.json").read_text()) == json_schema()


def test_the_starter_is_what_editors_accept(tmp_path: Path) -> None:
    import yaml

    assert run(app, ["init", str(tmp_path)]).exit_code == 0
    scene = yaml.safe_load((tmp_path / "scene.yaml").read_text())
    assert list(Draft7Validator(json_schema()).iter_errors(scene)) == []
    assert (tmp_path / "scene.yaml").read_text().startswith("# yaml-language-server: $schema=scene.schema.json\n")


def test_the_starter_renders(tmp_path: Path) -> None:
    assert run(app, ["init", str(tmp_path / "scene"), "--cast", "freya"]).exit_code == 0
    scene = tmp_path / "scene/scene.yaml"
    small = "scene: 1\ngenerator: animatic\noutput: {size: 128x128, fps: 5}\n"
    scene.write_text(scene.read_text().replace("scene: 1\n", small))
    result = run(app, ["render", str(scene), "-o", str(tmp_path / "film.mp4")])
    assert result.exit_code == 0, result.stderr
    assert (tmp_path / "film.mp4").stat().st_size > 5_000


def test_faces_are_where_the_boxes_say() -> None:
    """The cut-out figure in the picture is the one of portrait.png: the same face, larger."""
    names = ("leon", "asha")
    picture, faces = together({name: characters()[name] for name in names}, "sea")
    for name in names:
        x, y, width, height = faces[name]
        left, top, w, h = characters()[name].face
        portrait = Image.open(LIBRARY / name / "portrait.png").convert("RGB")
        views = [picture.crop((x, y, x + width, y + height)), portrait.crop((left, top, left + w, top + h))]
        placed, alone = (np.asarray(view.resize((60, 73), Image.Resampling.BOX), float) for view in views)
        inner = np.s_[18:54, 12:48]  # within the face, where no background shows
        moves = list(itertools.product((-2, -1, 0, 1, 2), repeat=2))
        apart = {move: np.abs(placed - np.roll(alone, move, (0, 1)))[inner].mean() for move in moves}
        assert min(apart, key=lambda move: apart[move]) == (0, 0) and apart[0, 0] < 10, apart


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ("asa", "error: there is no ready character 'asa' (did you mean 'asha'?)"),
        ("zed,leon", "known: juma, marek, edith, ruby, freya, leon, mei, asha"),
        ("leon,leon", "error: leon is named twice"),
        (",", "name 1 to 4 of juma"),
        ("juma,marek,edith,ruby,mei", "5 characters for one picture"),
    ],
)
def test_a_wrong_cast_says_who_there_is_and_writes_nothing(names: str, told: str, tmp_path: Path) -> None:
    result = run(app, ["init", str(tmp_path / "scene"), "--cast", names])
    assert (result.exit_code, told in result.stderr) == (2, True), result.stderr
    assert not (tmp_path / "scene").exists()


def test_the_characters_are_listed() -> None:
    result = run(app, ["init", "--list"])
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == list(characters())
    assert "edith   tan skin, curly white hair, in yellow clothes\n" in result.stdout
