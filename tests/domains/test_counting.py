"""Domains of a dataset: counted against a loop over its rows, cut and tied as said."""

from __future__ import annotations

from collections import Counter

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from publicsuffixlist import PublicSuffixList

from audit.datasets import keyed_counts
from audit.datasets.ingest import ingest
from audit.domains import count_domains
from audit.errors import UsageError

HOSTS = [
    "a.example.co.uk", "b.example.co.uk", "example.co.uk", "img.site.com", "site.com",
    "127.0.0.1", "localhost", "me.github.io", "you.github.io", "github.io", None,
]  # fmt: skip


@pytest.fixture
def dataset(home, write_shard):
    """Makes a dataset of shards of hosts; None is a sample without a URL."""

    def make(*shards):
        for number, hosts in enumerate(shards):
            urls = [host and f"https://{host}/{i}.jpg" for i, host in enumerate(hosts)]
            column = pl.Series(urls, dtype=pl.String).to_arrow()
            path = write_shard(f"{number}.parquet", ["a"] * len(hosts), URL=column)
        ingest([str(path.parent)], "d", home=home)
        return home.open("d")

    return make


def by_hand(hosts, **options):
    """(domain -> samples, domain -> hosts), by a loop."""
    suffixes = PublicSuffixList(**options)
    named = [host for host in hosts if host and not host[0].isdigit()]
    samples = Counter(filter(None, map(suffixes.privatesuffix, named)))
    return samples, Counter(filter(None, map(suffixes.privatesuffix, set(named))))


@pytest.mark.parametrize("registries_only", [False, True])
def test_counts_equal_those_of_a_loop(dataset, registries_only):
    shards = [HOSTS * 3, [HOSTS[0], *HOSTS[3:5] * 2], [None]]
    counts = count_domains(dataset(*shards), registries_only=registries_only)
    every = [host for shard in shards for host in shard]
    samples, hosts = by_hand(every, only_icann=registries_only)
    listed = counts.top.listed
    assert dict(zip(listed["domain"], listed["samples"], strict=True)) == dict(samples)
    assert dict(zip(listed["domain"], listed["hosts"], strict=True)) == dict(hosts)
    assert (counts.domains, counts.samples) == (len(samples), len(every))
    assert counts.without_host == every.count(None)
    assert counts.hosts == len(set(every) - {None})
    assert counts.without_domain == len(every) - every.count(None) - samples.total()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(HOSTS), min_size=1, max_size=40), st.sampled_from([2, 1 << 20]))
def test_sums_are_the_same_where_they_go_to_disk(tmp_path_factory, hosts, rows):
    from audit.datasets.dataset import Part
    from audit.domains.counting import hosts_of_part

    path = tmp_path_factory.mktemp("part") / "part.parquet"
    pl.DataFrame({"host": pl.Series(hosts, dtype=pl.String)}).write_parquet(path, row_group_size=7)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyed_counts, "_WAITING_ROWS", rows)
        patch.setattr(keyed_counts, "_HELD_ROWS", rows)
        with keyed_counts.KeyedCounts({"host": pl.String}) as sums:
            sums.add(hosts_of_part(Part(shard=None, path=path)))
            found = pl.concat(list(sums.sums(3)))
    assert dict(found.rows()) == dict(Counter(hosts))


def test_a_share_is_rounded_up_and_cut_by_samples_then_by_name(dataset):
    hosts = ["b.de"] * 5 + ["a.de"] * 3 + ["c.de"] * 3 + [f"x{i}.de" for i in range(18)]
    counts = count_domains(dataset(hosts), share=0.1)
    assert counts.domains == 21
    assert counts.top.listed["domain"].to_list() == ["b.de", "a.de", "c.de"]
    assert (counts.top.smallest, counts.top.tied) == (3, 0)
    cut = count_domains(dataset(hosts), share=0.05).top
    assert cut.listed["domain"].to_list() == ["b.de", "a.de"]
    assert (cut.smallest, cut.tied) == (3, 1)
    assert "5 % of 21 domains" in cut.asked


def test_a_tenth_of_thirty_is_three(dataset):
    counts = count_domains(dataset([f"x{i}.de" for i in range(30)]), share=0.1)
    assert len(counts.top.listed) == 3
    assert counts.top.tied == 27


def test_at_most_so_many_if_that_is_less(dataset):
    hosts = [f"x{i}.de" for i in range(30)]
    assert len(count_domains(dataset(hosts), share=0.5, at_most=4).top.listed) == 4
    assert len(count_domains(dataset(hosts), share=0.1, at_most=4).top.listed) == 3


def test_a_dataset_without_urls_has_no_domains(home, write_shard):
    ingest([str(write_shard("a.parquet", ["a", "b"], URL=None))], "d", home=home)
    counts = count_domains(home.open("d"))
    assert (counts.samples, counts.domains, counts.without_host) == (2, 0, 2)
    assert counts.top.listed.is_empty()
    assert counts.to_dict()["top"]["domains"] == []


@pytest.mark.parametrize("options", [{"share": 0.0}, {"share": 1.5}, {"share": float("nan")}, {"at_most": 0}])  # fmt: skip
def test_what_makes_no_list_is_refused(dataset, options):
    with pytest.raises(UsageError):
        count_domains(dataset(["a.de"]), **options)
