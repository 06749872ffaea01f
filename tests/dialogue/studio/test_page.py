"""The page in a real Chromium: opened, edited, rendered, played, undone; the file on disk compared after each step."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from studio_pages import drag, enter, spot, until, until_written
from studio_rooms import Server, serving


def test_the_address_loses_its_token_and_the_room_is_there(page: Any, server: Server) -> None:
    assert server.token not in page.url
    assert page.title() == "The lighthouse: cutting room"
    assert page.get_by_role("button", name="Render the film").is_visible()
    assert page.locator(".ln").count() == 5
    assert page.locator(".fbox").count() == 2


def test_a_box_is_dragged_sized_drawn_and_typed(page: Any, scene: Path) -> None:
    before = scene.read_bytes()
    box = page.locator('[data-who="ana"] .body').bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag(page, middle, (middle[0] - 20, middle[1] - 10))
    moved = until_written(page, scene, before)
    x, y, width, height = face = page.evaluate("room.state.film.value.scene.cast.ana.face.map(Number)")
    assert (width, height) == (224, 274)
    assert x < 64
    assert y < 196
    written = f"face: [{x}, {y}, 224, 274]            # x, y, width".encode()
    assert moved == before.replace(b"face: [64, 196, 224, 274]            # x, y, width", written)

    handle = page.locator('[data-who="ana"] .handle').last.bounding_box()
    corner = (handle["x"] + 4, handle["y"] + 4)
    drag(page, corner, (corner[0] + 6, corner[1] + 14))
    until_written(page, scene, moved)
    sized = page.evaluate("room.state.film.value.scene.cast.ana.face.map(Number)")
    assert sized[:2] == face[:2]
    assert sized[2] > 224
    assert sized[3] > 274

    wide = page.get_by_label("width of Ana Ruiz's face")
    now = scene.read_bytes()
    wide.fill("200")
    wide.press("Enter")
    until_written(page, scene, now)
    assert page.evaluate("room.state.film.value.scene.cast.ana.face[2]") == "200"

    now = scene.read_bytes()
    page.locator('[data-who="ben"]').focus()
    page.keyboard.press("Shift+ArrowRight")
    assert until_written(page, scene, now) == now.replace(b"[416, 196, 224, 274]", b"[426, 196, 224, 274]")

    now = scene.read_bytes()
    frame = page.locator(".frame").bounding_box()
    drag(page, (frame["x"] + 200, frame["y"] + 12), (frame["x"] + 270, frame["y"] + 70))
    page.get_by_role("menuitem", name="Ben Okoro").click()
    until_written(page, scene, now)
    assert page.evaluate("room.state.film.value.scene.cast.ben.face.map(Number)")[1] < 60


def test_emotion_words_and_speaker_of_a_line(page: Any, scene: Path) -> None:
    before = scene.read_bytes()
    page.locator(".ln").nth(1).click()
    page.locator("[data-emotion]").click()
    page.get_by_role("menuitemradio", name="joy").click()
    joyful = until_written(page, scene, before)
    assert joyful == before.replace(b"    to: 2.42\n", b"    to: 2.42\n    emotion: joy\n")

    page.get_by_label("Strength of the emotion").fill("0.5")
    page.keyboard.press("Enter")
    page.get_by_label("Strength of the emotion").blur()
    weak = until_written(page, scene, joyful)
    assert weak == joyful.replace(b"2.42\n    emotion: joy", b"2.42\n    emotion: {name: joy, strength: 0.5}")

    words = page.locator(".ln.sel [contenteditable]")
    words.fill("Hear: what?")
    words.press("Enter")
    typed = until_written(page, scene, weak)
    assert typed == weak.replace(b"Hear what?", b'"Hear: what?"')

    page.get_by_label("Whose turn it is").select_option("ana")
    given = until_written(page, scene, typed)
    assert given == typed.replace(b'ben: "Hear: what?"', b'ana: "Hear: what?"')

    for wanted in (typed, weak, joyful, before):
        now = scene.read_bytes()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Undo").click()
        assert until_written(page, scene, now) == wanted
    page.get_by_role("button", name="Redo").click()
    assert until_written(page, scene, before) == joyful


def test_the_edge_of_a_turn_a_split_a_join_and_cuts(page: Any, scene: Path) -> None:
    before = scene.read_bytes()
    turn = page.evaluate("room.state.turns.value[2]")
    page.evaluate("room.lanes.snapping.value = false")
    drag(page, spot(page, turn["end"], 0), spot(page, turn["end"] - 0.5, 0))
    edged = until_written(page, scene, before)
    line = page.evaluate("room.state.film.value.scene.lines[2]")
    assert line["from"] == "2.79"
    assert float(line["to"]) == pytest.approx(5.39 - 0.5, abs=0.05)
    assert edged == before.replace(b"to: 5.39\n", f"to: {line['to']}\n".encode())

    page.evaluate("room.state.selected.value = 2; room.at(room.state.turns.value[2].start + 1)")
    page.keyboard.press("s")
    split = until_written(page, scene, edged)
    assert split.count(b"\n  - ana:") == before.count(b"\n  - ana:") + 1
    assert page.locator(".ln").count() == 6
    page.get_by_role("button", name="Join next").click()
    until_written(page, scene, split)
    assert page.locator(".ln").count() == 5
    words = page.evaluate("room.state.film.value.scene.lines[2].ana")
    assert words == "The lighthouse. Somebody has lit the lamp."

    now = scene.read_bytes()
    page.evaluate("room.at(4)")
    page.keyboard.press("c")
    cut = until_written(page, scene, now)
    assert cut == now + b"shots:\n  - picture: night.png\n    until: 4\n  - picture: night.png\n"
    until(page, "room.state.shots.value.length === 2")
    x, y = page.evaluate(
        "(() => { const box = document.querySelector('.draw').getBoundingClientRect();"
        " return [box.left + room.lanes.xOf(4), box.top + 44]; })()"
    )
    drag(page, (x, y), (x + 60, y))
    moved = until_written(page, scene, cut)
    dragged = page.evaluate("room.state.film.value.scene.shots[0].until")
    assert 4 < float(dragged) < 6
    assert moved == cut.replace(b"until: 4\n", f"until: {dragged}\n".encode())
    page.get_by_role("button", name="Remove this cut").click()
    assert until_written(page, scene, moved) == now


def test_a_sound_stays_on_its_line(page: Any, scene: Path) -> None:
    """A line that goes takes the numbers of those after it with it, wherever they are named."""
    before = scene.read_bytes()
    shutil.copy(scene.parent / "ana.flac", scene.parent / "ping.flac")
    scene.write_bytes(before + b"\nsound:\n  - {file: ping.flac, from: {line: 4}, to: {line: 5, after: 0.1}}\n")
    until(page, "room.state.film.value.scene.sound?.length === 1")
    now = scene.read_bytes()
    page.locator(".ln").nth(1).click()
    page.locator(".ln.sel").get_by_role("button", name="Remove this line").click()
    after = until_written(page, scene, now)
    assert b"from: {line: 3}, to: {line: 4, after: 0.1}" in after


def test_a_second_tab_and_an_editor_see_the_same(page: Any, scene: Path, server: Server) -> None:
    other = page.context.new_page()
    other.goto(server.base)
    until(other, "window.room && room.state.plan.value")
    before = scene.read_bytes()
    page.locator(".ln").nth(0).click()
    page.locator("[data-emotion]").click()
    page.get_by_role("menuitemradio", name="fear").click()
    edited = until_written(page, scene, before)
    until(other, "room.state.film.value.scene.lines[0].emotion === 'fear'")
    scene.write_bytes(edited.replace(b"Then who is waving", b"Who is waving"))
    for one in (page, other):
        until(one, "room.state.lines.value[4].text === 'Who is waving at us?'")
    other.get_by_role("button", name="Undo: a change from outside").click()
    until(page, "room.state.lines.value[4].text === 'Then who is waving at us?'")
    assert scene.read_bytes() == edited
    other.close()


def test_an_error_is_shown_while_it_is_typed_and_leads_to_its_place(page: Any, scene: Path) -> None:
    text = scene.read_text()
    scene.write_text(text.replace("emotion: joy", "emotion: joy\n    fro: 3"))
    problem = page.get_by_role("button", name="unknown key 'fro'")
    problem.wait_for()
    assert page.get_by_role("button", name="Fix 1 error").is_visible()
    problem.click()
    assert page.evaluate("room.state.selected.value") == 3
    page.get_by_role("button", name="Undo: a change from outside").click()
    problem.wait_for(state="detached")
    assert scene.read_text() == text


def test_rendered_played_and_stale(page: Any, scene: Path, server: Server) -> None:
    page.get_by_role("button", name="Render the film").click()
    until(page, "room.state.film.value.job?.state === 'done'", seconds=60)
    page.locator("video").wait_for()
    until(page, "room.state.states.value.every(state => state === 'made')")
    film = scene.with_suffix(".mp4")
    assert film.is_file()
    until(page, "document.querySelector('video').readyState >= 2")
    for frame in (0, 31, 100, 200):  # what is shown is the frame that was asked for
        page.evaluate("frame => room.player.seek(frame / 25)", frame)
        until(page, "!document.querySelector('video').seeking")
        assert page.evaluate("Math.floor(document.querySelector('video').currentTime * 25)") == frame
    page.evaluate("room.at(1)")
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("Space")
    until(page, "room.state.time.value > 1.6")
    drift = page.evaluate("Math.abs(document.querySelector('video').currentTime - room.state.time.value)")
    assert drift < 0.1
    page.keyboard.press("Space")
    assert page.evaluate("document.querySelector('video').paused")
    page.keyboard.press("ArrowRight")
    before = page.evaluate("room.state.frameAt(room.state.time.value)")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("room.state.frameAt(room.state.time.value)") == before + 1
    page.locator(".ln").nth(1).click()
    page.locator("[data-emotion]").click()
    page.get_by_role("menuitemradio", name="joy").click()
    page.get_by_text("Stale: the emotion of ben changed").first.wait_for()


def test_killed_in_mid_render_and_started_again(browser: Any, scene: Path) -> None:
    """The render goes on without its server; the next one shows how far it is, and its film."""
    text = scene.read_text()
    turns = "".join(f"  - {{pause: 2}}\n  - ana: Line {n} is said.\n    audio: ana.flac\n" for n in range(2))
    scene.write_text(text[: text.index("lines:")] + "lines:\n" + turns)
    with serving(scene) as server:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = enter(context, server.address)
        page.get_by_role("button", name="Render").first.click()
        until(page, "room.state.film.value.job?.step?.share > 0.02")
        server.kill()
        context.close()
    with serving(scene) as server:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        page = enter(context, server.address)
        job = server.get(server.film())["job"]
        assert job["number"] == 1
        assert job["state"] in ("running", "done")
        until(page, "room.state.film.value.job.state === 'done'", seconds=60)
        page.locator("video").wait_for()
        log = [json.loads(line) for line in (scene.parent / ".dialogue/jobs/1/log.jsonl").read_text().splitlines()]
        assert [line["kind"] for line in log if line["kind"] in ("began", "done")] == ["began", "done"]
        context.close()


def test_a_take_is_made_chosen_locked_and_all_of_it_undone(page: Any, scene: Path) -> None:
    before = scene.read_bytes()
    page.locator(".ln").nth(0).click()
    page.keyboard.press("t")
    until(page, "room.state.film.value.job?.state === 'done'")
    until(page, "room.state.film.value.shots[0].takes.some(take => take.made)")
    assert scene.read_bytes() == before
    page.get_by_role("button", name="Another take of shot 1").click()
    until(page, "room.state.film.value.job.number === 2 && room.state.film.value.job.state === 'done'")
    until(page, "room.state.film.value.shots[0].takes.filter(take => take.made).length === 2")
    page.get_by_role("radio").nth(1).click()
    chosen = until_written(page, scene, before)
    number = page.evaluate("room.state.film.value.shots[0].takes.find(take => take.chosen).number")
    assert chosen == before + f"shots:\n  - take: {number}\n".encode()
    until(page, "room.state.states.value[0] === 'made'")
    page.get_by_role("button", name=f"Lock take {number}").click()
    locked = until_written(page, scene, chosen)
    assert locked == chosen + b"    locked: yes\n"
    until(page, "room.state.film.value.shots[0].locked")
    assert page.get_by_role("button", name="Another take of shot 1").count() == 0
    for wanted in (chosen, before):
        now = scene.read_bytes()
        page.get_by_role("button", name="Undo").click()
        assert until_written(page, scene, now) == wanted


def test_cancelled(page: Any, scene: Path) -> None:
    page.get_by_role("button", name="Render the film").click()
    page.get_by_role("button", name="Cancel").click()
    until(page, "['stopped', 'done'].includes(room.state.film.value.job.state)")
    assert page.evaluate("room.state.film.value.job.state") == "stopped"
    page.get_by_text("The last render was cancelled").wait_for()
    assert not scene.with_suffix(".mp4").exists()
