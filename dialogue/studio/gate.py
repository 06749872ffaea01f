"""Who may talk to the server: the page it sent out itself, opened with the token of this run, and nobody else.

The token stands after # in the address, so that no request and no log carries it. The page hands it in once and gets a
cookie, which scripts cannot read and other sites cannot send. Every request is held against the server's own name:
a Host of another name (a page that has pointed its own name at this machine), an Origin of another site, or a request
that a browser marks as coming from another site is refused.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = ("/", "/session", "/favicon.ico")  # what needs no cookie: the empty page, and the door to get one
_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True)
class Keys:
    """The secrets of one run of the server on one port."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def cookie(self) -> str:
        """Cookies know no ports: two servers on one machine need two names."""
        return f"dialogue_{self.port}"

    @property
    def set_cookie(self) -> str:
        return f"{self.cookie}={self.session}; Path=/; HttpOnly; SameSite=Strict"

    def opens(self, token: object) -> bool:
        return isinstance(token, str) and hmac.compare_digest(token.encode(), self.token.encode())

    def refusal(self, path: str, method: str, headers: Mapping[str, str]) -> str | None:
        """Why a request is refused; None when it is one of the page's own."""
        hosts = {f"127.0.0.1:{self.port}", f"localhost:{self.port}"}
        host = headers.get("host", "")
        if host not in hosts:
            return "this server answers to its own name alone"
        origin = headers.get("origin")
        if origin is not None and origin != f"http://{host}":
            return "a request from another site"
        site = headers.get("sec-fetch-site")
        if site not in (None, "same-origin", "none") and not (path == "/" and method == "GET"):
            return "a request from another site"
        if path in OPEN or path.startswith("/assets/"):
            return None
        return None if self._known(headers.get("cookie", "")) else "open the page by the address that was printed"

    def _known(self, cookies: str) -> bool:
        try:
            found = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return False
        return found is not None and hmac.compare_digest(found.value.encode(), self.session.encode())


class Gate:
    """The server behind its gate."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        reason = self._keys.refusal(scope["path"], scope["method"], headers)

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                extra = [(name.encode(), value.encode()) for name, value in _HEADERS.items()]
                message["headers"] = [*message.get("headers", []), *extra]
            await send(message)

        if reason is None:
            await self._app(scope, receive, guarded)
            return
        from starlette.responses import PlainTextResponse

        await PlainTextResponse(reason, 403)(scope, receive, guarded)
