"""A script from its file to a scene that the reader takes without a mistake."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

import dialogue
from dialogue.cli.app import app
from dialogue.ground.errors import SceneError
from dialogue.scene.json_schema import json_schema
from dialogue.scene.reader import read_scene
from dialogue.scene.scene import FaceBox, SpokenLine
from dialogue.screenplay import importing
from dialogue.screenplay.importing import import_script, is_script, scene_of_script

GOLDEN = Path(__file__).parents[2] / "golden/imports"
SHARED = Path(__file__).parents[4] / "shared"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared scripts and pictures are not here")
NOISE = "INT. KITCHEN - NIGHT\n\nANA\n(afraid)\nDid you hear that?\n\nBEN\nNo.\n"


@needs_shared
@pytest.mark.parametrize("name", ["noise.fountain", "names.txt", "numbered.txt", "persons.txt"])
def test_shared_scripts_become_scenes(name: str, tmp_path: Path) -> None:
    imported = import_script(SHARED / "cases/scripts" / name, tmp_path / "scene.yaml")
    scene = read_scene(imported.scene)
    spoken = [line for line in scene.scene.lines if isinstance(line, SpokenLine)]
    assert spoken[0].text == "Did you hear that noise outside just now?"
    assert [line.text for line in spoken] == [said.text for said in imported.script.said]
    assert len(scene.scene.cast) == 2 and not scene.warnings


@needs_shared
@pytest.mark.parametrize(
    "script",
    [*sorted((SHARED / "cases/scripts").glob("*")), *sorted((SHARED / "media/MultiTalk").glob("*.json"))],
    ids=lambda script: script.name,
)
def test_shared_scripts_are_imported_word_for_word(script: Path, tmp_path: Path) -> None:
    """The scene as it is kept in tests/golden/imports, and what is told of it, at the end."""
    imported = import_script(script, tmp_path / "scene.yaml")
    notes = "".join(f"# told: {note.line or '-'}: {note.message}\n" for note in imported.written.notes)
    text = imported.scene.read_text(encoding="utf-8") + notes
    text = text.replace(Path(os.path.relpath(SHARED, tmp_path)).as_posix(), "SHARED").replace(str(SHARED), "SHARED")
    if script.suffix == ".json":  # found in the picture, by whatever finds faces here
        text = re.sub(r"face: \[.*\]", "face: [found]", text)
    assert text == (GOLDEN / f"{script.name}.yaml").read_text(encoding="utf-8")


def test_an_editor_knows_the_keys_of_an_imported_scene(tmp_path: Path) -> None:
    script = tmp_path / "noise.fountain"
    script.write_text(NOISE)
    folder = import_script(script, tmp_path / "noise/scene.yaml").scene.parent
    assert "# yaml-language-server: $schema=scene.schema.json" in (folder / "scene.yaml").read_text().splitlines()[:2]
    assert json.loads((folder / "scene.schema.json").read_text()) == json_schema()
    (folder / "scene.schema.json").write_text("{}")  # of an earlier version: no reason to refuse
    import_script(script, folder / "scene.yaml")
    assert json.loads((folder / "scene.schema.json").read_text()) == json_schema()


def test_import_and_render_tell_the_same(tmp_path: Path) -> None:
    script = tmp_path / "noise.fountain"
    script.write_text(NOISE.replace("BEN\n", "BEN (V.O.)\n"))
    run = CliRunner().invoke(app, ["import", str(script), "-o", str(tmp_path / "a/scene.yaml")])
    told = [row for row in run.stderr.splitlines() if row.startswith(str(script))]
    assert told and told == [str(one) for one in dialogue.plan(script).warnings if one.file == str(script)]


@needs_shared
def test_a_job_in_turn_has_its_boxes_rows_first(tmp_path: Path) -> None:
    imported = import_script(SHARED / "media/MultiTalk/multitalk_example_1.json", tmp_path / "scene.yaml")
    scene = read_scene(imported.scene).scene
    left, right = (member.face for member in scene.cast.values())
    assert isinstance(left, FaceBox) and isinstance(right, FaceBox)
    assert left.box[0] + left.box[2] < right.box[0], "person 1 sits on the left"
    heard = [line.audio for line in scene.lines if isinstance(line, SpokenLine)]
    assert [Path(ref.path).name for ref in heard if ref] == ["multi1_person1.WAV", "multi1_person2.WAV"]


@needs_shared
def test_a_job_at_once_has_tracks(tmp_path: Path) -> None:
    imported = import_script(SHARED / "media/MultiTalk/multitalk_example_3.json", tmp_path / "scene.yaml")
    scene = read_scene(imported.scene).scene
    assert [Path(m.track.path).name for m in scene.cast.values() if m.track] == ["multi3_man.WAV", "multi3_woman.WAV"]
    assert scene.prompt is not None and scene.prompt.startswith("In a cozy recording studio")


def test_a_scene_changed_by_hand_is_kept(tmp_path: Path) -> None:
    script = tmp_path / "noise.fountain"
    script.write_text(NOISE)
    scene, imported = scene_of_script(script)
    assert imported is not None
    scene.write_text(scene.read_text() + "# mine\n")
    assert scene_of_script(script) == (scene, None)
    script.write_text(NOISE.replace("No.", "Yes."))
    with pytest.raises(SceneError, match="has changed since"):
        scene_of_script(script)
    with pytest.raises(SceneError, match="already holds"):
        import_script(script, scene)
    assert "# mine" in scene.read_text()


def test_many_people_are_shown_in_pictures_of_four(tmp_path: Path) -> None:
    script = tmp_path / "crowd.txt"
    script.write_text("".join(f"P{chr(65 + n)}: Hello, I am number {n}.\n" for n in range(10)))
    imported = import_script(script, tmp_path / "scene.yaml")
    scene = read_scene(imported.scene).scene
    assert [len(shot.faces) for shot in scene.shots] == [4, 4, 0] or [len(s.faces) for s in scene.shots] == [4, 4]
    assert sorted(n for shot in scene.shots for n in shot.lines or ()) == list(range(1, 11))
    assert sum("no ready character is left" in note.message for note in imported.written.notes) == 2


def test_beats_and_transcripts(tmp_path: Path) -> None:
    beats = {
        "$mulmocast": {"version": "1.1"}, "title": "Tea", "lang": "en",
        "speechParams": {"speakers": {"Host": {"displayName": {"en": "The Host"}}, "Guest": {}}},
        "beats": [{"speaker": "Host", "text": "Tea?"}, {"speaker": "Guest", "text": "Yes."}, {"duration": 2}],
    }  # fmt: skip
    (tmp_path / "tea.json").write_text(json.dumps(beats))
    assert is_script(tmp_path / "tea.json")
    scene = read_scene(import_script(tmp_path / "tea.json", tmp_path / "tea/scene.yaml").scene).scene
    assert [member.name for member in scene.cast.values()] == ["The Host", "Guest"]
    words = {"segments": [{"start": 0.5, "end": 2.0, "text": " Hello. ", "speaker": "SPEAKER_00"}], "language": "en"}
    (tmp_path / "talk.json").write_text(json.dumps(words))
    imported = import_script(tmp_path / "talk.json", tmp_path / "talk/scene.yaml")
    (line,) = read_scene(imported.scene).scene.lines
    assert isinstance(line, SpokenLine) and (line.start, line.end, line.text) == (0.5, 2.0, "Hello.")


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.json", "{", r"a\.json:1:2: error: this is no JSON"),
        ("a.json", '{"plan": 1}', "no script in a form known here"),
        ("a.json", '{"cond_audio": {"p": "a.wav"}}', "no cond_image"),
        ("a.json", '{"cond_audio": {"p": "a.wav"}, "cond_image": "a.png", "bbox": {"p": [9, 9, 3, 3]}}', "rows first"),
        ("a.txt", "A tale of old, with no one in it.\n", "no script in a form known here"),
        ("a.fountain", "INT. ROOM\n", "nobody speaks in this screenplay"),
    ],
)
def test_what_cannot_be_meant_is_said(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(SceneError, match=says):
        import_script(tmp_path / name, tmp_path / "out/scene.yaml")
    assert not (tmp_path / "out").exists()


def test_a_script_is_planned_at_once_and_its_film_lies_beside_it(tmp_path: Path) -> None:
    import dialogue

    script = tmp_path / "noise.fountain"
    script.write_text(NOISE)
    ordered = dialogue.order(script)
    assert ordered.output == tmp_path / "noise.mp4"
    assert [turn.speaker for turn in ordered.plan.turns] == ["ana", "ben"]
    assert all(turn.draft for turn in ordered.plan.turns)
    assert (tmp_path / "noise.scene/scene.yaml").is_file()


@pytest.mark.parametrize("to", ["multitalk", "longcat", "wan2gp"])
def test_a_plan_goes_out_as_jobs_and_comes_back(to: str, tmp_path: Path) -> None:
    import soundfile

    import dialogue

    scene = Path(__file__).parents[3] / "scenes/two_hander/scene.yaml"
    planned = dialogue.plan(scene)
    dialogue.export(planned, to, output=tmp_path / "jobs")
    imported = import_script(tmp_path / "jobs/shot_001.json", tmp_path / "back/scene.yaml")
    back = read_scene(imported.scene).scene
    shot = planned.plan.shots[0]
    assert len(back.cast) == len(shot.faces) == 2 and back.prompt == (shot.prompt or None)
    faces = [member.face for member in back.cast.values()]
    centers = [face.box[0] + face.box[2] / 2 for face in faces if isinstance(face, FaceBox)]
    assert centers == sorted(centers) and len(centers) == 2
    for member in back.cast.values():
        assert member.track is not None
        sound = soundfile.info(imported.scene.parent / member.track.path)
        assert sound.duration == pytest.approx(shot.frames / 25, abs=0.01)


def test_a_script_too_large_for_a_scene_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    script = tmp_path / "talk.json"
    segments = [{"start": n, "end": n + 0.5, "text": f"Line {n}.", "speaker": "A"} for n in range(15_000)]
    script.write_text(json.dumps({"segments": segments}))
    with pytest.raises(SceneError, match=r"would have \d+ values, and a scene has 100000 at most .*two files"):
        import_script(script, tmp_path / "talk/scene.yaml")
    plain = tmp_path / "talk.txt"
    crowd = "".join(f"P{n}: No.\n" for n in range(1_001))
    for text, told in (("Ana: No.\n" * 20_001, "20001 lines"), (crowd, "1001 people")):
        plain.write_text(text)
        with pytest.raises(SceneError, match=f"would have {told}, and a scene has"):
            import_script(plain, tmp_path / "talk/scene.yaml")
    assert not (tmp_path / "talk").exists()
    script.write_text(json.dumps({"segments": segments[:1000]}))
    assert len(read_scene(import_script(script, tmp_path / "talk/scene.yaml").scene).scene.lines) == 1000


@pytest.mark.parametrize("text", ["", " \n\n", "\ufeff\n"])
@pytest.mark.parametrize("name", ["a.fountain", "a.txt", "a.json", "a.rtf"])
def test_an_empty_file_is_called_so(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(SceneError, match="the file is empty"):
        import_script(tmp_path / name, tmp_path / "scene.yaml")
    with pytest.raises(SceneError, match="empty file|file is empty|not a scene"):
        read_scene(tmp_path / name)


def test_what_beats_and_segments_lack_is_told_and_the_scene_is_sound(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200), "gray").save(tmp_path / "a.png")
    there, gone = ({"type": "image", "source": {"kind": "path", "path": name}} for name in ("a.png", "gone.png"))
    beats = [
        {"speaker": "A", "text": "Hi."}, {"speaker": "B", "text": "Hm.", "image": there}, {"speaker": 5, "text": "x"},
        {"text": 7}, {"duration": -1}, {"audio": {"source": "x"}, "text": "t"}, {"text": "last", "image": gone},
    ]  # fmt: skip
    (tmp_path / "m.json").write_text(json.dumps({"$mulmocast": {}, "lang": "en_US", "title": 5, "beats": beats}))
    imported = import_script(tmp_path / "m.json", tmp_path / "m/scene.yaml")
    assert not [one for one in dialogue.check(imported.scene) if one.severity == "error"]
    scene = read_scene(imported.scene).scene
    assert scene.language == "en-us" and len(scene.lines) == 5
    told = " / ".join(note.message for note in imported.written.notes)
    for said in ("speaker is 5", "text is 7", "duration is -1", "recording is no file", "gone.png is not there",
                 "title is 5", "show the one before"):  # fmt: skip
        assert said in told
    times = [(5, 2, "Y"), (float("nan"), 2, "X"), (1, 2, None), (-1, float("inf"), "X"), (3, 3.0001, "X")]
    segments = [{"start": start, "end": end, "text": "Words.", "speaker": who} for start, end, who in times]
    (tmp_path / "w.json").write_text(json.dumps({"segments": segments, "language": "no_9!"}))
    imported = import_script(tmp_path / "w.json", tmp_path / "w/scene.yaml")
    lines = [line for line in read_scene(imported.scene).scene.lines if isinstance(line, SpokenLine)]
    assert [(line.speaker, line.start) for line in lines] == [("y", None), ("x", None), ("x", 1.0)] + [("x", None)] * 2
    told = " / ".join(note.message for note in imported.written.notes)
    assert "segment 3 without a speaker: given to whoever spoke before" in told
    assert "segments 1, 2, 4, 5 with no times" in told and "language is 'no_9!'" in told


def test_no_scene_is_written_that_its_reader_refuses(tmp_path: Path) -> None:
    with pytest.raises(SceneError, match="its scene would be wrong at"):
        importing._check_readable(b"scene: 1\ncast:\n  ana:\n    nam: x\n", tmp_path / "a.txt", tmp_path)


def test_captions_and_chats_are_scripts(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text(
        "1\n00:00:01,000 --> 00:00:02,500\nAnna: Hello.\n\n2\n00:00:03,000 --> 00:00:04,000\nBen: Hi.\n"
    )
    lines = read_scene(import_script(tmp_path / "a.srt", tmp_path / "a/scene.yaml").scene).scene.lines
    assert [(line.speaker, line.start, line.end) for line in lines if isinstance(line, SpokenLine)] == [
        ("anna", 1.0, 2.5), ("ben", 3.0, 4.0),
    ]  # fmt: skip
    (tmp_path / "chat.txt").write_text("[12:03, 1/1/2026] Anna: Hello.\n[12:04, 1/1/2026] Ben: Hi.\n")
    scene = import_script(tmp_path / "chat.txt", tmp_path / "b/scene.yaml").scene
    assert "# time: 12:03, 1/1/2026\n" in scene.read_text() and len(read_scene(scene).scene.lines) == 2


def test_characters_that_are_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"Ana: Hello.\nBe\0n: Hi.\n")
    told = import_script(tmp_path / "a.txt", tmp_path / "a/scene.yaml").written.notes
    assert [note.line for note in told if "hold no character" in note.message] == [2]
