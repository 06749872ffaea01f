"""What a shot's clip depends on, and what is said about it."""

from __future__ import annotations

import dataclasses
import os
import time
from fractions import Fraction

import flashes
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from dialogue.ground.box import Box
from dialogue.ground.errors import SceneError
from dialogue.planning.plan import AudioSlice, Emotion, EmotionReference, Face, Mouth, Shot, Speaker, Turn, Word
from dialogue.planning.plan_json import plan_text
from dialogue.rendering.cache import Cache, why
from dialogue.rendering.clip_key import changes, inputs_of, key_of, told_briefly
from dialogue.rendering.digests import Digests
from dialogue.rendering.excerpt import excerpt

PLAN_SPEAKERS = (Speaker("ana", "Ana", "#e66060"), Speaker("ben", "Ben", "#6060e6"))


@pytest.fixture
def plan(tmp_path):
    """Two shots of Ana, who speaks in both; Ben speaks off screen."""
    made = flashes.film_of(tmp_path, [50, 75], [0.4, 1.0, 2.6, 4.0])
    soundfile.write(tmp_path / "ben.wav", flashes.clicks([1], 5, 8000, seed=1), 8000)
    ben = Turn("ben", 1.2, 1.7, AudioSlice("ben.wav", 1.2, 1.7), "Off screen.")
    turns = tuple(sorted([*made.turns, ben], key=lambda turn: turn.start))
    return dataclasses.replace(made, speakers=PLAN_SPEAKERS, turns=turns)


def made_of(plan, folder, index=0):
    alone = excerpt(plan, plan.shots[index])
    return inputs_of(alone, flashes, Digests(folder, folder / "digests.json"))


def with_turn(plan, position, **changed):
    turns = list(plan.turns)
    turns[position] = dataclasses.replace(turns[position], **changed)
    return dataclasses.replace(plan, turns=tuple(turns))


def told(plan, other, folder, index=0):
    return changes(made_of(plan, folder, index), made_of(other, folder, index))


def test_nothing_changed(plan, tmp_path):
    assert told(plan, plan, tmp_path) == []
    assert key_of(made_of(plan, tmp_path)) == key_of(made_of(plan, tmp_path))


CHANGES = {
    "the seed is 3, was 0": lambda plan: dataclasses.replace(plan, seed=3),
    "the size is 96x48, was 64x48": lambda plan: dataclasses.replace(plan, width=96),
    "the emotion of ana changed": lambda plan: with_turn(plan, 0, emotion=Emotion((("joy", 1.0),))),
    "when ana speaks changed": lambda plan: with_turn(plan, 0, start=0.41),
    "the speech of ana changed": lambda plan: with_turn(plan, 0, audio=AudioSlice("ana.wav", 0.8, 1.0)),
    "the name or colour of ana changed": lambda plan: dataclasses.replace(
        plan, speakers=(Speaker("ana", "Ana", "#ff0000"), PLAN_SPEAKERS[1])
    ),
    "the view changed": lambda plan: dataclasses.replace(
        plan, shots=(dataclasses.replace(plan.shots[0], view=Box(0, 0, 32, 24)), plan.shots[1])
    ),
    "the prompt is by night, was empty": lambda plan: dataclasses.replace(
        plan, shots=(dataclasses.replace(plan.shots[0], prompt="by night"), plan.shots[1])
    ),
}


@pytest.mark.parametrize("text", CHANGES)
def test_what_changed_is_told(plan, tmp_path, text):
    assert told(plan, CHANGES[text](plan), tmp_path) == [text]


def test_a_generator_is_told_by_its_name_and_never_by_its_digest(plan, tmp_path):
    now = made_of(plan, tmp_path)
    name = now["the generator"].split()[0]
    assert changes({**now, "the generator": f"{name} 0123456789abcdef"}, now) == [
        f"the generator {name} draws otherwise than it did"
    ]
    assert changes({**now, "the generator": "tiny 0123"}, now) == [f"the generator is {name}, was tiny"]


def test_many_changes_are_told_in_a_line(plan, tmp_path):
    now = made_of(plan, tmp_path)
    told = told_briefly(changes(dict.fromkeys(now, "blake2b:0"), now))
    assert told.endswith("more") and told.count(";") == 3 and len(told) < 200


def with_mouth(plan):
    (face,) = plan.shots[0].faces
    x, y = face.box.center
    face = dataclasses.replace(face, mouth=Mouth((x - 3.0, y), (x + 3.0, y)))
    return dataclasses.replace(plan, shots=(dataclasses.replace(plan.shots[0], faces=(face,)), plan.shots[1]))


