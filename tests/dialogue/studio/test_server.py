"""The page's server as others may try to use it, and as the page does."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from studio_rooms import Server, serving, timed

SCENES = Path(__file__).parents[3] / "scenes"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("room") / "two"
    shutil.copytree(SCENES / "two_hander", folder, ignore=shutil.ignore_patterns(".dialogue"))
    path = folder / "scene.yaml"
    path.write_text(timed(path.read_text()))
    return path


@pytest.fixture(scope="module")
def server(scene: Path) -> Iterator[Server]:
    (scene.parent.parent / "secret.txt").write_text("secret")
    with serving(scene) as running:
        yield running


@pytest.fixture(scope="module")
def film(server: Server) -> str:
    found = server.film()
    server.settled(found)
    return found


# Security


def test_what_has_no_cookie_gets_the_empty_page_alone(server: Server, film: str) -> None:
    assert server.request("/")[0] == 200
    assert server.request("/assets/app.js")[0] == 200
    for path in ("/api/films", film, "/api/events", f"{film}/movie", f"{film}/sound"):
        assert server.request(path)[0] == 403
    for path in (f"{film}/edit", f"{film}/render"):
        assert server.request(path, {}, {"content-type": "application/json"})[0] == 403


@pytest.mark.parametrize("token", ["", "wrong", None, 7, "é"])
def test_a_wrong_token_opens_nothing(server: Server, token: object) -> None:
    status, headers, _ = server.request("/session", {"token": token}, {"content-type": "application/json"})
    assert status == 403
    assert "set-cookie" not in headers


REFUSED: list[dict[str, str]] = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:1"},
    {"host": "evil.example"},
    {"host": "127.0.0.1"},
    {"host": "evil.example:{port}"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"cookie": "dialogue_{port}=wrong"},
    {"cookie": "dialogue_1={session}"},
]


@pytest.mark.parametrize("headers", REFUSED, ids=str)
def test_other_sites_and_wrong_cookies_are_refused(server: Server, film: str, headers: dict[str, str]) -> None:
    session = server.cookie.split("=", 1)[1]
    sent = {"cookie": server.cookie, "content-type": "application/json"}
    sent |= {name: value.format(port=server.port, session=session) for name, value in headers.items()}
    assert server.request("/api/films", headers=sent)[0] == 403
    assert server.request(f"{film}/history", {}, sent)[0] == 403


def test_the_page_itself_is_let_in(server: Server) -> None:
    headers = {"cookie": f"other=1; {server.cookie}", "origin": server.base, "sec-fetch-site": "same-origin"}
    assert server.request("/api/films", headers=headers)[0] == 200


def test_a_form_of_another_site_says_nothing(server: Server, film: str) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        status, _, _ = server.request(f"{film}/history", b"{}", {"cookie": server.cookie, "content-type": kind})
        assert status == 409


def test_what_is_sent_runs_no_other_script_and_stands_in_no_frame(server: Server) -> None:
    _, headers, body = server.request("/")
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert b"http://" not in body.replace(b"http://www.w3.org", b"")
    assert b"https://" not in body


def test_no_file_but_those_of_the_film(server: Server, film: str) -> None:
    record = server.get(film)
    good = record["media"]["ana.flac"]
    assert server.request(f"{film}/media/{good}", headers={"cookie": server.cookie})[0] == 200
    for name in (
        "secret.txt",
        "../secret.txt",
        "..%2Fsecret.txt",
        "%2e%2e%2f%2e%2e%2fsecret.txt",
        "scene.yaml",
        "0" * 12,
    ):
        for kind in ("media", "picture", "peaks", "clip", "frame"):
            assert server.request(f"{film}/{kind}/{name}", headers={"cookie": server.cookie})[0] in (404, 422)
    for path in ("/assets/../server.py", "/assets/..%2fserver.py", "/assets/index.html"):
        assert server.request(path, headers={"cookie": server.cookie})[0] == 404


OUTSIDE: list[Any] = [
    {"do": "set", "path": ["picture"], "value": "../../secret.png"},
    {"do": "set", "path": ["cast", "ana", "track"], "value": "/etc/passwd"},
    {"do": "set", "path": ["cast", "ana", "emotions", "joy"], "value": {"image": "/etc/hostname"}},
    {"do": "insert", "path": ["lines", 0], "value": {"ana": "x", "audio": "../secret.wav"}},
    {"do": "set", "path": ["diarization"], "value": "/etc/passwd.rttm"},
    {"do": "set", "path": ["cast"], "value": {"ana": {"voice": {"enroll": "../secret.wav"}}}},
]


@pytest.mark.parametrize("edit", OUTSIDE, ids=str)
def test_no_edit_leads_out_of_the_folder(server: Server, film: str, scene: Path, edit: Any) -> None:
    before = scene.read_bytes()
    status, answer = server.post(f"{film}/edit", {"base": server.get(film)["revision"], "edits": [edit], "label": "x"})
    assert status == 409
    assert "outside" in answer["message"]
    assert scene.read_bytes() == before


IN_STEPS: dict[str, list[dict[str, Any]]] = {
    "a name that is then called a track": [
        {"do": "set", "path": ["cast", "ana", "name"], "value": "/etc/secret.wav"},
        {"do": "remove", "path": ["cast", "ana", "track"]},
        {"do": "rename", "path": ["cast", "ana", "name"], "name": "track"},
    ],
    "a file that was written as a title": [
        {"do": "set", "path": ["title"], "value": "../secret.png"},
        {"do": "set", "path": ["picture"], "value": "../secret.png"},
    ],
    "the words of a line that become its recording": [
        {"do": "set", "path": ["lines", 0, "ana"], "value": "../secret.wav"},
        {"do": "rename", "path": ["lines", 0, "ana"], "name": "audio"},
    ],
    "an emotion that is called name": [
        {"do": "set", "path": ["cast", "ana", "emotions", "name"], "value": "/etc/hostname.png"}
    ],
    "a link": [{"do": "set", "path": ["picture"], "value": "way/secret.png"}],
}


@pytest.mark.parametrize("at_once", [True, False])
@pytest.mark.parametrize("name", IN_STEPS)
def test_no_edits_lead_out_step_by_step(server: Server, film: str, scene: Path, name: str, at_once: bool) -> None:
    """Words that lead nowhere become no file: not under another key, and not because they stand there already."""
    before = scene.read_bytes()
    way = scene.parent / "way"
    if not way.is_symlink():
        way.symlink_to(scene.parent.parent)
    steps = IN_STEPS[name]
    answers = []
    for edits in [steps] if at_once else [[step] for step in steps]:
        base = server.get(film)["revision"]
        answers.append(server.post(f"{film}/edit", {"base": base, "edits": edits, "label": "x"}))
    assert answers[-1][0] == 409
    assert "outside" in answers[-1][1]["message"]
    for _ in range(sum(status == 200 for status, _ in answers)):
        server.post(f"{film}/history", {})
    assert scene.read_bytes() == before


def test_no_command_of_a_page_is_run(server: Server, film: str, scene: Path) -> None:
    """The one program that is started is the render of this scene: whatever else is asked for is not passed on."""
    for asked in ({"generator": "x; touch pwned"}, {"shot": "1; touch pwned"}, {"take": 1, "source": "/etc/passwd"}):
        server.settled(film)
        status, _ = server.post(f"{film}/render", asked)
        if status != 200:
            assert status == 409
            continue
        job = server.get(film)["job"]
        order = json.loads((scene.parent / f".dialogue/jobs/{job['number']}/order.json").read_text())
        assert order == {"source": str(scene.resolve())}
        server.post(f"{film}/cancel", {})
        server.until(film, lambda now: now["job"]["state"] != "running")
    assert not list(scene.parent.rglob("pwned*"))


WRONG: list[Any] = [
    {},
    {"edits": []},
    {"edits": "x"},
    {"edits": [{"do": "run", "path": ["x"]}]},
    {"edits": [{"do": "set", "path": []}]},
    {"edits": [{"do": "set", "path": [True], "value": 1}]},
    {"edits": [{"do": "set", "path": ["a"], "value": None}]},
    {"edits": [{"do": "rename", "path": ["lines", 0, "ana"]}]},
    {"edits": [{"do": "set", "path": ["lines", 99, "x"], "value": 1}]},
]


@pytest.mark.parametrize("asked", WRONG, ids=str)
def test_what_is_no_edit_is_said_and_changes_nothing(server: Server, film: str, scene: Path, asked: Any) -> None:
    before = scene.read_bytes()
    status, answer = server.post(f"{film}/edit", {"base": server.get(film)["revision"], **asked})
    assert status == 409
    assert answer["message"]
    assert scene.read_bytes() == before


def test_a_film_that_is_not_there(server: Server) -> None:
    assert server.request("/api/film/nobody", headers={"cookie": server.cookie})[0] == 404


# Use


def test_the_record_has_all_the_page_shows(server: Server, film: str) -> None:
    record = server.settled(film)
    assert [turn["line"] for turn in record["plan"]["turns"]] == [0, 1, 2, 3, 4]
    assert record["pictures"]["night.png"]["width"] == 704
    assert record["costs"]["due"]["shots"] == len(record["shots"]) == 1
    assert record["shots"][0]["reason"] == "it is new"


def test_ranges_and_outlines(server: Server, film: str) -> None:
    media = server.get(film)["media"]["ana.flac"]
    headers = {"cookie": server.cookie, "range": "bytes=10-19"}
    status, _, body = server.request(f"{film}/media/{media}", headers=headers)
    assert (status, len(body)) == (206, 10)
    headers["range"] = "bytes=99999999-"
    assert server.request(f"{film}/media/{media}", headers=headers)[0] == 416
    status, headers, body = server.request(f"{film}/peaks/{media}?level=1", headers={"cookie": server.cookie})
    assert status == 200
    assert len(body) / 2 / float(headers["x-rate"]) == pytest.approx(10.64, abs=0.1)


def test_an_edit_an_error_and_the_way_back(server: Server, film: str, scene: Path) -> None:
    before = scene.read_bytes()
    record = server.settled(film)
    edits = [{"do": "set", "path": ["lines", 0, "emotion"], "value": "nowhere: to be seen"}]
    assert server.post(f"{film}/edit", {"base": record["revision"], "edits": edits, "label": "mood"})[0] == 200
    record = server.until(film, lambda now: any("no picture" in p["message"] for p in now["problems"]))
    problem = next(p for p in record["problems"] if "no picture" in p["message"])
    assert problem["path"] == ["lines", 0, "emotion"]
    assert record["undo"] == "mood"
    assert server.post(f"{film}/history", {})[1]["label"] == "mood"
    assert scene.read_bytes() == before
    assert server.post(f"{film}/history", {"redo": True})[1]["label"] == "mood"
    server.post(f"{film}/history", {})
    assert scene.read_bytes() == before


def test_a_change_of_the_file_is_shown(server: Server, film: str, scene: Path) -> None:
    before = scene.read_text()
    request = urllib.request.Request(f"{server.base}/api/events", headers={"cookie": server.cookie})
    stream = urllib.request.urlopen(request, timeout=20)
    versions: list[int] = []

    def listen() -> None:
        for line in stream:
            if line.startswith(b"data: ") and (news := json.loads(line[6:]))["kind"] == "film":
                versions.append(news["version"])

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    server.settled(film)
    scene.write_text(before.replace("Hear what?", "What was that?"))
    record = server.until(film, lambda now: now["plan"] and now["plan"]["turns"][1].get("text") == "What was that?")
    assert record["undo"] == "a change from outside"
    for _ in range(40):
        if len(versions) >= 2:
            break
        time.sleep(0.1)
    assert len(versions) >= 2
    server.post(f"{film}/history", {})
    assert scene.read_text() == before


def listening(server: Server) -> None:
    """The stream of news, as a page has it open: the server looks about while somebody listens."""
    request = urllib.request.Request(f"{server.base}/api/events", headers={"cookie": server.cookie})
    stream = urllib.request.urlopen(request)
    threading.Thread(target=lambda: [None for _ in stream], daemon=True).start()


def test_a_film_made_by_the_command_has_its_mouths_looked_at(tmp_path: Path) -> None:
    """Whether the page was open while it was made or not; and no film is looked at that is not of the scene."""
    shutil.copytree(SCENES / "two_hander", tmp_path / "two", ignore=shutil.ignore_patterns(".dialogue"))
    path = tmp_path / "two/scene.yaml"
    path.write_text(timed(path.read_text()).replace("output: {", "generator: animatic\noutput: {size: 320x320, "))
    render = [sys.executable, "-m", "dialogue", "render", str(path)]
    environment = {**os.environ, "PYTHONPATH": str(SCENES.parent), "OMP_NUM_THREADS": "1"}
    with serving(path) as server:
        film = server.film()
        assert server.settled(film)["mouths"] is None
        listening(server)
        subprocess.run(render, env=environment, check=True, capture_output=True)
        record = server.until(film, lambda now: now["mouths"] is not None)
        assert record["mouths"] == str(path.with_suffix(".mp4").stat().st_mtime_ns)
        seen = server.get(f"{film}/mouths")["mouths"]
        assert {mouth["speaker"] for mouth in seen} == {"ana", "ben"}
        assert all(len(mouth["movement"]) == record["plan"]["frames"] for mouth in seen)
    kept = next((path.parent / ".dialogue/mouths").glob("*.json"))
    kept.unlink()
    with serving(path) as server:
        listening(server)
        server.until(server.film(), lambda now: now["mouths"] is not None)
    kept.unlink()
    path.write_text(path.read_text().replace("to: 1.49", "to: 1.3"))
    with serving(path) as server:
        listening(server)
        server.settled(server.film())
        time.sleep(3)
        assert server.get(server.film())["mouths"] is None


def test_what_was_seen_of_an_older_film_does_not_replace_the_newer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A film made anew while the one before is still looked at."""
    import dialogue
    from dialogue.studio import mouths

    movie = tmp_path / "film.mp4"
    movie.write_bytes(b"older")

    def made_anew_meanwhile(film: Path, source: Path) -> tuple[()]:
        os.utime(film, ns=(1, 1))
        mouths.place_of(tmp_path, film).parent.mkdir()
        mouths.place_of(tmp_path, film).write_text('{"stamp": 1, "mouths": []}')
        return ()

    monkeypatch.setattr(dialogue, "mouths", made_anew_meanwhile)
    mouths.note(movie, tmp_path / "scene.yaml", tmp_path)
    assert mouths.known_stamp(tmp_path, movie) == "1"
