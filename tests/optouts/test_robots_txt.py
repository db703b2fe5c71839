"""robots.txt after RFC 9309, and what it says of the use of images."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import UsageError
from audit.optouts import audience, judge, listed_crawlers
from audit.optouts.crawling import applied, read_robots_txt
from audit.optouts.robots_txt import (
    MAX_BYTES,
    PathNeededError,
    Rule,
    deciding_rule,
    parse_robots_txt,
    path_of,
)


def allows(text, agent, path):
    """Whether a crawler may fetch a path, as the RFC says."""
    held = parse_robots_txt(text).group(agent)
    rule = held and deciding_rule(held[1].rules, path)
    return rule is None or rule.allows


def answer(text, use="generative-training", path="/a.jpg", **asking):
    return judge(
        read_robots_txt(text, audience(**asking), path=path), use, audience(**asking)
    ).answer


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        # Table in section 2.2.2 of the RFC, and the examples in the documentation of Google
        ("/", "/anything", True),
        ("/fish", "/fish.html", True),
        ("/fish", "/fishheads/yummy.html", True),
        ("/fish", "/Fish.asp", False),
        ("/fish", "/catfish", False),
        ("/fish*", "/fish/salmon.html", True),
        ("/fish/", "/fish/?id=anything", True),
        ("/fish/", "/fish", False),
        ("/*.php", "/folder/any.php.file.html", True),
        ("/*.php", "/windows.PHP", False),
        ("/*.php$", "/filename.php", True),
        ("/*.php$", "/filename.php?parameters", False),
        ("/*.php$", "/filename.php5", False),
        ("/fish*.php", "/fishheads/catfish.php?parameters", True),
        ("/*", "/x", True),
        ("/$", "/", True),
        ("/$", "/x", False),
        ("/a*b*c$", "/abcbc", True),
        ("/a*b*c$", "/abcb", False),
        ("/foo/bar?baz=quz", "/foo/bar?baz=quz", True),
        ("/foo/bar/ツ", "/foo/bar/%E3%83%84", True),
        ("/foo/bar/%E3%83%84", "/foo/bar/%E3%83%84", True),
        ("/foo/bar/%62%61%7A", "/foo/bar/baz", True),
        ("/a%3cd.html", "/a%3Cd.html", True),
        ("/a%2fb", "/a/b", False),
        ("/path/foo-%24", "/path/foo-$", True),
        ("/path/file-with-a-%2A.html", "/path/file-with-a-*.html", True),
        ("/$x", "/$x", True),
    ],
)
def test_patterns(pattern, path, matches):
    assert (deciding_rule([Rule(False, pattern)], path) is not None) == matches


@pytest.mark.parametrize(
    ("allow", "disallow", "path", "allowed"),
    [
        ("/p", "/", "/page", True),
        ("/folder", "/folder", "/folder/page", True),
        ("/page", "/*.htm", "/page.htm", False),
        ("/page", "/*.ph", "/page.php5", True),
        ("/$", "/", "/", True),
        ("/$", "/", "/page.htm", False),
    ],
)
def test_the_longest_match_decides_and_allow_where_two_are_as_long(allow, disallow, path, allowed):
    text = f"User-agent: *\nAllow: {allow}\nDisallow: {disallow}"
    assert allows(text, "x", path) == allowed


def test_the_groups_of_a_crawler_are_joined_and_everybody_else_is_the_rest():
    text = """
User-agent: GPTBot
User-Agent: ccbot/2.0
Disallow: /a
Crawl-delay: 3

User-agent: *
Disallow: /b

