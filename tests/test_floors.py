"""Floors: a folder imports only from floors below it, and no modules import each other in a circle.

Read from the source, so that an import inside a function or for a type checker alone counts like any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the ground up. `dialogue/__init__.py` is the front door, which stands on all below it.
DIALOGUE = [
    "ground", "media", "scene", "formats", "characters", "screenplay", "drafts", "hearing", "diarization", "measures",
    "planning", "generators", "show", "rendering", "verification", "film", "cast", "podcast", "setup", "__init__",
    "studio", "cli", "__main__",
]  # fmt: skip
MODEL = ["grid", "fast_names", "attention_names", "scaled_linear", "memory", "picture", "pretrained", "saved_part"]
MODEL += ["torchaudio_hook"]
MODEL += ["avatar", "hunyuan", "tiny", "hallo3"]
# Generators know nothing of each other.
STRANGERS = {"dialogue/generators": ("animatic", "hunyuan", "tiny", "hallo3")}


def modules(package: str) -> dict[str, Path]:
    """Every module of a package, by its dotted name; a package itself by its `__init__`."""
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in (ROOT / package).rglob("*.py")}


def imported(path: Path) -> Iterator[str]:
    """Dotted names that the file imports, wherever in it: `a.b.c` for `from a.b import c`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def graph() -> dict[str, set[str]]:
    """Which module imports which, of both packages."""
    known = modules("dialogue") | modules("model")

    def module_of(name: str) -> str | None:
        owner = name.rpartition(".")[0]
        return next((m for m in (name, f"{name}.__init__", owner, f"{owner}.__init__") if m in known), None)

    found = {module: {module_of(name) for name in imported(path)} for module, path in known.items()}
    return {module: {one for one in ones if one is not None and one != module} for module, ones in found.items()}


def floor_of(module: str) -> str:
    return module.split(".")[1]


def test_every_part_has_a_floor() -> None:
    assert {floor_of(module) for module in modules("dialogue")} <= set(DIALOGUE)
    assert {floor_of(module) for module in modules("model")} <= {*MODEL, "__init__"}


@pytest.mark.parametrize(("package", "floors"), [("dialogue", DIALOGUE), ("model", MODEL)])
def test_imports_go_down(package: str, floors: list[str]) -> None:
    height = {name: number for number, name in enumerate(floors)}
    height.setdefault("__init__", len(floors))
    climbs = [
        f"{module} -> {other}"
        for module, ones in graph().items()
        for other in ones
        if module.startswith(f"{package}.") and other.startswith(f"{package}.")
        if floor_of(module) != floor_of(other) and height[floor_of(other)] >= height[floor_of(module)]
    ]
    assert not climbs


def test_the_model_knows_nothing_of_dialogue() -> None:
    assert not [f"{m} -> {o}" for m, ones in graph().items() for o in ones if m.startswith("model") and o[0] == "d"]


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(("folder", "names"), STRANGERS.items())
def test_generators_know_nothing_of_each_other(folder: str, names: tuple[str, ...]) -> None:
    package = folder.replace("/", ".")
    owner = {f"{package}.{name}": name for name in names}
    for module, ones in graph().items():
        here = next((name for place, name in owner.items() if module.startswith(f"{place}.")), None)
        there = {name for one in ones for place, name in owner.items() if one.startswith(f"{place}.")}
        assert here is None or there <= {here}, f"{module} imports another generator"


@pytest.mark.parametrize("module", sorted(name for name in modules("dialogue") if name.startswith("dialogue.cli.")))
def test_commands_call_the_front_door_alone(module: str) -> None:
    """A command says what was asked for and prints what came; what it does is there for programs too."""
    may = ("dialogue.__init__", "dialogue.cli.", "dialogue.ground.", "dialogue.studio.")
    assert not [other for other in graph()[module] if other.startswith("dialogue.") and not other.startswith(may)]


@pytest.mark.parametrize("module", sorted(name for name in modules("dialogue") if name.startswith("dialogue.studio.")))
def test_the_page_edits_scenes_and_calls_the_front_door(module: str) -> None:
    """It writes into the text of a scene, which `scene` knows; all about films it has from the front door."""
    may = ("dialogue.__init__", "dialogue.studio.", "dialogue.ground.", "dialogue.scene.")
    assert not [other for other in graph()[module] if other.startswith("dialogue.") and not other.startswith(may)]
