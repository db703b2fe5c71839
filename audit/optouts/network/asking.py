"""All that is asked about one URL, as a row that can be kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from audit.optouts.crawling import applied
from audit.optouts.data_mining import data_mining_values
from audit.optouts.headers import read_pairs
from audit.optouts.network.client import Answer, RequestError
from audit.optouts.network.hosts import Hosts, Site, StoppedError
from audit.optouts.preferences import CONTENT_SIGNAL, CONTENT_USAGE
from audit.optouts.readers import ERROR, SEPARATOR
from audit.optouts.robots_txt import path_of
from audit.optouts.signals import Audience
from audit.optouts.tdmrep import Reservation, matching_rule, read_reservation
from audit.optouts.training_mining import training_mining_value

#: Looked, and nothing was there; None is: not looked.
NOTHING = ""
#: Answers to HEAD that say more of the server than of the image.
_HEAD_REFUSED = (400, 403, 405, 501)
_NO_IMAGE = ("text/html", "application/xhtml+xml")


@dataclass
class Checked:
    """One URL and what was found: the columns of a sidecar, and how the asking went."""

    url: str
    checked_at: str  #: ISO 8601, UTC
    status: int | None = None  #: of HTTP
    final_url: str | None = None
    x_robots_tag: str | None = None
    tdm_reservation: str | None = None
    tdm_policy: str | None = None
    http_headers: str | None = None
    robots_txt: str | None = None
    data_mining: str | None = None
    training_mining: str | None = None
    error: str | None = None
    passing: bool = False  #: whether the error may pass
    images: bool = False  #: whether the image itself was asked for

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def ask_about(url: str, hosts: Hosts, asking: Audience, *, image_bytes: int = 0) -> Checked:
    """Ask for the files of a URL's site, its headers and, with ``image_bytes``, its image.

    Parameters
    ----------
    asking:
        Of the crawlers that robots.txt names, those that are kept.
    image_bytes:
        As many bytes of the image are read at most; 0 for none.

    Raises
    ------
    StoppedError
        If the check was stopped.
    """
    row = Checked(url, datetime.now(UTC).isoformat(timespec="milliseconds"), images=image_bytes > 0)
    try:
        _ask(row, hosts, asking, image_bytes)
    except StoppedError:
        raise
    except RequestError as error:
        _fail(row, error.reason, error.passing)
    except Exception as error:
        # One strange answer must not end a check of many.
        _fail(row, f"unexpected {type(error).__name__}: {error}", passing=False)
    return row


def _ask(row: Checked, hosts: Hosts, asking: Audience, image_bytes: int) -> None:
    said = _Said(row, hosts, asking)
    said.take_site(row.url)
    hosts.check_permitted(row.url)
    try:
        answer = _answer(row.url, hosts, image_bytes, said)
    finally:
        said.write()
    row.status, row.final_url = answer.status, answer.url
    if image_bytes:
        _take_image(row, answer)


class _Said:
    """What the sites and the headers of one URL say, and of all that it is redirected to.

    A redirect is an answer too: what it denies is denied, what it permits is said of nothing.
    """

    def __init__(self, row: Checked, hosts: Hosts, asking: Audience) -> None:
        self._row, self._hosts, self._asking = row, hosts, asking
        self._robots: list[str] = []
        self._tags: list[str] = []
        self._reservations: list[str] = []
        self._policies: list[str] = []
        self._preferences: dict[str, list[str]] = {}
        self._file: Reservation | None = None
        self._has_answer = False

    def take_site(self, url: str) -> None:
        """Take what the files of a URL's site say of it."""
        self._close_hop()
        site, path = self._hosts.site(url), path_of(url)
        self._robots.append(_robots(site, self._asking, path))
        self._file, error = _reserved_by_file(site, path)
        if error:
            self._reservations.append(error)
        self.write()

    def _close_hop(self) -> None:
        """Of a URL whose headers say nothing of reservations, the file does."""
        if self._file:
            self._reservations.append(self._file.value)
            self._policies.append(self._file.policy or "")
            self._file = None

    def take_redirect(self, answer: Answer) -> None:
        """Take what the answer before the last denies, and go on to the next."""
        for name, value in answer.headers:
            signals = read_pairs([(name, value)])
            if any(signal.answer != "allowed" for signal in signals):
                self._take_header(name.lower(), value)

    def take_answer(self, answer: Answer) -> None:
        """Take the headers of the last answer."""
        self._has_answer = True
        said: dict[str, list[str]] = {}
        for name, value in answer.headers:
            said.setdefault(name.lower(), []).append(value)
        reserved = said.pop("tdm-reservation", None)
        if reserved is not None:
            self._take_reservation(",".join(reserved), next(iter(said.get("tdm-policy", ())), ""))
        for name, values in said.items():
            for value in values:
                self._take_header(name, value)

    def _take_header(self, name: str, value: str) -> None:
        if name == "x-robots-tag":
            self._tags.append(value)
        elif name == "tdm-reservation":
            self._take_reservation(value, "")
        elif name in (CONTENT_USAGE, CONTENT_SIGNAL):
            self._preferences.setdefault(name, []).append(value)

    def _take_reservation(self, value: str, policy: str) -> None:
        """A header supersedes the file. One in error is none, and then a file permits nothing."""
        in_error = read_reservation(value).answer == "unknown"
        if in_error and self._file and read_reservation(self._file.value).answer == "denied":
            return
        self._file = None
        self._reservations.append(value)
        self._policies.append(policy)

    def write(self) -> None:
        """Put what was taken so far into the row."""
        row = self._row
        row.robots_txt = _joined(self._robots, SEPARATOR)
        file = self._file
        row.tdm_reservation = _joined([*self._reservations, *([file.value] if file else [])], "\n")
        policies = [*self._policies, *([file.policy or ""] if file else [])]
        row.tdm_policy = next(filter(None, policies), NOTHING)
        if self._tags or self._has_answer:
            row.x_robots_tag = _joined(self._tags, "\n")
        if self._preferences or self._has_answer:
            row.http_headers = json.dumps(self._preferences) if self._preferences else NOTHING


