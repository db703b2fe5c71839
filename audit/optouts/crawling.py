"""What a robots.txt says of the use of images: whom it bars, whom it names, what it prefers.

robots.txt is about fetching. A crawler that is barred cannot take the image, so its use is denied.
The contrary does not follow: permission to fetch permits a use only to the crawler that is named
and that is known to crawl for it. Where no rule holds, or no file is there, nothing was said.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from audit.errors import UsageError
from audit.optouts.preferences import CONTENT_SIGNAL, CONTENT_USAGE, read_preferences
from audit.optouts.robots_txt import (
    CUT,
    EVERYBODY,
    PREFERENCES,
    Group,
    PathNeededError,
    Preference,
    RobotsTxt,
    best_rule,
    matcher,
    normal,
    normal_path,
    parse_robots_txt,
)
from audit.optouts.signals import (
    AI_TRAINING,
    ALL_USES,
    SEARCH,
    Answer,
    Audience,
    Crawler,
    Signal,
    shortened,
)

READER = "robots.txt"
SOURCE = "robots.txt"

#: What a crawler crawls for -> the uses that it is about.
PURPOSES = {
    "training": AI_TRAINING,
    "search": (SEARCH,),
    "both": (*AI_TRAINING, SEARCH),
}
_NAME = re.compile(r"[!#$%&'*+.^_`|~A-Za-z0-9-]{1,100}")


@cache
def listed_crawlers() -> dict[str, Crawler]:
    """The crawlers of the package's list, by their names in lower case."""
    text = (files("audit.optouts") / "data" / "crawlers.csv").read_text("utf-8")
    return {
        row["name"].lower(): Crawler(row["name"], PURPOSES[row["crawls_for"]])
        for row in csv.DictReader(io.StringIO(text))
    }


def audience(agents: Iterable[str] = (), *, listed: bool = True) -> Audience:
    """Whose permission is asked: the listed crawlers and ``agents``, or ``agents`` alone.

    A crawler that is not in the list may be for any use.

    Raises
    ------
    UsageError
        If a name cannot be one of a crawler, or nobody is left to ask for.
    """
    known = listed_crawlers()
    named: dict[str, Crawler] = {}
    for agent in agents:
        if not _NAME.fullmatch(agent):
            raise UsageError(
                f"{agent!r} cannot name a crawler.",
                hint="Give the word by which robots.txt names it, such as GPTBot.",
            )
        named[agent.lower()] = known.get(agent.lower(), Crawler(agent, ALL_USES))
    if not named and not listed:
        raise UsageError("There is no crawler to ask for.", hint="Name one with --agent NAME.")
    return Audience({**(known if listed else {}), **named}, frozenset(named))


def read_robots_txt(
    text: str, asking: Audience, *, path: str | None = None, source: str = SOURCE
) -> list[Signal]:
    """What a robots.txt says to the crawlers that ``asking`` is about, and to everybody.

    Parameters
    ----------
    text:
        The file; of more than 500 KiB, what is behind them is not read.
    path:
        Path and query of the image's URL, or None where they are not known: what holds only for
        some paths is unknown then.
    """
    robots = parse_robots_txt(text)
    signals: list[Signal] = []
    everybody = False
    for crawler in asking.crawlers.values():
        perhaps = robots.perhaps.get(crawler.name.lower())
        if perhaps is not None:
            told = _told(perhaps, crawler.name, crawler.uses, path, source)
            signals += [signal for signal in told if signal.answer != "allowed"]
        held = robots.group(crawler.name)
        if held is None:
            continue
        name, group = held
        if name == EVERYBODY:
            everybody = True
        else:
            signals += _told(group, crawler.name, crawler.uses, path, source)
    if everybody:
        signals += _told(robots.groups[EVERYBODY], None, ALL_USES, path, source)
    if EVERYBODY in robots.perhaps:
        told = _told(robots.perhaps[EVERYBODY], None, ALL_USES, path, source)
        signals += [signal for signal in told if signal.answer != "allowed"]
    if robots.cut:
        reason = "robots.txt is longer than 500 KiB; the rest was not read."
        signals.append(Signal(READER, "unknown", ALL_USES, "", source, reason))
    return signals


