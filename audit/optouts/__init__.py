"""Opt-outs: what was said, in forms that machines read, against the use of images.

``review_optouts``   a review of what is kept of signals; nothing is fetched
``check_optouts``    asks servers, politely; only where somebody calls it

::

    signals          a statement, whom it concerns, and what many come to
    readers          every reader, after which specification; **add a reader here**
    robots_tags  robots_txt  crawling  preferences  tdmrep  data_mining  training_mining
    html_meta  headers  xmp  jumbf  cbor
    sidecars  review_part  review  results
    network          the check

What it all means: ``docs/methods/optouts.md``.
"""

from audit.optouts.crawling import audience, listed_crawlers
from audit.optouts.readers import READERS, Reader, Specification, read_stored, register
from audit.optouts.results import OptOutReview, OptOutRow, SignalCount, UseCount
from audit.optouts.review import review_optouts
from audit.optouts.signals import USES, Audience, Crawler, Signal, Verdict, judge

__all__ = [
    "READERS",
    "USES",
    "Audience",
    "Crawler",
    "OptOutReview",
    "OptOutRow",
    "Reader",
    "Signal",
    "SignalCount",
    "Specification",
    "UseCount",
    "Verdict",
    "audience",
    "judge",
    "listed_crawlers",
    "read_stored",
    "register",
    "review_optouts",
]
