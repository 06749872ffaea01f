"""What `dialogue inspect` finds in films as they were signed, tampered with, remuxed, cut off, bare, and no films."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import av
import flashes
import pytest
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.ground.errors import SceneError
from dialogue.rendering.cache import Cache
from dialogue.rendering.film_order import Order
from dialogue.rendering.render import render
from dialogue.verification.marks import inspect


@pytest.fixture
def film(tmp_path: Path) -> Path:
    plan = flashes.film_of(tmp_path, [30, 20], [0.4, 1.3])
    return render(Order(plan, tmp_path, tmp_path / "film.mp4", Cache(tmp_path / ".dialogue"), "film")).file


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def packet(film: Path, kind: str) -> int:
    """Where in the file the packets of a stream begin, and a little further."""
    with av.open(str(film)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        first = next(packet for packet in container.demux(stream) if packet.size)
        return first.pos + first.size // 2


def remuxed(film: Path, to: Path, keep_metadata: bool = True) -> Path:
    with av.open(str(film)) as given, av.open(str(to), "w") as copy:
        if keep_metadata:
            copy.metadata.update({key: given.metadata[key] for key in ("title", "comment")})
        streams = {stream.index: copy.add_stream_from_template(stream) for stream in given.streams}
        for each in given.demux():
            if each.size:
                each.stream = streams[each.stream.index]
                copy.mux(each)
    return to


def test_as_it_was_signed(film: Path) -> None:
    marks = inspect(film)
    assert (marks.state, marks.changes, marks.source_types) == ("unchanged", (), ("composite",))
    assert marks.signature is not None and marks.signature.known == "this user's own" and marks.signature.at is None
    assert [source.name for source in marks.ingredients] == ["0.png", "1.png", "ana.wav"]
    assert all(len(source.digest) == 64 for source in marks.ingredients)
    assert marks.film is not None and marks.film["generator"] == "flashes"


def test_a_stranger_does_not_know_who_signed(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "stranger"))
    marks = inspect(film)
    assert marks.state == "unchanged" and marks.signature is not None and marks.signature.known == "unknown"
    assert not (tmp_path / "stranger").exists(), "to read makes no key"


def at_title(film: Path) -> int:
    return film.read_bytes().rfind(b"Flashes") + 2


@pytest.mark.parametrize(
    "place, told",
    [
        (lambda film: packet(film, "video"), ("the picture was changed",)),
        (lambda film: packet(film, "audio"), ("the sound was changed",)),
        (at_title, ("the title in the metadata was 'Flashes'",)),
    ],
    ids=["picture", "sound", "title"],
)
def test_one_bit_changed_is_found_and_named(film: Path, place: Callable[[Path], int], told: tuple[str, ...]) -> None:
    film.write_bytes(flip(film.read_bytes(), place(film)))
    marks = inspect(film)
    assert (marks.state, marks.changes) == ("changed", told)
    assert marks.signature is not None and marks.signature.known == "this user's own"


def test_a_change_of_times_alone_is_no_change_of_picture(film: Path) -> None:
    data = film.read_bytes()
    film.write_bytes(flip(data, data.find(b"mvhd") + 19))  # the last digit of the movie's timescale
    (told,) = inspect(film).changes
    assert told == "picture and sound are as they were signed; times or data around them were changed"


def test_changed_marks_cannot_be_relied_on(film: Path) -> None:
    data = film.read_bytes()
    film.write_bytes(flip(data, data.find(b"dseed") + 5))
    (told,) = inspect(film).changes
    assert told.startswith("the marks themselves were changed, so what they say cannot be relied on: ")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_a_remux_drops_the_manifest_and_leaves_the_comment(film: Path, suffix: str) -> None:
    marks = inspect(remuxed(film, film.with_name(f"copy{suffix}")))
    assert (marks.state, marks.source_types, marks.film) == ("unsigned", ("composite",), None)
    assert marks.changes[0].startswith("the signed manifest is gone, as after a remux")
    assert marks.comment.startswith("Synthetic media: ")


def test_a_film_without_marks(film: Path) -> None:
    marks = inspect(remuxed(film, film.with_name("bare.mp4"), keep_metadata=False))
    assert marks.state == "unsigned" and marks.changes == ("there are no marks in it: nothing says how it was made",)


def test_the_end_cut_off(film: Path) -> None:
    film.write_bytes(film.read_bytes()[:-300])
    assert inspect(film).state == "changed"


@pytest.mark.parametrize("content", [None, b"", b"no film at all", b"\x00\x00\x00\x18ftypisom"])
def test_what_is_no_film(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(SceneError, match=r"x\.mp4: error: cannot be read as a film: "):
        inspect(tmp_path / "x.mp4")


def test_the_command(film: Path) -> None:
    run = CliRunner().invoke
    told = run(app, ["inspect", str(film)])
    assert told.exit_code == 0 and f"{film}: signed, and unchanged since" in told.stdout
    assert "  kind of source: composite: " in told.stdout and "  generator: flashes (1), seed 0" in told.stdout
    assert "(this user's own certificate), without a time stamp" in told.stdout
    film.write_bytes(flip(film.read_bytes(), packet(film, "audio")))
    for option in (["--json"], ["--format", "json"]):
        record = run(app, ["inspect", str(film), *option])
        assert record.exit_code == 1 and json.loads(record.stdout)["changes"] == ["the sound was changed"]
    assert run(app, ["inspect", str(film.with_name("absent.mp4"))]).exit_code == 2


def test_nothing_in_a_strangers_file_moves_the_cursor(film: Path) -> None:
    given = film.read_bytes()
    film.write_bytes(given.replace(b"Synthetic media", b"Syn\x1b[2Jtic media"))
    assert "\x1b" not in CliRunner().invoke(app, ["inspect", str(film)]).stdout
