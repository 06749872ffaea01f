"""A scene in the cutting room, and its page in a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studio_pages import CHROMIUM, ROOT, enter
from studio_rooms import Server, serving, timed


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM)
        yield chromium
        chromium.close()


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    """Two people, five lines; the generator that needs no model, so that a film takes moments."""
    folder = tmp_path / "two"
    shutil.copytree(ROOT / "scenes/two_hander", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    path = folder / "scene.yaml"
    path.write_text(timed(path.read_text()).replace("output: {", "generator: animatic\noutput: {size: 320x320, "))
    return path


@pytest.fixture
def server(scene: Path) -> Iterator[Server]:
    with serving(scene) as running:
        yield running


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    wrong: list[str] = []
    opened = enter(context, server.address, wrong)
    yield opened
    context.close()
    assert wrong == []
