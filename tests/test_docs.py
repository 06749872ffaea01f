"""The documentation's own examples, run as they are written."""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path

import flashes
import numpy as np
import pytest

import dialogue
from dialogue.planning.plan_json import write_plan
from dialogue.scene.generators import GENERATORS, Entry

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def code_in(page: str) -> list[str]:
    """The Python of a page, block by block."""
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.S)


def test_the_generator_of_the_docs_is_one_module_and_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import av
    from PIL import Image

    module, entry = code_in("generators.md")
    (tmp_path / "spotlight.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    assert entry.strip() == '"spotlight": Entry("dialogue.generators.spotlight"),'
    monkeypatch.setitem(GENERATORS, "spotlight", Entry("spotlight"))
    made = flashes.film_of(tmp_path, [30, 20], [0.5, 1.4])
    for name in {shot.picture for shot in made.shots}:
        Image.fromarray(np.full((48, 64, 3), 80, np.uint8)).save(tmp_path / name)
    write_plan(tmp_path / "plan.json", dataclasses.replace(made, generator="spotlight"), tmp_path)
    film = dialogue.render(tmp_path / "plan.json", tmp_path / "film.mp4")
    with av.open(str(film.file)) as opened:
        brightest = [int(frame.to_ndarray(format="rgb24").max()) for frame in opened.decode(video=0)]
    assert len(brightest) == made.frames and max(brightest) > min(brightest) + 20, "somebody is lit, and not always"


def test_the_page_of_the_front_door_names_nothing_that_is_not_there() -> None:
    told = re.findall(r"^::: dialogue\.(\w+)$", (DOCS / "api.md").read_text(encoding="utf-8"), re.M)
    assert len(told) > 25 and set(told) <= set(dialogue.__all__)
    assert {"check", "plan", "order", "pending", "render", "verify", "export", "batch"} <= set(told)


def test_the_readme_is_short_and_its_links_hold() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 120
    places = [place for place in re.findall(r"\]\(([^)#]+)", text) if "://" not in place]
    assert len(places) > 8 and not [place for place in places if not (ROOT / place).exists()]


def test_the_files_of_the_glossary_are_there() -> None:
    places = re.findall(r"`((?:dialogue|model)/[\w/.]+)`", (DOCS / "glossary.md").read_text(encoding="utf-8"))
    assert len(places) > 25 and not [place for place in places if not (ROOT / place).exists()]


def test_the_walks_call_functions_that_are_there() -> None:
    steps = re.findall(r"^\d+\. `([\w/]+\.py):(\w+)`", (DOCS / "architecture.md").read_text(encoding="utf-8"), re.M)
    assert len(steps) > 15
    for place, name in steps:
        assert re.search(rf"\b(def|class) {name}\b", (ROOT / place).read_text(encoding="utf-8")), f"{place}:{name}"