LOOKED_AT = {
    "the mouth of ana is new": with_mouth,
    "the labels are new": lambda plan: dataclasses.replace(plan, labels="none"),
    "the sounds of ana are new": lambda plan: with_turn(plan, 0, words=(Word("Hm", 0.5, 0.7, "HH:0.5 M:0.6"),)),
}


@pytest.mark.parametrize("text", LOOKED_AT)
def test_what_only_the_animatic_looks_at_counts_for_it_alone(plan, tmp_path, text):
    """Mouths, labels and phones: words without phones are nothing to anybody."""
    moved = dataclasses.replace(plan, generator="animatic")
    assert told(moved, LOOKED_AT[text](moved), tmp_path) == [text]
    assert told(plan, LOOKED_AT[text](plan), tmp_path) == []
    assert told(moved, with_turn(moved, 0, words=(Word("Hm", 0.5, 0.7),)), tmp_path) == []


def test_phones_are_in_the_shots_own_time(plan):
    sounds = (Word("Hm", 2.6, 2.8, "HH:2.6 M:2.7"),)
    moved = with_turn(dataclasses.replace(plan, generator="animatic"), 3, words=sounds)
    (turn,) = [turn for turn in excerpt(moved, moved.shots[1]).turns if turn.words]
    assert moved.clock.seconds_at(moved.shots[1].start) == 2.0
    assert turn.words == (Word("", 0.6, 0.8, "HH:0.6 M:0.7"),)


KEPT = {
    "words": lambda plan: with_turn(plan, 0, text="Other words."),
    "title and captions": lambda plan: dataclasses.replace(plan, title="Other", captions=("srt",), burn_in=True),
    "a voice off screen": lambda plan: with_turn(plan, 2, start=1.3, end=1.8),
    "a turn in the other shot": lambda plan: with_turn(plan, 4, start=4.2, end=4.4),
    "someone who is not in the picture": lambda plan: dataclasses.replace(
        plan, speakers=(PLAN_SPEAKERS[0], Speaker("ben", "Benjamin", "#ffffff"))
    ),
}


@pytest.mark.parametrize("name", KEPT)
def test_what_is_not_in_the_shot_does_not_count(plan, tmp_path, name):
    assert told(plan, KEPT[name](plan), tmp_path) == []


def test_media_count_by_their_bytes(plan, tmp_path):
    before = made_of(plan, tmp_path)
    os.utime(tmp_path / "0.png", (1, 1))
    assert changes(before, made_of(plan, tmp_path)) == []
    (tmp_path / "0.png").write_bytes(b"another picture")
    assert changes(before, made_of(plan, tmp_path)) == ["the picture changed"]


def test_only_the_shots_whose_speech_changed_are_touched(plan, tmp_path):
    """A recording exported again, longer and louder after 3 s: the first shot does not hear of it."""
    before = [made_of(plan, tmp_path, index) for index in (0, 1)]
    sound, rate = soundfile.read(tmp_path / "ana.wav", dtype="int16")
    sound[3 * rate :] //= 2
    soundfile.write(tmp_path / "ana.wav", np.concatenate([sound, sound]), rate)
    after = [made_of(plan, tmp_path, index) for index in (0, 1)]
    assert [changes(old, new) for old, new in zip(before, after, strict=True)] == [[], ["the speech of ana changed"]]


def test_digests_are_remembered(plan, tmp_path, monkeypatch):
    digests = Digests(tmp_path, tmp_path / "digests.json")
    wanted = [turn.audio for turn in plan.turns]
    first = (digests.slices(wanted), digests.file("0.png"))
    digests.save()

    def unread(*_):
        raise AssertionError("decoded again")

    monkeypatch.setattr("dialogue.rendering.digests._digest_slices", unread)
    monkeypatch.setattr("dialogue.rendering.digests.file_digest", unread)
    again = Digests(tmp_path, tmp_path / "digests.json")
    assert (again.slices(wanted), again.file("0.png")) == first
    (tmp_path / "digests.json").write_text("[1, 2")
    with pytest.raises(AssertionError, match="decoded again"):
        Digests(tmp_path, tmp_path / "digests.json").file("0.png")


def test_missing_media_are_an_input_error(plan, tmp_path):
    (tmp_path / "0.png").unlink()
    with pytest.raises(SceneError, match=r"0\.png: error: No such file"):
        made_of(plan, tmp_path)


