"""What is disclosed about a dataset: to regulators, to machines, to whoever curates it.

:func:`fill_eu_summary` and :func:`fill_ab2013` fill forms as far as a dataset goes;
:func:`as_croissant` and :func:`as_spdx` describe it in JSON-LD; :func:`metadata_card` tells which
metadata it lacks. None of it is legal advice: ``docs/methods/disclosures.md``.
"""

from audit.disclosures.ab2013 import fill_ab2013
from audit.disclosures.card import CardEntry, MetadataCard, metadata_card
from audit.disclosures.croissant import as_croissant
from audit.disclosures.eu import fill_eu_summary
from audit.disclosures.facts import Facts, gather_facts
from audit.disclosures.form import Entry, FilledForm, Section
from audit.disclosures.shard_hashes import hash_shards
from audit.disclosures.spdx import as_spdx
from audit.disclosures.stated import Stated

__all__ = [
    "CardEntry",
    "Entry",
    "Facts",
    "FilledForm",
    "MetadataCard",
    "Section",
    "Stated",
    "as_croissant",
    "as_spdx",
    "fill_ab2013",
    "fill_eu_summary",
    "gather_facts",
    "hash_shards",
    "metadata_card",
]
