"""The road from plan to film: length, sync, cache, one shot alone, captions; decoded and looked at."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import av
import flashes
import numpy as np
import pytest
import soundfile

from dialogue.ground.errors import DialogueError, SceneError
from dialogue.planning.plan import AudioSlice, Mix, MixPart
from dialogue.rendering.cache import Cache
from dialogue.rendering.film_order import Order
from dialogue.rendering.render import prepared, render, to_burn

STARTS = [0.5, 2.2, 4.04, 7.0, 9.4]
LENGTHS = [50, 60, 25, 70, 45]


def order_of(plan, folder, **changed):
    return Order(plan, folder, folder / "film.mp4", Cache(folder / ".dialogue"), "film", **changed)


@pytest.fixture
def order(tmp_path):
    return order_of(flashes.film_of(tmp_path, LENGTHS, STARTS), tmp_path)


def looked_at(file):
    """(times, pictures) of every frame; (n,) sound as a player hears it, its rate; seconds the file says it lasts."""
    with av.open(str(file)) as film:
        frames = [(float(frame.time), frame.to_ndarray(format="rgb24")) for frame in film.decode(video=0)]
    with av.open(str(file)) as film:
        stream = film.streams.audio[0]
        heard = [frame.to_ndarray().mean(axis=0) for frame in film.decode(stream)]
        return *zip(*frames, strict=True), np.concatenate(heard), stream.rate, film.duration / 1e6


def click_times(sound, rate):
    """When the bursts begin."""
    loud = np.flatnonzero(np.abs(sound) > 0.15)
    first = np.insert(np.diff(loud) > rate // 10, 0, True)
    return loud[first] / rate


def rendered(film):
    return {task.number: task.reason for task in film.rendered}


@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001)], ids=str)
def test_picture_and_sound_agree_from_first_frame_to_last(tmp_path, fps):
    starts = [0.5, 2.2, 4.04, 7.0, 7.9]
    plan = flashes.film_of(tmp_path, LENGTHS, starts, fps)
    film = render(order_of(plan, tmp_path))
    times, frames, sound, rate, seconds = looked_at(film.file)
    frame = float(1 / fps)
    assert len(frames) == plan.frames == sum(LENGTHS)
    assert np.allclose(times, [float(number / fps) for number in range(plan.frames)], atol=1e-4)
    assert abs(seconds - plan.duration) <= frame
    assert [flashes.number_of(picture) for picture in frames] == [n for length in LENGTHS for n in range(length)]
    flashed = [times[number] for number, picture in enumerate(frames) if flashes.flashed(picture)]
    assert np.abs(np.array(flashed) - starts).max() <= frame / 2 + 1e-6
    assert np.abs(click_times(sound, rate) - starts).max() < 0.003
    assert np.abs(click_times(sound, rate) - flashed).max() <= frame


def test_only_what_changed_is_made_again(order):
    first = render(order)
    assert rendered(first) == dict.fromkeys(range(1, 6), "it is new")
    before = first.file.read_bytes()
    assert rendered(render(order)) == {}
    assert first.file.read_bytes() == before
    (order.media / "2.png").write_bytes(b"another picture")
    assert rendered(render(order)) == {3: "the picture changed"}
    assert first.file.read_bytes() != before


def test_a_shot_put_in_front_moves_the_others_and_makes_only_itself(order):
    render(order)
    shots = [dataclasses.replace(order.plan.shots[0], end=20, picture="3.png", prompt="an opening")]
    shots += [
        dataclasses.replace(shot, index=shot.index + 1, start=shot.start + 20, end=shot.end + 20)
        for shot in order.plan.shots
    ]
    turns = [dataclasses.replace(turn, start=turn.start + 0.8, end=turn.end + 0.8) for turn in order.plan.turns]
    mix = Mix(parts=(MixPart(AudioSlice("ana.wav", 0, 10), 0.8),))
    longer = dataclasses.replace(order.plan, shots=tuple(shots), turns=tuple(turns), mix=mix, duration=10.8)
    film = render(dataclasses.replace(order, plan=longer))
    assert rendered(film) == {1: "it is new"}
    times, frames, sound, rate, seconds = looked_at(film.file)
    assert len(frames) == 270 and abs(seconds - 10.8) < 0.04
    flashed = [times[number] for number, picture in enumerate(frames) if flashes.flashed(picture)]
    assert np.abs(click_times(sound, rate) - flashed).max() <= 0.04


def test_force_makes_all_again_and_the_film_is_the_same(order):
    before = render(order).file.read_bytes()
    film = render(dataclasses.replace(order, force=True))
    assert rendered(film) == dict.fromkeys(range(1, 6), "--force")
    assert film.file.read_bytes() == before


def test_a_damaged_clip_is_made_again(order):
    before = render(order).file.read_bytes()
    clip = prepared(order)[1].clip
    clip.write_bytes(clip.read_bytes()[:700])
    film = render(order)
    assert rendered(film) == {2: "its clip in the cache is damaged"}
    assert film.file.read_bytes() == before


def test_another_generator_version_makes_all_again(order, monkeypatch):
    render(order)
    monkeypatch.setenv("FLASHES_FINGERPRINT", "2")
    assert rendered(render(order)) == dict.fromkeys(range(1, 6), "the generator flashes draws otherwise than it did")


def test_one_shot_alone_with_its_sound(order):
    film = render(dataclasses.replace(order, output=order.media / "film-shot-2.mp4", shots=(2, 2)))
    assert rendered(film) == {2: "it is new"}
    times, frames, sound, rate, seconds = looked_at(film.file)
    assert [flashes.number_of(picture) for picture in frames] == list(range(60))
    assert abs(seconds - 2.4) <= 0.04
    assert np.abs(click_times(sound, rate) - [0.2, 2.04]).max() < 0.003
    assert [times[n] for n, picture in enumerate(frames) if flashes.flashed(picture)] == pytest.approx(
        [0.2, 2.04], abs=0.02
    )
    assert rendered(render(order)) == {number: "it is new" for number in (1, 3, 4, 5)}


def test_tracks_are_mixed_and_kept(order):
    soundfile.write(order.media / "ben.wav", np.zeros(64000), 16000)
    parts = (MixPart(AudioSlice("ana.wav", 0, 10), 0.0), MixPart(AudioSlice("ben.wav", 0, 4), 3.0))
    order = dataclasses.replace(order, plan=dataclasses.replace(order.plan, mix=Mix(parts=parts)))
    film = render(order)
    _, frames, sound, rate, seconds = looked_at(film.file)
    assert np.abs(click_times(sound, rate) - STARTS).max() < 0.003
    assert abs(seconds - 10) <= 0.04 and len(frames) == 250
    (mix,) = (order.cache.folder / "sound").glob("*.m4a")
    made = mix.stat().st_ctime_ns
    before = film.file.read_bytes()
    render(order)
    assert mix.stat().st_mtime_ns >= made and film.file.read_bytes() == before


def captioned(order, **changed):
    return dataclasses.replace(order, plan=dataclasses.replace(order.plan, **changed))


def test_captions_lie_beside_the_film_and_in_it(order):
    film = render(dataclasses.replace(captioned(order, captions=("srt", "vtt")), caption_track=True))
    assert [path.name for path in film.captions] == ["film.srt", "film.vtt"]
    assert "Ana: Line 2.2" in film.captions[0].read_text() and "<v Ana>Line 2.2" in film.captions[1].read_text()
    with av.open(str(film.file)) as container:
        (track,) = container.streams.subtitles
        shown = [
            (float(packet.pts * packet.time_base), bytes(packet)) for packet in container.demux(track) if packet.size
        ]
    # mov_text: two bytes of length, then the text; an empty one ends a caption.
    assert [(at, text[2:].decode()) for at, text in shown if text[2:]] == [(at, f"Ana: Line {at}") for at in STARTS]
    assert len(looked_at(film.file)[1]) == 250


def test_burning_captions_in_keeps_the_clean_clips(order):
    clean = looked_at(render(order).file)[1]
    burnt = captioned(order, burn_in=True)
    film = render(burnt)
    assert rendered(film) == {}  # nothing is asked of the generator
    times, frames, *_ = looked_at(film.file)
    assert len(frames) == 250
    changed = [np.abs(new[30:].astype(int) - old[30:]).max() > 100 for new, old in zip(frames, clean, strict=True)]
    shown = [any(start <= at + 1e-6 < start + 1.0 for start in STARTS) for at in times]
    # A caption of a second per turn; the encoder may blur a cue's first or last frame.
    assert sum(new != old for new, old in zip(changed, shown, strict=True)) <= 2
    assert rendered(render(order)) == {}
    assert all(np.array_equal(new, old) for new, old in zip(looked_at(film.file)[1], clean, strict=True))


def test_captions_newly_asked_for_are_known_before_they_are_burnt_in(order):
    render(order)
    burnt = captioned(order, burn_in=True)
    shown = [task.number for task in to_burn(burnt, prepared(burnt))]
    assert shown == [1, 2, 3, 4, 5] and to_burn(order, prepared(order)) == ()
    render(burnt)
    assert to_burn(burnt, prepared(burnt)) == ()


def test_progress_grows_and_tells_the_time_left(order, monkeypatch):
    monkeypatch.setenv("FLASHES_PAUSE", "0.001")
    steps = []
    render(order, steps.append)
    shares = [step.share for step in steps]
    assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
    assert any(step.left for step in steps)
    assert any(step.doing.startswith("shot 3 (2.png, 4.40-5.40 s): frame 25 of 25") for step in steps)


def test_a_generator_that_cannot_run_is_said_first(order, monkeypatch):
    monkeypatch.setenv("FLASHES_MISSING", "its weights are not here; `dialogue models pull flashes`")
    with pytest.raises(DialogueError, match="'flashes' cannot run here: its weights are not here; `dialogue models"):
        render(order)
    assert not order.cache.folder.exists()


def test_a_failing_shot_is_named(order, monkeypatch):
    def failing(job, report):
        yield from flashes._frames(job, report)
        raise MemoryError("2 GB asked for")

    monkeypatch.setattr(flashes, "load", lambda: failing)
    with pytest.raises(DialogueError, match=r"shot 1 \(0\.png, 0\.00-2\.00 s\) failed: MemoryError: 2 GB asked for"):
        render(order)
    assert not order.output.exists()


@pytest.mark.parametrize(
    "place, told",
    [
        ("film.avi", "films are written as mp4 .name it film.mp4"),
        ("nowhere/film.mp4", "the folder .* does not exist .mkdir -p"),
        ("ana.wav/film.mp4", "the folder .* is no folder"),
        ("folder.mp4", "a folder has this name"),
        ("input.mp4", "would be written over, and it is read here"),
    ],
)
def test_places_that_will_not_do_are_refused_before_work(order, place, told):
    (order.media / "folder.mp4").mkdir()
    (order.media / "input.mp4").write_bytes((order.media / "ana.wav").read_bytes())
    plan = dataclasses.replace(order.plan, mix=Mix(source="input.mp4"))
    with pytest.raises(SceneError, match=told):
        render(dataclasses.replace(order, plan=plan, output=order.media / place))
    assert not order.cache.folder.exists()


def test_captions_do_not_write_over_what_was_read(order):
    read = order.media / "film.vtt"
    read.write_text("WEBVTT\n")
    order = dataclasses.replace(captioned(order, captions=("vtt",)), sources=(read,))
    with pytest.raises(SceneError, match=r"film\.vtt: error: would be written over"):
        render(order)


def test_every_missing_file_is_said(order):
    (order.media / "0.png").unlink()
    (order.media / "3.png").unlink()
    with pytest.raises(SceneError) as caught:
        render(order)
    assert [problem.file.rsplit("/")[-1] for problem in caught.value.problems] == ["0.png", "3.png"]


def test_a_disk_too_small_is_said_before_work(order, monkeypatch):
    usage = __import__("shutil").disk_usage(order.media)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(DialogueError, match=r"[\d.]+ MB are free in .*; 250 frames need 0\.002 MB at the least"):
        render(order)


def test_a_film_of_many_shots_of_one_frame(tmp_path):
    plan = flashes.film_of(tmp_path, [1] * 30, [0.2, 0.8])
    film = render(order_of(plan, tmp_path))
    times, frames, sound, rate, _ = looked_at(film.file)
    assert len(frames) == 30 and np.allclose(times, np.arange(30) / 25)
    assert np.abs(click_times(sound, rate) - [0.2, 0.8]).max() < 0.003