@given(st.integers(1, 100_000), st.sampled_from(["25", "24", "30000/1001", "23.976"]))
def test_a_shot_moved_by_whole_frames_is_the_same(frames, fps):
    """Whatever the frame rate, anywhere in the film: the same excerpt, so the same clip."""
    fps = Fraction(fps)
    face = Face("ana", Box(1, 1, 9, 9), Box(0, 0, 12, 12))

    def alone(start):
        offset = float(start / fps)
        shot = Shot(7, start, start + 60, "a.png", Box(0, 0, 64, 48), (face,))
        turns = tuple(
            Turn("ana", offset + at, offset + at + 0.5, AudioSlice("a.wav", at + 5, at + 5.5))
            for at in (-0.2, 0.613, 1.9)
        )
        made = flashes.Plan("t", "g", "", 0, fps, 64, 48, 9.0, PLAN_SPEAKERS, turns, (shot,), flashes.Mix())
        return plan_text(excerpt(made, shot))

    assert alone(frames) == alone(200)


def test_an_emotion_is_worn_into_the_next_shot_and_nothing_else(plan, tmp_path):
    joy = Emotion((("joy", 1.0),))
    joyful = with_turn(plan, 0, emotion=joy)  # the turn at 0.4 s
    assert told(plan, joyful, tmp_path, index=1) == []  # the turn at 1.0 s is neutral again
    joyful = with_turn(with_turn(plan, 0, emotion=joy), 1, emotion=joy, start=0.7, end=0.9)
    alone = excerpt(joyful, plan.shots[1])
    worn = [turn for turn in alone.turns if turn.end < 0]
    assert [turn.emotion for turn in worn] == [joy]
    earlier = with_turn(joyful, 1, start=0.6, end=0.8)
    assert told(joyful, earlier, tmp_path, index=1) == []  # when it was does not matter


def test_the_pictures_of_emotions_count(plan, tmp_path):
    (tmp_path / "joy.png").write_bytes(b"smile")
    ana = dataclasses.replace(PLAN_SPEAKERS[0], emotions=(EmotionReference("joy", "joy.png", 0.8),))
    with_joy = dataclasses.replace(plan, speakers=(ana, PLAN_SPEAKERS[1]))
    before = made_of(with_joy, tmp_path)
    (tmp_path / "joy.png").write_bytes(b"grin")
    assert changes(before, made_of(with_joy, tmp_path)) == ["the joy picture of ana changed"]
    assert "the joy picture of ana is new" in told(plan, with_joy, tmp_path)


def test_a_shot_is_compared_with_the_one_it_was():
    """A shot put in before others: they are known; the new one is new; a changed one is held against what it was."""
    film = {number: {"the picture": f"{number}.png", "the seed": "0"} for number in (1, 2, 3)}
    opening = {"the picture": "title.png", "the seed": "0"}
    keys = [key_of(shot) for shot in (opening, *film.values())]
    assert why(opening, 1, film, keys) == "it is new"
    changed = {"the picture": "2.png", "the seed": "9"}
    keys = [key_of(shot) for shot in (film[1], changed, film[3])]
    assert why(changed, 2, film, keys) == "the seed is 9, was 0"
    assert why(film[1], 1, film, keys) == "its clip is gone from the cache"
    assert why(film[1], 1, {}, keys) == "it is new"


def test_the_oldest_clips_go_first(tmp_path):
    cache = Cache(tmp_path / ".dialogue")
    cache.prepare()
    now = time.time()
    for age, name in enumerate("abcd"):
        entry = cache.entry("shots", name)
        entry.write_bytes(bytes(1000))
        os.utime(entry, (now, now - age * 3000))  # d is 9000 s old, a is new
    assert cache.trim(limit=2500) == 2
    assert sorted(file.stem for file in (tmp_path / ".dialogue/shots").iterdir()) == ["a", "b"]
    assert cache.trim(limit=0) == 0  # what was used within the hour is another run's
    assert (tmp_path / ".dialogue/.gitignore").read_text() == "*\n"


def test_an_entry_is_made_once_and_whole(tmp_path):
    cache = Cache(tmp_path / ".dialogue")
    cache.prepare()
    entry = cache.entry("shots", "k")
    leftover = entry.with_name(".k.999999.part.mp4")
    leftover.write_bytes(b"of a killed process")
    with pytest.raises(RuntimeError), cache.making(entry, lambda: None) as draft:
        draft.write_bytes(b"half")
        raise RuntimeError
    assert list(entry.parent.iterdir()) == []
    with cache.making(entry, lambda: None) as draft:
        draft.write_bytes(b"whole")
        assert not entry.exists()
    with cache.making(entry, lambda: None) as draft:
        assert draft is None
    with cache.making(entry, lambda: None, anew=True) as draft:
        draft.write_bytes(b"better")
    assert entry.read_bytes() == b"better"
