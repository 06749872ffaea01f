"""Loudness, labels, seeds and the sounds under a film, set in the page; the file compared after each, and undone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from studio_pages import until, until_written


def test_loudness_seeds_labels_and_beds(page: Any, scene: Path) -> None:
    shutil.copy(scene.parent / "ana.flac", scene.parent / "rain.flac")
    texts = [scene.read_bytes()]
    page.get_by_role("button", name="Sound and seeds").click()

    def after(step: Any) -> bytes:
        step()
        texts.append(until_written(page, scene, texts[-1]))
        return texts[-1]

    def typed(label: str, value: str) -> Any:
        def step() -> None:
            page.get_by_label(label).fill(value)
            page.get_by_label(label).press("Enter")

        return step

    assert after(typed("Loudness of the film", "-16")).count(b"loudness: -16") == 1
    assert b"labels: names" in after(lambda: page.get_by_label("Labels").select_option("names"))
    assert after(typed("Seed of the film", "7")).endswith(b"seed: 7\n")
    after(lambda: page.get_by_label("Add a sound").select_option("rain.flac"))
    assert texts[-1] == texts[-2] + b"sound:\n  - file: rain.flac\n    gain: -18\n"
    until(page, "room.state.plan.value.sounds?.length === 1")
    page.get_by_role("group", name="Sound rain.flac").get_by_text("0:00.0 to").wait_for()
    after(lambda: page.get_by_label("rain.flac makes room for speech").check())
    assert page.evaluate("room.state.film.value.scene.sound[0].duck") in ("yes", "true")
    after(typed("Gain of rain.flac, dB", "-24"))
    assert page.evaluate("room.state.film.value.scene.sound[0].gain") == "-24"
    assert not page.evaluate("room.state.film.value.problems.some(one => one.severity === 'error')")
    after(lambda: page.get_by_role("button", name="Take rain.flac away").click())
    assert b"sound" not in texts[-1]
    assert b"seed: 7" not in after(typed("Seed of the film", ""))
    for wanted in reversed(texts[:-1]):
        now = scene.read_bytes()
        page.get_by_role("button", name="Undo").click()
        assert until_written(page, scene, now) == wanted


def test_what_is_being_typed_stays_when_the_page_is_drawn_anew(page: Any, scene: Path) -> None:
    """A plan comes at any time, also between two letters; what the scene says is shown again once one is done."""
    page.get_by_role("button", name="Sound and seeds").click()
    field = page.get_by_role("textbox", name="Seed of the film")
    before = scene.read_bytes()
    field.press_sequentially("1")
    page.evaluate("room.state.film.value = structuredClone(room.state.film.value)")
    page.wait_for_timeout(100)
    field.press_sequentially("2")
    field.press("Enter")
    assert until_written(page, scene, before).endswith(b"seed: 12\n")
    until(page, "document.querySelector('[aria-label=\"Seed of the film\"]').value === '12'")
    now = scene.read_bytes()
    page.get_by_role("button", name="Undo").click()
    assert until_written(page, scene, now) == before
    page.get_by_role("button", name="Sound and seeds").click()
    assert field.input_value() == ""
