"""A model hub on this machine: one repository, served as huggingface_hub asks for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "0" * 40


def handler(repository: str, folder: Path, served: list[str]) -> type[BaseHTTPRequestHandler]:
    class Hub(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _send(self, body: bytes, **headers: str) -> None:
            self.send_response(200)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            files = sorted(file for file in folder.rglob("*") if file.is_file())
            names = [file.relative_to(folder).as_posix() for file in files]
            if path.startswith(f"/api/models/{repository}/tree/"):
                sizes = zip(names, files, strict=True)
                tree = [{"type": "file", "path": n, "size": f.stat().st_size, "oid": COMMIT} for n, f in sizes]
                self._send(json.dumps(tree).encode(), Content_Type="application/json")
            elif path.startswith(f"/api/models/{repository}"):
                about = {"id": repository, "sha": COMMIT, "siblings": [{"rfilename": name} for name in names]}
                self._send(json.dumps(about).encode(), Content_Type="application/json")
            elif path.startswith(f"/{repository}/resolve/") and (name := path.split("/", 5)[5]) in names:
                body = (folder / name).read_bytes()
                if self.command == "GET":
                    served.append(name)
                self._send(body, ETag=f'"{hashlib.sha1(body).hexdigest()}"', X_Repo_Commit=COMMIT)
            else:
                self.send_error(404)

        do_HEAD = do_GET

    return Hub


@contextmanager
def serving(repository: str, folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a hub with `folder` as `repository`, and the names of the files it was asked for."""
    served: list[str] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(repository, folder, served))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", served
    finally:
        server.shutdown()
        server.server_close()
