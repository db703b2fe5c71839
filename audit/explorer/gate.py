"""Who may ask, and how: everything that is checked before a page is made, and said with it.

The server holds what its user may read, and browsers carry requests of strangers: of pages that
the user has open elsewhere (cross-site requests), and of names that strangers make point here (DNS
rebinding). So a request needs the address that was asked for, a token that only the user was told,
and for whatever changes something also the key that only our own pages hold.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger(__name__)

MOST_BODY = 64 * 1024
MOST_ADDRESS = 8 * 1024
MOST_HEADERS = 16 * 1024
#: For the body of a request to arrive.
_BODY_SECONDS = 20.0

_MOST_FIELDS = 50
_METHODS = ("GET", "HEAD", "POST")

#: On every answer.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}

#: What an answer that never changes may say of itself instead of ``no-store``.
KEPT = "private, max-age=86400, immutable"

#: Makes the page of a refusal: status, what is wrong, what to do.
Refusal = Callable[[int, str, str], bytes]


@dataclass(frozen=True)
class Keys:
    """What a server that was just started makes up.

    Attributes
    ----------
    token:
        In the address that is printed.
    sealing:
        Seals the cookies.
    """

    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    sealing: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def sealed(self, what: str, text: str) -> str:
        """A code that nobody can make who does not know the key."""
        return hmac.new(self.sealing, f"{what}\0{text}".encode(), hashlib.sha256).hexdigest()

    def new_session(self) -> str:
        """The cookie of a browser that showed the token."""
        name = secrets.token_urlsafe(16)
        return f"{name}.{self.sealed('session', name)}"

    def session(self, cookie: str) -> str | None:
        """Which browser it is; None if the cookie is not of this server."""
        name, _, seal = cookie.partition(".")
        return name if _same(seal, self.sealed("session", name)) else None

    def form_key(self, session: str) -> str:
        """What the forms of our pages carry."""
        return self.sealed("form", session)

    def is_form_key(self, session: str, given: str) -> bool:
        return _same(given, self.form_key(session))


def _same(one: str, other: str) -> bool:
    """Compared in a time that tells nothing."""
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))


def allowed_hosts(host: str, port: int) -> frozenset[str]:
    """What the Host of a request may be, for a server that listens there."""
    names = {f"[{host}]" if ":" in host else host}
    if is_loopback(host):
        names |= {"127.0.0.1", "localhost", "[::1]"}
    return frozenset(f"{name}:{port}".lower() for name in names)


def is_loopback(host: str) -> bool:
    return host in ("localhost", "::1") or host.startswith("127.")


class Gate:
    """ASGI: lets through what may pass, and puts our headers on every answer.

    A request that passes has ``session`` in its scope: which browser it is; and, if it changes
    something, ``form``: what the form says, the first value of each name.
    """

    def __init__(
        self, app: ASGIApp, keys: Keys, hosts: Iterable[str], port: int, refusal: Refusal
    ) -> None:
        self._app, self._keys, self._hosts, self._refusal = app, keys, frozenset(hosts), refusal
        #: Cookies of one host are sent to all of its ports: other servers have other names.
        self.cookie = f"audit-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        headers = Headers(scope=scope)
        reply = _Reply(send, scope["method"] == "HEAD")
        refused = self._refused(scope, headers)
        if refused is not None:
            await self._refuse(reply, *refused)
            return
        session = self._session(headers)
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if session is None or ("token" in query and scope["method"] != "POST"):
            await self._enter(scope, query, session, reply)
            return
        body = await self._body(headers, receive)
        if isinstance(body, int):
            await self._refuse(reply, body, *_BODY_REFUSED[body])
            return
        if scope["method"] == "POST":
            form = _form(body)
            given = form.get("key", "")
            if not self._keys.is_form_key(session, given):
                await self._refuse(
                    reply, 403, "This form is not of this server.", "Open the page again."
                )
                return
            scope["form"] = form
        scope["session"] = session
        try:
            await self._app(scope, _given(body, receive), reply.send)
        except Exception:
            if reply.begun:
                raise
            _LOG.exception("While answering %s", scope["path"])
            await self._refuse(
                reply, 500, "Something went wrong.",
                "This is a mistake in audit. The terminal that the server runs in says more.",
            )  # fmt: skip

    def _refused(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, "This server does not go by that name.", "Open the address it printed."
        if scope["method"] not in _METHODS:
            return 405, "Nothing here can be asked in that way.", "Open a page."
        address = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
        if address > MOST_ADDRESS:
            return 414, "The address is too long.", "Ask for less at once."
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADERS:
            return 431, "The request's headers are too large.", "Delete cookies of this address."
        if scope["method"] == "POST":
            return self._cross_site(headers)
        return None

    def _cross_site(self, headers: Headers) -> tuple[int, str, str] | None:
        """Refuse what comes from another site's page.

        As our pages send no referrer, browsers say ``null`` for our own origin, too.
        """
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        own = {f"http://{headers['host'].lower()}", "null"}
        foreign = origin is not None and origin.lower() not in own
        if foreign or (site is not None and site != "same-origin"):
            return 403, "That request came from another site's page.", "Use the pages of this one."
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/x-www-form-urlencoded":
            return 415, "Only forms are understood here.", "Use the pages of this server."
        return None

    def _session(self, headers: Headers) -> str | None:
        try:
            cookies = SimpleCookie(headers.get("cookie", ""))
        except CookieError:
            return None
        found = cookies.get(self.cookie)
        return self._keys.session(found.value) if found else None

    async def _enter(
        self, scope: Scope, query: dict[str, list[str]], session: str | None, reply: _Reply
    ) -> None:
        """The token is taken once, from the address, which then forgets it."""
        given = query.pop("token", [""])[0]
        if not _same(given, self._keys.token) or scope["method"] == "POST":
            await self._refuse(
                reply, 403, "You need the token of this server.",
                "Open the address that it printed when it started, with all of its token.",
            )  # fmt: skip
            return
        rest = urlencode(query, doseq=True)
        path = scope["path"] if scope["path"].isascii() else "/"
        # Two slashes in front would lead to another host.
        target = "/" + path.lstrip("/\\") + (f"?{rest}" if rest else "")
        headers = {"location": target.replace("\r", "").replace("\n", "")}
        if session is None:
            headers["set-cookie"] = (
                f"{self.cookie}={self._keys.new_session()}; Path=/; HttpOnly; SameSite=Strict"
            )
        await reply.whole(303, b"", headers)

    async def _body(self, headers: Headers, receive: Receive) -> bytes | int:
        """The whole body, or the status that refuses it."""
        length = headers.get("content-length", "0")
        if not length.isdigit():
            return 400
        if int(length) > MOST_BODY:
            return 413
        body = bytearray()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return 400
                    body += message.get("body", b"")
                    if len(body) > MOST_BODY:
                        return 413
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError:
            return 408

    async def _refuse(self, reply: _Reply, status: int, what: str, hint: str) -> None:
        extra = {"content-type": "text/html; charset=utf-8"}
        if status == 405:
            extra["allow"] = ", ".join(_METHODS)
        await reply.whole(status, self._refusal(status, what, hint), extra)


_BODY_REFUSED = {
    400: ("The request is broken.", "Send it again."),
    408: ("The request took too long to arrive.", "Send it again."),
    413: ("The request is too large.", f"It may have {MOST_BODY // 1024} kB."),
}


def _form(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    return dict(reversed(pairs))


def _given(body: bytes, receive: Receive) -> Receive:
    """The body that was read already, and then whatever comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


class _Reply:
    """Sends an answer with our headers."""

    def __init__(self, send: Callable[[Message], Awaitable[None]], head: bool) -> None:
        self._send, self._head = send, head
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            ours = dict(HEADERS)
            if (b"cache-control", KEPT.encode()) in message["headers"]:
                ours["cache-control"] = KEPT
            names = {name.encode() for name in ours}
            kept = [(name, value) for name, value in message["headers"] if name not in names]
            told = [(name.encode(), value.encode()) for name, value in ours.items()]
            message = {**message, "headers": [*kept, *told]}
        await self._send(message)

    async def whole(self, status: int, body: bytes, headers: dict[str, Any]) -> None:
        listed = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        listed.append((b"content-length", str(len(body)).encode()))
        await self.send({"type": "http.response.start", "status": status, "headers": listed})
        await self.send({"type": "http.response.body", "body": b"" if self._head else body})
