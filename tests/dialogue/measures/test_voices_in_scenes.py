"""Voices to people in one scene: samples of voices alone, labels given, and decisions asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
import soundfile
from planned_scenes import ANIMATIC

from dialogue.diarization.voice_encoder import weights_file
from dialogue.formats.rttm import write_rttm
from dialogue.ground.errors import SceneError
from dialogue.ground.segments import LabelledSegment
from dialogue.measures.look import measure
from dialogue.media.recordings import read_samples
from dialogue.planning.plan import Plan
from dialogue.planning.planner import make_plan
from dialogue.scene.reader import read_scene

MEDIA = Path(__file__).parents[4] / "shared" / "media"
SPEECH = MEDIA / "cognitive-services-speech-sdk"
pytestmark = [
    pytest.mark.skipif(not MEDIA.is_dir(), reason="../shared/media is not here"),
    pytest.mark.skipif(weights_file() is None, reason="the voices extra is not installed"),
]


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def call_scene(folder: Path, **voices: str) -> Path:
    """The call of Katie and Steve with whatever `voice:` each of the cast has; diarization by `extra`."""
    for name in ("katiesteve_mono", "enrollment_audio_katie", "enrollment_audio_steve"):
        (folder / f"{name}.wav").symlink_to(SPEECH / f"{name}.wav")
    for name in ("jfk.flac", "1_answer.mp3"):
        (folder / name).symlink_to(MEDIA / {"jfk.flac": "whisper", "1_answer.mp3": "podcastfy/turns"}[name] / name)
    (folder / "all.jpg").symlink_to(MEDIA / "facenet-pytorch/images/multiface.jpg")
    extra = voices.pop("extra", "")
    cast = "".join(
        f"  {who}: {{face: {{detect: {number}}}, voice: {voice}}}\n"
        for number, (who, voice) in enumerate(voices.items(), 1)
    )
    path = folder / "scene.yaml"
    path.write_text(f"scene: 1\ncast:\n{cast}picture: all.jpg\naudio: katiesteve_mono.wav\n{extra}")
    return path


def plan_of(path: Path, speakers: int | None = None) -> Plan:
    file = read_scene(path)
    return make_plan(file, measure(file, speakers=speakers), ANIMATIC)


def cut_samples(folder: Path) -> None:
    """Samples of both out of the call itself, as kept from an episode of the same show."""
    samples = read_samples(SPEECH / "katiesteve_mono.wav")
    for name, start, end in (("katie", 9.5, 14.8), ("steve", 15.3, 17.8)):
        soundfile.write(folder / f"{name}.wav", samples[round(start * 16_000) : round(end * 16_000)], 16_000)


def test_people_are_known_by_samples_of_the_same_kind_of_recording(tmp_path: Path) -> None:
    cut_samples(tmp_path)
    plan = plan_of(call_scene(tmp_path, katie="{enroll: katie.wav}", steve="{enroll: steve.wav}"))
    assert [turn.speaker for turn in plan.turns] == ["katie", "steve"] * 3
    assert all("katie is SPEAKER_00" in turn.origin and "next person" in turn.origin for turn in plan.turns[::2])
    assert not [warning for warning in plan.warnings if " is SPEAKER_" in warning], "what is well is no warning"
    assert "open voices" in plan.turns[0].origin and "voice encoder is installed" in plan.turns[0].origin


def test_another_microphone_is_a_question_whose_answer_holds(tmp_path: Path) -> None:
    path = call_scene(
        tmp_path, katie="{enroll: enrollment_audio_katie.wav}", steve="{enroll: enrollment_audio_steve.wav}"
    )
    with pytest.raises(SceneError) as raised:
        plan_of(path)
    first, second = raised.value.problems
    assert (first.line, second.line) == (3, 4) and first.column == 46
    assert "not sure whether katie is heard; the nearest, SPEAKER_00: voices 0.78 alike" in first.message
    assert first.hint is not None and "voice: {speaker: LABEL}" in first.hint and "voice: none" in first.hint
    assert "speaker: SPEAKER" not in first.hint, "no label is put into anybody's mouth"
    text = path.read_text().replace("{enroll: enrollment_audio_katie.wav}", "{speaker: SPEAKER_00}")
    path.write_text(text.replace("{enroll: enrollment_audio_steve.wav}", "{speaker: SPEAKER_01}"))
    assert [turn.speaker for turn in plan_of(path).turns] == ["katie", "steve"] * 3


@pytest.mark.parametrize("anna", ["jfk.flac", "1_answer.mp3"])
def test_somebody_absent_never_gets_a_word(tmp_path: Path, anna: str) -> None:
    """Whatever is asked, and however it is answered as the hint says, Katie's words are not Anna's."""
    cut_samples(tmp_path)
    voices = {"katie": "{enroll: katie.wav}", "anna": f"{{enroll: {anna}}}", "steve": "{enroll: steve.wav}"}
    path = call_scene(tmp_path, **voices)
    try:
        plan = plan_of(path, speakers=2)
    except SceneError as raised:
        assert all("anna" in problem.message for problem in raised.problems)
        path.write_text(path.read_text().replace(f"{{enroll: {anna}}}", "none"))
        plan = plan_of(path, speakers=2)
    assert [turn.speaker for turn in plan.turns] == ["katie", "steve"] * 3
    assert not [turn for turn in plan.turns if turn.speaker == "anna"]


def test_a_file_with_plain_labels_is_named_by_the_samples(tmp_path: Path) -> None:
    """As without the file: the voices decide, not the order of the labels; a decision is asked for where unsure."""
    cut_samples(tmp_path)
    spans = [("B", 1.1, 2.1), ("A", 2.7, 3.5), ("B", 4.0, 7.4), ("A", 8.0, 9.1), ("B", 9.5, 14.8), ("A", 15.3, 17.8)]
    turns = [LabelledSegment(start, end, f"SPEAKER_{label}") for label, start, end in spans]
    (tmp_path / "turns.rttm").write_text(write_rttm(turns, "katiesteve_mono"))
    extra = "diarization: turns.rttm\n"
    path = call_scene(tmp_path, steve="{enroll: steve.wav}", katie="{enroll: katie.wav}", extra=extra)
    plan = plan_of(path)
    assert [(turn.speaker, turn.start) for turn in plan.turns] == [
        ({"B": "katie", "A": "steve"}[label], start) for label, start, _ in spans
    ]
    assert "turns.rttm; katie is SPEAKER_B" in plan.turns[0].origin
    path.write_text(path.read_text().replace("{enroll: katie.wav}", "{enroll: enrollment_audio_katie.wav}"))
    with pytest.raises(SceneError, match="not sure whether katie is heard"):
        plan_of(path)


def test_one_sample_for_two_people_asks_for_a_decision(tmp_path: Path) -> None:
    cut_samples(tmp_path)
    path = call_scene(tmp_path, katie="{enroll: katie.wav}", steve="{enroll: katie.wav}")
    with pytest.raises(SceneError) as raised:
        plan_of(path)
    problem = raised.value.problems[0]
    assert problem.line == 3 and "alike, " in problem.message and "0.00 nearer than the next person" in problem.message
