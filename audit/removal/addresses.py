"""Spellings of a URL that lead to the same work, as a rule: each is tried, and each is told."""

from __future__ import annotations

import contextlib
import hashlib
from urllib.parse import urlsplit, urlunsplit

from audit.errors import UsageError

_SCHEMES = ("http", "https")
_PORTS = {"http": ":80", "https": ":443"}


def checked_url(url: str) -> str:
    """The URL, if it is one.

    Raises
    ------
    UsageError
        If it has no scheme and host.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise _no_url(url, str(error)) from error
    # There may be white space in its path: datasets have such addresses, as pages wrote them.
    if not parts.scheme or not parts.netloc or parts.netloc.split() != [parts.netloc]:
        raise _no_url(url, "it has no scheme and host")
    return url


def _no_url(url: str, why: str) -> UsageError:
    return UsageError(
        f"{url!r} is no URL: {why}.",
        hint="Write all of it, as in https://example.org/picture.jpg; all of a site: --host.",
    )


def spellings(url: str) -> dict[str, str]:
    """Spellings of a URL -> in what they differ from it; the URL itself first, with no difference.

    >>> list(spellings("http://example.org/a.jpg"))[:3]
    ['http://example.org/a.jpg', 'http://example.org/a.jpg/', 'http://www.example.org/a.jpg']

    What may lead elsewhere (other query, other case of the path) is none of them.
    """
    url = url.strip()
    found = {url: ""}
    parts = urlsplit(url)
    schemes = {parts.scheme: ""}
    if parts.scheme.lower() in _SCHEMES:
        schemes |= {s: f"{s} scheme" for s in _SCHEMES if s != parts.scheme}
    hosts = {parts.netloc: ""}
    plain = parts.netloc.lower()
    port = _PORTS.get(parts.scheme.lower(), "")
    plain = plain.removesuffix(port) if port else plain
    hosts.setdefault(plain, "host in lower case, without the usual port")
    if plain.startswith("www."):
        hosts.setdefault(plain.removeprefix("www."), "without www")
    else:
        hosts.setdefault(f"www.{plain}", "with www")
    for host, differs in list(hosts.items()):
        for name in names_of_host(host):
            hosts.setdefault(name, ", ".join(filter(None, (differs, "host in other letters"))))
    paths = {parts.path: ""}
    if parts.query:
        pass  # a slash before a query may matter to whoever answers it
    elif parts.path.endswith("/"):
        paths.setdefault(parts.path.removesuffix("/"), "without the slash at its end")
    else:
        paths.setdefault(f"{parts.path}/", "with a slash at its end")
    fragments = {parts.fragment: ""}
    if parts.fragment:
        fragments[""] = "without its fragment"
    for scheme, of_scheme in schemes.items():
        for host, of_host in hosts.items():
            for path, of_path in paths.items():
                for fragment, of_fragment in fragments.items():
                    other = urlunsplit((scheme, host, path, parts.query, fragment))
                    differs = ", ".join(filter(None, (of_scheme, of_host, of_path, of_fragment)))
                    found.setdefault(other, differs or "spelled otherwise")
    for other, differs in list(found.items()):
        if "&amp;" in other:
            plain_text = other.replace("&amp;", "&")
            found.setdefault(plain_text, ", ".join(filter(None, (differs, "& for &amp;"))))
        elif "&" in other:
            escaped = other.replace("&", "&amp;")
            found.setdefault(escaped, ", ".join(filter(None, (differs, "&amp; for &"))))
    return found


def names_of_host(host: str) -> set[str]:
    """How datasets write a host: in letters of any script, and in those of the name system.

    >>> sorted(names_of_host("münchen.de")), sorted(names_of_host("xn--mnchen-3ya.de"))
    (['münchen.de', 'xn--mnchen-3ya.de'], ['münchen.de', 'xn--mnchen-3ya.de'])
    """
    name = host.strip(".").lower()
    names = {name}
    with contextlib.suppress(UnicodeError):
        names.add(name.encode("idna").decode())
    with contextlib.suppress(UnicodeError):
        names.add(name.encode("ascii").decode("idna"))
    return names


def url_hash(url: str) -> int:
    """The first 64 bits of the MD5 of a URL, as parts hold it."""
    digest = hashlib.md5(url.encode("utf-8", "replace"), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big")
