"""The page of a batch in a real Chromium: who is who is answered, the batch goes on, its state is seen live."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from studio_batches import CAST, WHY_NOT, batch_with_a_question
from studio_pages import until
from studio_rooms import serving

pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
AXE = Path(__file__).parents[3] / "page/node_modules/axe-core/axe.min.js"


def opened(browser: Any, address: str) -> Any:
    page = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark").new_page()
    page.set_default_timeout(30_000)
    page.goto(address)
    page.get_by_role("listitem").first.wait_for()
    return page


def state_of(page: Any, episode: str) -> str:
    return str(page.locator(f'[data-episode="{episode}"] .state').inner_text())


def test_answered_and_gone_on_with(browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    output = batch_with_a_question(tmp_path)
    with serving(output) as server:
        page = opened(browser, server.address)
        assert page.title() == "out: cutting room"
        assert [state_of(page, name) for name in ("alone", "call", "empty")] == ["done", "asks who is who", "failed"]
        page.get_by_text("the file is empty").wait_for()
        assert page.get_by_role("button", name="Go on").count() == 0
        if AXE.is_file():
            page.evaluate(AXE.read_text())
            found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
            assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []

        page.get_by_role("button", name="Play SPEAKER_01", exact=True).click()
        other = opened(browser, f"{server.base}/#{server.token}")
        page.keyboard.press("1")
        page.get_by_role("button", name="Take it back").wait_for()
        first = page.evaluate("room.batch.value.episodes.find(one => one.name === 'call').asks[0].people[0].id")
        assert (tmp_path / "cast.yaml").read_text() == CAST + f"episodes: {{call: {{SPEAKER_01: {first}}}}}\n"
        page.get_by_role("button", name="Take it back").click()
        page.get_by_role("button", name="Kim").click()
        other.get_by_role("button", name="Go on with 1 episode").wait_for()
        assert state_of(other, "call") == "answered, waiting"

        page.get_by_role("button", name="Go on with 1 episode").click()
        page.get_by_role("button", name="Stop").wait_for()
        page.context.close()
        until(other, "room.batch.value.episodes.find(one => one.name === 'call').state === 'done'")
        assert (output / "call/call.mp4").is_file()
        other.locator('[data-episode="call"]').get_by_role("button", name="Open").click()
        until(other, "room.state.plan.value && !room.state.film.value.doing")
        until(other, "document.querySelector('video')?.readyState >= 2")
        assert other.locator(".ln").count() > 1
        other.get_by_role("button", name="of 2").click()
        other.get_by_role("menuitem", name="All episodes").click()
        assert state_of(other, "call") == "done"
        other.screenshot(path=str(tmp_path / "episodes.png"))
        other.context.close()
