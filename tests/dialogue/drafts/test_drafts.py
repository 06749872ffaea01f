"""Draft voices: every line is heard, each member by another voice, and a recording takes the draft's place."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from planned_scenes import plan_of
from typer.testing import CliRunner

import dialogue
from dialogue.cli.app import app
from dialogue.drafts import command, drafts, engines, espeak, hibari
from dialogue.drafts.drafts import RATE, with_drafts
from dialogue.drafts.engine import DraftError
from dialogue.drafts.language import language_of
from dialogue.ground.errors import SceneError
from dialogue.scene.reader import SceneFile, read_scene
from dialogue.scene.scene import SpokenLine

SCENE = """\
scene: 1
generator: animatic
cast:
  ana: {color: "#e66"}
  ben: {draft: {pitch: -2}}
picture: two.png
lines:
  - ana: "Did you hear that noise?"
  - ben: "No, nothing at all."
  - {pause: 0.5}
  - ana: "There it is again."
  - ben: "I will look."
    together: yes
"""


def scene_in(folder: Path, text: str = SCENE) -> SceneFile:
    Image.new("RGB", (160, 100), "gray").save(folder / "two.png")
    (folder / "scene.yaml").write_text(text)
    return read_scene(folder / "scene.yaml")


def lines_of(file: SceneFile) -> list[SpokenLine]:
    return [line for line in file.scene.lines if isinstance(line, SpokenLine)]


def sound_of(file: SceneFile, line: SpokenLine) -> np.ndarray:
    assert line.audio is not None
    samples, rate = soundfile.read(file.folder / line.audio.path, dtype="float32")
    assert rate == RATE
    return samples


def speaking(samples: np.ndarray) -> np.ndarray:
    """RMS of every 20 ms, in dBFS."""
    blocks = samples[: len(samples) // 480 * 480].reshape(-1, 480)
    return 20 * np.log10(np.sqrt((blocks**2).mean(axis=1)) + 1e-9)


@pytest.mark.skipif(hibari.missing() is not None, reason="hibari-tts is not installed")
def test_every_line_is_heard_by_a_voice_of_its_speaker(tmp_path: Path) -> None:
    file = with_drafts(scene_in(tmp_path))
    voices = {line.speaker: line.draft for line in lines_of(file)}
    assert voices == {"ana": "hibari:heart", "ben": "hibari:tom"}
    for line in lines_of(file):
        levels = speaking(sound_of(file, line))
        assert (levels > -35).mean() > 0.3, "words"
        assert levels[:3].max() < -50 and levels[-8:].max() < -50, "and the room around them"
    assert "spoken by draft voices (hibari:heart, hibari:tom)" in file.warnings[-1].message
    plan = plan_of(file)
    turns = sorted(plan.turns, key=lambda turn: (turn.start, turn.speaker))
    assert [turn.speaker for turn in turns] == ["ana", "ben", "ana", "ben"]
    assert turns[2].start == turns[3].start == pytest.approx(turns[1].end + 0.5)
    assert {turn.draft for turn in turns} == {"hibari:heart", "hibari:tom"}


@pytest.mark.skipif(hibari.missing() is not None, reason="hibari-tts is not installed")
def test_a_draft_is_made_once_and_a_broken_one_again(tmp_path: Path) -> None:
    file = with_drafts(scene_in(tmp_path))
    made = {line.audio.path for line in lines_of(file) if line.audio}
    before = {path: (tmp_path / path).stat().st_mtime_ns for path in made}
    broken = sorted(made)[0]
    whole = (tmp_path / broken).read_bytes()
    (tmp_path / broken).write_bytes(whole[:1000])
    with_drafts(read_scene(tmp_path / "scene.yaml"))
    assert (tmp_path / broken).read_bytes() == whole, "the same words, voice and engine give the same samples"
    assert all((tmp_path / path).stat().st_mtime_ns == before[path] for path in made - {broken})


@pytest.mark.skipif(hibari.missing() is not None, reason="hibari-tts is not installed")
def test_a_recording_takes_the_place_of_one_draft(tmp_path: Path) -> None:
    first = with_drafts(scene_in(tmp_path))
    soundfile.write(tmp_path / "ben.wav", np.zeros(16_000), 16_000)
    text = SCENE.replace('"No, nothing at all."', '"No, nothing at all."\n    audio: ben.wav')
    second = with_drafts(scene_in(tmp_path, text))
    assert [line.draft is not None for line in lines_of(second)] == [True, False, True, True]
    kept = zip(lines_of(first), lines_of(second), strict=True)
    assert [a.audio == b.audio for a, b in kept] == [True, False, True, True]


def test_no_draft_where_a_track_or_a_mix_is_heard(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "ana.wav", np.zeros(16_000), 16_000)
    with_track = scene_in(tmp_path, SCENE.replace("ana: {", "ana: {track: ana.wav, "))
    assert [line.speaker for _, line in drafts.undrafted(with_track.scene)] == ["ben", "ben"]
    with_mix = scene_in(tmp_path, SCENE.replace("picture:", "audio: ana.wav\npicture:"))
    assert drafts.undrafted(with_mix.scene) == [] and with_drafts(with_mix) is with_mix


def test_without_an_engine_lines_are_silent_and_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "ENGINES", {})
    file = with_drafts(scene_in(tmp_path))
    assert {line.draft for line in lines_of(file)} == {"silence"}
    long, short = (len(sound_of(file, line)) / RATE for line in (lines_of(file)[0], lines_of(file)[3]))
    assert 1.2 < long < 2.6 and 0.7 < short < long
    assert speaking(sound_of(file, lines_of(file)[0])).max() < -55
    assert "no draft engine" in file.warnings[-1].message


def test_a_voice_that_is_not_there_is_said_at_its_place(tmp_path: Path) -> None:
    file = scene_in(tmp_path, SCENE.replace("{pitch: -2}", "{voice: hibarri:tom}"))
    with pytest.raises(SceneError, match=r"scene\.yaml:5:\d+: error: there is no draft engine 'hibarri'"):
        with_drafts(file)
    (problem,) = [found for found in dialogue.check(file.path) if found.severity == "error"]
    assert problem.line == 5 and "no draft engine" in problem.message


def test_an_engine_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "say.py"
    program.write_text(
        "import sys, wave\nwords = sys.stdin.read()\nout = wave.open(sys.argv[1], 'wb')\n"
        "out.setnchannels(1); out.setsampwidth(2); out.setframerate(16000)\n"
        "out.writeframes((b'\\x00\\x20' * 40 + b'\\x00\\xe0' * 40) * 20 * len(words)); out.close()\n"
    )
    monkeypatch.setenv(command.CHOICE, shlex.join([sys.executable, str(program)]) + " {output} {voice}")
    file = with_drafts(scene_in(tmp_path))
    assert lines_of(file)[0].draft == "command:default"
    assert len(sound_of(file, lines_of(file)[0])) / RATE == pytest.approx(24 * 0.1 + 0.46, abs=0.1)
    monkeypatch.setenv(command.CHOICE, shlex.join([sys.executable, "-c", "raise SystemExit('no licence')"]))
    failed = with_drafts(scene_in(tmp_path, SCENE.replace("noise", "sound")))
    assert any("no licence" in problem.message for problem in failed.warnings)


@pytest.mark.skipif(espeak.missing() is not None, reason="neither espeak-ng nor espeakng-loader is installed")
def test_another_language_has_a_voice_of_its_own(tmp_path: Path) -> None:
    german = SCENE.replace("Did you hear that noise?", "Hast du das Geräusch nicht gehört?").replace(
        "No, nothing at all.", "Nein, ich habe nichts gehört."
    )
    german = german.replace("There it is again.", "Da ist es wieder.").replace("I will look.", "Ich sehe nach.")
    file = with_drafts(scene_in(tmp_path, german))
    assert {line.speaker: line.draft for line in lines_of(file)} == {"ana": "espeak:de+f3", "ben": "espeak:de+m3"}
    assert (speaking(sound_of(file, lines_of(file)[0])) > -35).mean() > 0.3


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Did you hear that?", "en"), ("Hast du das nicht gehört?", "de"), ("Tu n'as pas entendu le bruit ?", "fr"),
        ("¿No has oído el ruido de la puerta?", "es"), ("你听见了吗？", "cmn"), ("聞こえましたか？", "ja"),
        ("Ты слышал?", "ru"), ("क्या तुमने सुना?", "hi"), ("هل سمعت ذلك؟", "ar"), ("", "en"), ("Hm.", "en"),
        ("Oh no!", "en"), ("Hi. No.", "en"), ("No, no, no!", "en"), ("Taxi! A la carte?", "en"), ("Ben! Ben!", "en"),
        ("Die! Die, monster!", "en"), ("Was? In Berlin?", "en"), ("Hola", "es"), ("Guten Tag", "de"), ("Tack", "sv"),
        ("Danke, gut!", "de"), ("Merci", "fr"), ("Bonjour", "fr"), ("Olá", "pt"), ("Ciao, come stai?", "it"),
        ("Hello, hello! Adios, amigo.", "en"), ("Dank je wel.", "nl"), ("Dzień dobry", "pl"), ("Merhaba", "tr"),
    ],
)  # fmt: skip
def test_languages_are_told_by_letters_and_words(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.skipif(hibari.missing() is not None, reason="hibari-tts is not installed")
def test_what_an_engine_leaves_out_is_told_at_its_line_each_time(tmp_path: Path) -> None:
    long = "The boat left the harbour before anyone was awake. " * 3
    text = SCENE.replace("No, nothing at all.", "lorem" * 1000).replace("There it is again.", long)
    for _ in range(2):
        told = [problem for problem in with_drafts(scene_in(tmp_path, text)).warnings if "letters" in problem.message]
        assert [problem.line for problem in told] == [9]
        assert "says 5000 letters in " in told[0].message and told[0].severity == "warning"


@pytest.mark.skipif(espeak.missing() is not None, reason="neither espeak-ng nor espeakng-loader is installed")
def test_a_language_that_nobody_speaks_is_told(tmp_path: Path) -> None:
    file = scene_in(tmp_path, SCENE.replace("scene: 1\n", "scene: 1\nlanguage: xx\n"))
    assert [(one.line, one.severity) for one in drafts.draft_problems(file)] == [(2, "warning")]
    warnings = dialogue.check(file.path)
    assert any("no draft engine speaks the language 'xx'" in one.message for one in warnings)
    assert any("lines are silent" in one.message for one in with_drafts(file).warnings)
    assert {"de", "en", "no", "zh"} <= set(espeak.languages())
    assert espeak.voices("de-at")[0] == "de+f3" and espeak.voices("zh")[0] == "cmn+f3" and not espeak.voices("xx")
    with pytest.raises(DraftError, match="does not exist"):
        espeak.speak("Hello.", "xx+f3", "xx", 1.0)
    said = CliRunner().invoke(app, ["voices", "drafts", "--language", "xx"])
    assert isinstance(said.exception, SceneError) or "no draft voice speaks 'xx'" in said.output


def test_espeak_tells_the_languages_of_its_data(tmp_path: Path) -> None:
    for name, text in {
        "gmw/de": "name German\nlanguage de\n",
        "gmw/en": "name E\nlanguage en-gb  2\nlanguage en 2\n",
    }.items():
        (tmp_path / "lang" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "lang" / name).write_text(text)
    assert espeak.languages_in(tmp_path) == {"de", "en", "en-gb"}
