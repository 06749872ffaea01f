"""Voices to people in one scene: samples of voices alone, labels given, and decisions asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from planned_scenes import ANIMATIC

from dialogue.diarization.voice_encoder import weights_file
from dialogue.ground.errors import InputError
from dialogue.measures.look import measure
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


def call_plan(folder: Path, katie: str, steve: str, speakers: int | None = None) -> Plan:
    for name in ("katiesteve_mono", "enrollment_audio_katie", "enrollment_audio_steve"):
        (folder / f"{name}.wav").symlink_to(SPEECH / f"{name}.wav")
    (folder / "two.png").symlink_to(MEDIA / "MultiTalk/images/multi1.png")
    (folder / "scene.yaml").write_text(
        f"scene: 1\ncast:\n  katie: {{face: [500, 260, 390, 490], voice: {{{katie}}}}}\n"
        f"  steve: {{face: [2065, 330, 275, 425], voice: {{{steve}}}}}\npicture: two.png\naudio: katiesteve_mono.wav\n"
    )
    file = read_scene(folder / "scene.yaml")
    return make_plan(file, measure(file, speakers=speakers), ANIMATIC)


def test_two_people_on_one_line_are_known_by_their_samples(tmp_path: Path) -> None:
    plan = call_plan(tmp_path, "enroll: enrollment_audio_katie.wav", "enroll: enrollment_audio_steve.wav")
    assert [turn.speaker for turn in plan.turns] == ["katie", "steve"] * 3
    assert any(warning.startswith("katie is SPEAKER_0") and "alike" in warning for warning in plan.warnings)
    assert any(warning.startswith("steve is SPEAKER_0") for warning in plan.warnings)
    assert "open voices" in plan.turns[0].origin and "voice encoder is installed" in plan.turns[0].origin
    swapped = tmp_path / "swapped"
    swapped.mkdir()
    other = call_plan(swapped, "enroll: enrollment_audio_steve.wav", "enroll: enrollment_audio_katie.wav")
    names = {"katie": "steve", "steve": "katie"}
    assert [(t.start, t.end, names[t.speaker]) for t in other.turns] == [
        (t.start, t.end, t.speaker) for t in plan.turns
    ], "the voice decides, not the order"


def test_one_sample_for_two_people_asks_for_a_decision(tmp_path: Path) -> None:
    with pytest.raises(InputError) as raised:
        call_plan(tmp_path, "enroll: enrollment_audio_katie.wav", "enroll: enrollment_audio_katie.wav")
    (problem,) = raised.value.problems
    assert problem.line == 4 and problem.column == 56
    assert "steve" in problem.message and "alike" in problem.message
    assert problem.hint is not None and "voice: {speaker: SPEAKER_0" in problem.hint
