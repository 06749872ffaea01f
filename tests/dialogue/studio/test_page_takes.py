"""Takes in a real Chromium: named, two of them in one frame with a divider, in step to a frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from studio_pages import until, until_written
from studio_rooms import Server


def two_takes(page: Any) -> None:
    for job in (1, 2):
        page.evaluate("room.at(1)")
        page.keyboard.press("t")
        until(page, f"room.state.film.value.job?.number === {job} && room.state.film.value.job.state === 'done'", 180)
        until(page, f"room.state.film.value.shots[0].takes.filter(take => take.made).length === {job}")


def frames(page: Any) -> list[int]:
    return list(page.evaluate("[...document.querySelectorAll('.wipe video')].map(v => Math.floor(v.currentTime * 25))"))


def test_a_take_is_named_and_the_name_stays(page: Any, scene: Path, server: Server) -> None:
    before = scene.read_bytes()
    page.locator(".ln").nth(0).click()
    two_takes(page)
    name = page.get_by_label("Name of take 2")
    name.fill("with  the smile")
    name.press("Enter")
    until(page, "room.state.film.value.shots[0].takes[1].name === 'with the smile'")
    page.get_by_role("radio", name="with the smile, seed").wait_for()
    assert scene.read_bytes() == before
    for shot, number, said in ((1, 2, "x" * 61), (1, 2, "a\u0007b"), (1, 9, "no"), (4, 1, "no")):
        status, told = server.post(f"{server.film()}/take/{shot}/{number}/name", {"name": said})
        assert status == 409 and told["message"]
    name.fill("")
    name.press("Enter")
    until(page, "room.state.film.value.shots[0].takes[1].name === null")


def test_two_takes_in_one_frame(page: Any, scene: Path) -> None:
    page.locator(".ln").nth(0).click()
    two_takes(page)
    page.keyboard.press("w")
    until(page, "[...document.querySelectorAll('.wipe video')].every(video => video.readyState >= 2)")
    divider = page.get_by_role("slider", name="Divider between the takes")
    assert divider.get_attribute("aria-valuenow") == "50"
    divider.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert divider.get_attribute("aria-valuenow") == "61"
    box = page.locator(".wipe").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.61, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert abs(int(divider.get_attribute("aria-valuenow")) - 25) <= 1
    clip = page.evaluate("getComputedStyle(document.querySelectorAll('.wipe video')[1]).clipPath")
    assert clip.startswith("inset(0px 0px 0px 2")

    place = page.get_by_role("slider", name="Frame of the shot")
    for wanted in (0, 31, 100):
        place.fill(str(wanted))
        until(page, "[...document.querySelectorAll('.wipe video')].every(video => !video.seeking)")
        assert frames(page) == [wanted, wanted]
    page.get_by_role("button", name="A frame on").click()
    until(page, "[...document.querySelectorAll('.wipe video')].every(video => !video.seeking)")
    assert frames(page) == [101, 101]

    page.get_by_role("button", name="Play both").click()
    page.wait_for_timeout(700)  # to come into step
    apart = []
    for _ in range(10):
        page.wait_for_timeout(60)
        both = "[...document.querySelectorAll('.wipe video')].map(video => video.currentTime)"
        first, second = page.evaluate(both)
        apart.append(first - second)
    assert sorted(map(abs, apart))[5] <= 1 / 25, apart
    assert page.evaluate("[...document.querySelectorAll('.wipe video')].map(video => video.muted)") == [False, True]
    page.get_by_role("button", name="Stop both").click()
    until(page, "[...document.querySelectorAll('.wipe video')].every(video => video.paused && !video.seeking)")
    shown = frames(page)
    assert shown[0] == shown[1] > 101

    page.get_by_label("Take A").select_option("3")
    until(page, "document.querySelectorAll('.wipe video')[0].src.includes('/take/1/3')")
    before = scene.read_bytes()
    page.keyboard.press("Escape")
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('.wipe')")
    page.locator(".ln").nth(0).click()
    page.keyboard.press("b")
    assert b"take: 3" in until_written(page, scene, before)


def test_a_line_is_made_again_alone(page: Any, scene: Path) -> None:
    """It gets a shot of its own, cut in the pauses around it; where it has one nothing is cut."""
    before = scene.read_bytes()
    page.locator(".ln").nth(2).click()
    page.get_by_role("button", name="This line again").click()
    cut = until_written(page, scene, before)
    night = b"  - picture: night.png\n"
    assert cut == before + b"shots:\n" + night + b"    until: 2.6\n" + night + b"    until: 5.56\n" + night
    until(page, "room.state.film.value.job?.state === 'done'", 180)
    order = page.evaluate("room.state.film.value.job.order")
    assert (order["shot"], order["take"]) == (2, 2)
    until(page, "room.state.film.value.shots[1].takes.some(take => take.made && take.number === 2)")
    assert page.evaluate("room.state.film.value.shots[1].frames") == 139 - 65
    assert [page.evaluate(f"room.state.film.value.shots[{n}].takes.some(take => take.made)") for n in (0, 2)] == [
        False,
        False,
    ]

    page.evaluate("room.state.selected.value = 2")
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("Shift+T")
    until(page, "room.state.film.value.job.number === 2 && room.state.film.value.job.state === 'done'", 180)
    assert scene.read_bytes() == cut
    until(page, "room.state.film.value.shots[1].takes.filter(take => take.made).length === 2")
    page.locator(".ln").nth(2).get_by_role("radio").nth(1).click()
    chosen = until_written(page, scene, cut)
    assert chosen.startswith(before) and chosen.count(b"take: 3") == 1
    page.get_by_role("button", name="Lock take 3").click()
    locked = until_written(page, scene, chosen)
    until(page, "room.state.film.value.shots[1].locked")
    page.locator("#time [role=slider]").focus()
    page.keyboard.press("Shift+T")
    page.get_by_text("the shot of this line is locked").wait_for()
    assert scene.read_bytes() == locked
    page.locator(".ln").nth(4).click()
    page.get_by_role("button", name="This line again").click()
    last = until_written(page, scene, locked)
    assert last.count(b"picture: night.png") == 1 + 4  # the scene's own, and one for each shot
    until(page, "room.state.film.value.job.number === 3 && room.state.film.value.job.state === 'done'", 180)
    assert page.evaluate("room.state.film.value.job.order.shot") == 4
    for wanted in (locked, chosen, cut, before):
        now = scene.read_bytes()
        page.get_by_role("button", name="Undo").click()
        assert until_written(page, scene, now) == wanted
