"""What may be written over: nothing that is read, and nothing that no earlier run wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dialogue.ground.errors import SceneError
from dialogue.ground.outputs import check_outputs, held, is_ours, put_text, refusals, replacing


def told(*places: Path, read: tuple[Path, ...] = (), force: bool = False) -> list[str]:
    return [problem.message for problem in refusals(places, read, force)]


def test_what_an_earlier_run_wrote_is_replaced_until_somebody_changes_it(tmp_path: Path) -> None:
    place = tmp_path / "captions.srt"
    assert told(place) == []
    put_text(place, "one")
    assert is_ours(place) and told(place) == []
    put_text(place, "two")
    assert told(place) == []
    place.write_text("three, by hand")
    assert told(place) == ["was changed since it was written"]
    assert told(place, force=True) == []
    (tmp_path / "other.srt").write_text("two")
    assert told(tmp_path / "other.srt") == ["is there, and no earlier run wrote it"]


def test_the_note_of_a_run_that_was_killed_before_its_file_stood_spares_the_old_one(tmp_path: Path) -> None:
    place = tmp_path / "film.mp4"
    put_text(place, "one")
    with pytest.raises(KeyboardInterrupt), replacing(place) as draft:
        draft.write_text("two")
        raise KeyboardInterrupt
    assert place.read_text() == "one" and is_ours(place)


def test_what_is_read_is_never_replaced_under_whatever_name(tmp_path: Path) -> None:
    read = tmp_path / "talk.srt"
    put_text(read, "words")
    os.link(read, tmp_path / "hard.srt")
    (tmp_path / "soft.srt").symlink_to(read)
    for place in (read, tmp_path / "hard.srt", tmp_path / "soft.srt", tmp_path / "x/../talk.srt"):
        (tmp_path / "x").mkdir(exist_ok=True)
        assert told(place, read=(read,), force=True) == ["would be written over, and it is read here"]


def test_places_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "folder.srt").mkdir()
    (tmp_path / "dead.srt").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.srt")
    assert told(tmp_path / "folder.srt", force=True) == ["a folder has this name"]
    assert told(tmp_path / "dead.srt", force=True) == ["is a link to nothing"]
    assert told(tmp_path / "pipe.srt", force=True) == ["is no plain file"]
    assert told(tmp_path / ("x" * 300 + ".srt"), force=True) == ["the name is too long"]
    assert told(Path(".")) == told(Path("..")) == ["is a folder, where a file is to be written"]
    assert told(tmp_path / "nul\0.srt") == ["is no name of a file"]
    with pytest.raises(SceneError, match="no such folder"):
        check_outputs([tmp_path / "no/where.srt"], ())
    (tmp_path / "file.txt").touch()
    with pytest.raises(SceneError, match="is a file, where a folder is needed"):
        check_outputs([tmp_path / "file.txt/x/where.srt"], (), made=True)


def test_files_of_another_machine_are_known_by_what_they_say(tmp_path: Path) -> None:
    for name, text in {
        "plan.json": '{\n  "version": 1,\n  "media": ".",\n',
        "film.mp4": "....Synthetic media: faces moved by a program (dialogue 0.1.0, animatic), not …",
    }.items():
        (tmp_path / name).write_text(text)
        assert is_ours(tmp_path / name)
        (tmp_path / f"x{name}").write_text(text.replace("media", "medium").replace("Synthetic", "Real"))
        assert not is_ours(tmp_path / f"x{name}")


def test_a_long_name_has_a_draft(tmp_path: Path) -> None:
    place = tmp_path / ("ä" * 98 + ".srt")
    assert told(place) == []
    put_text(place, "x")
    assert place.read_text() == "x" and len(list(tmp_path.iterdir())) == 1


def test_one_lock_for_one_place_whoever_writes_there(tmp_path: Path) -> None:
    code = (
        "import sys, os, time; from pathlib import Path; from dialogue.ground.outputs import held, replacing\n"
        "os.chdir(sys.argv[1]); place = Path(sys.argv[2])\n"
        "for number in range(20):\n"
        "    with held(place), replacing(place) as draft:\n"
        "        draft.write_text('x' * 1000); time.sleep(0.002)\n"
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    ways = [(tmp_path, "film.mp4"), (tmp_path / "a", "../film.mp4"), (tmp_path / "a", str(tmp_path / "link/film.mp4"))]
    writers = [subprocess.Popen([sys.executable, "-c", code, str(at), film]) for at, film in ways]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0]
    assert is_ours(tmp_path / "film.mp4")
    (tmp_path / ".film.99-1.part.mp4").touch()  # of one that was killed
    with held(tmp_path / "film.mp4"):
        assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "film.mp4", "link"]
