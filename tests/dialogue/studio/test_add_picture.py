"""Another picture into a scene that is there: a file of its folder or one brought in, where it is, whose faces."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from studio_pages import ROOT, until, until_written
from studio_rooms import Server

from dialogue.ground.errors import SceneError
from dialogue.studio.begin import brought_in

CLOSE = ROOT / "scenes/interruption/close_ines.png"


def test_a_picture_of_the_folder_from_here_on_and_its_face(page: Any, scene: Path) -> None:
    before = scene.read_bytes()
    shutil.copy(CLOSE, scene.parent / "close.png")
    page.evaluate("room.at(4)")
    page.get_by_role("button", name="Add a picture").click()
    page.get_by_role("menuitem", name="close.png").click()
    page.get_by_role("menuitem", name="From 0:04.00 on, as a new shot").click()
    added = until_written(page, scene, before)
    assert added == before + b"shots:\n  - picture: night.png\n    until: 4\n  - picture: close.png\n"
    until(page, "room.state.pictureNow.value === 'close.png'")
    page.locator(".stranger").first.wait_for()
    page.locator(".stranger").first.click()
    page.get_by_role("menuitem", name="Ana Ruiz").click()
    faced = until_written(page, scene, added)
    rest = faced.removeprefix(added).decode()
    assert rest.startswith("    faces: {ana: [" if "{" in rest else "    faces:\n      ana: [")
    until(page, "!room.state.film.value.plan_old && room.state.shots.value.length >= 2")
    faces = page.evaluate("room.state.shots.value.at(-1).faces.map(face => face.speaker)")
    assert faces == ["ana"]
    assert page.evaluate("room.state.film.value.scene.cast.ana.face.map(Number)") == [64, 196, 224, 274]
    for wanted in (added, before):
        now = scene.read_bytes()
        page.get_by_role("button", name="Undo").click()
        assert until_written(page, scene, now) == wanted


def test_a_picture_brought_in_takes_the_place_of_another(page: Any, scene: Path, tmp_path: Path) -> None:
    """One of a name that is there comes in beside it."""
    before, old = scene.read_bytes(), (scene.parent / "night.png").read_bytes()
    place = tmp_path / "from_elsewhere"
    place.mkdir()
    shutil.copy(CLOSE, place / "night.png")
    page.get_by_role("button", name="Add a picture").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("menuitem", name="Bring a picture").click()
    chooser.value.set_files(place / "night.png")
    page.get_by_role("menuitem", name="Wherever night.png is").click()
    now = until_written(page, scene, before)
    assert now == before.replace(b"picture: night.png", b"picture: night-2.png")
    assert (scene.parent / "night.png").read_bytes() == old
    assert (scene.parent / "night-2.png").read_bytes() == CLOSE.read_bytes()
    assert not list(scene.parent.glob(".bringing-*"))


def test_files_of_the_folder_alone_are_listed(server: Server, scene: Path) -> None:
    (scene.parent.parent / "secret.png").touch()
    os.symlink(scene.parent.parent / "secret.png", scene.parent / "link.png")
    found = server.get(f"{server.film()}/files")
    assert set(found["recordings"]) == {"ana.flac", "ben.flac"}
    assert "night.png" in found["pictures"]
    assert "link.png" not in found["pictures"]
    status, answer = server.post(
        f"{server.film()}/edit",
        {
            "base": server.get(server.film())["revision"],
            "edits": [{"do": "set", "path": ["picture"], "value": "link.png"}],
            "label": "x",
        },
    )
    assert status == 409
    assert "outside" in answer["message"]


def test_files_of_one_name_at_once_are_all_kept(tmp_path: Path) -> None:
    start = threading.Barrier(8)

    def bring(number: int) -> None:
        with brought_in(tmp_path, "a.png") as (file, _):
            start.wait()
            file.write(b"%d" % number)
            start.wait()

    threads = [threading.Thread(target=bring, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(int(file.read_bytes()) for file in tmp_path.iterdir()) == list(range(8))


def test_of_what_breaks_off_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"), brought_in(tmp_path, "a.png") as (file, placed):
        file.write(b"half")
        raise OSError("gone")
    assert not list(tmp_path.iterdir())
    assert not placed
    with pytest.raises(SceneError), brought_in(tmp_path, "a.sh"):
        pass
    assert not list(tmp_path.iterdir())