def _joined(values: Iterable[str], between: str) -> str:
    """What says something, each once."""
    said = (value.replace(SEPARATOR, " ") for value in values)
    return between.join(dict.fromkeys(value for value in said if value.strip())) or NOTHING


def _fail(row: Checked, reason: str, passing: bool) -> None:
    """What was not found out is unknown, and says so; what was said before that is kept."""
    row.error, row.passing = reason, passing
    failed = f"{ERROR} {reason}"
    row.x_robots_tag = f"{row.x_robots_tag}\n{failed}" if row.x_robots_tag else failed
    row.robots_txt = failed if row.robots_txt is None else row.robots_txt
    row.tdm_reservation = failed if row.tdm_reservation is None else row.tdm_reservation
    if row.images:
        row.data_mining = row.training_mining = failed


def _answer(url: str, hosts: Hosts, image_bytes: int, said: _Said) -> Answer:
    def on_redirect(answer: Answer, to: str) -> None:
        said.take_redirect(answer)
        said.take_site(to)

    if image_bytes:
        answer = hosts.ask(url, max_bytes=image_bytes, on_redirect=on_redirect)
    else:
        answer = hosts.ask(url, method="HEAD", on_redirect=on_redirect)
        if answer.status in _HEAD_REFUSED:
            answer = hosts.ask(url, on_redirect=on_redirect)
    if not 200 <= answer.status < 300:
        raise RequestError(f"HTTP {answer.status}", passing=False)
    kind = (answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind in _NO_IMAGE:
        raise RequestError(f"a page and no image ({kind})", passing=False)
    said.take_answer(answer)
    return answer


def _robots(site: Site, asking: Audience, path: str) -> str:
    if site.robots.error:
        return f"{ERROR} {site.robots.error}"
    return NOTHING if site.robots.text is None else applied(site.robots.text, asking, path)


def _reserved_by_file(site: Site, path: str) -> tuple[Reservation | None, str | None]:
    if site.tdmrep.error:
        return None, f"{ERROR} tdmrep.json: {site.tdmrep.error}"
    if site.tdmrep.text is None:
        return None, None
    try:
        return matching_rule(site.tdmrep.text, path), None
    except ValueError as error:
        return None, f"{ERROR} tdmrep.json: {error}"


def _take_image(row: Checked, answer: Answer) -> None:
    values = data_mining_values(answer.body)
    row.data_mining = "\n".join(values) or NOTHING
    row.training_mining = training_mining_value(answer.body) or NOTHING
    if not answer.whole:
        cut = f"{ERROR} only the first {len(answer.body):,} bytes were read"
        row.data_mining = row.data_mining or cut
        row.training_mining = row.training_mining or cut
