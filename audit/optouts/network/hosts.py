"""Hosts: one request at a time with a pause between them, and what each says for all its URLs."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from audit.optouts.network.client import PASSING, Answer, Client, RequestError, origin_of
from audit.optouts.robots_txt import (
    MAX_BYTES,
    parse_robots_txt,
    path_of,
)
from audit.optouts.tdmrep import WELL_KNOWN

#: Longest pause that a server may ask for; beyond it, its URLs wait for another run.
MAX_RETRY_AFTER = 120.0
#: After so many failures in a row nothing more is asked of a host in this run.
GIVE_UP_AFTER = 5
_TDMREP_BYTES = 1 << 20
#: Answers by which a server says that there is no such file.
_NO_FILE = (404, 410)
#: Texts of hosts that are kept in memory.
_CACHED_BYTES = 128 << 20


class StoppedError(Exception):
    """The check was stopped."""


@dataclass(frozen=True)
class Manners:
    """How hosts are treated."""

    delay: float = 1.0  #: seconds between two requests to a host
    retries: int = 3
    backoff: float = 1.0  #: seconds before the first retry; twice as long before each further


@dataclass(frozen=True)
class SiteFile:
    """A file that speaks for a whole site."""

    text: str | None  #: None if there is none
    error: str | None = None  #: why nobody knows what it says
    bars: bool = True  #: whether we may fetch nothing, if it is a robots.txt in error


@dataclass(frozen=True)
class Site:
    """What a site says about all of its URLs."""

    robots: SiteFile
    tdmrep: SiteFile


class Hosts:
    """Gives every host its turns and its patience, for all threads of a check."""

    def __init__(self, client: Client, manners: Manners, token: str, stop: threading.Event) -> None:
        self._client, self._manners, self._token, self._stop = client, manners, token, stop
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._next: dict[str, float] = {}
        self._failures: dict[str, int] = {}
        self._sites: OrderedDict[tuple[str, str, int], Site] = OrderedDict()
        self._cached = 0
        self._loading: dict[tuple[str, str, int], threading.Lock] = {}

    def ask(
        self,
        url: str,
        *,
        method: str = "GET",
        max_bytes: int = 0,
        on_redirect: Callable[[Answer, str], None] = lambda answer, to: None,
    ) -> Answer:
        """One URL, retried where that may help, redirects followed where their hosts permit.

        Parameters
        ----------
        on_redirect:
            Called with each answer that is a redirect and with the URL that it leads to, before
            that is asked, or refused.

        Raises
        ------
        RequestError
            If there is no usable answer: what has a passing status is none.
        StoppedError
            If the check was stopped.
        """

        def permitted(target: str) -> Answer:
            if target != url:
                self.check_permitted(target)
            return self._patiently(target, method, max_bytes)

        return self._client.follow(url, permitted, on_redirect)

    def check_permitted(self, url: str) -> None:
        """Refuse a URL that its robots.txt bars us from; a robots.txt out of reach bars all.

        Raises
        ------
        RequestError
            If so.
        """
        robots = self.site(url).robots
        if robots.error and robots.bars:
            raise RequestError(f"robots.txt out of reach: {robots.error}", passing=True)
        rule = parse_robots_txt(robots.text or "").barring_rule(self._token, path_of(url))
        if rule:
            raise RequestError(f"robots.txt bars this check ({rule})", passing=False)

    def forget(self) -> None:
        """Drop what is kept of hosts for whose sake nothing need be kept; no thread may run."""
        now = time.monotonic()
        self._turns.clear()
        self._loading.clear()
        self._next = {host: when for host, when in self._next.items() if when > now}
        given_up = {h: n for h, n in self._failures.items() if n >= GIVE_UP_AFTER}
        self._failures = given_up

    def site(self, url: str) -> Site:
        """What the site of a URL says; asked for once.

        Raises
        ------
        RequestError
            If the URL is none.
        """
        origin = origin_of(url)
        with self._lock:
            loading = self._loading.setdefault(origin, threading.Lock())
        with loading:
            with self._lock:
                if origin in self._sites:
                    return self._sites[origin]
            site = self._load(origin)
            with self._lock:
                self._remember(origin, site)
            return site

    def _remember(self, origin: tuple[str, str, int], site: Site) -> None:
        self._sites[origin] = site
        self._cached += _size(site)
        while self._cached > _CACHED_BYTES and len(self._sites) > 1:
            _, oldest = self._sites.popitem(last=False)
            self._cached -= _size(oldest)

    def _load(self, origin: tuple[str, str, int]) -> Site:
        scheme, host, port = origin
        base = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        robots = self._file(f"{base}/robots.txt", MAX_BYTES + 1)
        if robots.error and robots.bars:
            return Site(robots, SiteFile(None, "robots.txt is out of reach"))
        rule = parse_robots_txt(robots.text or "").barring_rule(self._token, WELL_KNOWN)
        if rule:
            return Site(robots, SiteFile(None, f"robots.txt bars this check ({rule})"))
        tdmrep = self._file(base + WELL_KNOWN, _TDMREP_BYTES)
        # Many servers answer every path with a page of theirs: then there is no such file.
        if (tdmrep.text or "").lstrip("\ufeff \t\r\n").startswith("<"):
            tdmrep = SiteFile(None)
        return Site(robots, tdmrep)

    def _file(self, url: str, max_bytes: int) -> SiteFile:
        try:
            answer = self._client.follow(
                url, lambda target: self._patiently(target, "GET", max_bytes, whole=True)
            )
        except RequestError as error:
            return SiteFile(None, error.reason)
        if 200 <= answer.status < 300:
            return SiteFile(answer.body.decode("utf-8", "replace"))
        if answer.status in _NO_FILE:
            return SiteFile(None)
        # RFC 9309 lets a crawler go on after every 4xx; that is no word on what the file says.
        may_go_on = 400 <= answer.status < 500
        return SiteFile(None, f"HTTP {answer.status}", bars=not may_go_on)

    def _patiently(self, url: str, method: str, max_bytes: int, *, whole: bool = False) -> Answer:
        host = origin_of(url)[1]
        if self._failures.get(host, 0) >= GIVE_UP_AFTER:
            raise RequestError("its host failed too often in this run", passing=True)
        pause = self._manners.backoff
        for attempt in range(self._manners.retries + 1):
            wait = pause
            try:
                with self._turn(host):
                    answer = self._client.ask(
                        url, method=method, max_bytes=max_bytes, want_bytes=whole
                    )
                if answer.status not in PASSING:
                    self._failures[host] = 0
                    return answer
                error = RequestError(
                    f"HTTP {answer.status}", passing=True, retry_after=answer.retry_after
                )
            except RequestError as failed:
                error = failed
            if not error.passing:
                raise error
            if error.retry_after is not None:
                wait = max(error.retry_after, pause)
            if attempt == self._manners.retries or wait > MAX_RETRY_AFTER:
                self._failures[host] = self._failures.get(host, 0) + 1
                raise error
            self._hold(host, wait)
            pause *= 2
        raise AssertionError("unreachable")

    @contextmanager
    def _turn(self, host: str) -> Iterator[None]:
        """Hold the one connection to a host, after the pause that it is due."""
        with self._lock:
            turn = self._turns.setdefault(host, threading.Lock())
        with turn:
            self._sleep_until(lambda: self._next.get(host, 0.0))
            try:
                yield
            finally:
                self._next[host] = max(
                    self._next.get(host, 0.0), time.monotonic() + self._manners.delay
                )

    def _hold(self, host: str, seconds: float) -> None:
        """Nobody asks this host for so long."""
        self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + seconds)

    def _sleep_until(self, when: Callable[[], float]) -> None:
        while (left := when() - time.monotonic()) > 0:
            if self._stop.wait(left):
                break
        if self._stop.is_set():
            raise StoppedError


def _size(site: Site) -> int:
    return len(site.robots.text or "") + len(site.tdmrep.text or "") + 1000
