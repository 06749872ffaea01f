"""The timeline in a real Chromium: words at their times, told emotions, lanes muted and alone, a crowd off screen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from studio_pages import ROOT, enter, spot, until, until_written
from studio_rooms import Server, serving


def heard_scene(folder: Path) -> Path:
    """The two-hander without times: its lines are listened to, so that the plan knows when each word is said."""
    shutil.copytree(ROOT / "scenes/two_hander", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    path = folder / "scene.yaml"
    text = path.read_text().replace("output: {", "generator: animatic\nemotion: auto\noutput: {size: 320x320, ")
    path.write_text(
        text.replace("Hear what?", "(laughing) Hear what?").replace(
            "Then who is waving at us?\n    emotion: fear", "Then who is waving at us?"
        )
    )
    return path


@pytest.fixture
def heard(tmp_path: Path, browser: Any) -> Any:
    path = heard_scene(tmp_path / "heard")
    with serving(path) as server:
        context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
        yield enter(context, server.address), path, server
        context.close()


def rms(page: Any, address: str, start: float, end: float) -> float:
    """How loud a sound of the server is in a stretch, as the browser decodes it."""
    return float(
        page.evaluate(
            """async ([address, start, end]) => {
              const data = await (await fetch(address)).arrayBuffer();
              const sound = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(data);
              const some = sound.getChannelData(0).slice(start * sound.sampleRate, end * sound.sampleRate);
              return Math.sqrt(some.reduce((sum, value) => sum + value * value, 0) / some.length);
            }""",
            [address, start, end],
        )
    )


def test_words_stand_where_they_are_said_and_a_split_falls_between_them(heard: Any) -> None:
    page, path, _ = heard
    words = page.evaluate("room.state.turns.value[2].words")
    assert [word["text"] for word in words] == ["The", "lighthouse.", "Somebody", "has", "lit", "the", "lamp."]
    inside = words[3]
    page.evaluate("at => room.at(at)", (inside["start"] + inside["end"]) / 2)
    assert page.locator(".ln .now").inner_text() == "has"
    page.locator(".ln").nth(2).click()
    page.evaluate("at => room.at(at)", (inside["start"] + inside["end"]) / 2)
    until(page, "CSS.highlights.get('now')")
    assert page.evaluate("[...CSS.highlights.get('now')][0].toString()") == "has"
    assert page.evaluate("at => room.lanes.snapped(at + 0.004, 2)", inside["start"]) == inside["start"]
    before = path.read_bytes()
    page.evaluate("at => room.at(at)", inside["start"])
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("s")
    until_written(page, path, before)
    texts = [line.get("ana") for line in page.evaluate("room.state.film.value.scene.lines")]
    assert texts[2:4] == ["The lighthouse. Somebody", "has lit the lamp."]


def test_a_told_emotion_is_shown_and_a_click_writes_it(heard: Any) -> None:
    page, path, _ = heard
    assert page.evaluate("room.state.turns.value[1].felt") == "the words '(laughing)'"
    assert page.evaluate("room.runsOf(room.lanes.lanes.value[1], 9999).map(run => run.felt)") == [True, False]
    before = path.read_bytes()
    page.locator(".ln").nth(1).click()
    told = page.get_by_role("group", name="Told emotion")
    assert "the words '(laughing)'" in told.inner_text()
    told.get_by_role("button", name="for the whole line").click()
    written = until_written(page, path, before)
    assert written == before.replace(b"(laughing) Hear what?\n", b"(laughing) Hear what?\n    emotion: joy\n")
    told.wait_for(state="detached")
    page.locator("[data-emotion]").click()
    page.get_by_role("menuitemradio", name="By itself").click()
    again = until_written(page, path, written)
    assert again == written.replace(
        b"(laughing) Hear what?\n    emotion: joy", b"(laughing) Hear what?\n    emotion: auto"
    )


def test_the_course_of_a_turn_is_drawn_and_told(heard: Any, browser: Any, tmp_path: Path) -> None:
    """A plan in which one turn goes from sadness to joy on the way."""
    _, path, server = heard
    plan = server.get(server.film())["plan"]
    for turn in plan["turns"]:
        turn.pop("line")
    for name in ("frames", "rate"):
        plan.pop(name)
    course = [{"at": 0, "emotion": mood("sadness")}, {"at": 1.2, "emotion": mood("joy")}]
    plan["turns"][2] |= {"course": course, "felt": "the voice, mostly joy", "emotion": mood("sadness", "joy")}
    folder = tmp_path / "planned"
    folder.mkdir()
    (folder / "plan.json").write_text(json.dumps({"media": str(path.parent), **plan}))
    with serving(folder / "plan.json") as planned:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        page = enter(context, planned.address)
        runs = page.evaluate("room.runsOf(room.lanes.lanes.value[0], 9999)")
        names = [next(iter(run["emotion"]["weights"]), "") for run in runs]
        assert names[1:3] == ["sadness", "joy"]
        start = plan["turns"][2]["start"]
        assert runs[1]["end"] == runs[2]["start"] == pytest.approx(start + 1.2)
        assert runs[2]["felt"]
        page.locator(".ln").nth(2).click()
        assert page.locator(".felt .course").count() == 2
        assert page.locator(".felt button").first.is_disabled()
        context.close()


def mood(*names: str) -> dict[str, Any]:
    return {"weights": {name: 1 / len(names) for name in names}, "strength": 1}


def test_lanes_muted_and_alone_are_heard_so(page: Any, server: Server) -> None:
    ana, ben = page.evaluate("[0, 1].map(index => room.state.turns.value[index])")
    film = server.film()
    stretch = {"ana": (ana["start"], ana["end"]), "ben": (ben["start"], ben["end"])}
    whole = {who: rms(page, f"{film}/sound", *at) for who, at in stretch.items()}
    assert min(whole.values()) > 0.01
    page.get_by_role("button", name="Mute Ben Okoro").click()
    until(page, "room.player.sound.src.endsWith('&only=ana')")
    address = page.evaluate("room.player.sound.src")
    assert rms(page, address, *stretch["ana"]) == pytest.approx(whole["ana"], rel=0.1)
    assert rms(page, address, *stretch["ben"]) < 0.02 * whole["ben"]
    page.locator(".th").filter(has_text="Ben Okoro").get_by_text("not heard").wait_for()
    page.get_by_role("button", name="Mute Ben Okoro").click()
    page.get_by_role("button", name="Ben Okoro alone").click()
    until(page, "room.player.sound.src.endsWith('&only=ben')")
    address = page.evaluate("room.player.sound.src")
    assert rms(page, address, *stretch["ana"]) < 0.02 * whole["ana"]
    page.get_by_role("button", name="Mute Ben Okoro").focus()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Ben Okoro alone").click()
    until(page, "!room.player.sound.src.includes('only')")
    assert server.request(f"{film}/sound?only=nobody", headers={"cookie": server.cookie})[0] == 404


def test_a_muted_lane_beside_the_finished_film(page: Any) -> None:
    """The film goes on as the picture, silent; the others are heard beside it, in step."""
    page.get_by_role("button", name="Render the film").click()
    until(page, "document.querySelector('video')?.readyState >= 2", seconds=60)
    page.evaluate("room.at(1); room.state.selected.value = 1")
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("m")
    until(page, "room.player.sound.readyState >= 2")
    page.keyboard.press("Space")
    until(page, "room.state.time.value > 2.2")
    video, sound = page.evaluate(
        "[document.querySelector('video'), room.player.sound].map(one => [one.muted, one.paused, one.currentTime])"
    )
    assert video[:2] == [True, False]
    assert sound[:2] == [False, False]
    assert abs(video[2] - sound[2]) < 0.2
    page.keyboard.press("m")
    until(page, "!document.querySelector('video').muted && room.player.sound.paused")
    page.keyboard.press("Space")


def test_a_crowd_off_screen_shares_a_lane(browser: Any, tmp_path: Path) -> None:
    folder = tmp_path / "crowd"
    shutil.copytree(ROOT / "scenes/two_hander", folder, ignore=shutil.ignore_patterns(".dialogue", "*.mp4"))
    text = (folder / "scene.yaml").read_text()
    text = text.replace("output: {", "generator: animatic\noutput: {size: 320x320, ")
    more = "".join(f"  guest{n}: {{name: Guest {n}}}\n" for n in range(7))
    said = "".join(
        f"  - guest{n}: Guest {n} says this.\n    audio: {'ben' if n % 2 else 'ana'}.flac\n    from: 0.5\n    to: 1.5\n"
        + ("    after: -0.4\n" if n == 3 else "")
        for n in range(7)
    )
    text = text[: text.index("lines:")].replace("\npicture:", f"{more}\npicture:")
    (folder / "scene.yaml").write_text(text + "lines:\n" + said)
    with serving(folder / "scene.yaml") as server:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = enter(context, server.address)
        kinds = page.evaluate("room.lanes.lanes.value.map(lane => [lane.kind, lane.people.length])")
        assert kinds == [["seen", 1], ["seen", 1], ["shared", 7]]
        rows = page.evaluate("[4, 5].map(index => room.lanes.placeOf(room.lanes.lanes.value[2], index).y)")
        assert rows[0] != rows[1]
        x, _ = spot(page, page.evaluate("room.state.turns.value[5].start + 0.2"), 2)
        top = page.evaluate("document.querySelector('.draw').getBoundingClientRect().top")
        page.mouse.click(x, top + rows[1] + 6)
        assert page.evaluate("room.state.turns.value[room.state.selected.value].speaker") == "guest3"
        page.get_by_role("button", name="Mute 7 off screen").click()
        assert page.evaluate("room.heard.value") == ["ana", "ben"]
        context.close()
