"""What a curator states about a dataset that no column says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from audit.errors import UsageError


@dataclass(frozen=True)
class Stated:
    """Facts for the machine-readable descriptions; None is not known.

    Attributes
    ----------
    url:
        Page of the dataset, or where to get it.
    creator:
        Who made it.
    created, published:
        When it was finished, and when it was handed out.

    Raises
    ------
    UsageError
        If the address is none.
    """

    url: str | None = None
    creator: str | None = None
    created: datetime | None = None
    published: datetime | None = None
    description: str | None = None

    def __post_init__(self) -> None:
        if self.url is None:
            return
        try:
            parts = urlsplit(self.url)
        except ValueError:
            parts = urlsplit("")
        ascii_only = self.url.isascii() and self.url.isprintable() and " " not in self.url
        if not parts.scheme or not parts.netloc or not ascii_only:
            raise UsageError(
                f"{self.url!r} is no address.", hint="Give a whole one: https://example.org/data."
            )


def timestamp(moment: datetime) -> str:
    """A moment as SPDX and Croissant write it; without a time zone it is taken as UTC.

    >>> timestamp(datetime(2024, 3, 1))
    '2024-03-01T00:00:00Z'
    """
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
