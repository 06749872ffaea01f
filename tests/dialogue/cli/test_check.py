"""`dialogue check`, `schema`, `init`, `doctor` as they are called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialogue.cli.app import app
from dialogue.scene.json_schema import json_schema

ROOT = Path(__file__).parents[3]
SCENE = ROOT / "scenes/two_hander/scene.yaml"

run = CliRunner().invoke


def test_a_good_scene_is_exit_0() -> None:
    result = run(app, ["check", str(SCENE)])
    assert result.exit_code == 0 and all(line.startswith("note: ") for line in result.stderr.splitlines())
    assert result.stdout == f"{SCENE}: no errors\n"


def test_a_wrong_scene_is_exit_2_and_others_are_checked_all_the_same(tmp_path: Path) -> None:
    wrong = tmp_path / "scene.yaml"
    wrong.write_text("scene: 1\ntitel: x\n")
    result = run(app, ["check", str(wrong), str(SCENE)])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{wrong}:1:1: error: ")
    assert f"{wrong}:2:1: error: unknown key 'titel' (did you mean 'title'?)\n" in result.stderr
    assert result.stdout == f"{SCENE}: no errors\n"


def test_json_has_every_problem_with_its_place(tmp_path: Path) -> None:
    wrong = tmp_path / "scene.yaml"
    wrong.write_text("scene: 1\ntitel: x\ncast: {ana: {track: a.wav, face: [0, 0, 9, 9]}}\npicture: p.png\n")
    result = run(app, ["check", "--format", "json", str(wrong)])
    assert result.exit_code == 2
    records = json.loads(result.stdout)
    assert [(record["line"], record["column"]) for record in records] == [(2, 1), (3, 21), (4, 10)]
    assert records[0] == {
        "severity": "error",
        "file": str(wrong),
        "line": 2,
        "column": 1,
        "message": "unknown key 'titel'",
        "hint": "did you mean 'title'?",
    }
    assert json.loads(run(app, ["check", "--format", "json", str(SCENE)]).stdout) == []


def test_a_template_is_checked_with_its_variables(tmp_path: Path) -> None:
    template = tmp_path / "scene.yaml.j2"
    template.write_text(
        "scene: 1\ntitle: {{ title | tojson }}\ncast:\n  ana: {track: {{ track }}, face: {detect: 1}}\npicture: p.png\n"
    )
    result = run(app, ["check", str(template), "--set", "title=a: 'b'"])
    assert result.exit_code == 2
    assert "scene.yaml.j2:4:1: error: in the template: 'track' is undefined" in result.stderr
    result = run(app, ["check", str(template), "--set", "title=a: 'b'", "--set", "track=a.wav"])
    assert "scene.yaml.j2:4:16: error: no file 'a.wav'\n" in result.stderr
    assert "title" not in result.stderr


def test_a_template_cannot_leave_its_sandbox_or_fill_the_memory(tmp_path: Path) -> None:
    template = tmp_path / "scene.yaml.j2"
    for hostile in (
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ 'a' * 10000000000 }}",
        "{{ 9 ** 999999 }}",
        "{% for a in range(100000) %}{% for b in range(100000) %}aaaaaaaaaaaaaaaaaaaa{% endfor %}{% endfor %}",
        "{% include '/etc/passwd' %}",
        "{{ '%1000000000d' % 1 }}",
    ):
        template.write_text(f"scene: 1\ntitle: {hostile}\n")
        result = run(app, ["check", str(template)])
        assert result.exit_code == 2, hostile
        assert ":1: error: in the template: " in result.stderr, hostile


def test_schema_is_printed_and_written(tmp_path: Path) -> None:
    assert json.loads(run(app, ["schema"]).stdout) == json_schema()
    target = tmp_path / "scene.schema.json"
    assert run(app, ["schema", "-o", str(target)]).exit_code == 0
    assert json.loads(target.read_text()) == json_schema()
    assert run(app, ["schema", "-o", str(tmp_path / "no/where.json")]).exit_code == 2


def test_init_writes_a_scene_that_checks(tmp_path: Path) -> None:
    folder = tmp_path / "new/scene"
    assert run(app, ["init", str(folder)]).exit_code == 0
    assert run(app, ["check", str(folder / "scene.yaml")]).exit_code == 0
    assert json.loads((folder / "scene.schema.json").read_text()) == json_schema()
    assert "$schema=scene.schema.json" in (folder / "scene.yaml").read_text()


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "scene.yaml").write_text("mine")
    result = run(app, ["init", str(tmp_path)])
    assert (result.exit_code, "already holds scene.yaml" in result.stderr) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["scene.yaml"]
    assert run(app, ["init", str(tmp_path / "scene.yaml")]).exit_code == 2


def test_doctor_finds_what_every_film_needs() -> None:
    result = run(app, ["doctor", "--format", "json"])
    found = {finding["name"]: finding for finding in json.loads(result.stdout)}
    assert found["ffmpeg"]["good"] and found["torch"]["good"]
    assert found["generator animatic"]["value"] == "ready"
    assert {"python", "memory", "processors", "gpu", "disk", "faces", "diarization", "cache"} <= set(found)
    text = run(app, ["doctor"]).stdout
    assert all(name.split()[0] in text for name in found)


def test_doctor_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ffmpeg() -> str:
        raise RuntimeError("No ffmpeg exe could be found")

    monkeypatch.setattr("imageio_ffmpeg.get_ffmpeg_exe", no_ffmpeg)
    result = run(app, ["doctor"])
    assert result.exit_code == 1
    assert "No ffmpeg exe could be found" in result.stdout and "IMAGEIO_FFMPEG_EXE" in result.stdout


def test_doctor_says_who_signs_films(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from dialogue.rendering.signer import made_chain, signer
    from dialogue.setup.doctor import _signing

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert "a key is made with the first film" in _signing().value and not list(tmp_path.iterdir())
    signer()
    assert _signing().good and str(made_chain()) in _signing().value
    monkeypatch.setenv("DIALOGUE_CERTIFICATE", str(tmp_path / "absent.pem"))
    assert _signing().good is False and "absent.pem" in _signing().value