user-agent : GPTBOT   # again
disallow : /c
"""
    assert [allows(text, "GPTBot", path) for path in ("/a", "/b", "/c")] == [False, True, False]
    assert [allows(text, "CCBot", path) for path in ("/a", "/b", "/c")] == [False, True, True]
    assert [allows(text, "other", path) for path in ("/a", "/b", "/c")] == [True, False, True]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_byte_order_marks_and_lines_of_others(end):
    lines = ["\ufeffUser-agent: a", "Sitemap: https://x/y", "nonsense", "Disallow: /", "Foo: /"]
    assert not allows(end.join(lines), "A", "/x")


def test_rules_before_any_group_are_nobodys():
    assert allows("Disallow: /\nUser-agent: *\nDisallow:", "a", "/x")


def test_the_first_500_kib_are_read_and_the_rest_is_unknown():
    filler = "#" * 98 + "\n"
    text = filler * (MAX_BYTES // len(filler) + 10) + "User-agent: *\nDisallow: /\n"
    robots = parse_robots_txt(text)
    assert robots.cut
    assert not robots.groups
    assert {s.answer for s in read_robots_txt(text, audience(), path="/x")} == {"unknown"}
    kept = applied(text, audience(), "/x")
    assert {s.answer for s in read_robots_txt(kept, audience())} == {"unknown"}


def test_a_hostile_pattern_is_matched_in_no_time():
    pattern = "/" + "*a" * 20_000 + "$"
    assert deciding_rule([Rule(False, pattern)], "/" + "a" * 30_000 + "b") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("User-agent: GPTBot*\nDisallow: /", "denied"),
        ("User-agent: otherbot, CCBot\nDisallow: /", "denied"),
        ("User-agent: otherbot, *\nDisallow: /", "denied"),
        ("User-agent: otherbot CCBot/2.0\nDisallow: /", "denied"),
        ("User-agent: Mozilla/5.0 (compatible; GPTBot/1.0)\nDisallow: /", "denied"),
        ("User-agent: *\nDisallow: images/", "denied"),
        ("User-agent: *\nDisallow: https://e.org/images/", "denied"),
        ("User-agent: *\nDisallow: https://e.org", "denied"),
        ("User-agent: *\nDisallow: other/", "unknown"),
        ("User-agent: *\nDisallow: /\nAllow: images/", "denied"),
    ],
)
def test_what_people_write_besides_the_rfc_denies(text, expected):
    assert answer(text, path="/images/a.jpg") == expected
    kept = applied(text, audience(), "/images/a.jpg")
    assert answer(kept, path=None) == expected


def test_a_crawler_that_a_line_may_name_is_permitted_nothing_by_it():
    text = "User-agent: other, MyBot\nAllow: /\n\nUser-agent: *\nDisallow: /"
    mine = {"agents": ["MyBot"], "listed": False}
    assert answer(text, **mine) == "denied"
    assert answer(applied(text, audience(), "/a.jpg"), path=None, **mine) == "denied"
    assert answer("User-agent: other, MyBot\nAllow: /", **mine) == "unknown"
    assert answer("User-agent: MyBot\nAllow: /", **mine) == "allowed"


def test_what_is_kept_of_a_path_is_for_every_crawler_that_is_named():
    text = "User-agent: MyBot\nDisallow: /\n\nUser-agent: *\nContent-Signal: ai-train=yes\nAllow: /"
    kept = applied(text, audience(), "/a.jpg")
    assert answer(kept, path=None, agents=["MyBot"], listed=False) == "denied"
    assert answer(kept, path=None, agents=["Other"], listed=False) == "allowed"


def test_of_too_many_crawlers_those_that_are_asked_for_are_kept_and_others_unknown():
    lines = [f"User-agent: bot{number}\nDisallow: /{number}\n" for number in range(9_000)]
    text = "".join(lines) + "User-agent: GPTBot\nDisallow: /\nUser-agent: bot\nAllow: /"
    kept = applied(text, audience(), "/a.jpg")
    assert len(kept) < 100_000
    assert answer(kept, path=None) == "denied"
    assert answer(kept, path=None, agents=["bot8999"], listed=False) == "unknown"
    assert "not read" in kept


def test_many_crawlers_that_share_many_rules_take_little_time_and_memory():
    text = "".join(f"User-agent: b{n}\n" for n in range(4_000)) + "Allow: /x\n" * 4_000
    text += "".join(f"User-agent: b{n}\nAllow: /{n}\n" for n in range(4_000))
    tracemalloc.start()
    started = time.monotonic()
    robots = parse_robots_txt(text)
    applied(text, audience(), "/a.jpg")
    assert time.monotonic() - started < 5
    assert tracemalloc.get_traced_memory()[1] < 30 << 20
    tracemalloc.stop()
    assert len(robots.groups["b77"].rules) == 4_001


@pytest.mark.parametrize("pattern", ["/p{}*x", "/*{}x", "/p{}"])
def test_each_path_of_a_file_with_many_rules_takes_little_time(pattern):
    names = "".join(f"User-agent: {name}\n" for name in ("GPTBot", "CCBot", "ClaudeBot"))
    text = names + "".join(f"Disallow: {pattern.format(n)}\n" for n in range(20_000))
    applied(text, audience(), "/0")
    started = time.monotonic()
    for number in range(5):
        assert "Disallow: /  " not in applied(text, audience(), f"/z/{number}.jpg")
    assert time.monotonic() - started < 0.5
    assert "Disallow: /  # by" in applied(text, audience(), "/p19999x")


_EVERY_RULE = st.lists(
    st.tuples(st.booleans(), st.text("/ab*$%", max_size=5).map(lambda text: "/" + text)), max_size=8
)


@given(_EVERY_RULE, st.text("/ab$*%", max_size=8).map(lambda text: "/" + text))
def test_many_rules_decide_as_one_after_the_other(rules, path):
    lines = [f"{'Allow' if allows else 'Disallow'}: {pattern}" for allows, pattern in rules]
    _, group = parse_robots_txt("\n".join(["User-agent: *", *lines])).group("x")
    expected = deciding_rule([Rule(*rule) for rule in rules], path)
    found = group.deciding_rule(path)
    assert (found is None) == (expected is None)
    if found is not None:
        assert found.allows == expected.allows


def test_a_barred_ai_crawler_denies_training_and_not_search():
    text = "User-agent: GPTBot\nDisallow: /"
    assert [answer(text, use) for use in ("training", "generative-training", "search")] == [
        "denied", "denied", "unknown",
    ]  # fmt: skip


def test_a_barred_search_engine_denies_search_alone():
    text = "User-agent: Googlebot\nDisallow: /"
    assert [answer(text, use) for use in ("generative-training", "search")] == ["unknown", "denied"]


def test_who_bars_everybody_bars_every_use():
    text = "User-agent: *\nDisallow: /"
    uses = ("mining", "training", "generative-training", "search")
    assert {answer(text, use) for use in uses} == {"denied"}


@pytest.mark.parametrize(
    "text",
    ["", "User-agent: *\nDisallow:", "User-agent: *\nAllow: /", "User-agent: GPTBot\nAllow: /",
     "User-agent: Somebot\nDisallow: /", "<html><body>404: not found</body></html>"],
)  # fmt: skip
def test_who_does_not_bar_permits_nothing(text):
    assert answer(text) == "unknown"


def test_permission_by_name_counts_for_who_bears_the_name():
    text = "User-agent: mybot\nAllow: /\n\nUser-agent: *\nDisallow: /"
    assert answer(text, agents=["MyBot"], listed=False) == "allowed"
    assert answer(text, agents=["MyBot"]) == "denied"  # the listed crawlers are barred
    assert answer(text, agents=["MyBot", "other"], listed=False) == "denied"
    text = "User-agent: mybot\nAllow: /"
    assert answer(text, agents=["mybot", "other"], listed=False) == "unknown"


def test_without_a_path_only_what_holds_for_all_paths_is_known():
    some = "User-agent: *\nDisallow: /private/"
    assert answer(some, path=None) == "unknown"
    assert answer(some, path="/private/a.jpg") == "denied"
    assert answer(some, path="/public/a.jpg") == "unknown"
    assert answer("User-agent: *\nDisallow: /\nDisallow: /x", path=None) == "denied"
    assert answer("User-agent: *\nDisallow: /\nAllow: /x", path=None) == "unknown"


@pytest.mark.parametrize(
    ("line", "training", "generative", "search"),
    [
        ("Content-Usage: train-ai=n", "denied", "denied", "unknown"),
        ("Content-Usage: train-ai=y", "unknown", "allowed", "unknown"),
        ("Content-Usage: train-ai=n, search=y", "denied", "denied", "allowed"),
        ("Content-Usage: /a.jpg train-ai=n", "denied", "denied", "unknown"),
        ("Content-Usage: /b train-ai=n", "unknown", "unknown", "unknown"),
        ("Content-Usage: Train-AI=n", "unknown", "unknown", "unknown"),
        ("Content-Usage: train-ai=y;x=1, train-ai=n", "denied", "denied", "unknown"),
        ("Content-Usage: bots=n", "denied", "denied", "denied"),
        ("Content-Usage: bots=y", "unknown", "unknown", "unknown"),
        ("Content-Signal: search=yes, ai-train=no, use=reference", "denied", "denied", "allowed"),
        ("content-signal: AI-Train = No", "denied", "denied", "unknown"),
        ("Content-Signal: ai-train=yes", "allowed", "allowed", "unknown"),
        ("Content-Signal: ai-input=no", "unknown", "unknown", "unknown"),
    ],
)
def test_preferences(line, training, generative, search):
    text = f"User-agent: *\n{line}\nAllow: /\n"
    uses = ("training", "generative-training", "search")
    assert [answer(text, use) for use in uses] == [training, generative, search]


def test_the_preference_of_the_longest_path_holds():
    text = "User-agent: *\nContent-Usage: train-ai=n\nContent-Usage: /ok/ train-ai=y"
    assert [answer(text, path=path) for path in ("/x", "/ok/x", None)] == [
        "denied", "allowed", "unknown",
    ]  # fmt: skip


def test_a_broken_preference_is_unknown_and_so_is_what_else_would_permit():
    text = "User-agent: *\nContent-Usage: train-ai==y\nContent-Signal: ai-train=yes"
    assert answer(text) == "unknown"


def test_named_crawlers_must_be_names():
    with pytest.raises(UsageError, match="crawler"):
        audience(["two words"])
    with pytest.raises(UsageError, match="no crawler"):
        audience(listed=False)


def test_the_list_has_the_crawlers_that_people_bar_most():
    known = set(listed_crawlers())
    assert {
        "gptbot", "ccbot", "google-extended", "anthropic-ai", "claudebot", "bytespider",
        "img2dataset", "applebot-extended", "facebookbot", "meta-externalagent", "perplexitybot",
        "omgilibot", "cohere-ai", "claude-web", "diffbot", "meta-externalfetcher", "amazonbot",
    } <= known  # fmt: skip


def test_paths_of_urls():
    assert path_of("https://h/a/b?c#d") == "/a/b?c"
    assert path_of("https://h") == "/"
    assert path_of("https://[broken") == "/"


_NAMES = st.sampled_from(["GPTBot", "Googlebot", "*", "other", "CCBot"])
_PATHS = st.text("/ab*$", min_size=1, max_size=4).map(lambda text: "/" + text)
_RULES = st.tuples(st.sampled_from(["Allow", "Disallow"]), _PATHS | st.just("/") | st.just(""))
_GROUPS = st.lists(st.tuples(_NAMES, st.lists(_RULES, max_size=3)), max_size=4)


def _text(groups):
    return "\n".join(
        "\n".join([f"User-agent: {name}", *(f"{kind}: {path}" for kind, path in rules)])
        for name, rules in groups
    )


@given(_GROUPS, _PATHS)
def test_what_is_kept_for_a_path_says_what_the_whole_says_of_it(groups, path):
    text, asking = _text(groups), audience()
    whole = read_robots_txt(text, asking, path=path)
    kept = read_robots_txt(applied(text, asking, path), asking)
    for use in ("mining", "training", "generative-training", "search"):
        assert judge(whole, use, asking).answer == judge(kept, use, asking).answer


@given(_GROUPS, _PATHS)
def test_what_holds_for_all_paths_holds_for_each(groups, path):
    for _, rules in groups:
        made = [Rule(kind == "Allow", pattern) for kind, pattern in rules]
        try:
            everywhere = deciding_rule(made, None)
        except PathNeededError:
            continue
        here = deciding_rule(made, path)
        assert (everywhere is None or everywhere.allows) == (here is None or here.allows)


@given(st.text())
def test_no_text_breaks_it_or_permits_training_to_everybody(text):
    for signal in read_robots_txt(text, audience(), path="/"):
        assert signal.answer != "allowed" or signal.agent or "=" in signal.value
