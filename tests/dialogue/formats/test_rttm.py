"""RTTM: every dialect at hand is read whole, what is damaged is placed, and pyannote reads what we write."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogue.formats.rttm import read_rttm, write_rttm
from dialogue.formats.turns import read_turns
from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment

MEDIA = Path(__file__).parents[3] / ".." / "shared" / "media"
FILES = sorted(str(path.relative_to(MEDIA)) for path in MEDIA.glob("**/*.rttm"))


@pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")
@pytest.mark.parametrize("name", FILES or ["none"])
def test_every_dialect_is_read_whole(name: str) -> None:
    lines = [line.split() for line in (MEDIA / name).read_text("utf-8").splitlines() if line.startswith("SPEAKER")]
    recordings = read_rttm(MEDIA / name)
    found = [(r, turn.start, turn.end, turn.label) for r, turns in recordings.items() for turn in turns]
    wanted = [(f[1], float(f[3]), float(f[3]) + float(f[4]), f[7]) for f in lines]
    assert len(found) == len(wanted) > 0
    for one, other in zip(sorted(found), sorted(wanted), strict=True):
        assert one[0] == other[0]
        assert one[3] == other[3]
        assert one[1:3] == pytest.approx(other[1:3], abs=1e-6)


@pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")
def test_turns_are_sorted_and_empty_ones_left_out() -> None:
    turns = read_turns(MEDIA / "meeteval" / "example_files" / "ref.rttm", "recordingA")
    assert [(turn.start, turn.end, turn.label) for turn in turns] == [(1, 2, "Bob"), (2, 3, "Alice"), (5, 6, "Alice")]


@pytest.mark.skipif(not MEDIA.is_dir(), reason="no shared media beside the project")
def test_one_of_several_recordings_must_be_meant() -> None:
    with pytest.raises(SceneError, match=r"has turns of 2 recordings and none is named 'podcast' \(it has recordingA"):
        read_turns(MEDIA / "meeteval" / "example_files" / "ref.rttm", "podcast")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("SPEAKER a 1 0.0 x <NA> <NA> ana <NA> <NA>", "start and duration are seconds, found '0.0' and 'x'"),
        ("SPEAKER a 1 0.0 -1 <NA> <NA> ana <NA> <NA>", "start and duration are 0 or more"),
        ("SPEAKER a 1 nan 1 <NA> <NA> ana <NA> <NA>", "start and duration are 0 or more"),
        ("SPEAKER a 1 0.0 1.0 ana", "has 9 or 10 fields, this one 6"),
        ("hello world", "'hello' is no type of RTTM line"),
    ],
)
def test_a_bad_line_is_placed(tmp_path: Path, line: str, message: str) -> None:
    good = "SPEAKER a 1 0.0 1.0 <NA> <NA> ana <NA> <NA>"
    (tmp_path / "a.rttm").write_text(f";; comment\n{good}\n{line}\n\n{good}\n{line}\n")
    with pytest.raises(SceneError) as caught:
        read_rttm(tmp_path / "a.rttm")
    assert [problem.line for problem in caught.value.problems] == [3, 6]
    assert message in str(caught.value)


def test_there_and_back(tmp_path: Path) -> None:
    turns = (LabelledSegment(0.0, 1.25, "ana"), LabelledSegment(1.0, 3.5, "ben_okri"))
    (tmp_path / "a.rttm").write_text(write_rttm(turns, "my talk"))
    assert read_rttm(tmp_path / "a.rttm") == {"my_talk": turns}


def test_pyannote_reads_what_we_write(tmp_path: Path) -> None:
    from pyannote.database.util import load_rttm

    turns = (LabelledSegment(0.0, 1.25, "ana"), LabelledSegment(1.0, 3.5, "ben"))
    (tmp_path / "a.rttm").write_text(write_rttm(turns, "talk"))
    annotation = load_rttm(tmp_path / "a.rttm")["talk"]
    assert [(s.start, s.end, label) for s, _, label in annotation.itertracks(yield_label=True)] == [
        (0.0, 1.25, "ana"),
        (1.0, 3.5, "ben"),
    ]
