"""Files of turns as programs and people write them: who speaks when, with each word once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialogue.formats.turns import read_turns
from dialogue.ground.errors import Problem, SceneError

ANA, BEN = "Did you hear that noise?", "No, my friend."


def srt(*cues: tuple[str, str, str]) -> str:
    return "".join(f"{n}\n{start} --> {end}\n{text}\n\n" for n, (start, end, text) in enumerate(cues, 1))


def two(first: str, second: str) -> str:
    return srt(("00:00:00,510", "00:00:03,070", first), ("00:00:04,000", "00:00:07,180", second))


def read(folder: Path, name: str, text: str) -> tuple[list[tuple[float, float, str, str | None]], list[Problem]]:
    (folder / name).write_text(text, encoding="utf-8")
    told: list[Problem] = []
    turns = read_turns(folder / name, "mix", told)
    return [(turn.start, turn.end, turn.label, turn.text) for turn in turns], told


STYLES = {
    "zoom": ("Ana Ruiz: {}", "Ben Ode: {}", "Ana Ruiz", "Ben Ode"),
    "bracket": ("[SPEAKER_00] {}", "[SPEAKER_01] {}", "SPEAKER_00", "SPEAKER_01"),
    "whisper.cpp": ("(speaker 0) {}", "(speaker 1) {}", "speaker 0", "speaker 1"),
    "whisperx": ("[SPEAKER_00]: {}", "[SPEAKER_01]: {}", "SPEAKER_00", "SPEAKER_01"),
    "a line of its own": ("(Ana Ruiz)\n{}", "(Ben Ode)\n{}", "Ana Ruiz", "Ben Ode"),
    "news": (">> ANA: {}", ">> BEN: {}", "ANA", "BEN"),
    "keys": ("ana: {}", "ben: {}", "ana", "ben"),
}


@pytest.mark.parametrize("kind", ["srt", "vtt"])
@pytest.mark.parametrize("style", STYLES)
def test_the_label_before_the_words_is_the_speaker(tmp_path: Path, style: str, kind: str) -> None:
    first, second, ana, ben = STYLES[style]
    text = two(first.format(ANA), second.format(BEN))
    text = text if kind == "srt" else "WEBVTT\n\n" + text.replace(",", ".").replace("No. my", "No, my")
    turns, told = read(tmp_path, f"a.{kind}", text)
    assert turns == [(0.51, 3.07, ana, ANA), (4.0, 7.18, ben, BEN)] and not told


def test_a_speaker_goes_on_until_the_next_name(tmp_path: Path) -> None:
    turns, told = read(tmp_path, "a.srt", srt(
        ("00:00:00,510", "00:00:02,000", "Ana Ruiz: Did you hear"),
        ("00:00:02,000", "00:00:03,070", "that noise?"),
        ("00:00:04,000", "00:00:07,180", "Ben Ode: No."),
    ))  # fmt: skip
    assert [turn[2] for turn in turns] == ["Ana Ruiz", "Ana Ruiz", "Ben Ode"] and not told


def test_music_and_sounds_are_nobodys_words(tmp_path: Path) -> None:
    sounds = ("[Music]", "♪♪", "♪ la la ♪", "(laughs)", "[BLANK_AUDIO]", "(upbeat music)", "*applause*")
    cues = [("00:00:00,000", "00:00:00,400", "Ana Ruiz: Hi.")]
    cues += [(f"00:00:0{n},500", f"00:00:0{n},900", sound) for n, sound in enumerate(sounds)]
    cues.append(("00:00:08,000", "00:00:09,000", "(sighs) All right."))
    assert read(tmp_path, "a.srt", srt(*cues))[0] == [
        (0.0, 0.4, "Ana Ruiz", "Hi."), (8.0, 9.0, "Ana Ruiz", "All right."),
    ]  # fmt: skip


def test_a_phrase_before_a_colon_is_no_name_in_a_file_of_names(tmp_path: Path) -> None:
    turns, _ = read(tmp_path, "a.srt", srt(
        ("00:00:00,510", "00:00:03,070", "Ana Ruiz: Here is the thing: did you hear?"),
        ("00:00:04,000", "00:00:07,180", "Ben Ode: I told her\nthe truth: no, I did not."),
        ("00:00:08,000", "00:00:09,000", "and the rest of it: nothing."),
    ))  # fmt: skip
    assert [turn[2:] for turn in turns] == [
        ("Ana Ruiz", "Here is the thing: did you hear?"),
        ("Ben Ode", "I told her the truth: no, I did not."),
        ("Ben Ode", "and the rest of it: nothing."),
    ]


def test_times_as_players_read_them(tmp_path: Path) -> None:
    assert read(tmp_path, "a.srt", srt(("00:00:00.510", "00:00:03.070", f"Ana: {ANA}")))[0][0][:2] == (0.51, 3.07)
    assert read(tmp_path, "a.srt", srt(("0:0:0,5", "0:0:3,07", f"Ana: {ANA}")))[0][0][:2] == (0.5, 3.07)
    assert read(tmp_path, "a.srt", srt(("00:01", "1:02.5", f"Ana: {ANA}")))[0][0][:2] == (1, 62.5)


def test_captions_that_roll_up_say_each_word_once(tmp_path: Path) -> None:
    text = (
        "WEBVTT\nKind: captions\n\n"
        "00:00:00.510 --> 00:00:03.070 align:start position:0%\n \n"
        ">> Did<00:00:00.800><c> you</c><00:00:01.100><c> hear</c>\n\n"
        "00:00:03.070 --> 00:00:03.080 align:start position:0%\n>> Did you hear\n \n\n"
        "00:00:04.000 --> 00:00:07.180 align:start position:0%\n>> Did you hear\n"
        ">> No,<00:00:04.800><c> I</c><00:00:05.100><c> did</c>\n"
    )
    turns, told = read(tmp_path, "a.vtt", text)
    assert turns == [(0.51, 3.07, "speaker 1", "Did you hear"), (4.0, 7.18, "speaker 2", "No, I did")]
    assert [(problem.line, problem.severity) for problem in told] == [(4, "warning")]


def test_one_cue_of_nobody_is_a_warning_at_its_line(tmp_path: Path) -> None:
    cues = ("00:01.000 --> 00:02.000\n<v Ana>a", "00:03.000 --> 00:04.000\nb", "00:05.000 --> 00:06.000\n<v Ben>c")
    text = "\n\n".join(("WEBVTT", *cues))
    turns, told = read(tmp_path, "a.vtt", text)
    assert [turn[2] for turn in turns] == ["Ana", "Ben"]
    assert [(problem.line, problem.column, problem.severity) for problem in told] == [(6, 1, "warning")]
    before = srt(("00:00:00,000", "00:00:01,000", "hello there"), ("00:00:02,000", "00:00:03,000", "Ana: Hi."))
    turns, told = read(tmp_path, "a.srt", before)
    assert [turn[2] for turn in turns] == ["Ana"] and [problem.line for problem in told] == [2]


def test_names_with_spaces_in_rttm(tmp_path: Path) -> None:
    rest = "<NA> <NA> {} <NA> <NA>\n"
    lines = {
        f"SPEAKER my talk 1 0.510 2.560 {rest.format('ana')}": "ana",
        f"SPEAKER mix 1 0.510 2.560 {rest.format('Ana Ruiz')}": "Ana Ruiz",
        "SPEAKER mix 1 0.510 2.560 <NA> <NA> Ana Ruiz <NA>\n": "Ana Ruiz",
        "SPEAKER mix 1 0.510 2.560 <NA> <NA> ana 0.9 <NA>\nEND mix 1 <NA> 4023 <NA> <NA> <NA> <NA>\n": "ana",
    }
    for text, name in lines.items():
        assert read(tmp_path, "a.rttm", text)[0] == [(0.51, 3.07, name, None)]


def test_transcribers_json(tmp_path: Path) -> None:
    text = (
        '{"segments":[{"start":0.51,"end":3.07,"text":" Did you?","speaker":"SPEAKER_00","words":[{"word":"Did",'
        '"start":0.51,"end":0.7,"speaker":"SPEAKER_00"},{"word":"1"}]},{"start":4.0,"end":7.18,"text":" No.",'
        '"speaker":"SPEAKER_01"},{"start":8,"end":9,"text":"?"},{"start":10,"end":14,"text":"Yes. No.","words":['
        '{"word":"Yes.","start":10,"speaker":"A"},{"word":"No.","start":12,"speaker":"B"}]}]}'
    )
    turns, told = read(tmp_path, "a.json", text)
    assert turns == [
        (0.51, 3.07, "SPEAKER_00", "Did you?"), (4.0, 7.18, "SPEAKER_01", "No."), (10, 12, "A", "Yes."),
        (12, 14, "B", "No."),
    ]  # fmt: skip
    assert ["segment 3" in problem.message for problem in told] == [True]
    with pytest.raises(SceneError, match=r"a\.json:1:2: error: this is not JSON"):
        read(tmp_path, "a.json", "{")


def test_audacitys_labels(tmp_path: Path) -> None:
    turns, told = read(tmp_path, "a.txt", "0.510000\t3.070000\tana\n\\\t100\t200\n4.0\t7.18\tben: No.\n8\t9\t\n")
    assert turns == [(0.51, 3.07, "ana", None), (4.0, 7.18, "ben", "No.")]
    assert [problem.line for problem in told] == [4]
    with pytest.raises(SceneError, match=r"a\.txt:1:1: error: is no label"):
        read(tmp_path, "a.txt", "just a text\n")


@given(st.text(alphabet="[]()>:-♪ aB1\n", max_size=60))
def test_no_words_make_it_fail(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.srt"
    file.write_text(srt(("00:00:00,000", "00:00:01,000", "Ana: Hi."), ("00:00:02,000", "00:00:03,000", words)))
    try:
        turns = read_turns(file)
    except SceneError as error:
        assert all(problem.line and problem.column for problem in error.problems)
    else:
        assert turns[0].label == "Ana"
