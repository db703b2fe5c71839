"""From a host to the domain that somebody registered: ``a.b.example.co.uk`` → ``example.co.uk``.

The rules are those of https://publicsuffix.org/list/: the public suffix of a host is the longest
rule that it ends with; a wildcard (``*``) stands for one label; an exception (``!``) takes back
what a wildcard says; the last label is a suffix where there is no rule. The registered domain is
the public suffix and one label more.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

import numpy as np
import polars as pl

_BEGIN_REGISTRIES = "// ===BEGIN ICANN DOMAINS==="
_END_REGISTRIES = "// ===END ICANN DOMAINS==="
_VERSION = "// VERSION:"
#: What separates labels besides a full stop (UTS 46).
_OTHER_DOTS = "\u3002\uff0e\uff61"
#: Four numbers, or one; as browsers read them, also in octal and hexadecimal.
_IPV4 = r"^(?:(?:0x[0-9a-f]*|[0-9]+)\.){0,3}(?:0x[0-9a-f]*|[0-9]+)$"
_NO_NAME = r"^$|^\.|\.\.|\.$|[\[\]:]"


def registered_domains(hosts: pl.Series, *, registries_only: bool = False) -> pl.Series:
    """The registered domain of every host.

    Parameters
    ----------
    hosts:
        (n,) host names, with nulls: in any case, with or without a final dot, in Unicode or in
        Punycode.
    registries_only:
        Take for suffixes only those below which registries sell names: ``me.github.io`` is of
        ``github.io``. Otherwise those below which companies let others publish count too:
        ``me.github.io`` is a domain of its own.

    Returns
    -------
    (n,) names in lower case and in ASCII (Punycode). Null for what has no registered domain: an IP
    address, a name without a dot or with an empty label, a name that is a public suffix itself.

    >>> registered_domains(pl.Series(["Img.Example.CO.UK.", "co.uk", "127.0.0.1"])).to_list()
    ['example.co.uk', None, None]
    """
    names = hosts.cast(pl.String).rename("host")
    different = names.unique()
    if len(different) == len(names):
        return _of_different(_ascii(names), registries_only).rename(hosts.name)
    known = pl.DataFrame([different, _of_different(_ascii(different), registries_only)])
    found = names.to_frame().join(
        known, on="host", how="left", nulls_equal=True, maintain_order="left"
    )
    return found["domain"].rename(hosts.name)


@cache
def list_version() -> str:
    """When the list was made, as it says itself: ``"2026-10-22_08-36-41_UTC"``."""
    for line in _lines():
        if line.startswith(_VERSION):
            return line.removeprefix(_VERSION).strip()
    return "unknown"


def _of_different(hosts: pl.Series, registries_only: bool) -> pl.Series:
    """Registered domains of (n,) different names in lower case and ASCII, as ``domain``."""
    name = pl.col("host")
    frame = hosts.to_frame().with_columns(
        name=pl.when(~name.str.contains(_NO_NAME) & ~name.str.contains(_IPV4)).then(name)
    )
    frame = frame.select(labels=pl.col("name").str.split("."))
    return frame.with_columns(public=_public_labels(frame["labels"], registries_only)).select(
        domain=pl.when(pl.col("labels").list.len() > pl.col("public")).then(
            pl.col("labels").list.tail(pl.col("public") + 1).list.join(".")
        )
    )["domain"]


def _public_labels(labels: pl.Series, registries_only: bool) -> pl.Series:
    """How many of the last labels of each of (n,) names are its public suffix."""
    public = np.ones(len(labels), np.uint32)
    rules = _rules(registries_only)
    # From the last label on: a longer rule overrules a shorter one, and few names have longer ones.
    names = (
        labels.alias("labels")
        .to_frame()
        .with_row_index("row")
        .drop_nulls("labels")
        .with_columns(count=pl.col("labels").list.len(), suffix=pl.col("labels").list.last())
    )
    depth = 1
    while len(names):
        names = names.join(rules, on="suffix", how="inner", maintain_order="left")
        ruled = names.filter(pl.col("kind").is_not_null()).select(
            "row",
            public=pl.when(pl.col("kind") == "!")
            .then(depth - 1)
            .when(pl.col("kind") == "*")
            .then(pl.min_horizontal("count", depth + 1))
            .otherwise(depth),
        )
        public[ruled["row"].to_numpy()] = ruled["public"].to_numpy()
        depth += 1
        names = names.filter(pl.col("longer") & (pl.col("count") >= depth)).select(
            "row", "labels", "count",
            suffix=pl.col("labels").list.get(-depth, null_on_oob=True) + "." + pl.col("suffix"),
        )  # fmt: skip
    return pl.Series(public)


@cache
def _rules(registries_only: bool) -> pl.DataFrame:
    """All rules and what they end with.

    ``suffix``; ``kind``: ``!``, ``*`` (a rule ``*.suffix``), ``=``, or null if it only is the end
    of a rule; ``longer``: whether it is the end of a longer one.
    """
    kinds: dict[str, str] = {}
    longer: set[str] = set()
    strength = "=*!"
    for rule in _rule_lines(registries_only):
        kind = rule[0] if rule[0] in "*!" else "="
        suffix = _to_ascii(rule.removeprefix("*.").removeprefix("!"))
        kinds[suffix] = max(kind, kinds.get(suffix, "="), key=strength.index)
        parts = suffix.split(".")
        longer |= {".".join(parts[start:]) for start in range(1, len(parts))}
    names = [*kinds, *(longer - kinds.keys())]
    return pl.DataFrame(
        {
            "suffix": names,
            "kind": [kinds.get(name) for name in names],
            "longer": [name in longer for name in names],
        },
        schema={"suffix": pl.String, "kind": pl.String, "longer": pl.Boolean},
    )


def _rule_lines(registries_only: bool) -> Iterator[str]:
    of_registries = False
    for line in _lines():
        if line in (_BEGIN_REGISTRIES, _END_REGISTRIES):
            of_registries = line == _BEGIN_REGISTRIES
        rule = line.lower().split(" ")[0]
        if rule and not rule.startswith("//") and (of_registries or not registries_only):
            yield rule


def _lines() -> Iterable[str]:
    from publicsuffixlist import PSLFILE

    with open(PSLFILE, encoding="utf-8") as list_:
        for line in list_:
            yield line.strip()


def _ascii(hosts: pl.Series) -> pl.Series:
    """Names in lower case and ASCII, without a final dot."""
    names = hosts.str.to_lowercase()
    foreign = names.str.contains(r"[^\x00-\x7f]").fill_null(False)
    if foreign.any():
        # One in thousands, and each only once.
        written = pl.Series(map(_to_ascii, names.filter(foreign)), dtype=pl.String)
        names = names.scatter(foreign.arg_true(), written)
    return names.str.strip_suffix(".")


def _to_ascii(name: str) -> str:
    """A name in Punycode: normalised and in lower case, nothing else mapped (IDNA 2008)."""
    if name.isascii():
        return name
    text = unicodedata.normalize("NFKC", name).lower()
    for dot in _OTHER_DOTS:
        text = text.replace(dot, ".")
    return ".".join(
        label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")
        for label in text.split(".")
    )
