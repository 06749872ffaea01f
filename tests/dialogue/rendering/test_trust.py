"""What is kept is trusted by its content, and a file that takes another's place is noticed."""

from __future__ import annotations

import dataclasses
import os

import flashes
import pytest

from dialogue.ground.sealed import is_sealed
from dialogue.media.cache import Cache as Measured
from dialogue.planning.plan import AudioSlice, Mix, MixPart
from dialogue.rendering.cache import Cache
from dialogue.rendering.digests import Digests
from dialogue.rendering.film_order import Order
from dialogue.rendering.render import render


def _emptied(entries):
    entries[0].write_bytes(b"")


def _flipped(entries):
    data = bytearray(entries[0].read_bytes())
    data[len(data) // 2] ^= 1
    entries[0].write_bytes(data)


def _swapped(entries):
    first, second = entries[0].read_bytes(), entries[1].read_bytes()
    entries[0].write_bytes(second)
    entries[1].write_bytes(first)


def _swapped_with_their_digests(entries):
    _swapped(entries)
    first, second = (entry.with_name(entry.name + ".sha256") for entry in entries[:2])
    first_text, second_text = first.read_text(), second.read_text()
    first.write_text(second_text)
    second.write_text(first_text)


def _undigested(entries):
    entries[0].with_name(entries[0].name + ".sha256").unlink()


@pytest.mark.parametrize("damage", [_emptied, _flipped, _swapped, _swapped_with_their_digests, _undigested])
@pytest.mark.parametrize("kind", ["shots", "sound"])
def test_what_is_kept_is_trusted_by_its_content(tmp_path, kind, damage):
    plan = flashes.film_of(tmp_path, [10, 12], [0.1])
    parts = tuple(MixPart(AudioSlice("ana.wav", at, at + 0.4), at) for at in (0.0, 0.45))
    plan = dataclasses.replace(plan, mix=Mix(parts=parts))
    order = Order(plan, tmp_path, tmp_path / "film.mp4", Cache(tmp_path / ".dialogue"), "film")
    good = render(order).file.read_bytes()
    render(dataclasses.replace(order, output=tmp_path / "film-shot-1.mp4", shots=(1, 1)))  # whose mix is another entry
    entries = sorted(path for path in (tmp_path / ".dialogue" / kind).iterdir() if path.suffix != ".sha256")
    assert len(entries) == 2
    damage(entries)
    made = render(order)
    assert made.file.read_bytes() == good
    render(dataclasses.replace(order, output=tmp_path / "film-shot-1.mp4", shots=(1, 1)))
    assert all(is_sealed(entry) for entry in entries)
    if kind == "shots":
        count = 2 if damage in (_swapped, _swapped_with_their_digests) else 1
        assert [task.reason for task in made.rendered] == ["its clip in the cache is damaged"] * count


@pytest.mark.parametrize(
    "wrong", ["[]", "5", '{"0.png": 5}', '{"sha256": "x", "value": {}}', '{"value": []}', "null", "[" * 5000]
)
def test_json_of_another_shape_is_looked_at_again(tmp_path, wrong):
    (tmp_path / "0.png").write_bytes(b"picture")
    memory = tmp_path / "digests.json"
    digest = Digests(tmp_path, memory).file("0.png")
    memory.write_text(wrong)
    again = Digests(tmp_path, memory)
    assert again.file("0.png") == digest
    again.save()
    cache = Cache(tmp_path / ".dialogue")
    cache.prepare()
    (tmp_path / ".dialogue/films/film.json").write_text(wrong)
    assert cache.last("film") == {}
    kept = Measured(tmp_path / "measures")
    assert kept.remembered(["way"], [tmp_path / "0.png"], lambda: {"seconds": 5}) == {"seconds": 5}
    (entry,) = (path for path in (tmp_path / "measures").rglob("*.json"))
    entry.write_text(wrong)
    assert not kept.knows(["way"], [tmp_path / "0.png"])
    assert kept.remembered(["way"], [tmp_path / "0.png"], lambda: {"seconds": 5}) == {"seconds": 5}
    assert kept.knows(["way"], [tmp_path / "0.png"])


def test_a_file_replaced_within_its_second_and_size_is_noticed(tmp_path):
    file, memory = tmp_path / "ana.wav", tmp_path / "digests.json"
    file.write_bytes(b"first")
    os.utime(file, ns=(1_000, 1_000))
    known = Digests(tmp_path, memory)
    before = known.file("ana.wav")
    known.save()
    assert Digests(tmp_path, memory).file("ana.wav") == before
    (tmp_path / "new.wav").write_bytes(b"secon")
    os.utime(tmp_path / "new.wav", ns=(1_000, 1_000))
    os.replace(tmp_path / "new.wav", file)
    assert Digests(tmp_path, memory).file("ana.wav") != before
    file.write_bytes(b"third")
    os.utime(file, ns=(1_000, 1_000))
    assert Digests(tmp_path, memory).file("ana.wav") not in (before, "")
