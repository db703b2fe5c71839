"""The EU's public summary of training content, as far as a dataset can fill it.

Article 53(1)(d) of Regulation (EU) 2024/1689 (AI Act); explanatory notice and template of the
Commission of 24 July 2025, C(2025) 5235, formally adopted on 5 December 2025, C(2025) 8311. The
numbering is the template's; what it asks is put here in short.
"""

from __future__ import annotations

from collections.abc import Callable

from audit.datasets.dataset import Dataset
from audit.datasets.remaining import remaining_distinct_urls
from audit.datasets.stats import LENGTH_EDGES
from audit.disclosures.facts import SIGNALS, Facts, gather_facts
from audit.disclosures.form import Entry, FilledForm, Section
from audit.disclosures.wording import (
    at_least,
    collected,
    count_of,
    domains_in_words,
    filled_columns,
    kept,
    languages,
    sources,
)
from audit.domains import DomainCounts, count_domains
from audit.optouts import OptOutReview, review_optouts

TITLE = "Public summary of training content for general-purpose AI models"
SOURCE = (
    "Template of the European Commission under Article 53(1)(d) of Regulation (EU) 2024/1689, "
    "24 July 2025, C(2025) 8311 final of 5 December 2025"
)
#: Share of the domains that are listed, and how many at most: the template's section 2.3.
SHARE, SHARE_OF_SMALL, MOST_OF_SMALL = 0.10, 0.05, 1000
#: Section 1.3: upper edges of the bands of size.
_IMAGES = (1_000_000, 1_000_000_000)
_BANDS = (
    "less than 1 million images", "1 million to 1 billion images", "more than 1 billion images",
)  # fmt: skip
_TOKENS = (1_000_000_000, 10_000_000_000_000)
#: Bytes of one character in UTF-8; a tokenizer makes at most one token of a byte.
_BYTES = 4
_REMARKS = (
    "The template asks about all content that a model was trained on; this is about one dataset.",
    (
        "Volume is measured in samples, a sample being an image's address and its caption: the "
        "dataset does not hold the images, so the size of what was downloaded is not known."
    ),
    (
        "Domains are those that registries sell (public suffixes of the ICANN section of the "
        "list), as the template speaks of top- and second-level domains. Where domains have "
        "equally many samples, the alphabet decides."
    ),
)


