"""A dataset in SPDX 3.0.1, dataset profile, as JSON-LD (https://spdx.github.io/spdx-spec/v3.0.1/).

The dataset is a ``dataset_DatasetPackage``: its declared license is its own, and none is concluded
for it as a whole, as its images have theirs. Samples with the same license are a
``software_Package`` that it contains, once by what they declare and once by what was concluded,
with their number in an annotation.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from audit._version import __version__
from audit.datasets.dataset import Dataset
from audit.disclosures.facts import Facts
from audit.disclosures.form import DISCLAIMER
from audit.disclosures.stated import Stated, timestamp
from audit.disclosures.wording import at_least, public_addresses
from audit.licenses.terms import NO_ASSERTION, License
from audit.reviews import LicenseCount, LicenseReview

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_VERSION = "3.0.1"
_NO_ASSERTION = "expandedlicensing_NoAssertionLicense"
_INFO = "_:creation"
#: What a dataset package must have to conform to the dataset profile.
_OF_PROFILE = ("builtTime", "releaseTime", "originatedBy", "software_downloadLocation")

#: Way to divide the samples -> words in the names of groups, relationship, comment.
_WAYS = {
    "declared": (
        "that declare", "hasDeclaredLicense", "All samples, by the license that they declare."
    ),
    "concluded": (
        "with the concluded license", "hasConcludedLicense",
        "All samples, by the license that was concluded.",
    ),
}  # fmt: skip

Element = dict[str, Any]


def as_spdx(
    dataset: Dataset,
    facts: Facts,
    review: LicenseReview,
    stated: Stated | None = None,
    hashes: Mapping[int, str] | None = None,
    *,
    made: datetime | None = None,
) -> dict[str, Any]:
    """Describe a dataset in SPDX.

    Parameters
    ----------
    review:
        Of all samples.
    stated:
        What no column says. The document claims to conform to the dataset profile only if address,
        creator and both days are stated, as the profile requires them.
    hashes:
        SHA-256 of the shards by ordinal, of :func:`audit.disclosures.shard_hashes.hash_shards`.
    made:
        When the document was made; now by default.
    """
    moment = timestamp(made or datetime.now(UTC))
    return _Document(dataset, facts, review, stated or Stated(), hashes or {}, moment).build()


class _Document:
    """One document: elements are added, relationships name them."""

    def __init__(
        self,
        dataset: Dataset,
        facts: Facts,
        review: LicenseReview,
        stated: Stated,
        hashes: Mapping[int, str],
        moment: str,
    ) -> None:
        self._dataset, self._facts, self._review = dataset, facts, review
        self._stated, self._hashes, self._moment = stated, hashes, moment
        seed = json.dumps([dataset.name, dataset.manifest.created, moment])
        self._base = f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, seed)}#"
        self._elements: list[Element] = []
        self._licenses: dict[str, str] = {}

    def build(self) -> dict[str, Any]:
        agent = self._add("SoftwareAgent", "tool", name=f"concept-audit {__version__}")
        package = self._package()
        self._own_license(package)
        self._groups(package, "declared", self._review.declared)
        self._groups(package, "concluded", self._review.concluded)
        self._shards(package)
        profiles = ["core", "software", "simpleLicensing"]
        if all(name in package for name in _OF_PROFILE):
            profiles.append("dataset")
        document = self._element(
            "SpdxDocument",
            "document",
            name=f"{self._dataset.name}: dataset and licenses of its samples",
            comment=f"{DISCLAIMER} Every number rests on {self._facts.coverage.describe()}.",
            profileConformance=profiles,
            rootElement=[package["spdxId"]],
            element=[element["spdxId"] for element in self._elements],
        )
        creation = {
            "type": "CreationInfo",
            "@id": _INFO,
            "specVersion": _VERSION,
            "created": self._moment,
            "createdBy": [agent["spdxId"]],
        }
        return {"@context": CONTEXT, "@graph": [creation, document, *self._elements]}

    def _package(self) -> Element:
        facts, stated, shards = self._facts, self._stated, self._dataset.parts
        sizes = [part.shard.size for part in shards]
        whole = facts.coverage.complete and None not in sizes
        return self._add(
            "dataset_DatasetPackage",
            "dataset",
            name=self._dataset.name,
            description=stated.description,
            summary=f"{at_least(facts)}{facts.what_they_are}",
            comment=f"Samples: {facts.samples}. Size: of the files that list them, in bytes."
            if whole
            else f"Samples: {facts.samples}.",
            builtTime=timestamp(stated.created) if stated.created else None,
            releaseTime=timestamp(stated.published) if stated.published else None,
            originatedBy=[self._creator()] if stated.creator else None,
            software_downloadLocation=stated.url,
            software_primaryPurpose="data",
            dataset_datasetType=["image", "text"],
            dataset_datasetSize=sum(size or 0 for size in sizes) if whole else None,
            dataset_hasSensitivePersonalInformation="noAssertion",
        )

    def _creator(self) -> str:
        return str(self._add("Agent", "creator", name=self._stated.creator)["spdxId"])

    def _own_license(self, package: Element) -> None:
        """Exactly one declared and one concluded license, as the dataset profile requires."""
        own = self._review.dataset_license
        self._relate(
            package,
            "hasDeclaredLicense",
            [self._license(own.license) if own else _NO_ASSERTION],
            comment="What the dataset says of its own license"
            + (f": {own.value}" if own else ": nothing known")
            + ". It is not that of its images.",
        )
        self._relate(
            package,
            "hasConcludedLicense",
            [_NO_ASSERTION],
            comment="None for the whole: its images have licenses of their own. See the packages "
            "that it contains.",
        )

    def _groups(self, package: Element, way: str, counts: Iterable[LicenseCount]) -> None:
        """A package for the samples of each license."""
        words, relation, comment = _WAYS[way]
        groups = []
        for number, count in enumerate(counts, start=1):
            group = self._add(
                "software_Package",
                f"{way}-{number:04d}",
                name=f"samples of {self._dataset.name} {words} {count.license.id}",
                software_primaryPurpose="data",
            )
            self._relate(group, relation, [self._license(count.license)])
            counted = {
                "license": count.license.id,
                "way": way,
                "samples": count.samples,
                "distinct_urls": count.urls.to_dict() if count.urls else None,
                "status": count.license.status,
            }
            self._add(
                "Annotation",
                f"{way}-{number:04d}-count",
                annotationType="other",
                subject=group["spdxId"],
                contentType="application/json",
                statement=json.dumps(counted, ensure_ascii=False),
            )
            groups.append(group["spdxId"])
        if groups:
            self._relate(package, "contains", groups, comment=comment)

    def _shards(self, package: Element) -> None:
        shards = [part.shard for part in self._dataset.parts]
        files = []
        for shard, address in zip(
            shards, public_addresses([shard.uri for shard in shards]), strict=True
        ):
            sha256 = self._hashes.get(shard.ordinal)
            hashed = [{"type": "Hash", "algorithm": "sha256", "hashValue": sha256}]
            file = self._add(
                "software_File",
                f"shard-{shard.ordinal:05d}",
                name=address,
                summary=f"{shard.rows or 0:,} rows",
                software_primaryPurpose="data",
                verifiedUsing=hashed if sha256 else None,
            )
            files.append(file["spdxId"])
        if files:
            completeness = "complete" if self._facts.coverage.complete else "incomplete"
            self._relate(package, "contains", files, completeness=completeness)

    def _license(self, license: License) -> str:
        """The element of a license; one for each, however often it is named."""
        if license.id == NO_ASSERTION:
            return _NO_ASSERTION
        if license.id not in self._licenses:
            own = {part.id: self._text(part) for part in _own_references(license)}
            entries = [
                {"type": "DictionaryEntry", "key": key, "value": value}
                for key, value in own.items()
            ]
            element = self._add(
                "simplelicensing_LicenseExpression",
                f"license-{len(self._licenses) + 1:04d}",
                name=license.name,
                simplelicensing_licenseExpression=license.id,
                simplelicensing_customIdToUri=entries or None,
            )
            self._licenses[license.id] = element["spdxId"]
        return self._licenses[license.id]

    def _text(self, license: License) -> str:
        """The element of a license that SPDX does not list."""
        key = f"text of {license.id}"
        if key not in self._licenses:
            number = sum(name.startswith("text of ") for name in self._licenses) + 1
            element = self._add(
                "simplelicensing_SimpleLicensingText",
                f"license-text-{number:04d}",
                name=license.name,
                simplelicensing_licenseText=f"{license.name}. {license.says} ({license.source})",
                comment="What the statement means, and where that is taken from; not its wording.",
            )
            self._licenses[key] = element["spdxId"]
        return self._licenses[key]

    def _relate(self, source: Element, kind: str, targets: list[str], **properties: Any) -> None:
        self._add(
            "Relationship",
            f"relationship-{len(self._elements):05d}",
            **{"from": source["spdxId"]},
            relationshipType=kind,
            to=targets,
            **properties,
        )

    def _add(self, type_: str, id_: str, /, **properties: Any) -> Element:
        element = self._element(type_, id_, **properties)
        self._elements.append(element)
        return element

    def _element(self, type_: str, id_: str, /, **properties: Any) -> Element:
        """Properties that are None are not known, and left out."""
        known = {key: value for key, value in properties.items() if value is not None}
        return {
            "type": type_,
            "spdxId": f"{self._base}{id_}",
            "creationInfo": _INFO,
            **known,
        }


def _own_references(license: License) -> Iterator[License]:
    """The parts of an expression that are no licenses of SPDX's list."""
    for part in license.parts or (license,):
        if part.operator is not None:
            yield from _own_references(part)
        elif part.id.startswith("LicenseRef-"):
            yield part
