"""What keeps a fetch on the public web, and every answer within its bounds.

Two lines of defence, both in each process that opens URLs: an audit hook refuses to connect to
an address that is not public, whoever asks and whatever name or redirect led there; and an opener
that speaks only HTTP and HTTPS gives up on answers that are too large or take too long.
"""

from __future__ import annotations

import http.client
import ipaddress
import math
import socket
import ssl
import string
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

#: Words of the error messages that ``reasons`` knows the reasons by.
NOT_PUBLIC = "is not a public address"
TOO_LARGE = "larger than"
TOO_SLOW = "took longer than"

CHUNK = 1 << 16
#: IPv6 networks whose last 32 bits are an IPv4 address: IPv4-compatible (which was given up, and
#: is routed by some to the address all the same), IPv4-translated, NAT64 and a network's own one.
_CARRYING = tuple(
    map(
        ipaddress.IPv6Network,
        ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/96"),
    )
)
#: Not for the public, which not every version of ``ipaddress`` knows: site-local addresses, other
#: forms of a network's own NAT64, documentation, segment routing, protocols, relays of 6to4.
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("fec0::/10", "64:ff9b:1::/48", "3fff::/20", "5f00::/16", "192.0.0.0/24", "192.88.99.0/24"),
    )
)
#: Public by its number, but what a cloud's machines ask for their own secrets.
_METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefusedError(OSError):
    """A connection to an address that is not public; an OSError, so that the next one is tried."""


class AnswerRefusedError(OSError):
    """An answer that is too large."""


