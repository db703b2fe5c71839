"""A dataset as Croissant 1.1 (https://docs.mlcommons.org/croissant/), with RAI fields.

JSON-LD on schema.org. The license is the dataset's own; how many samples have which license is in
the record set ``licenses``, and never in ``license``.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from audit.datasets.dataset import Dataset
from audit.datasets.manifest import ShardRecord
from audit.datasets.parts import kept_columns
from audit.datasets.presets import ROLES
from audit.datasets.sources import is_remote
from audit.disclosures.facts import Facts
from audit.disclosures.form import DISCLAIMER
from audit.disclosures.stated import Stated, timestamp
from audit.disclosures.wording import at_least, collected, count_of, listed, public_addresses
from audit.licenses.terms import License
from audit.reviews import LicenseReview

CONFORMS_TO = ("http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0")

#: The context that the specification recommends, in mlcroissant's words.
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "annotation": "cr:annotation",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "excludes": "cr:excludes",
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "readLines": "cr:readLines",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "sdVersion": "cr:sdVersion",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
    "unArchive": "cr:unArchive",
    "value": "cr:value",
}
_FORMATS = {".tsv": "text/tab-separated-values", ".csv": "text/csv"}
#: Not the registered type, but the one that tools for Croissant know.
_PARQUET = "application/x-parquet"
#: Roles whose values are addresses.
_ADDRESSES = ("url", "page_url", "license_url", "tdm_policy")
_ENGLISH = "en"


def as_croissant(
    dataset: Dataset,
    facts: Facts,
    review: LicenseReview,
    stated: Stated | None = None,
    hashes: Mapping[int, str] | None = None,
) -> dict[str, Any]:
    """Describe a dataset in Croissant.

    Parameters
    ----------
    review:
        Of all samples.
    stated:
        What no column says. Croissant requires an address, a creator and a day of publication;
        what is not stated is left out.
    hashes:
        SHA-256 of the shards by ordinal, of :func:`audit.disclosures.shard_hashes.hash_shards`.
        Without them, mlcroissant refuses the description.
    """
    stated = stated or Stated()
    manifest = dataset.manifest
    own = manifest.dataset_license
    known: dict[str, Any] = {
        "license": _license(review) if own else None,
        "url": stated.url,
        "creator": {"@type": "Organization", "name": stated.creator} if stated.creator else None,
        "dateCreated": timestamp(stated.created) if stated.created else None,
        "datePublished": timestamp(stated.published) if stated.published else None,
        "inLanguage": [language for language, _ in facts.languages[0]] or None,
    }
    return {
        "@context": _CONTEXT,
        "@type": "Dataset",
        "conformsTo": list(CONFORMS_TO),
        "name": dataset.name,
        "description": stated.description or _describe(facts),
        **{name: value for name, value in known.items() if value is not None},
        **_responsible_ai(facts, review),
        "distribution": _distribution(dataset, hashes or {}),
        "recordSet": [_samples(dataset), _licenses(review)],
    }


def _describe(facts: Facts) -> str:
    return (
        f"{at_least(facts)}{facts.what_they_are}. Described from its "
        f"columns; {facts.coverage.describe()}."
    )


def _license(review: LicenseReview) -> str:
    """The dataset's own license: its page, or what the dataset says of it."""
    own = review.dataset_license
    assert own is not None
    return _page(own.license) or str(own.value)


def _page(license: License) -> str | None:
    listed_by_spdx = not license.id.startswith("LicenseRef-") and license.operator is None
    if listed_by_spdx and license.id != "NOASSERTION":
        return f"https://spdx.org/licenses/{license.id}.html"
    return None


def _responsible_ai(facts: Facts, review: LicenseReview) -> dict[str, Any]:
    missing = [
        f"{role}: {facts.samples - samples:,} of {facts.samples:,} samples have none"
        for role, samples in facts.having.items()
        if samples < facts.samples
    ]
    declared = [f"{one.license.id} {one.samples:,}" for one in review.declared]
    concluded = [f"{one.license.id} {one.samples:,}" for one in review.concluded]
    limits = [
        DISCLAIMER,
        f"Every number rests on {facts.coverage.describe()}.",
        f"Licenses that samples declare: {listed(declared)}; all in the record set “licenses”.",
        f"Licenses that follow: {listed(concluded)}. The dataset's own license is not the images'.",
    ]
    period = facts.crawled
    fields: dict[str, Any] = {
        "rai:dataCollectionMissingData": "; ".join(missing) or None,
        "rai:dataCollectionTimeframe": (
            [f"{period.first.isoformat()}T00:00:00Z", f"{period.last.isoformat()}T00:00:00Z"]
            if period else None
        ),
        "rai:dataLimitations": [*limits, *_doubts_of_period(facts)],
        "rai:personalSensitiveInformation": [
            "Not known: neither captions nor images were judged for it."
        ],
    }  # fmt: skip
    return {name: value for name, value in fields.items() if value is not None}


def _doubts_of_period(facts: Facts) -> list[str]:
    if facts.crawled is None:
        return [f"Time of collection: not known ({collected(facts).basis})."]
    return [f"Time of collection: of {count_of(facts.crawled.samples, facts)}."]


