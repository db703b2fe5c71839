"""Verdicts: counts against thresholds, with what is in doubt of both.

:func:`flag` answers; :func:`judge` is the rule. A verdict is evidence of where to look, and no
conclusion on the law.
"""

from audit.verdicts.flagging import Yardstick, flag
from audit.verdicts.judging import VERDICTS, Span, Verdict, judge
from audit.verdicts.results import FlaggedConcept, FlagResult

__all__ = [
    "VERDICTS",
    "FlagResult",
    "FlaggedConcept",
    "Span",
    "Verdict",
    "Yardstick",
    "flag",
    "judge",
]
