"""How many samples each registered domain has, in one pass over the hosts of a dataset."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.datasets.dataset import Coverage, Dataset, Part
from audit.datasets.keyed_counts import KeyedCounts
from audit.datasets.parts import GROUP_ROWS
from audit.domains.suffixes import list_version, registered_domains
from audit.errors import UsageError
from audit.parallel import Add, run_jobs, usual_workers
from audit.shown import Shown

#: Whole row groups, as a row group is decoded as a whole.
_ROWS_TOGETHER = 4 * GROUP_ROWS
_HOSTS_TOGETHER = 1 << 18
_HOST = {"host": pl.String}
_MEMORY = "200MB"


@dataclass(frozen=True)
class TopDomains:
    """The domains with the most samples, as many as were asked for.

    Attributes
    ----------
    asked:
        In words: ``"10 % of 1,204 domains"``.
    listed:
        Columns ``domain``, ``samples``, ``hosts``; the most samples first, then by name.
    smallest:
        Samples of the last one listed.
    tied:
        Domains with as many samples as the last one that are not listed, because their names come
        later in the alphabet.
    """

    asked: str
    listed: pl.DataFrame
    smallest: int | None
    tied: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "asked": self.asked,
            "listed": len(self.listed),
            "samples": int(self.listed["samples"].sum()),
            "smallest": self.smallest,
            "tied_and_not_listed": self.tied,
            "domains": self.listed.to_dicts(),
        }


@dataclass(frozen=True)
class DomainCounts(Shown):
    """Samples and hosts of the registered domains of a dataset.

    Attributes
    ----------
    domains, hosts:
        Different ones. Hosts without a registered domain are among the hosts.
    without_host:
        Samples without a URL, or whose URL names no host.
    without_domain:
        Samples on hosts that have no registered domain: IP addresses, names without a dot, public
        suffixes.
    list_version:
        When the Public Suffix List was made.
    registries_only:
        As in :func:`audit.domains.registered_domains`.
    """

    dataset: str
    coverage: Coverage
    samples: int
    domains: int
    hosts: int
    without_host: int
    without_domain: int
    list_version: str
    registries_only: bool
    top: TopDomains

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema": "audit.domains/1",
            "dataset": self.dataset,
            "coverage": self.coverage.to_dict(),
            "samples": self.samples,
            "domains": self.domains,
            "hosts": self.hosts,
            "without_host": self.without_host,
            "without_domain": self.without_domain,
            "public_suffix_list": self.list_version,
            "suffixes_of_registries_only": self.registries_only,
            "top": self.top.to_dict(),
        }

    def to_polars(self) -> pl.DataFrame:
        """One row a listed domain."""
        return self.top.listed


def count_domains(
    dataset: Dataset,
    *,
    share: float = 1.0,
    at_most: int | None = None,
    registries_only: bool = False,
    workers: int | None = 1,
    on_progress: Callable[[int], None] = lambda rows: None,
) -> DomainCounts:
    """Count samples and hosts of every registered domain; list those with the most samples.

    Reads the column of hosts once. Memory is bounded, however many hosts there are: what does not
    fgoes to a temporary folder. The list itself is held in memory.

    Parameters
    ----------
    share:
        List this share of the domains, rounded up …
    at_most:
        … and not more than this many.
    registries_only:
        As in :func:`audit.domains.registered_domains`.
    workers:
        Processes; None for as many as help.
    on_progress:
        Called with the rows read so far.

    Raises
    ------
    UsageError
        If ``share`` or ``at_most`` make no list.
    """
    if not 0 < share <= 1:
        raise UsageError(f"A share of {share} of the domains.", hint="It is above 0, at most 1.")
    if at_most is not None and at_most < 1:
        raise UsageError(f"A list of at most {at_most} domains.", hint="Ask for at least one.")
    parts = dataset.parts if "host" in dataset.columns else []
    if workers is None:
        workers = usual_workers(dataset.coverage.samples, len(parts))
    with (
        KeyedCounts(_HOST) as hosts,
        tempfile.TemporaryDirectory(prefix="audit-domains-") as folder,
        duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": folder}) as engine,
    ):
        for counts in run_jobs(
            hosts_of_part, parts, workers, lambda rows, _, __: on_progress(rows)
        ):
            hosts.add(counts)
        _domains(engine, hosts, registries_only)
        return _answer(engine, dataset, share, at_most, registries_only)


def hosts_of_part(part: Part, add: Add = lambda rows, bytes_read: None) -> pl.DataFrame:
    """``host`` and ``samples`` of a part; a host, and null, may be in it several times.

    Grouped by 64-bit hashes, which takes half the time of grouping by text; see
    :class:`audit.datasets.keyed_counts.KeyedCounts`, which adds up in the same way.
    """
    hosts = pl.scan_parquet(part.path, glob=False).select("host")
    counts = [pl.DataFrame(schema={**_HOST, "samples": pl.Int64})]
    rows = pq.read_metadata(part.path).num_rows
    for start in range(0, rows, _ROWS_TOGETHER):
        length = min(_ROWS_TOGETHER, rows - start)
        counts.append(
            _kept(hosts.slice(start, length), part.kept(start, length))
            .group_by(pl.col("host").hash().alias("key"))
            .agg(pl.col("host").first(), samples=pl.len().cast(pl.Int64))
            .drop("key")
            .collect(engine="in-memory")
        )
        add(length, 0)
    return pl.concat(counts)


def _kept(hosts: pl.LazyFrame, kept: NDArray[np.bool_] | None) -> pl.LazyFrame:
    """The hosts of samples that were not removed."""
    return hosts if kept is None else hosts.filter(pl.Series(kept))


def _domains(engine: duckdb.DuckDBPyConnection, hosts: KeyedCounts, registries_only: bool) -> None:
    """Make the table ``domains (domain, samples, hosts)``; what has no domain is under null.

    What has no host is not in it.
    """
    engine.execute("CREATE TABLE counted (domain VARCHAR, samples BIGINT, hosts BIGINT)")
    for frame in hosts.sums(_HOSTS_TOGETHER):
        named = frame.drop_nulls("host")
        domains = registered_domains(named["host"], registries_only=registries_only)
        these = (
            named.with_columns(domain=domains)
            .group_by("domain")
            .agg(pl.col("samples").sum(), hosts=pl.len().cast(pl.Int64))
        )
        engine.register("these", these.to_arrow())
        engine.execute("INSERT INTO counted SELECT domain, samples, hosts FROM these")
        engine.unregister("these")
    engine.execute(
        "CREATE TABLE domains AS SELECT domain, sum(samples)::BIGINT AS samples, "
        "sum(hosts)::BIGINT AS hosts FROM counted GROUP BY domain"
    )
    engine.execute("DROP TABLE counted")


def _answer(
    engine: duckdb.DuckDBPyConnection,
    dataset: Dataset,
    share: float,
    at_most: int | None,
    registries_only: bool,
) -> DomainCounts:
    ((domains, hosts, with_host, without_domain),) = engine.execute(
        "SELECT count(domain), coalesce(sum(hosts), 0)::BIGINT, "
        "coalesce(sum(samples), 0)::BIGINT, "
        "coalesce(sum(samples) FILTER (domain IS NULL), 0)::BIGINT FROM domains"
    ).fetchall()
    return DomainCounts(
        dataset=dataset.name,
        coverage=dataset.coverage,
        samples=dataset.coverage.samples,
        domains=domains,
        hosts=hosts,
        without_host=dataset.coverage.samples - with_host,
        without_domain=without_domain,
        list_version=list_version(),
        registries_only=registries_only,
        top=_top(engine, domains, share, at_most),
    )


def _top(
    engine: duckdb.DuckDBPyConnection, domains: int, share: float, at_most: int | None
) -> TopDomains:
    # Not ceil(share * domains): 0.1 * 30 is a little more than 3.
    wanted = math.ceil(round(share * domains, 6))
    asked = f"{share * 100:g} % of {domains:,} domains"
    if at_most is not None and at_most < wanted:
        wanted, asked = at_most, f"{at_most:,} of {domains:,} domains"
    listed = pl.DataFrame(
        engine.sql(
            "SELECT domain, samples, hosts FROM domains WHERE domain IS NOT NULL "
            f"ORDER BY samples DESC, domain LIMIT {wanted}"
        ).to_arrow_table()
    )
    if not len(listed):
        return TopDomains(asked, listed, None, 0)
    smallest = int(listed["samples"][-1])
    ((alike,),) = engine.execute(
        "SELECT count(*) FROM domains WHERE domain IS NOT NULL AND samples = ?", [smallest]
    ).fetchall()
    tied = alike - listed.filter(pl.col("samples") == smallest).height
    return TopDomains(asked, listed, smallest, tied)
