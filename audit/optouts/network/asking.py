"""All that is asked about one URL, as a row that can be kept."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from audit.optouts.crawling import applied
from audit.optouts.data_mining import data_mining_values
from audit.optouts.network.client import Answer, RequestError
from audit.optouts.network.hosts import Hosts, Site, StoppedError
from audit.optouts.preferences import CONTENT_SIGNAL, CONTENT_USAGE
from audit.optouts.readers import ERROR
from audit.optouts.robots_txt import path_of
from audit.optouts.signals import Audience
from audit.optouts.tdmrep import Reservation, matching_rule
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
    site = hosts.site(row.url)
    path = path_of(row.url)
    row.robots_txt = _robots(site, asking, path)
    file, file_error = _reserved_by_file(site, path)
    row.tdm_reservation = file_error or (file.value if file else NOTHING)
    row.tdm_policy = (file and file.policy) or NOTHING
    hosts.check_permitted(row.url)
    answer = _answer(row.url, hosts, image_bytes)
    row.status, row.final_url = answer.status, answer.url
    _take_headers(row, answer, file)
    if image_bytes:
        _take_image(row, answer)


def _fail(row: Checked, reason: str, passing: bool) -> None:
    """What was not found out is unknown, and says so."""
    row.error, row.passing = reason, passing
    failed = f"{ERROR} {reason}"
    row.x_robots_tag = failed
    row.robots_txt = failed if row.robots_txt is None else row.robots_txt
    row.tdm_reservation = failed if row.tdm_reservation is None else row.tdm_reservation
    if row.images:
        row.data_mining = row.training_mining = failed


def _answer(url: str, hosts: Hosts, image_bytes: int) -> Answer:
    if image_bytes:
        answer = hosts.ask(url, max_bytes=image_bytes)
    else:
        answer = hosts.ask(url, method="HEAD")
        if answer.status in _HEAD_REFUSED:
            answer = hosts.ask(url)
    if not 200 <= answer.status < 300:
        raise RequestError(f"HTTP {answer.status}", passing=False)
    kind = (answer.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind in _NO_IMAGE:
        raise RequestError(f"a page and no image ({kind})", passing=False)
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


def _take_headers(row: Checked, answer: Answer, file: Reservation | None) -> None:
    said: dict[str, list[str]] = {}
    for name, value in answer.headers:
        said.setdefault(name.lower(), []).append(value)
    row.x_robots_tag = "\n".join(said.get("x-robots-tag", ())) or NOTHING
    if "tdm-reservation" in said:
        value = ",".join(said["tdm-reservation"])
        # A header of the protocol supersedes the file; one that is in error is none.
        if value.strip() in ("0", "1") or file is None:
            row.tdm_reservation = value
            row.tdm_policy = next(iter(said.get("tdm-policy", ())), NOTHING)
    kept = {name: said[name] for name in (CONTENT_USAGE, CONTENT_SIGNAL) if name in said}
    row.http_headers = json.dumps(kept) if kept else NOTHING


def _take_image(row: Checked, answer: Answer) -> None:
    values = data_mining_values(answer.body)
    row.data_mining = "\n".join(values) or NOTHING
    row.training_mining = training_mining_value(answer.body) or NOTHING
    if not answer.whole:
        cut = f"{ERROR} only the first {len(answer.body):,} bytes were read"
        row.data_mining = row.data_mining or cut
        row.training_mining = row.training_mining or cut