def is_public(host: str) -> bool:
    """Whether an IP address, as text, is one that anybody on the internet reaches alike.

    Addresses that carry another one (mapped, compatible, 6to4, Teredo, NAT64) are judged by it.

    >>> is_public("93.184.216.34"), is_public("169.254.169.254"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False  # a name: nobody checked what it stands for
    return all(_is_public(one) for one in [address, *_carried(address)])


def _is_public(address: _Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and _carried(address):
        return True  # decided by the address that it carries
    if any(address in network for network in _NOT_PUBLIC):
        return False
    return address.is_global and not address.is_multicast and address not in _METADATA


def _carried(address: _Address) -> list[_Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return []
    if any(address in network for network in _CARRYING):
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    carried: list[_Address] = [a for a in (address.ipv4_mapped, address.sixtofour) if a]
    return carried + list(address.teredo or ())


def refuse_private_addresses() -> None:
    """From now on, this process connects to public addresses only. This cannot be undone."""
    sys.addaudithook(_check_connection)


def _check_connection(event: str, arguments: tuple[Any, ...]) -> None:
    if event != "socket.connect" or arguments[0].family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = arguments[1][0]
    if not is_public(host):
        raise AddressRefusedError(f"{host} {NOT_PUBLIC}")


@dataclass(frozen=True)
class AnswerLimits:
    """When to give up on an answer."""

    max_bytes: int
    total_seconds: float  #: for the whole of it, redirects included


def limited_opener(limits: AnswerLimits, *, proxies: bool) -> urllib.request.OpenerDirector:
    """An opener of HTTP and HTTPS URLs that gives up at ``limits``.

    Parameters
    ----------
    proxies:
        Use the proxies that the environment names. Behind one, nobody here knows which address
        is connected to.
    """
    opener = urllib.request.OpenerDirector()
    handlers: list[urllib.request.BaseHandler] = [
        urllib.request.UnknownHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _RedirectHandler(),
        _HTTPHandler(limits),
        _HTTPSHandler(limits),
    ]
    if proxies:
        handlers.append(urllib.request.ProxyHandler())
    for handler in handlers:
        opener.add_handler(handler)
    return opener


class _TimedSocket(socket.socket):
    """Waits for bytes until its deadline only, however steadily they drip in."""

    deadline = math.inf

    def recv_into(self, *arguments: Any) -> int:
        _wait_no_longer(self)
        return super().recv_into(*arguments)


class _TimedSSLSocket(ssl.SSLSocket):
    deadline = math.inf

    def recv_into(self, *arguments: Any) -> int:
        _wait_no_longer(self)
        return super().recv_into(*arguments)


def _wait_no_longer(sock: _TimedSocket | _TimedSSLSocket) -> None:
    left = sock.deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError(f"the answer {TOO_SLOW} it may")
    if left < (sock.gettimeout() or math.inf):
        sock.settimeout(left)


class _Response(http.client.HTTPResponse):
    """An answer whose body is read up to a limit."""

    max_bytes = 0

    def read(self, amt: int | None = None) -> bytes:
        if amt is not None:
            return super().read(amt)
        if self.length is not None and self.length > self.max_bytes:
            raise self._too_large()
        body = bytearray()
        while chunk := self.read1(CHUNK):
            body += chunk
            if len(body) > self.max_bytes:
                raise self._too_large()
        if self.length:
            raise http.client.IncompleteRead(bytes(body), self.length)
        return bytes(body)

    def _too_large(self) -> AnswerRefusedError:
        self.close()
        return AnswerRefusedError(f"the answer is {TOO_LARGE} {self.max_bytes:,} bytes")


def timed_tls() -> ssl.SSLContext:
    """Settings of TLS for :class:`TimedSecureConnection`."""
    context = ssl.create_default_context()
    context.sslsocket_class = _TimedSSLSocket
    return context


class TimedConnection(http.client.HTTPConnection):
    """A connection that waits until its ``deadline`` (of ``time.monotonic``) and no longer."""

    deadline = math.inf

    def connect(self) -> None:
        super().connect()
        _to_timed(self)


class TimedSecureConnection(http.client.HTTPSConnection):
    """The same over TLS, with the context of :func:`timed_tls`."""

    deadline = math.inf

    def connect(self) -> None:
        super().connect()
        assert isinstance(self.sock, _TimedSSLSocket)
        self.sock.deadline = self.deadline


def _to_timed(connection: TimedConnection) -> None:
    plain = connection.sock
    timeout = plain.gettimeout()
    timed = _TimedSocket(fileno=plain.detach())
    timed.settimeout(timeout)
    timed.deadline = connection.deadline
    connection.sock = timed


class _Limited:
    """What the handlers of both schemes share."""

    def __init__(self, limits: AnswerLimits) -> None:
        super().__init__()
        self._limits = limits
        self._response = type("_LimitedResponse", (_Response,), {"max_bytes": limits.max_bytes})

    def _connect_by(self, kind: Any, request: Any, **options: Any) -> Any:
        if not hasattr(request, "deadline"):
            request.deadline = time.monotonic() + self._limits.total_seconds

        def connection(host: str, *, timeout: float, **more: Any) -> Any:
            left = max(request.deadline - time.monotonic(), 0.001)
            made = kind(host, timeout=min(timeout, left), **more)
            made.deadline = request.deadline
            made.response_class = self._response
            return made

        return self.do_open(connection, request, **options)  # type: ignore[attr-defined]


class _HTTPHandler(_Limited, urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> Any:
        return self._connect_by(TimedConnection, req)

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        return super().do_request_(_in_ascii(request))


class _HTTPSHandler(_Limited, urllib.request.HTTPSHandler):
    def __init__(self, limits: AnswerLimits) -> None:
        super().__init__(limits)
        self._tls = timed_tls()

    def https_open(self, req: urllib.request.Request) -> Any:
        return self._connect_by(TimedSecureConnection, req, context=self._tls)

    def https_request(self, request: urllib.request.Request) -> urllib.request.Request:
        return super().do_request_(_in_ascii(request))


class _RedirectHandler(urllib.request.HTTPRedirectHandler):
    """Follows redirects to HTTP and HTTPS only, all of them within the first one's deadline."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if not newurl.lower().startswith(("http://", "https://")):
            raise urllib.error.URLError(f"unknown url type: a redirect to {newurl[:100]}")
        made: Any = super().redirect_request(req, fp, code, msg, headers, newurl)
        if made is not None:
            made.deadline = req.deadline
        return made  # type: ignore[no-any-return]


def _in_ascii(request: urllib.request.Request) -> urllib.request.Request:
    """Datasets hold URLs as people see them; the protocol wants them escaped."""
    if not request.selector.isascii() or " " in request.selector:
        request.selector = urllib.parse.quote(request.selector, safe=string.punctuation)
    if request.host and not request.host.isascii():
        host, colon, port = request.host.partition(":")
        request.host = host.encode("idna").decode() + colon + port
    return request
