"""The first run's sample: into a new folder of one's choice, within the one that is open, and opened."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from studio_pages import until
from studio_rooms import serving

import dialogue
from dialogue.ground.errors import SceneError
from dialogue.studio.begin import begin


@pytest.mark.parametrize(
    "name", ["../out", "a/b", "a\\b", "", " ", ".", "..", ".hidden", "x" * 81, "/tmp/x", "a\0b", "taken", "link"]
)
def test_no_folder_elsewhere_and_none_that_is_taken(tmp_path: Path, name: str) -> None:
    inside = tmp_path / "inside"
    (inside / "taken").mkdir(parents=True)
    os.symlink(tmp_path / "nowhere", inside / "link")
    with pytest.raises(SceneError):
        begin(inside / "scene.yaml", {"sample": name})
    assert sorted(place.name for place in tmp_path.rglob("*")) == ["inside", "link", "taken"]


def test_the_sample_is_copied_and_opened(tmp_path: Path, browser: Any) -> None:
    with serving(tmp_path) as server:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = context.new_page()
        page.goto(server.address)
        page.get_by_label("The sample's folder").fill("my talk")
        page.get_by_role("button", name="Try this one").click()
        until(page, "window.room && room.state.plan.value && !room.state.film.value.doing")
        assert page.locator(".ln").count() > 2
        context.close()
    assert [place.name for place in tmp_path.iterdir()] == ["my talk"]
    assert not dialogue.check(tmp_path / "my talk/scene.yaml")
