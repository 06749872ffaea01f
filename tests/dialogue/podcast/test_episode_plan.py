"""An episode with a file of turns beside it: names stand, plain labels are whom the kept voices say they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from batches import run, write_cast

from dialogue.diarization.voice_encoder import weights_file
from dialogue.formats.rttm import write_rttm
from dialogue.ground.segments import LabelledSegment
from dialogue.media.recordings import read_samples
from dialogue.podcast.manifest import Entry

CALL = Path(__file__).parents[4] / "shared" / "media" / "cognitive-services-speech-sdk" / "katiesteve_mono.wav"
SPANS = [("B", 1.1, 2.1), ("A", 2.7, 3.5), ("B", 4.0, 7.4), ("A", 8.0, 9.1), ("B", 9.5, 14.8), ("A", 15.3, 17.8)]
CAST = """\
cast: 1
people:
  steve: {picture: ana.png, face: [60, 40, 40, 50], voice: {enroll: steve.wav}}
  katie: {picture: ben.png, face: [60, 40, 40, 50], voice: {enroll: katie.wav}}
guests:
  - {picture: guest.png, face: [60, 40, 40, 50]}
"""
pytestmark = [
    pytest.mark.skipif(not CALL.is_file(), reason="../shared/media is not here"),
    pytest.mark.skipif(weights_file() is None, reason="the voices extra is not installed"),
]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def planned(folder: Path, labels: dict[str, str], cast: str = CAST) -> Entry:
    samples = read_samples(CALL)
    for name, start, end in (("katie", 9.5, 14.8), ("steve", 15.3, 17.8)):
        soundfile.write(folder / f"{name}.wav", samples[round(start * 16_000) : round(end * 16_000)], 16_000)
    soundfile.write(folder / "call.wav", samples, 16_000)
    turns = [LabelledSegment(start, end, labels[label]) for label, start, end in SPANS]
    (folder / "call.rttm").write_text(write_rttm(turns, "call"))
    report = run([folder / "call.wav"], write_cast(folder, cast), folder / "films", to="plan")
    return report.entries["call"]


def test_plain_labels_are_whom_the_voices_say(tmp_path: Path) -> None:
    entry = planned(tmp_path, {"A": "SPEAKER_00", "B": "SPEAKER_01"})
    assert entry.problems == ()
    assert {who: record["label"] for who, record in entry.people.items()} == {
        "steve": "SPEAKER_00",
        "katie": "SPEAKER_01",
    }
    assert all(record["similarity"] > 0.88 and record["person_margin"] > 0.04 for record in entry.people.values())


def test_names_stand_and_are_not_compared(tmp_path: Path) -> None:
    entry = planned(tmp_path, {"A": "Steve", "B": "Maria"})
    assert {record["label"]: who for who, record in entry.people.items()} == {"Steve": "steve", "Maria": "guest_1"}


def test_somebody_absent_is_not_given_a_label(tmp_path: Path) -> None:
    """Katie's sample is the only one left: label A is Steve, and near enough to her that it is asked."""
    cast = CAST.replace("voice: {enroll: steve.wav}", "voice: {speaker: SPEAKER_09}")
    entry = planned(tmp_path, {"A": "SPEAKER_00", "B": "SPEAKER_01"}, cast)
    if entry.state == "planned":
        assert {who: record["label"] for who, record in entry.people.items()} == {
            "katie": "SPEAKER_01",
            "guest_1": "SPEAKER_00",
        }
    else:
        assert any("not sure who SPEAKER_00 is" in problem for problem in entry.problems)
