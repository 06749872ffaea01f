"""What mends a problem: offered as an edit that does away with it, or a file, a face, a command; undone again."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from studio_pages import ROOT, drag, until, until_written
from studio_rooms import timed

import dialogue
from dialogue.scene.edit import edited
from dialogue.scene.source import compose
from dialogue.scene.spans import spans
from dialogue.studio.asked import edits_of
from dialogue.studio.mends import files_of, mends_of
from dialogue.studio.record import problem_record

BROKEN = {
    "a key": ("emotion: joy", "emotoin: joy", "emotion: joy"),
    "a speaker of a line": ("- ben: Hear what?", "- bem: Hear what?", "- ben: Hear what?"),
    "an emotion": ("emotion: joy", "emotion: {name: joi, strength: 0.5}", "emotion: {name: joy, strength: 0.5}"),
    "a picture": ("picture: night.png", "picture: nigth.png  # at night", "picture: night.png  # at night"),
    "a track and its channel": ("track: ben.flac", 'track: "bem.flac#1"', 'track: "ben.flac#1"'),
    "a channel": ("track: ben.flac", 'track: "ben.flac#lefft"', 'track: "ben.flac#left"'),
    "a word of few": (
        "picture: night.png",
        "picture: night.png\ndiarization: auot",
        "picture: night.png\ndiarization: auto",
    ),
    "a key of nowhere": ("emotion: joy", "emotion: joy\n    qqq: 3", "emotion: joy"),
    "a channel too many": ("track: ben.flac", "track: ben.flac#3", "track: ben.flac\n"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The two-hander, its lines with times."""
    place = tmp_path / "two"
    shutil.copytree(ROOT / "scenes/two_hander", place, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    (place / "scene.yaml").write_text(timed((place / "scene.yaml").read_text()))
    return place


def mended(path: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """Each problem of the scene and its mends."""
    text = path.read_text()
    tree, root = spans(text).tree, compose(text, path.name)[0]
    found = []
    for problem in dialogue.check(path):
        record = problem_record(problem, root, path.name)
        found.append((record["message"], mends_of(record, tree, text, path.parent)))
    return found


@pytest.mark.parametrize("name", BROKEN)
def test_a_mend_does_away_with_its_problem(folder: Path, name: str) -> None:
    path = folder / "scene.yaml"
    right, wrong, mend = BROKEN[name]
    text = path.read_text()
    assert right in text
    path.write_text(text.replace(right, wrong, 1))
    before = {message for message, _ in mended(path)}
    message, mends = next((message, mends) for message, mends in mended(path) if mends)
    path.write_text(edited(path.read_text(), edits_of(mends[0]["edits"])))
    assert mend in path.read_text(), mends
    assert message not in {message for message, _ in mended(path)}
    assert len(before) > len(mended(path))


def test_files_to_choose_among_are_of_the_folder_and_of_the_kind(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.flac").touch()
    os.symlink(tmp_path / "secret.flac", folder / "link.flac")
    os.symlink(tmp_path, folder / "out")
    (folder / "takes").mkdir()
    shutil.copy(folder / "ana.flac", folder / "takes/nothing_like_it.flac")
    assert not [name for name in files_of(folder) if "link" in name or "secret" in name]
    path = folder / "scene.yaml"
    path.write_text(path.read_text().replace("track: ana.flac", "track: a_recording.flac"))
    mends = next(mends for message, mends in mended(path) if "no file" in message)
    labels = [mend["label"] for mend in mends]
    assert sorted(labels) == ["Take ana.flac", "Take ben.flac", "Take takes/nothing_like_it.flac"]
    assert mends[0]["edits"] == [{"do": "set", "path": ["cast", "ana", "track"], "value": labels[0][5:]}]


def test_a_command_is_copied_and_a_mouth_is_set() -> None:
    said = {"path": None, "hint": None}
    message = "emotion: auto goes by the words alone, for no classifier hears the voices: dialogue models pull emotion"
    assert [mend["copy"] for mend in mends_of({**said, "message": message}, {}, "", Path())] == [
        "dialogue models pull emotion"
    ]
    message = "a b.png: where ana's mouth is is unsure (31%, found); face: {box: [1, 2, 3, 4], mouth: [x, y]} sets it"
    assert mends_of({**said, "message": message}, {}, "", Path()) == [
        {"label": "Set the mouth", "mouth": "ana", "picture": "a b.png"}
    ]


def test_mended_by_a_click_and_undone(page: Any, scene: Path) -> None:
    right = scene.read_bytes()
    shutil.copy(scene.parent / "ana.flac", scene.parent / "spare.flac")
    wrong = right.replace(b"emotion: joy", b"emotoin: joy").replace(b"track: ana.flac", b"track: gone.flac # lost")
    scene.write_bytes(wrong)
    page.get_by_role("button", name="Mend …").click()
    page.get_by_role("menuitem", name="Take spare.flac").click()
    half = until_written(page, scene, wrong)
    assert half == wrong.replace(b"gone.flac", b"spare.flac")
    page.get_by_role("button", name="Write emotion").click()
    whole = until_written(page, scene, half)
    assert whole == right.replace(b"track: ana.flac", b"track: spare.flac # lost")
    until(page, "!room.state.film.value.problems.some(one => one.severity === 'error')")
    for wanted in (half, wrong):
        now = scene.read_bytes()
        page.get_by_role("button", name="Undo: mended").click()
        assert until_written(page, scene, now) == wanted


def test_a_box_on_nothing_is_drawn_anew(page: Any, scene: Path) -> None:
    """The problem leads into the picture; the box drawn next is that person's, and nobody is asked."""
    right = scene.read_bytes()
    wrong = right.replace(b"face: [64, 196, 224, 274]", b"face: [2, 2, 40, 40]")
    scene.write_bytes(wrong)
    page.get_by_role("button", name="Draw the face").click()
    page.get_by_text("draw a box around the face of Ana Ruiz").wait_for()
    frame = page.locator(".frame").bounding_box()
    share = frame["width"] / 704
    x, y = frame["x"], frame["y"]
    drag(page, (x + 64 * share, y + 196 * share), (x + 288 * share, y + 470 * share))
    drawn = until_written(page, scene, wrong)
    box = [int(side) for side in re.findall(r"face: \[(.*?)\]", drawn.decode())[0].split(", ")]
    assert box == pytest.approx([64, 196, 224, 274], abs=5)
    until(page, "!room.state.film.value.problems.some(one => one.severity === 'error')")


def test_a_command_is_copied(page: Any, scene: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    scene.write_bytes(scene.read_bytes().replace(b"    emotion: joy\n", b"    emotion: auto\n"))
    page.get_by_role("button", name="Copy dialogue models pull emotion").click()
    page.get_by_text("copied: dialogue models pull emotion").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "dialogue models pull emotion"