def fill_eu_summary(
    dataset: Dataset,
    *,
    small_provider: bool = False,
    workers: int | None = 1,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> FilledForm:
    """Fill the EU's summary of training content.

    Parameters
    ----------
    small_provider:
        List the domains that a small or medium-sized enterprise must: 5 %, or 1,000 if that is
        less, instead of 10 %.
    workers:
        Processes that count domains; None for as many as help.
    """
    facts = gather_facts(dataset)
    domains = count_domains(
        dataset,
        share=SHARE_OF_SMALL if small_provider else SHARE,
        at_most=MOST_OF_SMALL if small_provider else None,
        registries_only=True,
        workers=workers,
        on_progress=lambda rows: on_progress(rows, facts.samples),
    )
    return FilledForm(
        form="eu",
        title=TITLE,
        source=SOURCE,
        sections=(
            *_general(dataset, facts),
            *_sources(dataset, facts, domains),
            *_processing(facts, review_optouts(dataset)),
        ),
        remarks=_REMARKS,
        facts=facts,
        domains=domains,
    )


def _general(dataset: Dataset, facts: Facts) -> tuple[Section, ...]:
    return (
        Section("0", "Summary", (Entry("version of the summary"), Entry("last update"))),
        Section(
            "1.1", "Provider",
            (Entry("name and contact"), Entry("authorised representative in the Union")),
        ),
        Section(
            "1.2", "Model",
            (
                Entry("model and version"),
                Entry("model that it was made from"),
                Entry("date of placing on the Union market"),
            ),
        ),
        Section(
            "1.3", "Modalities, size and characteristics",
            (
                _text_size(dataset, facts),
                Entry("text: kinds of content", "captions of images", "what samples are"),
                _image_size(dataset, facts),
                Entry(
                    "image: kinds of content", None,
                    "what images show is not in their addresses; that takes counting by image",
                ),
                Entry("audio, video, other modalities", "none in this dataset", "what samples are"),
                _latest(facts),
                Entry("trained on new data after that"),
                languages(facts),
                Entry("other characteristics of the data"),
            ),
        ),
    )  # fmt: skip


def _sources(dataset: Dataset, facts: Facts, domains: DomainCounts) -> tuple[Section, ...]:
    listed = domains.top
    tied = f"; {listed.tied:,} more have as many samples as the last" if listed.tied else ""
    counted = f"hosts of {count_of(facts.samples - domains.without_host, facts)}"
    version = f"Public Suffix List of {domains.list_version}"
    return (
        Section(
            "2.1", "Publicly available datasets",
            (
                Entry("whether such were used"),
                Entry("name of this dataset, if it is one", dataset.name, "as it was ingested"),
                Entry("where it is from", sources(dataset), "as it was ingested"),
                Entry("general description", _describe(facts), "columns of the dataset"),
            ),
        ),
        Section(
            "2.2", "Private datasets of third parties",
            (Entry("licensed by rightsholders"), Entry("obtained from other third parties")),
        ),
        Section(
            "2.3", "Data crawled and scraped from online sources",
            (
                Entry("whether the provider, or somebody on its behalf, crawled it"),
                Entry("names and user agents of the crawlers"),
                Entry("purposes of the crawlers"),
                Entry("behaviour of the crawlers"),
                kept(
                    facts, "rules for crawlers, kept with the samples",
                    ("robots_txt", "x_robots_tag"), "whether they were respected is not in it",
                ),
                collected(facts),
                Entry(
                    "kinds of content and of sources", domains_in_words(domains),
                    f"{counted}; {version}",
                ),
                Entry("modalities", "image, text", "what samples are"),
                Entry(
                    "domains with the most content",
                    f"{listed.asked}: {len(listed.listed):,} listed below{tied}"
                    if len(listed.listed) else None,
                    f"by samples; {counted}; {version}",
                ),
            ),
        ),
        Section(
            "2.4", "User data",
            (Entry("interactions with the model"), Entry("other services of the provider")),
        ),
        Section(
            "2.5", "Synthetic data",
            (Entry("whether such was used"), Entry("models that generated it")),
        ),
        Section("2.6", "Other sources", (Entry("whether there are any, and which"),)),
    )  # fmt: skip


def _processing(facts: Facts, optouts: OptOutReview) -> tuple[Section, ...]:
    return (
        Section(
            "3.1", "Respect of reservations of text and data mining",
            (
                Entry("signatory of the Code of Practice"),
                Entry("measures to respect opt-outs"),
                kept(
                    facts, "opt-out signals, kept with the samples", SIGNALS["opt-out signal"],
                    "whether they were respected is not in it",
                ),
                _reserved(optouts),
            ),
        ),
        Section(
            "3.2", "Removal of illegal content",
            (
                Entry("measures"),
                kept(
                    facts, "scores kept with the samples", ("nsfw", "punsafe"),
                    "how they were used is not in it",
                ),
            ),
        ),
        Section("3.3", "Other information", (Entry("other aspects of the processing"),)),
    )  # fmt: skip


def _reserved(optouts: OptOutReview) -> Entry:
    """Reservations of mining, as `audit optout` reads what is kept and what it found."""
    asked = "samples whose mining is reserved, as far as signals tell"
    if not optouts.columns and not optouts.sidecars:
        return Entry(asked, None, "no signals are kept, and no check was run (audit optout)")
    count = optouts.count("mining")
    return Entry(
        asked,
        f"{count.denied:,} reserved, {count.allowed:,} expressly permitted, {count.unknown:,} not "
        "known",
        "audit optout, for mining: silence is not known, and no permission",
    )


def _image_size(dataset: Dataset, facts: Facts) -> Entry:
    """The band that the number of images is in, if distinct URLs and samples agree on it."""
    fewest = int((remaining_distinct_urls(dataset) or {}).get("low") or 0)
    band = _band(fewest, facts.samples if facts.coverage.complete else None, _IMAGES)
    basis = (
        f"{at_least(facts)}{facts.samples:,} samples, with at least {fewest:,} different addresses "
        "of images; whether two of these show the same image is not looked at"
    )
    return Entry("image: size", None if band is None else _BANDS[band], basis)


def _text_size(dataset: Dataset, facts: Facts) -> Entry:
    """The lowest band, if no tokenizer can make more of the captions."""
    lengths = dataset.manifest.stats.lengths
    longest = dataset.manifest.stats.longest_caption
    edges = (*LENGTH_EDGES, longest)
    characters = sum(n * min(edge, longest) for n, edge in zip(lengths, edges, strict=True))
    captions = f"{facts.having.get('caption', 0):,} captions of at most {characters:,} characters"
    small = facts.coverage.complete and characters * _BYTES < _TOKENS[0]
    if small:
        basis = f"{captions}, removed ones among them; a token is at least a byte"
        if not dataset.removed:
            basis = f"{captions}; a token is at least a byte"
        return Entry("text: size", "less than 1 billion tokens", basis)
    return Entry(
        "text: size", None, f"{at_least(facts)}{captions}; how many tokens depends on a tokenizer"
    )


def _band(low: int, high: int | None, edges: tuple[int, int]) -> int | None:
    """The band that a number between ``low`` and ``high`` (None: no bound) is in, if it is one."""
    first = sum(low >= edge for edge in edges)
    last = len(edges) if high is None else sum(high >= edge for edge in edges)
    return first if first == last else None


def _latest(facts: Facts) -> Entry:
    if facts.crawled is None:
        return Entry("latest date of collection", None, collected(facts).basis)
    basis = f"the latest crawl date of {count_of(facts.crawled.samples, facts)}"
    if facts.crawled.samples < facts.samples:
        basis += "; others may be later"
    return Entry("latest date of collection", f"{facts.crawled.last:%m/%Y}", basis)


def _describe(facts: Facts) -> str:
    return f"{at_least(facts)}{facts.what_they_are}; columns: {filled_columns(facts)}"
