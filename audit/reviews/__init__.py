"""Reviews of the licenses of a dataset: row by row, with findings and reasons.

:func:`review_licenses` answers for all samples or for those that name concepts. What a row says
(declared) and what follows from it (concluded) are kept apart: ``docs/methods/licenses.md``.
"""

from audit.reviews.results import LicenseReview
from audit.reviews.review import review_licenses
from audit.reviews.rows import ReviewedRow
from audit.reviews.scopes import LicenseCount, NamedCount, ScopeReview

__all__ = [
    "LicenseCount",
    "LicenseReview",
    "NamedCount",
    "ReviewedRow",
    "ScopeReview",
    "review_licenses",
]
