"""Who speaks when in a mixed recording: clustering, cleaning up, voices to people, and pyannote run faster."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from evaluate_diarization import Score, as_annotation, score
from hypothesis import given
from hypothesis import strategies as st
from pyannote.core import Annotation
from pyannote.core import Segment as Interval
from pyannote.database.util import load_rttm, load_uem
from random_pyannote import make_pipeline

from dialogue.diarization import diarizer
from dialogue.diarization.clusters import cluster, estimate_speakers, likeliest_path
from dialogue.diarization.diarization import Diarization
from dialogue.diarization.diarizer import available, choose_diarizer, load_ahead, wrong_with
from dialogue.diarization.open_voices import diarize_by_voice
from dialogue.diarization.pyannote_pipeline import SpeedUp, diarize_by_pyannote, load_pipeline
from dialogue.diarization.tidy import MERGE_GAP, ghosts, merged, snapped, tidy
from dialogue.diarization.voice_encoder import weights_file
from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment, Segment
from dialogue.measures.mixed_recording import hear
from dialogue.media.recordings import read_samples
from dialogue.media.speech import listen_to, speech_segments
from dialogue.setup.doctor import doctor

MEDIA = Path(__file__).parents[4] / "shared" / "media"
needs_media = pytest.mark.skipif(not MEDIA.is_dir(), reason="../shared/media is not here")
needs_voices = pytest.mark.skipif(weights_file() is None, reason="the voices extra is not installed")


def _voices(speakers: int, each: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    centre = np.abs(random.normal(size=(speakers, 64)))
    found = np.repeat(centre, each, axis=0) + 0.25 * random.normal(size=(speakers * each, 64))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("speakers", [1, 2, 3, 5])
def test_clusters_are_the_voices(speakers: int) -> None:
    labels = cluster(_voices(speakers, 40, seed=speakers), speakers)
    assert labels.tolist() == [k for k in range(speakers) for _ in range(40)]


def test_many_windows_are_clustered_by_a_sample_of_them() -> None:
    labels = cluster(_voices(3, 800, seed=1), 3)
    assert labels.tolist() == [k for k in range(3) for _ in range(800)]


def test_the_number_of_speakers_is_estimated() -> None:
    spread = np.eye(4, 64, dtype=np.float32).repeat(30, axis=0)
    noise = 0.05 * np.random.default_rng(0).normal(size=spread.shape).astype(np.float32)
    vectors = (spread + noise) / np.linalg.norm(spread + noise, axis=1, keepdims=True)
    assert estimate_speakers(vectors) == 4
    assert estimate_speakers(vectors[:30]) == 1


def test_a_path_does_not_change_speaker_for_one_doubtful_window() -> None:
    scores = np.array([[0, -3], [0, -3], [-0.5, 0], [0, -3], [-3, 0], [-3, 0], [-3, 0]], np.float32)
    assert likeliest_path(scores, 1.5).tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert likeliest_path(scores, 0.0).tolist() == [0, 0, 1, 0, 1, 1, 1]


_segments = st.lists(
    st.builds(
        lambda start, length, label: LabelledSegment(start / 100, (start + length) / 100, label),
        st.integers(0, 5000),
        st.integers(20, 400),
        st.sampled_from("AB"),
    ),
    max_size=20,
)


@given(_segments)
def test_merging_loses_no_speech_and_leaves_no_short_gap_in_a_turn(segments: list[LabelledSegment]) -> None:
    found = merged(segments)
    for segment in segments:
        assert any(f.label == segment.label and f.start <= segment.start and f.end >= segment.end for f in found)
    for first, second in zip(found, found[1:], strict=False):
        assert first.label != second.label or second.start - first.end > MERGE_GAP


def test_edges_move_to_silence_when_it_is_near() -> None:
    speech = [Segment(1.0, 2.0), Segment(3.0, 4.0)]
    found = snapped([LabelledSegment(1.1, 1.9, "A"), LabelledSegment(3.5, 3.9, "B")], speech)
    assert [(s.start, s.end) for s in found] == [(1.0, 2.0), (3.5, 4.0)]


def test_a_cough_is_a_ghost_and_a_short_answer_is_not() -> None:
    def found(second: float) -> Diarization:
        turns = (LabelledSegment(0, 60, "A"), LabelledSegment(61, 61 + second, "B"))
        return Diarization(turns, "test", "")

    assert ghosts(found(0.5)) == ("B",)
    assert ghosts(found(2.5)) == ()
    assert "B speaks 0.5 s in all" in tidy(found(0.5), []).warnings[0]


def test_without_any_way_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIALOGUE_DIARIZATION", raising=False)
    monkeypatch.setattr("dialogue.diarization.diarizer.weights_file", lambda: None)
    assert available()[0] == ""
    with pytest.raises(SceneError, match=r"track, or a diarization file .* pip install 'dialogue-avatar\[voices\]'"):
        choose_diarizer()


def test_a_folder_that_is_no_pipeline_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SceneError, match="no config.yaml"):
        load_pipeline(tmp_path)
    for written, told in (
        (str(tmp_path), "no config.yaml"),
        ("./nowhere", "no such folder"),
        ("a/b/c", "no such fold"),
    ):
        monkeypatch.setenv("DIALOGUE_DIARIZATION", written)
        with pytest.raises(SceneError, match=f"DIALOGUE_DIARIZATION: {written}: {told}"):
            choose_diarizer()
        found = {each.name: each for each in doctor()}["diarization"]
        assert found.good is False and told in found.value
    assert wrong_with("pyannote/speaker-diarization-community-1") is None


def test_a_hop_needs_a_pipeline_and_fits_its_windows(pipeline_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIALOGUE_DIARIZATION", raising=False)
    with pytest.raises(SceneError, match="--hop is for a pyannote pipeline"):
        choose_diarizer(1.0)
    with pytest.raises(SceneError, match="windows of 2 s are 2 s apart at most"):
        load_pipeline(pipeline_folder, speed=SpeedUp(hop=3.0))


def test_a_recording_is_heard_by_the_pipeline_that_is_named(
    pipeline_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From file to turns: decoded once, both ways say how they were found, and the longer hop says so."""
    monkeypatch.setenv("DIALOGUE_DIARIZATION", str(pipeline_folder))
    soundfile.write(tmp_path / "talk.wav", np.tile(_syllables(5.1), 8), 16_000)
    load_ahead(1.0)
    (began,) = diarizer._loading.values()
    own, fast = (hear(choose_diarizer(hop), tmp_path / "talk.wav", None, 2) for hop in (None, 1.0))
    assert began.done() and not diarizer._loading, "what was loaded ahead is what was used"
    assert own.reason == f"DIALOGUE_DIARIZATION is {pipeline_folder}" and own.method.startswith("pyannote")
    assert fast.reason.startswith(f"{own.reason}, windows every 1 s")
    for found in (own, fast):
        assert found.segments and found.segments[-1].end <= 8 * 5.1 + 0.1
        assert set(found.labels) <= {"SPEAKER_00", "SPEAKER_01"}


