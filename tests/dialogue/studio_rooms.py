"""The cutting room as it runs: the command in a process of its own, and a client that has its cookie."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


TIMES = ((0.51, 1.49), (1.86, 2.42), (2.79, 5.39), (5.75, 7.99), (8.61, 10.02))


def timed(text: str) -> str:
    """The two-hander with the times of its lines, so that nothing has to be heard before it is planned."""
    times = iter(TIMES)
    told = []
    for line in text.splitlines(keepends=True):
        told.append(line)
        if line.startswith("  - "):
            start, end = next(times)
            told.append(f"    from: {start}\n    to: {end}\n")
    return "".join(told)


class Server:
    """`dialogue studio PATH`, and what it answers."""

    def __init__(self, path: Path, port: int = 0) -> None:
        command = [sys.executable, "-m", "dialogue", "studio", str(path), "--no-open", "--port", str(port)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().decode().strip()
        found = re.fullmatch(r"(http://127\.0\.0\.1:(\d+))/#(\S+)", self.address)
        assert found, self.address
        self.base, self.port, self.token = found[1], int(found[2]), found[3]
        self.cookie = ""

    def request(
        self, path: str, body: object = None, headers: dict[str, str] | None = None, method: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body, whatever the status; with no more headers than the ones given."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, dict(answer.headers.items()), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers.items()), error.read()

    def sign_in(self) -> None:
        status, headers, _ = self.request("/session", {"token": self.token}, {"content-type": "application/json"})
        assert status == 200
        self.cookie = headers["set-cookie"].split(";")[0]

    def get(self, path: str) -> Any:
        status, _, body = self.request(path, headers={"cookie": self.cookie})
        assert status == 200, (path, status, body)
        return json.loads(body)

    def post(self, path: str, body: object) -> tuple[int, Any]:
        headers = {"cookie": self.cookie, "content-type": "application/json"}
        status, _, answer = self.request(path, body, headers)
        return status, json.loads(answer)

    def film(self) -> str:
        """The address of its first film."""
        return f"/api/film/{self.get('/api/films')['films'][0]['id']}"

    def settled(self, film: str, seconds: float = 30) -> Any:
        """The film's record, once nothing about it is being looked at any more."""
        return self.until(film, lambda record: record["doing"] is None and record["plan"] is not None, seconds)

    def until(self, film: str, good: Any, seconds: float = 60) -> Any:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            record = self.get(film)
            if good(record):
                return record
            time.sleep(0.1)
        raise AssertionError(json.dumps(record)[:3000])

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def close(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=15)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        return self.process.returncode


@contextmanager
def serving(path: Path, port: int = 0) -> Iterator[Server]:
    server = Server(path, port)
    try:
        server.sign_in()
        yield server
    finally:
        server.close()
