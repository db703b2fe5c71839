"""One request: within its limits, to an address that was looked at, and to no other.

The standard library's HTTP, because what matters here happens below any client: the name is
resolved once, its addresses are judged, and the connection goes to the very address that passed.
Proxies are not used, because nobody here would know where they connect to.
"""

from __future__ import annotations

import functools
import http.client
import socket
import ssl
import string
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from audit.fetching.guard import (
    CHUNK,
    AddressRefusedError,
    TimedConnection,
    TimedSecureConnection,
    is_public,
    timed_tls,
)

REDIRECTS = (301, 302, 303, 307, 308)
#: Answers that may be another one later.
PASSING = (408, 425, 429, 500, 502, 503, 504)


class RequestError(Exception):
    """A request without an answer, or with one that cannot be used."""

    def __init__(self, reason: str, *, passing: bool, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing  #: whether it may go well later
        self.retry_after = retry_after  #: seconds that the server asked to wait


@dataclass(frozen=True)
class Answer:
    """What came back, as far as it was read."""

    url: str  #: that was asked last
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    whole: bool  #: whether ``body`` is all of it

    def header(self, name: str) -> str | None:
        """The first header of a name."""
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)

    @property
    def retry_after(self) -> float | None:
        """Seconds that the server asks to wait."""
        said = (self.header("Retry-After") or "").strip()
        if said.isascii() and said.isdigit():
            return float(min(int(said[:9]), 10**9))
        try:
            when = parsedate_to_datetime(said)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max((when - datetime.now(UTC)).total_seconds(), 0.0)


@dataclass(frozen=True)
class Limits:
    """When to give up."""

    connect_seconds: float = 10.0
    read_seconds: float = 10.0  #: of silence
    total_seconds: float = 60.0  #: for one answer, however steadily it drips in
    redirects: int = 5


@functools.cache
def _tls() -> ssl.SSLContext:
    return timed_tls()


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL.

    Raises
    ------
    RequestError
        If it is no HTTP or HTTPS URL with a host.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise RequestError(f"not a URL: {error}", passing=False) from error
    if parts.scheme not in ("http", "https"):
        raise RequestError("not an HTTP or HTTPS address", passing=False)
    if not host:
        raise RequestError("an address without a host", passing=False)
    try:
        host = host if host.isascii() else host.encode("idna").decode()
    except UnicodeError as error:
        raise RequestError("the host's name is none", passing=False) from error
    return parts.scheme, host, port or (443 if parts.scheme == "https" else 80)