def _distribution(dataset: Dataset, hashes: Mapping[int, str]) -> list[dict[str, Any]]:
    shards = [part.shard for part in dataset.parts]
    addresses = public_addresses([shard.uri for shard in shards])
    files = [
        _file(shard, address, hashes.get(shard.ordinal))
        for shard, address in zip(shards, addresses, strict=True)
    ]
    if len(files) == 1:
        return files
    together: dict[str, Any] = {
        "@type": "cr:FileSet",
        "@id": "shards",
        "name": "shards",
        "description": "All shards that were read; each sample is in one of them.",
        "encodingFormat": sorted({file["encodingFormat"] for file in files}),
    }
    if any(is_remote(shard.uri) for shard in shards):
        together["containedIn"] = [{"@id": file["@id"]} for file in files]
        together["includes"] = sorted({f"*{_suffix(shard)}" for shard in shards})
    else:  # relative to this description
        together["includes"] = [glob.escape(address) for address in addresses]
    return [*files, together]


def _file(shard: ShardRecord, address: str, sha256: str | None) -> dict[str, Any]:
    file = {
        "@type": "cr:FileObject",
        "@id": _file_id(shard),
        "name": address.rpartition("/")[2],
        "description": f"Shard {shard.ordinal}, {shard.rows or 0:,} rows.",
        "contentUrl": address,
        "encodingFormat": _FORMATS.get(_suffix(shard).removesuffix(".gz"), _PARQUET),
    }
    if shard.size is not None:
        file["contentSize"] = f"{shard.size} B"
    if sha256 is not None:
        file["sha256"] = sha256
    return file


def _file_id(shard: ShardRecord) -> str:
    return f"shard-{shard.ordinal:05d}"


def _suffix(shard: ShardRecord) -> str:
    name = shard.uri.lower()
    return next((s for s in (".tsv.gz", ".csv.gz", ".tsv", ".csv") if name.endswith(s)), ".parquet")


def _samples(dataset: Dataset) -> dict[str, Any]:
    """One field for each column that the dataset takes from its source."""
    mapping = dataset.manifest.mapping
    shards = [part.shard for part in dataset.parts]
    place = (
        {"fileObject": {"@id": _file_id(shards[0])}}
        if len(shards) == 1
        else {"fileSet": {"@id": "shards"}}
    )
    types = dataset.columns
    stored = {role: types.get(role, pa.large_string()) for role in mapping.columns}
    columns = [
        (role, column, ROLES[role], _data_type(role, stored[role]))
        for role, column in mapping.columns.items()
    ]
    columns += [
        (name, column, "kept as it is in the source", _data_type(name, types[name]))
        for column, name in kept_columns(mapping).items()
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": "An image's address, its caption, and what is known of it.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": identifier,
                "name": name,
                "description": f"{what} (column {column!r} of the source)",
                "dataType": data_type,
                "source": {**place, "extract": {"column": column}},
            }
            for identifier, (name, column, what, data_type) in zip(
                _field_ids([name for name, *_ in columns]), columns, strict=True
            )
        ],
    }


def _field_ids(names: Sequence[str]) -> list[str]:
    """An identifier for each field, without what addresses cannot hold."""
    plain = [f"samples/{re.sub('[^A-Za-z0-9_.-]', '_', name)}" for name in names]
    return [one if plain.count(one) == 1 else f"{one}_{number}" for number, one in enumerate(plain)]


def _data_type(role: str, type_: pa.DataType) -> str:
    if role in _ADDRESSES:
        return "sc:URL"
    checks = (
        (pa.types.is_integer, "sc:Integer"), (pa.types.is_floating, "sc:Float"),
        (pa.types.is_boolean, "sc:Boolean"), (pa.types.is_date, "sc:Date"),
        (pa.types.is_timestamp, "sc:DateTime"),
    )  # fmt: skip
    return next((name for check, name in checks if check(type_)), "sc:Text")


def _licenses(review: LicenseReview) -> dict[str, Any]:
    """How many samples declare a license, and of how many it was concluded."""
    licenses: dict[str, License] = {}
    counts: dict[str, dict[str, int]] = {}
    for way, counted in (("declared", review.declared), ("concluded", review.concluded)):
        for one in counted:
            licenses[one.license.id] = one.license
            counts.setdefault(one.license.id, {})[way] = one.samples
    columns = {
        "license": ("sc:Text", "SPDX identifier or expression, LicenseRef-…, or NOASSERTION"),
        "name": ("sc:Text", "what it is called"),
        "status": ("sc:Text", "open, public-domain, restricted, in-copyright or unknown"),
        "declared": ("sc:Integer", "samples that say so"),
        "concluded": ("sc:Integer", "samples of which it follows; contradictions are NOASSERTION"),
    }
    rows = [
        {
            "license": license.id,
            "name": license.name,
            "status": license.status,
            "declared": counts[id_].get("declared", 0),
            "concluded": counts[id_].get("concluded", 0),
        }
        for id_, license in licenses.items()
    ]
    described: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": "licenses",
        "name": "licenses",
        "description": f"Licenses of {review.samples:,} samples, as of {review.on.isoformat()}.",
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"licenses/{name}",
                "name": name,
                "description": what,
                "dataType": data_type,
            }
            for name, (data_type, what) in columns.items()
        ],
    }
    if rows:
        described["data"] = [{f"licenses/{name}": row[name] for name in columns} for row in rows]
    return described
