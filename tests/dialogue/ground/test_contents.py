"""What a file is that was taken for text."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dialogue.ground.contents import not_text, wrong_contents
from dialogue.rendering.ffmpeg import binary

SCENE = Path(__file__).parents[3] / "scenes" / "two_hander"


def archive(name: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as file:
        file.writestr(name, "<x/>")
    return held.getvalue()


@pytest.mark.parametrize("ending", ["wav", "mp3", "ogg", "m4a", "flac", "opus"])
def test_sound(tmp_path: Path, ending: str) -> None:
    made = tmp_path / f"a.{ending}"
    subprocess.run([binary(), "-v", "error", "-i", SCENE / "ana.flac", "-t", "1", made], check=True)
    told = not_text(made.read_bytes())
    assert told is not None and told[0] in ("a sound file", "a film") and "dialogue init" in (told[1] or "")


@pytest.mark.parametrize("ending", ["mp3", "aac"])
def test_sound_without_a_tag(tmp_path: Path, ending: str) -> None:
    made = tmp_path / f"a.{ending}"
    bare = ["-id3v2_version", "0", "-write_xing", "0"] if ending == "mp3" else []
    subprocess.run([binary(), "-v", "error", "-i", SCENE / "ana.flac", "-t", "1", *bare, made], check=True)
    assert made.read_bytes()[0] == 0xFF
    assert (not_text(made.read_bytes()) or ("",))[0] == "a sound file"


@pytest.mark.parametrize("ending", ["png", "jpg", "webp", "gif", "tiff", "bmp", "avif"])
def test_pictures(tmp_path: Path, ending: str) -> None:
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / f"a.{ending}")
    told = not_text((tmp_path / f"a.{ending}").read_bytes())
    assert told is not None and told[0] == "a picture"


@pytest.mark.parametrize("ending", ["mp4", "mkv", "webm", "mov"])
def test_films(tmp_path: Path, ending: str) -> None:
    made = tmp_path / f"a.{ending}"
    subprocess.run([binary(), "-v", "error", "-f", "lavfi", "-i", "testsrc=d=1:s=64x64", made], check=True)
    told = not_text(made.read_bytes())
    assert told is not None and told[0] in ("a film", "a sound file")


def test_documents() -> None:
    assert (not_text(archive("word/document.xml")) or ("",))[0] in ("a Word document", "a zip archive")
    assert (not_text(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3 1 0 obj") or ("",))[0] == "a PDF"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (rb"{\rtf1\ansi ANA\par Hello.\par}", "a rich-text document (RTF), not text"),
        (b"<!DOCTYPE html>\n<html><p>ANA", "a web page (HTML), not text"),
        (b"\xef\xbb\xbf  <HTML lang=en><p>ANA", "a web page (HTML), not text"),
        (b'<?xml version="1.0"?>\n<FinalDraft Version="4">', "a Final Draft script (XML), not text"),
        *(("Ana: Hello.\n".encode(name), "text in UTF-32") for name in ("utf-32", "utf-32-le", "utf-32-be")),
        *(("Ana: Hello.\n".encode(f"utf-16-{end}"), "text in UTF-16 without a mark") for end in ("le", "be")),
    ],
)
def test_documents_in_letters_and_other_encodings(data: bytes, what: str) -> None:
    told = wrong_contents(data)
    assert told is not None and told[0].startswith(f"this is {what}") and told[1]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"scene: 1\n",
        "caf\xe9".encode("latin1"),
        "\ufeffscene: 1".encode("utf-16"),
        b"RIFF in words",
        b"<Person1>Hello.</Person1>",
        b"ANA\n<html> is what she says.",
        b"a\0b",
        "日本語".encode(),
        *(f"{word} für Señora Núñez".encode("latin1") for word in ("BMW", "ID3", "RIFF", "OggS", "fLaC", "ÿû", "P4")),
        b"\x1b[31mANA: Hello",
    ],
)
def test_text_is_text_in_any_encoding(data: bytes) -> None:
    assert not_text(data) is None and wrong_contents(data) is None
