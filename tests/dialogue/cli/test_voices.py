"""`dialogue voices` as it is called: hosts kept from one recording are known in the next, and mistakes are told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from batches import write_cast
from click.testing import Result
from typer.testing import CliRunner

from dialogue.cast.voices import read_voice
from dialogue.cli.app import app
from dialogue.diarization.voice_encoder import weights_file

MEDIA = Path(__file__).parents[4] / "shared" / "media"
SPEECH = MEDIA / "cognitive-services-speech-sdk"
CALL = SPEECH / "katiesteve_mono.wav"
CAST = "cast: 1\npeople:\n  katie: {picture: ana.png}\n  steve: {picture: ben.png}\n"
needs_voices = pytest.mark.skipif(weights_file() is None, reason="the voices extra is not installed")
needs_media = pytest.mark.skipif(not SPEECH.is_dir(), reason="../shared/media is not here")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("DIALOGUE_DIARIZATION", raising=False)


@pytest.fixture
def cast(tmp_path: Path) -> Path:
    return write_cast(tmp_path, CAST)


def voices(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["voices", *map(str, arguments)])


@needs_voices
@needs_media
def test_voices_kept_from_another_microphone_are_a_question_that_is_answered_once(cast: Path) -> None:
    before = voices("list", "--cast", cast)
    assert before.stdout.splitlines() == [
        f"{name}: no voice: `dialogue voices add` keeps one" for name in ("katie", "steve")
    ]
    for name in ("katie", "steve"):
        added = voices("add", name, SPEECH / f"enrollment_audio_{name}.wav", "--cast", cast)
        assert added.exit_code == 0 and f"s of voice kept in {cast.parent / 'voices' / name}.json" in added.stdout
    listed = voices("list", "--cast", cast).stdout.splitlines()
    assert "18.3 s of enrollment_audio_katie.wav, by voices (resemblyzer)" in listed[0]
    matched = voices("match", CALL, "--cast", cast)
    assert matched.exit_code == 2 and matched.stderr.count("not sure who") == 2, matched.output
    told = " ".join(matched.stderr.split())
    assert "the nearest is katie, voices 0.78 alike, 0.11 nearer than the next voice" in told
    assert "episodes: {katiesteve_mono: {SPEAKER_00: WHO}} with katie, steve or guest" in told
    for wrong in ("SPEAKER_00: katie", "SPEAKER_01: steve", "SPEAKER_00: steve", "SPEAKER_01: katie"):
        assert wrong not in told, "nobody is to be copied without listening"
    cast.write_text(CAST + "episodes: {katiesteve_mono: {SPEAKER_00: katie, SPEAKER_01: steve}}\n")
    assert voices("match", CALL, "--cast", cast).exit_code == 0
    for name, label in (("katie", "SPEAKER_00"), ("steve", "SPEAKER_01")):
        voices("add", name, CALL, "--speaker", label, "--cast", cast)
    cast.write_text(CAST)
    rows = json.loads(voices("match", CALL, "--cast", cast, "--json").stdout)
    assert [row["person"] for row in rows] == ["katie", "steve"]
    assert min(row["margin"] for row in rows) > 0.04 and min(row["person_margin"] for row in rows) > 0.04


@needs_voices
@needs_media
def test_hosts_kept_from_one_episode_are_known_in_it_again(cast: Path) -> None:
    """No samples at hand: match tells the labels apart, add keeps them, match then knows the people."""
    strangers = voices("match", CALL, "--cast", cast)
    assert strangers.exit_code == 0 and strangers.stdout.count("a guest") == 2
    for name, label in (("katie", "SPEAKER_00"), ("steve", "SPEAKER_01")):
        assert voices("add", name, CALL, "--speaker", label, "--cast", cast).exit_code == 0
    kept = read_voice(cast.parent / "voices" / "steve.json")
    assert kept.sample == "katiesteve_mono.wav --speaker SPEAKER_01" and kept.seconds > 3
    known = voices("match", CALL, "--cast", cast).stdout
    assert "SPEAKER_00: katie" in known and "SPEAKER_01: steve" in known and "voices 1.00 alike" in known
    unknown = voices("add", "katie", CALL, "--speaker", "SPEAKER_07", "--cast", cast)
    assert unknown.exit_code == 2 and "its labels are SPEAKER_00, SPEAKER_01" in unknown.stderr


@needs_voices
@needs_media
def test_one_voice_kept_for_two_people_is_a_question(cast: Path) -> None:
    first, second = (
        voices("add", name, SPEECH / "enrollment_audio_katie.wav", "--cast", cast) for name in ("katie", "steve")
    )
    assert not first.stderr and "of steve and katie are 1.00 alike" in " ".join(second.stderr.split())
    asked = voices("match", CALL, "--cast", cast)
    assert asked.exit_code == 2
    assert (
        "error: katiesteve_mono: not sure who SPEAKER_0" in asked.stderr
        and "with katie, steve or guest" in " ".join(asked.stderr.split())
    )


@needs_voices
def test_mistakes_are_told_at_their_place(cast: Path, tmp_path: Path) -> None:
    silent = tmp_path / "silent.wav"
    silent.touch()
    told = {
        ("add", "kate", silent): f"{cast}:3:3: error: there is no 'kate' in the cast",
        ("add", "katie", tmp_path / "no.wav"): "no.wav: error: no such recording",
        ("add", "katie", silent): "silent.wav: error:",
        ("match", tmp_path): "error: no such recording",
    }
    for arguments, words in told.items():
        done = voices(*arguments, "--cast", cast)
        assert done.exit_code == 2 and words in done.stderr, done.output
        assert "Traceback" not in done.output and not (cast.parent / "voices").exists()
    nowhere = voices("list", "--cast", tmp_path / "none.yaml")
    assert nowhere.exit_code == 2 and "none.yaml" in nowhere.stderr
    hop = voices("match", silent, "--cast", cast, "--hop", 5)
    assert hop.exit_code == 2 and "--hop is for a pyannote pipeline" in hop.stderr


def test_without_an_encoder_the_error_says_what_to_install(cast: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialogue.diarization.diarizer.weights_file", lambda: None)
    done = voices("match", cast, "--cast", cast)
    assert done.exit_code == 2 and "pip install 'dialogue-avatar[voices]'" in done.stderr
