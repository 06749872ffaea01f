"""The JSON Schema, both ways: it accepts what the reader accepts, and rejects what an editor should underline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from dialogue.ground.errors import SceneError
from dialogue.scene.json_schema import json_schema
from dialogue.scene.source import Items, Node, Text, compose

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(ROOT.glob("scenes/*/scene.yaml"))
WRONG = sorted((ROOT / "tests/golden/errors").glob("*.yaml"))
# Wrong in ways that need the files, the cast, other keys' values or the order of keys: `dialogue check` finds those.
BEYOND_A_SCHEMA = {
    "anchors", "duplicate", "emotions", "face_boxes", "face_points_outside", "faces", "media", "mix_off", "nothing",
    "order", "recordings", "sound", "sounds_out_of_place", "together", "two_documents", "unused", "version_late",
}  # fmt: skip


def as_an_editor_reads(node: Node) -> Any:
    """YAML 1.2, core schema: what a YAML language server hands to its validator."""
    if isinstance(node, Items):
        return [as_an_editor_reads(item) for item in node.items]
    if not isinstance(node, Text):
        return {key.value: as_an_editor_reads(value) for key, value in node.entries}
    text = node.value
    if node.quoted:
        return text
    if re.fullmatch(r"[-+]?\d+", text):
        return int(text)
    if re.fullmatch(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", text):
        return float(text)
    return {"true": True, "false": False, "null": None, "~": None, "": None}.get(text, text)


def load(path: Path) -> Any:
    return as_an_editor_reads(compose(path.read_text(encoding="utf-8"), path.name)[0])


@pytest.fixture(scope="module")
def validator() -> Draft7Validator:
    return Draft7Validator(json_schema())


def test_the_schema_is_draft_07() -> None:
    Draft7Validator.check_schema(json_schema())
    assert json_schema()["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_shipped_scenes_are_accepted(path: Path, validator: Draft7Validator) -> None:
    assert [error.message for error in validator.iter_errors(load(path))] == []


@pytest.mark.parametrize("path", WRONG, ids=lambda path: path.name)
def test_wrong_scenes_are_rejected(path: Path, validator: Draft7Validator) -> None:
    try:
        scene = load(path)
    except (SceneError, UnicodeDecodeError):
        return  # no YAML: every editor says so
    rejected = list(validator.iter_errors(scene))
    assert bool(rejected) != (path.stem in BEYOND_A_SCHEMA), [error.message for error in rejected]


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("scene",), 2),
        (("titel",), "x"),
        (("generator",), "animatik"),
        (("output", "size"), "big"),
        (("output", "burn_in"), "maybe"),
        (("output", "captions"), ["pdf"]),
        (("output", "loudness"), 16),
        (("sound",), {"file": "rain.wav"}),
        (("sound",), [{"gain": 3}]),
        (("sound",), [{"file": "rain.wav", "duck": 90}]),
        (("sound",), [{"file": "rain.wav", "from": {"line": 1, "before": 1, "after": 1}}]),
        (("sound",), [{"file": "rain.wav", "fade": [1]}]),
        (("cast",), {}),
        (("cast", "ana", "face"), [1, 2, 3]),
        (("cast", "ana", "face"), {"detect": "middle"}),
        (("cast", "ana", "face"), {"detect": "left", "like": "a.png"}),
        (("cast", "ana", "emotions", "joy"), {"strength": 1}),
        (("cast", "ana", "color"), "red"),
        (("cast", "ana", "voice"), {}),
        (("lines", 0), {"ana": "x", "after": 1, "gap": 1}),
        (("lines", 0), {"ana": "x", "from": "soon"}),
        (("lines", 0), {"ana": ["x"]}),
        (("lines", 0), {"pause": -1}),
        (("lines", 0), "x"),
        (("shots",), []),
        (("shots", 0), {"lines": [0]}),
        (("shots", 0), {"until": "1:75"}),
        (("shots", 0), {"until": 1, "lines": [1]}),
    ],
    ids=str,
)
def test_every_kind_of_value_is_judged(where: tuple[Any, ...], value: Any, validator: Draft7Validator) -> None:
    """One wrong value in a good scene is enough, and the editor underlines it in its place."""
    scene: Any = {
        "scene": 1,
        "output": {},
        "cast": {"ana": {"track": "a.wav", "face": [1, 2, 3, 4], "emotions": {"joy": "j.png"}}},
        "picture": "p.png",
        "lines": [{"ana": "Hello.", "from": 2.4, "to": "1:23.5"}, {"pause": 1}],
        "shots": [{"until": "0:10"}],
    }
    assert list(validator.iter_errors(scene)) == []
    parent = scene
    for key in where[:-1]:
        parent = parent[key]
    parent[where[-1]] = value
    errors = list(validator.iter_errors(scene))
    assert errors
    places = [tuple(error.absolute_path) for error in errors]
    assert all(place[: len(where)] == where or place == where[: len(place)] for place in places)


def keys_without_help(schema: Any, path: str = "") -> Iterator[str]:
    if isinstance(schema, dict):
        for name, kept in schema.get("properties", {}).items():
            if len(kept.get("description", "")) < 10:
                yield f"{path}.{name}"
        for key, value in schema.items():
            yield from keys_without_help(value, f"{path}.{key}")
    elif isinstance(schema, list):
        for value in schema:
            yield from keys_without_help(value, path)


def test_every_key_has_help_for_the_editor() -> None:
    assert list(keys_without_help(json_schema())) == []
