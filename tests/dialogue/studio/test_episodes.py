"""A batch in the room: what its server tells of the episodes, what can be answered, and going on without the page."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from studio_batches import CAST, WHY_NOT, batch_with_a_question
from studio_rooms import Server, serving

pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))


@pytest.fixture
def output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return batch_with_a_question(tmp_path)


@pytest.fixture
def server(output: Path) -> Iterator[Server]:
    with serving(output) as running:
        yield running


def episodes(server: Server) -> dict[str, Any]:
    return {episode["name"]: episode for episode in server.get("/api/batch")["episodes"]}


def until(server: Server, good: Callable[[Any], bool], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not good(record := server.get("/api/batch")):
        assert time.monotonic() < end, json.dumps(record)[:3000]
        time.sleep(0.1)
    return record


def test_states_answers_and_going_on(server: Server, output: Path) -> None:
    found = episodes(server)
    assert {name: episode["state"] for name, episode in found.items()} == {
        "alone": "done", "call": "asks", "empty": "failed",
    }  # fmt: skip
    assert "the file is empty" in found["empty"]["problems"][0]
    assert found["empty"]["film"] is None
    (ask,) = found["call"]["asks"]
    assert ask["label"] == "SPEAKER_01"
    assert ask["turns"][0] == [4.0, 7.4]
    assert [person["id"] for person in ask["people"]][-2:] == ["steve", "guest"]
    assert {person["id"] for person in ask["people"][:2]} == {"katie", "kim"}
    assert ask["people"][0]["alike"] == ask["people"][1]["alike"] > ask["people"][2]["alike"]

    cast, made = output.parent / "cast.yaml", (output / "alone/alone.mp4").stat().st_mtime_ns
    answer = {"episode": "call", "label": "SPEAKER_01", "who": "kim"}
    assert server.post("/api/batch/answer", answer)[0] == 200
    assert cast.read_text() == CAST + "episodes: {call: {SPEAKER_01: kim}}\n"
    assert episodes(server)["call"]["state"] == "waiting"
    assert server.post("/api/batch/answer", {**answer, "who": None})[0] == 200
    assert cast.read_text() == CAST
    assert episodes(server)["call"]["state"] == "asks"
    assert server.post("/api/batch/answer", {**answer, "who": "katie"})[0] == 200

    assert server.post("/api/batch/go", {"only": ["call"]})[0] == 200
    record = until(server, lambda now: not now["busy"] and now["job"]["state"] == "done")
    states = {episode["name"]: episode["state"] for episode in record["episodes"]}
    assert states == {"alone": "done", "call": "done", "empty": "failed"}
    assert (output / "call/call.mp4").is_file()
    assert (output / "alone/alone.mp4").stat().st_mtime_ns == made
    assert "Katie" in episodes(server)["call"]["people"]


def test_an_opened_episode_is_made_by_the_batch(server: Server) -> None:
    """Its clips are the batch's: what was made there is not made again, and its film is the episode's."""
    film = f"/api/film/{episodes(server)['alone']['film']}"
    record = server.settled(film)
    assert record["name"] == "alone"
    assert record["film"]["name"] == "alone.mp4"
    assert [shot["reason"] for shot in record["shots"]] == [None] * len(record["shots"])


def test_going_on_outlives_the_server(output: Path) -> None:
    with serving(output) as server:
        server.post("/api/batch/answer", {"episode": "call", "label": "SPEAKER_01", "who": "kim"})
        assert server.post("/api/batch/go", {"only": ["call"]})[0] == 200
        again, told = server.post("/api/batch/go", {"only": ["call"]})
        assert again == 409 and "at work" in told["message"]
        server.kill()
    with serving(output / "manifest.json") as server:
        record = until(server, lambda now: now["job"]["state"] == "done")
        assert {e["name"]: e["state"] for e in record["episodes"]}["call"] == "done"
        assert record["job"]["number"] == 1


WRONG: list[tuple[str, Any]] = [
    ("answer", {"episode": "call", "label": "SPEAKER_01", "who": "mallory"}),
    ("answer", {"episode": "call", "label": "SPEAKER_00", "who": "kim"}),
    ("answer", {"episode": "alone", "label": "SPEAKER_01", "who": "kim"}),
    ("answer", {"episode": "../x", "label": "SPEAKER_01", "who": "kim"}),
    ("answer", {"episode": ["call"], "label": "SPEAKER_01", "who": "kim"}),
    ("answer", {}),
    ("go", {"only": ["nothing"]}),
    ("go", {"only": []}),
    ("go", {"only": "call"}),
    ("go", {}),
]


def test_what_nobody_has_asked_is_refused(server: Server, output: Path) -> None:
    cast = output.parent / "cast.yaml"
    for where, asked in WRONG:
        status, told = server.post(f"/api/batch/{where}", asked)
        assert (status, bool(told["message"])) == (409, True), (where, asked)
    assert cast.read_text() == CAST
    assert not (output / ".dialogue/jobs").exists()
    for path in ("/api/batch", "/api/batch/recording/call"):
        assert server.request(path)[0] == 403
        assert server.request(path, headers={"cookie": server.cookie})[0] == 200
    for name in ("nobody", "..%2Fcast.yaml", "cast.yaml"):
        assert server.request(f"/api/batch/recording/{name}", headers={"cookie": server.cookie})[0] == 404
