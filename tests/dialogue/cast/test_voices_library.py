"""cast.yaml and the voices beside it: read with pointing errors, kept whole, compared only with their like."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from batches import CAST, write_cast

from dialogue.cast.cast import read_cast
from dialogue.cast.recognition import alike_notes, recognise
from dialogue.cast.voices import KeptVoice, comparable, keep_voice, kept_voices, read_voice
from dialogue.diarization.diarization import Diarization
from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment


def kept(person: str, encoder: str = "e", vector: tuple[float, ...] = (0.6, 0.8)) -> KeptVoice:
    return KeptVoice(person, encoder, f"{person}.wav", "ab" * 32, 12.5, vector)


def test_every_mistake_in_a_cast_at_its_place(tmp_path: Path) -> None:
    path = write_cast(
        tmp_path,
        "cast: 1\npeople:\n  ana: {picture: anna.png}\n  b n: {picture: ben.png, voice: {speaker: A, enroll: x}}\n"
        "  eva: {name: Eva}\nguests:\n  - {picture: guest.png, voice: {speaker: A}}\n"
        "wide:\n  - {picture: ana.png, faces: {ana: {detect: left}, bob: {detect: right}}}\n"
        "episodes: {one: {S0: anna}}\n",
    )
    with pytest.raises(SceneError) as raised:
        read_cast(path)
    told = [(p.line, p.column, p.message, p.hint) for p in raised.value.problems]
    assert [place[:2] for place in told] == [(3, 18), (4, 3), (4, 55), (5, 8), (7, 26), (9, 53), (10, 22)], told
    assert told[0][3] == "did you mean 'ana.png'?" and "unknown person 'anna'" in told[-1][2]


@pytest.mark.parametrize("text", ["", "[]", "cast: 2\npeople: {a: {picture: ana.png}}\n", "cast: 1\npeople: {}\n"])
def test_a_file_that_is_no_cast(tmp_path: Path, text: str) -> None:
    with pytest.raises(SceneError):
        read_cast(write_cast(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("juma: {voice: en-us}\nmarek: {voice: en-gb}\n", "this is no cast: it has no `people`"),
        ("scene: 1\ncast: {ana: {face: [1, 2, 3, 4]}}\n", "this is a scene, no cast"),
    ],
)
def test_another_file_given_as_the_cast_is_told_in_one_sentence(tmp_path: Path, text: str, told: str) -> None:
    path = write_cast(tmp_path, text)
    (tmp_path / "podcast.yaml").touch()
    with pytest.raises(SceneError) as raised:
        read_cast(path)
    (problem,) = raised.value.problems
    assert (problem.message, problem.line) == (told, 1)
    assert problem.hint is not None and "podcast.yaml" in problem.hint and "begins with `cast: 1`" in problem.hint


def test_voices_are_kept_there_and_back(tmp_path: Path) -> None:
    path = keep_voice(tmp_path / "voices", kept("ana"))
    assert read_voice(path) == kept("ana")
    keep_voice(tmp_path / "voices", kept("ben", encoder="another"))
    (tmp_path / "voices/.ana.99.part.json").write_text("{")  # of a process that was killed
    assert set(kept_voices(tmp_path / "voices")) == {"ana", "ben"}
    usable, warnings = comparable(kept_voices(tmp_path / "voices"), "e")
    assert list(usable) == ["ana"] and np.allclose(usable["ana"], [0.6, 0.8])
    assert len(warnings) == 1 and "dialogue voices add ben ben.wav" in warnings[0]
    assert kept_voices(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("damage", ["", "{}", '{"version": 2}', "longer"])
def test_a_damaged_voice_is_named(tmp_path: Path, damage: str) -> None:
    path = keep_voice(tmp_path, kept("ana"))
    if damage == "longer":
        damage = json.dumps({**json.loads(path.read_text()), "vector": [3.0, 4.0]})
    path.write_text(damage)
    with pytest.raises(SceneError, match="is no kept voice"):
        kept_voices(tmp_path)


def found_of(**voices: list[float]) -> Diarization:
    segments = tuple(LabelledSegment(5.0 * i, 5.0 * i + 4, label) for i, label in enumerate(voices))
    vectors = {label: np.asarray(v, np.float32) / np.float32(np.linalg.norm(v)) for label, v in voices.items()}
    return Diarization(segments, "test", "", voices=vectors)


def test_who_is_who_by_voice_stranger_or_question(tmp_path: Path) -> None:
    file = read_cast(write_cast(tmp_path))
    voices = {"ana": np.asarray([1, 0, 0], np.float32), "ben": np.asarray([0, 1, 0], np.float32)}
    heard, problems = recognise(found_of(S0=[0.1, 1, 0], S1=[0.1, 0.1, 1]), file, "one", voices)
    assert [(one.label, one.person) for one in heard] == [("S0", "ben"), ("S1", None)] and not problems
    assert heard[0].similarity == pytest.approx(0.995, abs=1e-3) and "nearer than the next voice" in heard[0].how
    assert heard[0].person_margin == pytest.approx(0.896, abs=1e-3) and "than the next person" in heard[0].how
    _, problems = recognise(found_of(S0=[1, 0.8, 0], S1=[0, 0, 1]), file, "one", {"ana": voices["ana"]})
    (problem,) = problems
    assert problem.file == str(file.path) and "not sure who S0 is; the nearest is ana" in problem.message
    assert problem.hint is not None and "listen to S0 at 0:00" in problem.hint
    assert "episodes: {one: {S0: WHO}} with ana, ben or guest" in problem.hint, "it names nobody for the label"


def test_the_line_to_write_is_yaml_whatever_the_names(tmp_path: Path) -> None:
    file = read_cast(write_cast(tmp_path))
    _, problems = recognise(found_of(**{"S: 0": [1, 0.8]}), file, "1, {two}", {"ana": np.asarray([1, 0], np.float32)})
    assert 'episodes: {"1, {two}": {"S: 0": WHO}}' in str(problems[0].hint)


def test_a_decision_may_be_a_guest(tmp_path: Path) -> None:
    file = read_cast(write_cast(tmp_path, CAST + "episodes: {one: {S0: guest}}\n"))
    voices = {"ana": np.asarray([1, 0], np.float32)}
    heard, problems = recognise(found_of(S0=[1, 0.8], S1=[1, 0.01]), file, "one", voices, said=2)
    assert [(one.label, one.person) for one in heard] == [("S0", None), ("S1", "ana")] and not problems


def test_labels_given_come_before_voices(tmp_path: Path) -> None:
    text = CAST.replace("name: Ana Ruiz,", "name: Ana Ruiz, voice: {speaker: S1},") + "episodes: {two: {S1: ben}}\n"
    file = read_cast(write_cast(tmp_path, text))
    voices = {"ana": np.asarray([1, 0], np.float32)}
    found = found_of(S0=[1, 0], S1=[0, 1])
    assert [one.person for one in recognise(found, file, "one", voices)[0]] == [None, "ana"]
    assert [one.person for one in recognise(found, file, "two", voices)[0]] == ["ana", "ben"]


def test_the_only_one_left_where_no_guests_are_expected(tmp_path: Path) -> None:
    voices = {"ana": np.asarray([1, 0, 0], np.float32)}
    found = found_of(S0=[1, 0.1, 0], S1=[0, 0, 1])
    alone = read_cast(write_cast(tmp_path, CAST.split("guests:")[0]))
    assert [one.person for one in recognise(found, alone, "one", voices)[0]] == ["ana", "ben"]
    assert [one.person for one in recognise(found, read_cast(write_cast(tmp_path)), "one", voices)[0]] == ["ana", None]
    known = {**voices, "ben": np.asarray([0, 1, 0], np.float32)}
    heard = recognise(found, alone, "one", known)[0]
    assert [one.person for one in heard] == ["ana", None], "ben's voice is known, and it is not this one"


def test_labels_that_may_be_one_voice_are_asked_about_and_never_joined(tmp_path: Path) -> None:
    """0.88 alike were two people of three; 0.86 were one cut in two. Only what is sure, or said, keeps them apart."""
    alone = CAST.split("guests:")[0]
    file = read_cast(write_cast(tmp_path, alone))
    found = found_of(S0=[1, 0.2, 0], S1=[1, 0.7, 0], S2=[0, 0, 1])
    heard, problems = recognise(found, file, "one", {"ana": np.asarray([0, 0, 1], np.float32)})
    (problem,) = problems
    assert "S0 and S1 are 0.92 alike: one voice or two?" in problem.message and "--speakers" in str(problem.hint)
    assert len(heard) == 3, "and neither is given to ben, the only one left"
    assert recognise(found, file, "one", {}, said=3)[1] == []
    declared = alone.replace("name: Ana Ruiz,", "name: Ana Ruiz, voice: {speaker: S0},").replace(
        "picture: ben.png,", "picture: ben.png, voice: {speaker: S1},"
    )
    two, problems = recognise(found, read_cast(write_cast(tmp_path, declared)), "one", {})
    assert [one.person for one in two] == ["ana", "ben", None] and not problems
    assert "S0 and S1 are 0.92 alike" in alike_notes(found, two)[0]


def test_one_host_alone_is_both_halves_of_their_voice(tmp_path: Path) -> None:
    file = read_cast(write_cast(tmp_path, CAST.split("guests:")[0]))
    voices = {"ana": np.asarray([1, 0, 0], np.float32), "ben": np.asarray([0, 1, 0], np.float32)}
    heard, problems = recognise(found_of(S0=[1, 0, 0.2], S1=[1, 0.1, 0]), file, "one", voices)
    assert [one.person for one in heard] == ["ana", "ana"] and not problems
