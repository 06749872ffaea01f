"""SubRip: names at the head of lines, real files, what is refused, and there and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialogue.formats.srt import read_srt, voices, write_srt
from dialogue.formats.turns import read_turns
from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment

MEDIA = Path(__file__).parents[3] / ".." / "shared" / "media"
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")


@needs_media
@pytest.mark.parametrize(("name", "count"), [("sample.srt", 5), ("one_caption.srt", 1)])
def test_real_files(name: str, count: int) -> None:
    cues = read_srt(MEDIA / "webvtt-py" / "subtitles" / name)
    assert len(cues) == count
    assert (cues[0].start, cues[0].end, cues[0].payload) == (0.5, 7.0, "Caption text #1")


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("Ana: Did you hear?", (("Ana", "Did you hear?"),)),
        ("[SPEAKER_00]: Yes.", (("SPEAKER_00", "Yes."),)),
        ("- Ana: Hi\n- Ben Okri: Hello\nyou", (("Ana", "Hi"), ("Ben Okri", "Hello you"))),
        ("<i>Ana:</i> {\\an8}soft", (("Ana", "soft"),)),
        ("Ana:\non the next line", (("Ana", "on the next line"),)),
        ("It is 10:30 now", ((None, "It is 10:30 now"),)),
        ("see http://example.org", ((None, "see http://example.org"),)),
        ("Dr. Wu: &quot;no&quot;", (("Dr. Wu", '"no"'),)),
        ("安娜: 你好", (("安娜", "你好"),)),
    ],
)
def test_voices(payload: str, said: tuple[tuple[str | None, str], ...]) -> None:
    assert voices(payload) == said


def test_cues_without_blank_lines_and_with_crlf(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(
        b"\xef\xbb\xbf1\r\n00:00:01,000 --> 00:00:02,000\r\nAna: a\r\n2\r\n00:00:02,500 --> 00:00:03,000\r\nBen: b\r\n"
    )
    assert [(turn.start, turn.end, turn.label, turn.text) for turn in read_turns(path)] == [
        (1.0, 2.0, "Ana", "a"),
        (2.5, 3.0, "Ben", "b"),
    ]


def test_every_problem_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("1\n00:00:01,000 --> 00:00:00,000\nx\n\n2\n00:00:01.000 --> 00:00:02.000\ny\n\n3\n\n4\nz\n")
    with pytest.raises(SceneError) as caught:
        read_srt(path)
    assert [problem.line for problem in caught.value.problems] == [2, 9, 12]


def test_a_cue_must_say_who_speaks(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nJust words\n")
    with pytest.raises(SceneError, match=r"a\.srt:2:1: error: no cue of it says who speaks"):
        read_turns(tmp_path / "a.srt")


WORD = st.text(st.sampled_from("abcdefgäöß安"), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400_000_000), st.integers(1, 60_000), WORD, WORD), min_size=1, max_size=5))
def test_there_and_back(tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, int, str, str]]) -> None:
    turns = [LabelledSegment(at / 1000, (at + long) / 1000, name, words) for at, long, name, words in drawn]
    path = tmp_path_factory.mktemp("srt") / "a.srt"
    path.write_text(write_srt(turns), encoding="utf-8")
    assert [(cue.start, cue.end, *voices(cue.payload)[0]) for cue in read_srt(path)] == [
        (turn.start, turn.end, turn.label, turn.text) for turn in turns
    ]
