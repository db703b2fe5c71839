"""robots.txt (RFC 9309): its groups, and which rule holds for a crawler and a path.

What a rule means for the use of images is in ``crawling``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

#: Bytes that are read; RFC 9309 asks for at least 500 KiB (section 2.5).
MAX_BYTES = 500 * 1024
#: Longer patterns, which nobody writes in earnest, are not kept in memory.
_CACHED_PATTERN = 1000
#: A line that stands for what was behind the limit, in what is kept of a file.
CUT = "# longer than 500 KiB: the rest was not read"
#: Everybody that no group names.
EVERYBODY = "*"

_LINE_ENDS = re.compile(r"\r\n|\r|\n")
#: Names of preference lines: ``audit.optouts.preferences`` reads their values.
PREFERENCES = ("content-usage", "content-signal")
#: Usual slips for "disallow", which others read as it too.
_SLIPS = {"dissallow", "dissalow", "disalow", "diasllow", "disallaw"}


@dataclass(frozen=True)
class Rule:
    """One Allow or Disallow."""

    allows: bool
    pattern: str  #: as written; may be empty, which for Disallow means nothing is barred

    def __str__(self) -> str:
        return f"{'Allow' if self.allows else 'Disallow'}: {self.pattern}"


@dataclass(frozen=True)
class Preference:
    """One Content-Usage or Content-Signal."""

    name: str
    pattern: str  #: path it holds for; "/" if it names none
    value: str


class Block:
    """Some rules and preferences, and all crawlers that they are said to share it.

    What is looked for is found by the beginnings of patterns, so that a file with ten thousands
    of rules costs no more for each of its paths than the few that may match.
    """

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.preferences: list[Preference] = []

    @cached_property
    def _by_beginning(self) -> dict[bytes, list[tuple[int, Rule, _Matcher]]]:
        """What stands before the first ``*`` or ``$`` -> lengths and rules, to be tried."""
        found: dict[bytes, list[tuple[int, Rule, _Matcher]]] = {}
        for rule in dict.fromkeys(self.rules):
            if rule.pattern:
                plain = normal(rule.pattern)
                beginning = re.split(rb"[*$]", plain, maxsplit=1)[0]
                found.setdefault(beginning, []).append((len(plain), rule, _Matcher(rule.pattern)))
        return found

    @cached_property
    def _lengths(self) -> list[int]:
        return sorted({len(beginning) for beginning in self._by_beginning})

    def deciding(self, plain: bytes) -> tuple[int, bool, Rule] | None:
        """(length of its pattern, whether it allows, rule) of what holds for a path."""
        best: tuple[int, bool, Rule] | None = None
        for length in self._lengths:
            if length > len(plain):
                break
            for size, rule, matches in self._by_beginning.get(plain[:length], ()):
                better = best is None or (size, rule.allows) > best[:2]
                if better and matches(plain):
                    best = size, rule.allows, rule
        return best


@dataclass(frozen=True)
class Group:
    """All that a file says to one crawler."""

    blocks: tuple[Block, ...]

    @property
    def rules(self) -> list[Rule]:
        return [rule for block in self.blocks for rule in block.rules]

    @property
    def preferences(self) -> list[Preference]:
        return [preference for block in self.blocks for preference in block.preferences]

    def deciding_rule(self, path: str | None) -> Rule | None:
        """As :func:`deciding_rule`, of many rules sooner."""
        return deciding_rule(self.rules, None) if path is None else best_rule(self, path, {})


def best_rule(group: Group, path: str, known: dict[Any, Any]) -> Rule | None:
    """The rule of a group that holds for a path.

    Parameters
    ----------
    known:
        What holds of each block, filled here: groups of one file share their blocks.
    """
    plain = normal_path(path)
    for block in group.blocks:
        if block not in known:
            known[block] = block.deciding(plain)
    held = [known[block] for block in group.blocks if known[block]]
    return max(held, key=lambda found: found[:2])[2] if held else None


@dataclass(frozen=True)
class RobotsTxt:
    """A parsed file: crawlers in lower case -> what is said to them."""

    groups: dict[str, Group]
    #: Crawlers that a line may name too, which by the RFC names one: "GPTBot, CCBot". What is
    #: said there denies, and permits nothing.
    perhaps: dict[str, Group] = field(default_factory=dict)
    cut: bool = False  #: whether it went on behind the limit

    def group(self, agent: str) -> tuple[str, Group] | None:
        """The name of the group that holds for a crawler, and the group; None if there is none."""
        for name in (agent.lower(), EVERYBODY):
            if name in self.groups:
                return name, self.groups[name]
        return None

    def barring_rule(self, agent: str, path: str) -> Rule | None:
        """The rule that bars a crawler from a path; None if none does."""
        held = self.group(agent)
        perhaps = [self.perhaps.get(name) for name in (agent.lower(), EVERYBODY)]
        for group in (held and held[1], *perhaps):
            rule = group.deciding_rule(path) if group else None
            if rule and not rule.allows:
                return rule
        return None


@lru_cache(maxsize=32)
def parse_robots_txt(text: str) -> RobotsTxt:
    """Read a robots.txt.

    Lines that are none of the protocol's are passed over. Groups of one crawler are joined. A
    crawler's name ends at the first space or slash ("GPTBot/1.0" is GPTBot), and a star behind it
    is none of its. What a line forbids without a slash before it, or as a whole address, is read
    as the path that it means; what it allows so is not read.
    """
    body = text.removeprefix("\ufeff").removeprefix("ï»¿")
    kept = body.encode("utf-8", "replace")[:MAX_BYTES].decode("utf-8", "ignore")
    cut = len(kept) < len(body)
    lines = _LINE_ENDS.split(kept)
    if cut:
        del lines[-1]  # half a line may say the contrary of the whole
    cut = cut or CUT in lines[-1:]
    # Crawler -> the blocks that are said to it, each once (a dict keeps their order)
    named: dict[str, dict[Block, None]] = {}
    perhaps: dict[str, dict[Block, None]] = {}
    block = Block()  # of nobody
    naming = False  # whether the line before named a crawler
    for line in lines:
        key, colon, value = line.partition("#")[0].partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key in ("user-agent", "useragent", "user agent"):
            if not naming:
                block = Block()
            naming = True
            first, *others = _agents(value) or [""]
            if first:
                named.setdefault(first, {})[block] = None
            for name in others:
                perhaps.setdefault(name, {})[block] = None
        elif key in ("allow", "disallow", *_SLIPS):
            naming = False
            allows = key == "allow"
            block.rules.append(Rule(allows, value if allows else _path_meant(value)))
        elif key in PREFERENCES:
            naming = False
            path, value = _path_and_value(value)
            block.preferences.append(Preference(key, path, value))
    return RobotsTxt(_groups(named), _groups(perhaps), cut)


def _groups(said: dict[str, dict[Block, None]]) -> dict[str, Group]:
    return {name: Group(tuple(blocks)) for name, blocks in said.items()}


def _agents(value: str) -> list[str]:
    """Names in a User-agent line: the one that counts, then those that it may name too."""
    # Real names hold digits and dots ("AI2Bot", "panscient.com"), which RFC 9309's do not.
    names = []
    for word in re.split(r"[\s;,()]+", value.lower()):
        name = word.partition("/")[0]
        names.append(name.rstrip("*") or name[:1])
    return [names[0], *(name for name in names[1:] if name)] if names else []


def _path_meant(value: str) -> str:
    if not value or value.startswith(("/", "*", "$")):
        return value
    if re.match(r"https?://", value, re.IGNORECASE):
        return path_of(value)
    return "/" + value


def _path_and_value(value: str) -> tuple[str, str]:
    if value.startswith("/"):
        path, _, rest = value.replace("\t", " ").partition(" ")
        return path, rest.strip()
    return "/", value


def path_of(url: str) -> str:
    """The part of a URL that rules are about: path and query.

    >>> path_of("https://example.org/a%41/b?c=d#e")
    '/a%41/b?c=d'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def deciding_rule(rules: Iterable[Rule], path: str | None) -> Rule | None:
    """The rule that holds for a path: the longest that matches, Allow where two are as long.

    Parameters
    ----------
    path:
        None for all paths at once: a rule is returned only if it holds for every path.

    Raises
    ------
    PathNeededError
        If ``path`` is None and the answer differs between paths.
    """
    saying = [rule for rule in rules if rule.pattern]
    if path is None:
        found = _holding_everywhere(saying)
    else:
        plain = normal_path(path)
        found = [rule for rule in saying if matcher(rule.pattern)(plain)]
    return max(found, key=lambda rule: (len(normal(rule.pattern)), rule.allows), default=None)