@pytest.fixture(scope="module")
def pipeline_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_pipeline(tmp_path_factory.mktemp("pyannote"), small=True)


def _syllables(seconds: float) -> np.ndarray:
    random = np.random.default_rng(0)
    count = int(seconds * 16_000)
    envelope = np.repeat(random.random(count // 1600 + 1), 1600)[:count]
    return (0.3 * envelope * random.normal(size=count)).astype(np.float32)


def _embeddings_and_turns(pipeline: object, samples: np.ndarray) -> tuple[np.ndarray, Annotation]:
    import torch

    kept: list[np.ndarray] = []

    def hook(name: str, artefact: object, **more: object) -> None:
        if name == "embeddings" and "completed" not in more:
            kept.append(artefact)  # type: ignore[arg-type]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": 16_000, "uri": "test"}
        output = pipeline(file, hook=hook)  # type: ignore[operator]
    return kept[0], output.speaker_diarization


@pytest.fixture(scope="module")
def theirs(pipeline_folder: Path) -> tuple[np.ndarray, Annotation]:
    return _embeddings_and_turns(load_pipeline(pipeline_folder), _syllables(5.1))


def test_one_trunk_for_all_speakers_equals_pyannote(
    pipeline_folder: Path, theirs: tuple[np.ndarray, Annotation]
) -> None:
    ours, turns = _embeddings_and_turns(load_pipeline(pipeline_folder, speed=SpeedUp()), _syllables(5.1))
    assert len(theirs[1]) > 3
    assert np.array_equal(np.isnan(ours), np.isnan(theirs[0]))
    assert np.nanmax(np.abs(ours - theirs[0])) <= 1e-5 * max(1.0, float(np.nanmax(np.abs(theirs[0]))))
    assert turns == theirs[1]


def test_bfloat16_keeps_the_direction_of_the_voices(
    pipeline_folder: Path, theirs: tuple[np.ndarray, Annotation]
) -> None:
    ours, _ = _embeddings_and_turns(load_pipeline(pipeline_folder, speed=SpeedUp(bfloat16=True)), _syllables(5.1))
    length = np.linalg.norm(ours, axis=-1) * np.linalg.norm(theirs[0], axis=-1)
    assert np.nanmin((ours * theirs[0]).sum(-1) / length) >= 0.999


def test_a_longer_hop_makes_fewer_windows(pipeline_folder: Path, theirs: tuple[np.ndarray, Annotation]) -> None:
    fewer, _ = _embeddings_and_turns(load_pipeline(pipeline_folder, speed=SpeedUp(hop=1.0)), _syllables(5.1))
    assert len(fewer) <= len(theirs[0]) / 3


def test_a_pyannote_pipeline_gives_turns_and_voices(pipeline_folder: Path) -> None:
    found = diarize_by_pyannote(load_pipeline(pipeline_folder, speed=SpeedUp()), _syllables(5.1), None, "test")
    assert found.segments == tuple(sorted(found.segments))
    assert found.voices and set(found.voices) <= set(found.labels)
    assert all(np.linalg.norm(voice) == pytest.approx(1, abs=1e-4) for voice in found.voices.values())


def _two_hosts() -> tuple[np.ndarray, Annotation]:
    """The six turns one after the other, 0.4 s apart, and who speaks in each."""
    sound, truth, at = [], Annotation(), 0.0
    for number in (1, 2, 3):
        for host, name in enumerate(("question", "answer")):
            samples = read_samples(MEDIA / "podcastfy" / "turns" / f"{number}_{name}.mp3")
            for segment in speech_segments(listen_to([samples])):
                truth[Interval(at + segment.start, at + segment.end)] = f"host {host}"
            sound += [samples, np.zeros(6400, np.float32)]
            at += len(samples) / 16_000 + 0.4
    return np.concatenate(sound), truth


@needs_media
@needs_voices
@pytest.mark.parametrize("known", [True, False])
def test_two_hosts_are_told_apart_for_95_percent_of_their_speech(known: bool) -> None:
    samples, truth = _two_hosts()
    speech = speech_segments(listen_to([samples]))
    found = tidy(diarize_by_voice(samples, speech, 2 if known else None, "test"), speech)
    assert len(found.labels) == 2
    result = score(truth, as_annotation(found), None, 0.0, False)
    assert result.confusion / result.total <= 0.05
    assert result.der <= 0.05


def _turn(name: str, longest: float) -> np.ndarray:
    samples = read_samples(MEDIA / "podcastfy" / "turns" / f"{name}.mp3")[: int(longest * 16_000)]
    return np.asarray(0.05 * samples / np.sqrt(np.square(samples).mean()), np.float32)


def _flagged_overlap(alone: int, together: int) -> tuple[float, float]:
    """Share of the overlap that is flagged, and seconds flagged elsewhere: each host alone, then one over the other."""
    over = [_turn(f"{together}_{host}", 10) for host in ("question", "answer")]
    over = [samples[: min(map(len, over))] for samples in over]
    first = np.concatenate([np.pad(_turn(f"{alone}_{host}", 15), (0, 6400)) for host in ("question", "answer")])
    samples = np.concatenate([first, over[0] + over[1]])
    speech = speech_segments(listen_to([samples]))
    unsure = diarize_by_voice(samples, speech, 2, "test").unsure
    both = [np.zeros(len(over[0]), bool), np.zeros(len(over[0]), bool)]
    for track, host in zip(both, over, strict=True):
        for segment in speech_segments(listen_to([host])):
            track[int(segment.start * 16_000) : int(segment.end * 16_000)] = True
    truth = np.concatenate([np.zeros(len(first), bool), both[0] & both[1]])
    flagged = np.zeros(len(samples), bool)
    for segment in unsure:
        flagged[int(segment.start * 16_000) : int(segment.end * 16_000)] = True
    return float(flagged[truth].mean()), float((flagged & ~truth).sum() / 16_000)


@needs_media
@needs_voices
def test_one_host_over_the_other_is_flagged_and_one_alone_is_not() -> None:
    """A part of it: vectors of 1.6 s hear the louder of two voices."""
    found = [_flagged_overlap(*turns) for turns in ((1, 3), (3, 1), (2, 3), (1, 2))]
    assert np.mean([share for share, _ in found]) >= 0.2, found
    assert max(elsewhere for _, elsewhere in found) <= 1.5, found
    samples, _ = _two_hosts()
    speech = speech_segments(listen_to([samples]))
    assert diarize_by_voice(samples, speech, 2, "test").unsure == ()


@needs_media
@needs_voices
def test_one_speaker_is_one_speaker() -> None:
    samples = read_samples(MEDIA / "whisper" / "jfk.flac")
    speech = speech_segments(listen_to([samples]))
    assert diarize_by_voice(samples, speech, None, "test").labels == ("SPEAKER_00",)


@needs_media
def test_the_scorer_gives_the_known_answers() -> None:
    answers = json.loads((MEDIA / "der_known_answers.json").read_text())["pairs"][0]
    reference = load_rttm(str(MEDIA / answers["ref"]))["FILE1"]
    hypothesis = load_rttm(str(MEDIA / answers["hyp"]))["FILE1"]
    checked = 0
    for answer in answers["answers"]:
        if answer["overlap"] == "only overlap":
            continue
        uem = load_uem(str(MEDIA / answer["uem"]))["FILE1"] if "uem" in answer else None
        alone = answer["overlap"] == "ignored"
        found = score(reference, hypothesis, uem, answer["collar"], alone)
        # spyder's "ignored" scores only where exactly one speaker of the truth speaks: no false alarm in silence
        rate = (found.missed + found.confusion) / found.total if alone else found.der
        assert 100 * rate == pytest.approx(answer["DER"], abs=answer.get("tol", 0.01)), answer
        checked += 1
    assert checked == 5


@needs_media
def test_the_scorer_gives_the_published_figures_of_a_whole_set() -> None:
    answers = json.loads((MEDIA / "der_known_answers.json").read_text())["pairs"][1]
    total = [Score(0, 0, 0, 0) for _ in answers["answers"]]
    for file in sorted(MEDIA.glob(answers["ref"])):
        name = file.stem
        reference = load_rttm(str(file))[name]
        uem = load_uem(str(MEDIA / answers["uem"].replace("*", name)))[name]
        hypothesis = load_rttm(str(MEDIA / answers["hyp"].replace("*", name)))[name]
        for k, answer in enumerate(answers["answers"]):
            total[k] += score(reference, hypothesis, uem, answer["collar"], answer["overlap"] == "ignored")
    for found, answer in zip(total, answers["answers"], strict=True):
        assert 100 * found.der == pytest.approx(answer["DER"], abs=0.01), answer
