"""What follows for one row from all that it says: the license declared, and that concluded.

As in SPDX 3, the two are kept apart. Declared is what the row says, as normalised. Concluded is
what can be defended: where statements contradict each other, or the license has ended, that is
nothing (``NOASSERTION``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from audit.licenses.agreement import agreed, denies_copyright
from audit.licenses.mapping import ValueReader
from audit.licenses.normalise import Normalised, normalise
from audit.licenses.statements import statements
from audit.licenses.terms import UNKNOWN, License
from audit.licenses.uses import UseProfile, judge_use
from audit.reviews.findings import of_license

#: Whether a row names the day on which its license ends: it does not, or that day is past, to
#: come, or unreadable.
End = Literal["", "past", "to come", "unreadable"]

_IN_COPYRIGHT = "LicenseRef-in-copyright"
#: Rules that say that nothing was said.
_NOTHING_SAID = frozenset({"missing", "said-unknown"})


class Said(NamedTuple):
    """What a row says about its rights, raw."""

    license: str | None
    license_url: str | None
    holder: bool  #: Is a holder of rights named?
    end: End


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What was made of it.

    Attributes
    ----------
    declared, concluded:
        See the module.
    rule:
        Short name of what decided.
    reason:
        The same for a reader.
    findings:
        Names of :data:`audit.reviews.findings.FINDINGS`.
    """

    declared: License
    concluded: License
    rule: str
    reason: str
    findings: tuple[str, ...] = field(default=())

    @property
    def key(self) -> tuple[str, str, str, tuple[str, ...]]:
        """What tells conclusions apart, small."""
        return self.declared.id, self.concluded.id, self.rule, self.findings


class Reasoner:
    """Concludes from what rows say.

    Parameters
    ----------
    reader:
        How raw values are read.
    dataset_license:
        What the dataset says of itself, raw. It is compared with the rows' and never taken for
        theirs.
    use:
        Also find whether the concluded license permits this.
    page_links:
        An address in the column of licenses was only found on the page of the image, as in
        LAION's own shards: the last link to Creative Commons before the image.
    """

    def __init__(
        self,
        reader: ValueReader,
        dataset_license: str | None = None,
        use: UseProfile | None = None,
        page_links: bool = False,
    ) -> None:
        self.reader, self._use, self._page_links = reader, use, page_links
        self.of_dataset = normalise(dataset_license) if dataset_license else None

    def conclude(self, said: Said) -> Conclusion:
        """What follows from what one row says."""
        text, link = map(_without_foreign_ids, map(self.reader.read, said[:2]))
        declared, concluded, rule, reason, findings = self._weighed(text, link)
        if said.holder and denies_copyright(declared):
            findings.append("conflict-holder")
            concluded, rule = UNKNOWN, "conflict-holder"
            reason = f"Said to be {declared.id}, and a copyright holder is named."
        elif said.holder and rule == "missing":
            findings.append("holder-named")
            concluded, rule = statements()[_IN_COPYRIGHT], "holder-named"
            reason = "No license is said, and a copyright holder is named: presumed in copyright."
        if self._page_links and text.rule.startswith("cc-url") and concluded is not UNKNOWN:
            findings.append("page-link")
            rule, concluded = "page-link", UNKNOWN
            reason = (
                f"A link to {declared.id} was on the page; of what it is the license is not said."
            )
        if said.end in ("past", "unreadable"):
            is_past = said.end == "past"
            found = "expired" if is_past else "end-unreadable"
            findings.append(found)
            if concluded.status in ("open", "restricted") or concluded.terms.copying:
                rule, concluded = found, UNKNOWN
                when = "ended" if is_past else "ends on a day that cannot be read"
                reason = f"{declared.id} {when}."
        if concluded.status == "unknown" and "missing" not in findings:
            findings.append("unclear")
        findings += self._beside(declared, concluded, (text, link))
        return Conclusion(declared, concluded, rule, reason, tuple(findings))

    def _weighed(
        self, text: Normalised, link: Normalised
    ) -> tuple[License, License, str, str, list[str]]:
        """Declared, concluded, rule, reason and findings from license and link alone."""
        if text.rule in _NOTHING_SAID and link.rule in _NOTHING_SAID:
            return UNKNOWN, UNKNOWN, "missing", "No license is said.", ["missing"]
        both = agreed(text.license, link.license)
        declared = text.license if both is None else both
        if both is None:
            reason = f"The license says {text.license.id}, and the link {link.license.id}."
            return declared, UNKNOWN, "conflict-link", reason, ["conflict-link"]
        if both is UNKNOWN:
            reason = link.reason if text.rule in _NOTHING_SAID else text.reason
            return declared, UNKNOWN, "not-understood", reason, []
        # What is not understood may take back what is.
        if text.license is UNKNOWN and text.rule not in _NOTHING_SAID:
            reason = f"The link says {both.id}, and the license something that proves nothing."
            return declared, UNKNOWN, "license-not-understood", reason, []
        if link.license is UNKNOWN and link.rule not in _NOTHING_SAID:
            reason = f"The license says {both.id}, and the link something that proves nothing."
            return declared, UNKNOWN, "link-not-understood", reason, []
        source = "license" if text.license is both else "link"
        return declared, both, f"by-{source}", f"The {source} says {both.id}. {both.says}", []

    def _beside(
        self, declared: License, concluded: License, read: tuple[Normalised, Normalised]
    ) -> list[str]:
        """Findings that change nothing of the conclusion."""
        findings = of_license(concluded)
        own = self.of_dataset
        is_said = own is not None and UNKNOWN not in (declared, own.license)
        if is_said and own is not None and agreed(own.license, declared) is None:
            findings.append("conflict-dataset")
        if any(one.rule == "mapped" for one in read):
            findings.append("mapped")
        if self._use is not None:
            answer = judge_use(concluded, self._use).answer
            if answer != "allowed":
                findings.append(f"use-{answer}")
        return findings


def _without_foreign_ids(read: Normalised) -> Normalised:
    """Identifiers of somebody else prove nothing, and there may be as many as rows."""
    if read.rule == "license-ref-unlisted":
        return replace(read, license=UNKNOWN)
    return read