class PathNeededError(Exception):
    """What a robots.txt says depends on the path, and there is none."""


_EVERYWHERE = ("/", "*", "/*")


def _holding_everywhere(rules: list[Rule]) -> list[Rule]:
    everywhere = [rule for rule in rules if rule.pattern in _EVERYWHERE]
    if all(rule.allows for rule in rules):
        return everywhere
    barred_everywhere = any(not rule.allows for rule in everywhere)
    if len(everywhere) == len(rules) or (
        barred_everywhere and not any(rule.allows for rule in rules)
    ):
        return everywhere
    raise PathNeededError


_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


#: Paths of nothing but printable ASCII without an escape are normal as they are.
_PLAIN = re.compile(r"[!-$&-~]*")


def normal(path: str) -> bytes:
    """A path as it is compared: what need not be escaped is not, all else is (RFC 9309, 2.2.2)."""
    if _PLAIN.fullmatch(path):
        return path.encode()
    pieces = re.split(r"(%[0-9A-Fa-f]{2})", path)
    done = bytearray()
    for piece in pieces:
        if len(piece) == 3 and piece[0] == "%":
            byte = unquote_to_bytes(piece)
            done += byte if byte in _UNRESERVED else piece.upper().encode()
        else:
            for byte_ in piece.encode("utf-8", "replace"):
                done += bytes([byte_]) if 0x21 <= byte_ < 0x7F else b"%%%02X" % byte_
    return bytes(done)