class Client:
    """Asks one URL at a time, and follows redirects where its caller lets it.

    Parameters
    ----------
    allow_private:
        Also connect to addresses that are not public.
    """

    def __init__(self, limits: Limits, user_agent: str, *, allow_private: bool = False) -> None:
        self._limits, self._user_agent = limits, user_agent
        self._allow_private = allow_private

    def ask(
        self, url: str, *, method: str = "GET", max_bytes: int = 0, want_bytes: bool = False
    ) -> Answer:
        """One request, without following redirects.

        Parameters
        ----------
        max_bytes:
            Of the body that are read at most, after decompression.
        want_bytes:
            Whether a body that is cut off by the server is an error.

        Raises
        ------
        RequestError
            If there is no answer within the limits, or the address is not public.
        """
        connection = self._connection(url)
        response: http.client.HTTPResponse | None = None
        try:
            connection.request(method, _target(url), headers=self._headers)
            response = connection.getresponse()
            body, whole = _read(response, max_bytes) if method != "HEAD" else (b"", True)
            if want_bytes and not whole and len(body) < max_bytes:
                raise RequestError("the answer is cut off", passing=True)
            headers = tuple((name, _readable(value)) for name, value in response.getheaders())
            return Answer(url, response.status, headers, body, whole)
        except AddressRefusedError as error:
            raise RequestError(f"refused: {error}", passing=False) from error
        except ssl.SSLCertVerificationError as error:
            raise RequestError(f"its certificate is not valid: {error}", passing=False) from error
        except TimeoutError as error:
            raise RequestError("it took too long", passing=True) from error
        except (http.client.InvalidURL, ValueError) as error:
            raise RequestError(f"not a URL to ask for: {error}", passing=False) from error
        except (OSError, http.client.HTTPException, zlib.error) as error:
            told = str(error) or type(error).__name__
            raise RequestError(f"no answer: {told[:200]}", passing=True) from error
        finally:
            if response is not None:
                response.close()
            connection.close()

    def follow(
        self,
        url: str,
        ask: Callable[[str], Answer],
        on_redirect: Callable[[Answer, str], None] = lambda answer, to: None,
    ) -> Answer:
        """The answer behind redirects, each asked with ``ask``, which may refuse.

        Parameters
        ----------
        on_redirect:
            Called with each redirect and the URL that it leads to.

        Raises
        ------
        RequestError
            If there are too many, or one leads to no address of the web.
        """
        for _ in range(self._limits.redirects + 1):
            answer = ask(url)
            where = answer.header("Location")
            if answer.status not in REDIRECTS or where is None:
                return answer
            try:
                url = urljoin(url, where)
            except ValueError as error:
                raise RequestError("a redirect to no URL", passing=False) from error
            if not url.lower().startswith(("http://", "https://")):
                raise RequestError("a redirect away from the web", passing=False)
            on_redirect(answer, url)
        raise RequestError(f"more than {self._limits.redirects} redirects", passing=False)

    def _connection(self, url: str) -> TimedConnection | TimedSecureConnection:
        scheme, host, port = origin_of(url)
        wait = min(self._limits.connect_seconds, self._limits.total_seconds)
        made: TimedConnection | TimedSecureConnection
        if scheme == "https":
            made = TimedSecureConnection(host, port, timeout=wait, context=_tls())
        else:
            made = TimedConnection(host, port, timeout=wait)
        made.deadline = time.monotonic() + self._limits.total_seconds
        # What both kinds of connection connect with; they have no other way to be told.
        connect = functools.partial(self._connect, deadline=made.deadline)
        setattr(made, "_create_connection", connect)  # noqa: B010
        return made

    def _connect(
        self, address: tuple[str, int], timeout: Any, *_: Any, deadline: float
    ) -> socket.socket:
        """Connect to an address of a name that was judged: it cannot change in between."""
        host, port = address
        error: OSError = OSError("the name has no address")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as reason:
            raise OSError(f"the name {host} was not found ({reason})") from reason
        for family, kind, protocol, _name, where in found:
            if not (self._allow_private or is_public(str(where[0]))):
                error = AddressRefusedError(f"{where[0]} is not a public address")
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            made = socket.socket(family, kind, protocol)
            try:
                made.settimeout(min(self._limits.connect_seconds, left))
                made.connect(where)
                made.settimeout(self._limits.read_seconds)
                return made
            except OSError as reason:
                made.close()
                error = reason
        raise error

    @property
    def _headers(self) -> dict[str, str]:
        return {
            "User-Agent": self._user_agent,
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
        }


def _target(url: str) -> str:
    """Path and query, escaped as the protocol wants them."""
    parts = urlsplit(url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return quote(target, safe=string.punctuation)


def _readable(value: str) -> str:
    return " ".join(value.split())  # lines that were folded become one


def _read(response: http.client.HTTPResponse, max_bytes: int) -> tuple[bytes, bool]:
    """At most ``max_bytes`` of a body, decompressed, and whether that is all of it."""
    if not max_bytes:
        return b"", False
    encoding = (response.getheader("Content-Encoding") or "identity").strip().lower()
    inflater = None
    if encoding in ("gzip", "x-gzip", "deflate"):
        inflater = zlib.decompressobj(47)  # either of the two, by its header
    elif encoding not in ("identity", ""):
        raise http.client.HTTPException(f"an encoding that was not asked for ({encoding[:20]})")
    body = bytearray()
    while len(body) < max_bytes:
        chunk = response.read1(min(CHUNK, max_bytes - len(body)) if inflater is None else CHUNK)
        if not chunk:
            ended = inflater is None or inflater.eof
            return bytes(body), ended and not response.length
        body += chunk if inflater is None else inflater.decompress(chunk, max_bytes - len(body))
    if inflater is None and (response.length == 0 or not response.read1(1)):
        return bytes(body), not response.length
    return bytes(body), False
