"""The room without a mouse, without sight, in a narrow window: what axe finds, what Tab reaches, what arrows do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from studio_pages import ROOT, until, until_written

AXE = ROOT / "page/node_modules/axe-core/axe.min.js"
WIDTHS = {"wide": (1280, 800), "narrow": (1000, 760), "narrowest": (800, 700)}
axed = pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed: cd page && npm ci")


def serious(page: Any) -> list[tuple[str, str, str]]:
    """What axe finds that is serious or critical."""
    page.emulate_media(reduced_motion="reduce")  # half faded in, a menu has less contrast
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (one["id"], node["html"][:160], node["failureSummary"][:300])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


@axed
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_serious_for_those_who_do_not_see_it(page: Any, theme: str, width: str) -> None:
    page.set_viewport_size(dict(zip(("width", "height"), WIDTHS[width], strict=True)))
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    page.evaluate("room.state.selected.value = 4; room.state.person.value = 'ana'")
    page.get_by_role("button", name="Mute Ben Okoro").click()
    for view in ("Picture", "Film", "Script") if width != "wide" else ("Picture",):
        if width != "wide":
            page.get_by_role("tab", name=view).click()
        assert serious(page) == [], view
    for name in ("Add a picture", "More ways to render"):
        if width != "wide":
            page.get_by_role("tab", name="Picture").click()
        page.get_by_role("button", name=name).click()
        page.locator(".menu[role=menu]").wait_for()
        assert serious(page) == [], name
        page.keyboard.press("Escape")


@axed
def test_problems_and_keys_too(page: Any, scene: Path) -> None:
    scene.write_text(scene.read_text().replace("track: ana.flac", "track: gone.flac"))
    page.get_by_role("button", name="Mend …").click()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="all keys").click()
    assert serious(page) == []


@pytest.mark.parametrize("width", ["narrow", "narrowest"])
def test_a_narrow_window_has_tabs_over_the_timeline(page: Any, width: str) -> None:
    page.set_viewport_size(dict(zip(("width", "height"), WIDTHS[width], strict=True)))
    panes = {name: page.locator(f"[aria-label={name}][role=tabpanel]") for name in ("Picture", "Film", "Script")}
    assert [name for name, pane in panes.items() if pane.is_visible()] == ["Picture"]
    page.get_by_role("tab", name="Picture", exact=True).focus()
    page.keyboard.press("ArrowRight")
    assert [name for name, pane in panes.items() if pane.is_visible()] == ["Film"]
    page.keyboard.press("ArrowRight")
    assert [name for name, pane in panes.items() if pane.is_visible()] == ["Script"]
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("Shift+F6")
    until(page, "document.activeElement.closest('[aria-label=Film]')")
    page.keyboard.press("/")
    until(page, "document.activeElement.matches('.script input[type=search]')")
    inside = page.evaluate(
        """() => [...document.querySelectorAll("#app *")].filter(one => {
          const box = one.getBoundingClientRect();
          return box.width && box.right > innerWidth + 1 && !one.closest(".vh, .draw, .tabs, .lines");
        }).map(one => one.outerHTML.slice(0, 80))"""
    )
    assert inside == []
    page.set_viewport_size({"width": 1280, "height": 800})
    until(page, "document.querySelectorAll('[role=tabpanel]').length === 0")


def unreached(page: Any) -> list[str]:
    """What can be used on the page and is not come to by Tab."""
    wanted = page.evaluate(
        """() => {
          window.wanted = [...document.querySelectorAll(
            "button, input, select, textarea, [contenteditable], [role=button], [role=slider]",
          )].filter(one => !one.disabled && one.getClientRects().length && one.type !== "file"
            && !(one.matches("[role=tab]") && one.tabIndex < 0));
          document.activeElement.blur();
          return window.wanted.length;
        }"""
    )
    reached = set()
    for _ in range(wanted + 12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("window.wanted.indexOf(document.activeElement)"))
    return [
        page.evaluate(f"window.wanted[{n}].outerHTML.slice(0, 90)") for n in range(wanted) if n not in reached
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_tab_reaches_everything(page: Any, width: str) -> None:
    page.set_viewport_size(dict(zip(("width", "height"), WIDTHS[width], strict=True)))
    page.evaluate("room.state.selected.value = 1")
    views = ("Picture", "Film", "Script") if width != "wide" else ("",)
    for view in views:
        if view:
            page.get_by_role("tab", name=view, exact=True).click()
        for _ in range(3):  # what is drawn anew while the keys are pressed, as the plan comes, is another element
            missed = unreached(page)
            if not missed:
                break
            page.wait_for_timeout(1000)
        assert missed == [], view


def test_menus_and_cuts_by_keys_alone(page: Any, scene: Path) -> None:
    before = scene.read_bytes()
    page.locator("#time [role=slider]").focus()
    for key in ("ArrowDown", "ArrowDown", "e"):
        page.keyboard.press(key)
    until(page, "document.activeElement.matches('[role=menuitemradio]')")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    chosen = page.evaluate("document.activeElement.querySelector('.grow').textContent")
    page.keyboard.press("Enter")
    written = until_written(page, scene, before)
    assert written == before.replace(b"    to: 2.42\n", f"    to: 2.42\n    emotion: {chosen}\n".encode())

    until(page, "!room.state.film.value.plan_old")
    page.evaluate("room.at(4)")
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("c")
    cut = until_written(page, scene, written)
    until(page, "room.state.shots.value.length === 2 && !room.state.film.value.plan_old")
    page.keyboard.press("Home")
    page.keyboard.press("PageDown")
    assert page.evaluate("room.state.frameAt(room.state.time.value)") == 100
    until(page, "!room.state.film.value.doing")
    field = page.get_by_label("When the cut is, in seconds")
    field.fill("4.4")
    field.press("Enter")
    assert until_written(page, scene, cut) == cut.replace(b"until: 4\n", b"until: 4.4\n")


def test_a_recording_is_moved_by_a_frame(page: Any, scene: Path) -> None:
    text = scene.read_text()
    lines = "lines:\n  - ana: One.\n    audio: ana.flac\n    from: 0.5\n    to: 1.5\n"
    lines += "  - ben: Two.\n    audio: ben.flac\n    from: 1.86\n    to: 2.42\n    gap: 0.2\n"
    scene.write_text(text[: text.index("lines:")] + lines)
    until(page, "room.state.turns.value.some(one => one.text === 'Two.') && !room.state.film.value.doing")
    index = page.evaluate("room.state.turns.value.findIndex(one => one.text === 'Two.')")
    before = scene.read_bytes()
    page.evaluate("index => { room.state.selected.value = index }", index)
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("Alt+ArrowRight")
    assert until_written(page, scene, before) == before.replace(b"gap: 0.2", b"gap: 0.24")
