"""Drawn people are known, scaled and compressed too; photographs and other cartoons are not; a scene is told so."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.media.drawn import correlation, edges, is_drawn, known_eyes, likeness

ROOT = Path(__file__).parents[3]
MEDIA = ROOT / ".." / "shared" / "media"
OURS = [
    *(path for path in sorted(ROOT.glob("scenes/*/*.png")) if "_" not in path.name or path.name == "close_ines.png"),
    *sorted(ROOT.glob("dialogue/characters/*/portrait.png")),
]
FOREIGN = (
    "MultiTalk/images/multi1.png", "StableAvatar/images/case6.png", "LivePortrait/images/s2.jpg",
    "hallo3/images/0003.jpg", "LivePortrait/images/s9.jpg", "SadTalker/images/art_7.png",
    "echomimic_v3/images/demo_cartoon_02.png", "echomimic_v3/images/demo_cartoon_03.png", "mtcnn/images/no-faces.jpg",
)  # fmt: skip

run = CliRunner().invoke


@pytest.mark.parametrize("path", OURS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_picture_of_ours_is_drawn(path: Path) -> None:
    assert is_drawn(path)


def test_scaled_and_compressed_they_are_still() -> None:
    eyes, threshold = known_eyes()
    picture = Image.open(ROOT / "scenes/cast/ruby/portrait.png").convert("RGB")
    compressed = io.BytesIO()
    picture.save(compressed, "JPEG", quality=85)
    for changed in (Image.open(compressed), picture.resize((432, 243)), picture.resize((864, 486))):
        assert likeness(np.asarray(changed), eyes) >= threshold


@pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")
@pytest.mark.parametrize("name", FOREIGN)
def test_photographs_and_cartoons_of_others_are_not(name: str) -> None:
    assert not is_drawn(MEDIA / name)


def test_what_has_no_edges_or_no_room_is_not() -> None:
    eyes, threshold = known_eyes()
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    for picture in (np.full((64, 96, 3), 128, np.uint8), noise, np.zeros((2, 900, 3), np.uint8)):
        assert likeness(picture, eyes) < threshold


def test_an_eye_is_found_where_it_is() -> None:
    """An eye in a flat field correlates with itself alone: 1, as do all sums of squares."""
    eyes, _ = known_eyes()
    field = np.zeros((2, 60, 80), np.float32)
    height, width = eyes.shape[2:]
    field[:, 20 : 20 + height, 30 : 30 + width] = eyes[3] * 20  # above the level of what is too flat
    assert correlation(field, eyes) == pytest.approx(1, abs=2e-3)
    assert correlation(field[:, :10], eyes) == -1


def test_edges_are_directions() -> None:
    ramp = np.repeat(np.arange(0, 250, 25, dtype=np.float32)[None], 10, 0)
    across, down = edges(ramp)
    assert across[5, 5] == pytest.approx(25 / (25 + 12)) and np.all(down == 0)
    assert np.allclose(edges(ramp.T)[1], across.T)


def test_a_scene_for_tiny_with_a_foreign_picture_is_warned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """check and plan warn at the picture, name what would do, and go on; another generator is no reason to warn."""
    monkeypatch.chdir(tmp_path)
    assert run(app, ["init", "scene", "--cast", "mei"]).exit_code == 0
    scene = tmp_path / "scene/scene.yaml"
    written = scene.read_text().replace("scene: 1\n", "scene: 1\ngenerator: tiny\n")
    text = "".join(row for row in written.splitlines(keepends=True) if not row.strip().startswith("face:"))
    scene.write_text(text)  # without a face, which stripes do not have
    assert "trained on" not in run(app, ["check", "scene/scene.yaml"]).stderr
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::16] = 255
    Image.fromarray(stripes).save(tmp_path / "scene/forest.png")
    line = next(n for n, written in enumerate(text.splitlines(), 1) if written.startswith("picture:"))
    told = f"scene.yaml:{line}:10: warning: forest.png is not of the drawn world that tiny was trained on"
    checked = run(app, ["check", "scene/scene.yaml"])
    assert checked.exit_code == 0 and told in checked.stderr
    assert "animatic" in checked.stderr and "hunyuan-avatar" in checked.stderr
    planned = run(app, ["plan", "scene/scene.yaml", "-o", "plan"])
    assert (
        planned.exit_code == 0 and "forest.png is not of the drawn world" in (tmp_path / "plan/plan.json").read_text()
    )
    scene.write_text(text.replace("generator: tiny", "generator: animatic"))
    assert "trained on" not in run(app, ["check", "scene/scene.yaml"]).stderr
