"""A picture of two in a tall film: whoever speaks is seen close, and cut to a moment before their first word."""

from __future__ import annotations

from pathlib import Path

import pytest
from planned_scenes import TWO, measured, planned

from dialogue.film.check import check
from dialogue.planning.plan import Plan

SPEECH = {"ana.wav": [(0.5, 3.0), (8.0, 9.5), (10.0, 10.3), (13.0, 15.0)], "ben.wav": [(3.6, 7.0), (9.7, 12.0)]}
SCENES = Path(__file__).parents[3] / "scenes"


def close(folder: Path, size: str = "576x1024", shots: str = "shots: [{framing: close}]\n") -> Plan:
    return planned(folder, TWO + f"output: {{size: {size}}}\n{shots}", measured(speech=SPEECH))


@pytest.mark.parametrize("size", ["576x1024", "704x704"])
def test_whoever_speaks_is_seen_close(tmp_path: Path, size: str) -> None:
    plan = close(tmp_path, size)
    assert [[face.speaker for face in shot.faces] for shot in plan.shots] == [["ana"], ["ben"]] * 2 + [["ana"]]
    assert [shot.start for shot in plan.shots][1:4] == [round((at - 0.2) * 25) for at in (3.6, 8.0, 9.7)]
    assert not any("beyond the picture" in warning for warning in plan.warnings)
    for shot in plan.shots:
        (face,) = shot.faces
        assert shot.view.inside(768, 512), "no bars"
        assert face.box.inside(plan.width, plan.height) and face.box.height > plan.height / 4
        assert abs(shot.view.width / shot.view.height - plan.width / plan.height) < 0.01


def test_nothing_is_cut_where_close_is_the_whole_picture(tmp_path: Path) -> None:
    (shot,) = close(tmp_path, "1024x576").shots
    assert [face.speaker for face in shot.faces] == ["ana", "ben"]


def test_the_whole_picture_is_padded_and_offered_close(tmp_path: Path) -> None:
    plan = close(tmp_path, shots="")
    assert any("beyond the picture; framing: close" in warning for warning in plan.warnings)
    assert len(plan.shots) == 1 and len(plan.shots[0].faces) == 2


def test_an_aside_does_not_take_the_picture(tmp_path: Path) -> None:
    """Ana's word at 10.0 s, of .3 s, leaves the picture with Ben."""
    plan = close(tmp_path)
    at = [next(shot for shot in plan.shots if shot.start <= frame < shot.end) for frame in (250, 256)]
    assert all(shot.faces[0].speaker == "ben" for shot in at)


def test_check_offers_it_too(tmp_path: Path) -> None:
    scene = tmp_path / "scene.yaml"
    text = (SCENES / "two_hander/scene.yaml").read_text().replace("output: {", "output: {size: 9:16, ")
    for path in [*SCENES.glob("two_hander/*.png"), *SCENES.glob("two_hander/*.flac")]:
        (tmp_path / path.name).symlink_to(path)
    scene.write_text(text)
    (told,) = [problem for problem in check(scene) if "framing: close" in problem.message]
    assert told.severity == "warning" and told.line == text.splitlines().index(next(
        row for row in text.splitlines() if row.startswith("output:"))) + 1  # fmt: skip
    scene.write_text(text + "\nshots: [{framing: close}]\n")
    assert check(scene) == ()