def normal_path(path: str) -> bytes:
    """A path of a URL as :func:`normal`; its ``*`` and ``$`` are only characters."""
    return normal(path).replace(b"$", b"%24").replace(b"*", b"%2A")


class _Matcher:
    """Whether a path begins as a pattern says; ``*`` is anything and ``$`` the end.

    Plain searching from left to right: no pattern makes it slow.
    """

    def __init__(self, pattern: str) -> None:
        plain = normal(pattern)
        self._at_end = plain.endswith(b"$")
        self._pieces = plain.removesuffix(b"$").replace(b"$", b"%24").split(b"*")

    def __call__(self, path: bytes) -> bool:
        first, *others = self._pieces
        if not path.startswith(first):
            return False
        if not others:
            return not self._at_end or len(path) == len(first)
        place = len(first)
        *middle, last = others
        for piece in middle:
            place = path.find(piece, place)
            if place < 0:
                return False
            place += len(piece)
        if self._at_end:
            return len(path) - len(last) >= place and path.endswith(last)
        return path.find(last, place) >= 0


def matcher(pattern: str) -> _Matcher:
    """What matches paths (as :func:`normal_path` gives them) against a pattern."""
    return _Matcher(pattern) if len(pattern) > _CACHED_PATTERN else _matcher(pattern)


@lru_cache(maxsize=16_384)
def _matcher(pattern: str) -> _Matcher:
    return _Matcher(pattern)
