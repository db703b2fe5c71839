"""Licenses: from what a row says to what it means, with the rule and the reason.

:func:`normalise` answers for one value, :func:`normalise_all` for a column; :func:`judge_use`
says whether a license permits a use. Offline, from tables of the package, and no legal advice:
``docs/methods/licenses.md``.
"""

from audit.licenses.explain import ExplainedLicenses, explain
from audit.licenses.frame import normalise_all
from audit.licenses.normalise import Normalised, normalise
from audit.licenses.terms import NO_ASSERTION, License, Status, Terms
from audit.licenses.uses import Permission, UseProfile, judge_use, use_profile, use_profiles

__all__ = [
    "NO_ASSERTION",
    "ExplainedLicenses",
    "License",
    "Normalised",
    "Permission",
    "Status",
    "Terms",
    "UseProfile",
    "explain",
    "judge_use",
    "normalise",
    "normalise_all",
    "use_profile",
    "use_profiles",
]