def _told(
    group: Group, agent: str | None, uses: tuple[str, ...], path: str | None, source: str
) -> list[Signal]:
    told: list[Signal] = []
    who = agent or "every crawler"
    try:
        rule = group.deciding_rule(path)
    except PathNeededError:
        reason = f"robots.txt bars {who} from some paths; the path of this image is not known."
        told.append(Signal(READER, "unknown", uses, _of(agent), source, reason, agent))
        rule = None
    if rule is not None:
        answer: Answer | None = None
        if not rule.allows:
            answer, reason = "denied", f"robots.txt bars {who}."
        elif agent is not None:
            answer, reason = "allowed", f"robots.txt lets {agent} in by name."
        if answer is not None:
            value = shortened(f"{_of(agent)}, {rule}")
            told.append(Signal(READER, answer, uses, value, source, reason, agent))
    return told + _preferred(group.preferences, agent, path, source)


def _of(agent: str | None) -> str:
    return f"User-agent: {agent or EVERYBODY}"


def _preferred(
    preferences: Sequence[Preference], agent: str | None, path: str | None, source: str
) -> list[Signal]:
    signals: list[Signal] = []
    for name, reader in (("content-usage", CONTENT_USAGE), ("content-signal", CONTENT_SIGNAL)):
        holding, sure = _longest([p for p in preferences if p.name == name], path)
        for preference in holding:
            found = read_preferences(preference.value, reader, source=source, agent=agent)
            signals += found if sure else [_unsure(signal) for signal in found]
    return signals


def _longest(preferences: list[Preference], path: str | None) -> tuple[list[Preference], bool]:
    """Those of the longest pattern that matches, and whether that is sure without a path."""
    if path is None:
        return preferences, len({p.pattern for p in preferences} | {"/"}) == 1
    plain = normal_path(path)
    matching = [p for p in preferences if matcher(p.pattern)(plain)]
    longest = max((len(normal(p.pattern)) for p in matching), default=0)
    return [p for p in matching if len(normal(p.pattern)) == longest], True


def _unsure(signal: Signal) -> Signal:
    reason = "It holds for some paths; the path of this image is not known."
    return Signal(
        signal.reader, "unknown", signal.uses, signal.value, signal.source, reason, signal.agent
    )


#: Characters that are kept of what a file says of one path; of longer ones the rest is unknown.
_MOST_APPLIED = 1 << 16
#: Stands before names that a line may name too; no crawler is called so.
_PERHAPS = "?, "


def applied(text: str, asking: Audience, path: str) -> str:
    """The part of a robots.txt that holds for one path, as a robots.txt for every path.

    What is left says about this path what the whole said, to every crawler that it names, also
    those that nobody asks about now. It is the same for all paths of which the file says the
    same: small enough to keep with every image, and few different ones.

    Parameters
    ----------
    asking:
        Crawlers that are kept before others, where a file names too many.
    """
    robots = parse_robots_txt(text)
    known: dict[Any, Any] = {}
    said: dict[str, list[str]] = {}
    size, cut = 0, robots.cut
    for name, is_sure in _by_weight(robots, asking):
        group = (robots.groups if is_sure else robots.perhaps)[name]
        lines = _applied(group, path, known)
        size += len(name) + 16 + len(lines)
        if size > _MOST_APPLIED:
            cut = True
            break
        said.setdefault(lines, []).append(name if is_sure else _PERHAPS + name)
    told = []
    for lines, names in said.items():
        agents = [f"User-agent: {name}" for name in sorted(names)]
        told.append("\n".join([*agents, lines]))
    return "\n\n".join([*sorted(told), CUT] if cut else sorted(told))


def _by_weight(robots: RobotsTxt, asking: Audience) -> Iterator[tuple[str, bool]]:
    """(name, whether it is named for sure): everybody, then who is asked about, then others."""
    for names, is_sure in ((robots.groups, True), (robots.perhaps, False)):
        for name in names:
            if name == EVERYBODY or name in asking.crawlers:
                yield name, is_sure
    for names, is_sure in ((robots.groups, True), (robots.perhaps, False)):
        for name in names:
            if name != EVERYBODY and name not in asking.crawlers:
                yield name, is_sure


def _applied(group: Group, path: str, known: dict[Any, Any]) -> str:
    rule = best_rule(group, path, known)
    if rule is None:
        lines = ["Disallow:"]  # a group without a rule would be part of the next one
    else:
        lines = [f"{'Allow' if rule.allows else 'Disallow'}: /  # by {rule}"]
    for kind in PREFERENCES:
        for block in group.blocks:
            if (block, kind) not in known:
                own = [p for p in block.preferences if p.name == kind]
                known[block, kind] = _longest(own, path)[0]
        # Of each block those of its longest pattern; of these, those of the longest of all
        longest = [p for block in group.blocks for p in known[block, kind]]
        lines += [f"{p.name}: {p.value}" for p in _longest(longest, path)[0]]
    return "\n".join(lines)
