"""A scene file open in the page: written at once, undone and redone, changed from outside."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogue.scene.edit import EditError, Insert, Rename, Set
from dialogue.studio.document import OUTSIDE, Document

TEXT = "scene: 1  # v\r\nlines:\r\n  - ana: One\r\n  - ben: Two\r\n"


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    path = tmp_path / "scene.yaml"
    path.write_bytes(TEXT.encode())
    return path


@pytest.mark.parametrize("lead", [b"", b"\xef\xbb\xbf"])
def test_an_edit_is_on_disk_and_can_be_undone(scene: Path, lead: bytes) -> None:
    scene.write_bytes(lead + TEXT.encode())
    document = Document(scene)
    document.edit(document.revision, [Set(("lines", 0, "ana"), "Uno")], "words")
    changed = lead + TEXT.replace("One", "Uno").encode()
    assert scene.read_bytes() == changed
    assert document.undo() == "words"
    assert scene.read_bytes() == lead + TEXT.encode()
    assert document.redo() == "words"
    assert scene.read_bytes() == changed
    assert document.redo() is None


def test_utf_16_stays_utf_16(scene: Path) -> None:
    scene.write_bytes(TEXT.encode("utf-16"))
    document = Document(scene)
    document.edit(document.revision, [Set(("lines", 1, "ben"), "Zwei ✓")], "words")
    assert scene.read_bytes() == TEXT.replace("Two", "Zwei ✓").encode("utf-16")


def test_typing_is_one_step(scene: Path) -> None:
    document = Document(scene)
    for words in ("O", "On", "Once"):
        document.edit(document.revision, [Set(("lines", 0, "ana"), words)], "words of line 1", typing=True)
    document.undo()
    assert scene.read_bytes() == TEXT.encode()


def test_a_change_from_outside_is_a_step_and_the_edit_finds_its_line(scene: Path) -> None:
    document = Document(scene)
    base = document.revision
    outside = TEXT.replace("lines:\r\n", "lines:\r\n  - ben: Zero  # new\r\n")
    scene.write_bytes(outside.encode())
    document.edit(base, [Set(("lines", 0, "ana"), "Uno")], "words")
    assert scene.read_bytes() == outside.replace("One", "Uno").encode()
    assert document.undo() == "words"
    assert scene.read_bytes() == outside.encode()
    assert document.undo() == OUTSIDE
    assert scene.read_bytes() == TEXT.encode()
    assert document.redo() == OUTSIDE


def test_an_edit_of_what_was_changed_outside_is_refused_and_nothing_is_lost(scene: Path) -> None:
    document = Document(scene)
    base = document.revision
    outside = TEXT.replace("One", "Eins")
    scene.write_bytes(outside.encode())
    with pytest.raises(EditError, match="changed in the file meanwhile"):
        document.edit(base, [Set(("lines", 0, "ana"), "Uno")], "words")
    assert scene.read_bytes() == outside.encode()


def test_edits_of_other_places_are_merged(scene: Path) -> None:
    document = Document(scene)
    base = document.revision
    scene.write_bytes(TEXT.replace("Two", "Deux").encode())
    document.edit(base, [Rename(("lines", 0, "ana"), "ben"), Insert(("lines", 2), {"ana": "Three"})], "two")
    assert (
        scene.read_bytes()
        == TEXT.replace("Two", "Deux").replace("ana: One", "ben: One").encode() + b"  - ana: Three\r\n"
    )


def test_a_link_and_the_rights_of_the_file_stay(tmp_path: Path, scene: Path) -> None:
    scene.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(scene)
    document = Document(link)
    document.edit(document.revision, [Set(("lines", 0, "ana"), "Uno")], "words")
    assert link.is_symlink()
    assert scene.stat().st_mode & 0o777 == 0o640
    assert b"Uno" in scene.read_bytes()
