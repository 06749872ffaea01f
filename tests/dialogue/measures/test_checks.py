"""Checks against media that only a full measurement knows, and the tree a scene file becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from dialogue.ground.errors import SceneError
from dialogue.measures.checks import check_media
from dialogue.measures.measures import Measures
from dialogue.media.media import Picture, Recording
from dialogue.scene.reader import SceneFile, read_scene
from dialogue.scene.source import Keys, Text, compose, decode
from dialogue.scene.template import fill


def recording(path: str, duration: float, peak: float | None = None) -> Recording:
    return Recording(path, duration, 16_000, 1, ("1",), peak=peak)


@pytest.fixture
def file(tmp_path: Path) -> SceneFile:
    for name in ("ana.wav", "ben.wav", "p.png"):
        (tmp_path / name).touch()
    (tmp_path / "scene.yaml").write_text(
        "scene: 1\ncast:\n  ana: {track: ana.wav, face: [0, 0, 50, 50]}\n"
        "  ben: {track: ben.wav, face: [50, 0, 50, 50]}\n"
        "picture: p.png\nshots: [{until: 5}, {}]\n"
    )
    return read_scene(tmp_path / "scene.yaml")


def told(file: SceneFile, measures: Measures) -> list[str]:
    return [f"{problem.line}:{problem.column}: {problem.message}" for problem in check_media(file, measures)]


def test_boxes_may_touch_and_reach_the_edge(file: SceneFile) -> None:
    recordings = {"ana.wav": recording("ana.wav", 9.0), "ben.wav": recording("ben.wav", 9.0)}
    assert told(file, Measures(recordings, {"p.png": Picture("p.png", 100, 50)})) == []
    assert told(file, Measures(recordings, {"p.png": Picture("p.png", 99, 49)})) == [
        "3:31: ana's face reaches out of the picture: y + height is 50",
        "4:31: ben's face reaches out of the picture: x + width is 100, y + height is 50",
    ]


def test_a_silent_recording_is_a_warning_once_it_has_been_listened_to(file: SceneFile) -> None:
    heard = {"ana.wav": recording("ana.wav", 9.0, peak=-120.0), "ben.wav": recording("ben.wav", 9.0, peak=-3.0)}
    (problem,) = check_media(file, Measures(heard))
    assert (problem.line, problem.severity) == (3, "warning")
    assert problem.message == "ana.wav is silent: its loudest sample is -120 dBFS"


def test_a_recording_that_breaks_off_is_a_warning(file: SceneFile) -> None:
    cut = Recording("ben.wav", 6.25, 16_000, 1, ("1",), told=19.18)
    (problem,) = check_media(file, Measures({"ana.wav": recording("ana.wav", 9.0), "ben.wav": cut}))
    assert (problem.line, problem.severity) == (4, "warning")
    assert problem.message == "ben.wav holds 6.25 s of the 19.18 s that its file tells"


def test_a_shot_ends_within_the_longest_track_and_leaves_something_to_the_next(file: SceneFile) -> None:
    def ends(seconds: float) -> list[str]:
        return told(file, Measures({"ana.wav": recording("ana.wav", seconds), "ben.wav": recording("ben.wav", 1.0)}))

    assert ends(5.5) == []
    assert ends(5.0) == ["6:17: this shot takes the whole film, and 1 more follow"]
    assert ends(4.5) == ["6:17: until is beyond the end of ana.wav, which lasts 0:04.500"]


def test_a_tree_remembers_places_and_quotes() -> None:
    root, problems = compose('a: "x"  # note\nb:\n  - {c: 2}\n', "s.yaml")
    assert not problems and isinstance(root, Keys)
    first, items = root.get("a"), root.get("b")
    assert isinstance(first, Text) and (first.quoted, first.rest) == (True, "  # note")
    assert items is not None and (items.place.line, items.place.column) == (3, 3)


def test_a_bad_byte_has_a_place() -> None:
    with pytest.raises(SceneError) as caught:
        decode("scene: 1\ntitle: ü".encode() + b"\xff", "s.yaml")
    assert str(caught.value).startswith("s.yaml:2:9: error: this is not UTF-8 text")


def test_lines_of_a_filled_template_know_where_they_came_from() -> None:
    text = "a\n{% for i in [1, 2] %}\nb{{ i }}\n{{ long }}\n{% endfor %}\n{# two\nlines #}\nc\n"
    filled = fill(text, "t.j2", {"long": "x\ny"})
    assert filled.text == "a\nb1\nx\ny\nb2\nx\ny\nc\n"
    assert filled.lines[:8] == (1, 3, 4, 4, 3, 4, 4, 8)
