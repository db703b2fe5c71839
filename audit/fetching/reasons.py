"""Why an image was not fetched: img2dataset's messages, sorted into a few reasons."""

from __future__ import annotations

from dataclasses import dataclass

from audit.fetching.guard import NOT_PUBLIC, TOO_LARGE, TOO_SLOW

FETCHED = "fetched"
OTHER = "other"
#: Refused by our own guard: not tried, so that nothing is known of the image.
PRIVATE = "private-address"
#: The source shard has another URL in that row than when it was ingested.
CHANGED = "changed"
#: Sent to img2dataset, and never heard of again.
LOST = "lost"


@dataclass(frozen=True)
class Reason:
    """One reason, recognised by a regular expression on the message."""

    name: str
    label: str  #: for people
    pattern: str
    transient: bool = False  #: worth another try
    #: What this says about the link: True where nobody gets an image from it, False where
    #: somebody may and we do not take it, None where we cannot know.
    dead: bool | None = True


#: The first that matches is the reason; add one here.
REASONS = (
    Reason("opted-out", "opted out (X-Robots-Tag)", "X-Robots-Tag", dead=False),
    Reason(PRIVATE, "private address refused", NOT_PUBLIC, dead=None),
    Reason("too-large", "too large", f"{TOO_LARGE}|image area too large|PIXELS", dead=False),
    Reason("gone", "gone (404, 410)", "HTTP Error (404|410)"),
    Reason("forbidden", "forbidden (401, 402, 403, 451)", "HTTP Error (401|402|403|451)"),
    Reason("rate-limited", "rate limited (429)", "HTTP Error 429", True, None),
    Reason("redirects", "endless redirects", "redirect error"),
    Reason("server-error", "server error (5xx)", r"HTTP Error 5\d\d", True),
    Reason("timeout", "timed out", f"HTTP Error 408|timed out|{TOO_SLOW}", True),
    Reason(
        "dns",
        "no such host (DNS)",
        "Name or service not known|nodename nor servname|No address associated"
        "|name resolution|Name has no usable address|getaddrinfo failed|Errno -[235]\\b",
        True,
    ),
    Reason("tls", "TLS or certificate", "SSL|CERTIFICATE|certificate"),
    Reason("refused", "connection refused", "Connection refused|actively refused", True),
    Reason(
        "broken",
        "connection broken",
        "No route to host|unreachable|reset by peer|Connection aborted|closed connection"
        "|IncompleteRead|Broken pipe|without response",
        True,
    ),
    Reason(
        "bad-url",
        "not a web address",
        "unknown url type|no host given|is not allowed|control characters|nonnumeric port"
        "|Invalid IPv6|label (empty|too long)|idna|'NoneType'",
    ),
)

#: Reasons that no message tells.
_FURTHER = (
    Reason(FETCHED, "fetched", "", dead=False),
    Reason("not-an-image", "not an image, or broken", ""),
    Reason(OTHER, "other", ""),
    Reason(CHANGED, "changed at its source since ingest", "", dead=None),
    Reason(LOST, "lost by img2dataset", "", dead=None),
)

BY_NAME = {reason.name: reason for reason in (*REASONS, *_FURTHER)}
TRANSIENT = tuple(reason.name for reason in REASONS if reason.transient)


def reason_sql() -> str:
    """A DuckDB expression of the columns ``status`` and ``error_message`` that gives the name."""
    whens = [f"WHEN status = 'success' THEN '{FETCHED}'"]
    for reason in REASONS:
        pattern = reason.pattern.replace("'", "''")
        whens.append(f"WHEN regexp_matches(error_message, '{pattern}') THEN '{reason.name}'")
    whens.append("WHEN status = 'failed_to_resize' THEN 'not-an-image'")
    return f"CASE {' '.join(whens)} ELSE '{OTHER}' END"
