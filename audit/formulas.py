"""Texts that a spreadsheet would take for formulas, made harmless in CSV files, and read back.

A caption such as ``=HYPERLINK(…)`` is run by the spreadsheet that opens it, and quotes of CSV do
not stop that. So a text is written with ``'`` before it if it begins with a character that begins
a formula, as OWASP recommends (https://owasp.org/www-community/attacks/CSV_Injection). A text that
looks like one with ``'`` before it already gets one more: thus every text is read back as it was.
Numbers are no texts, and stay as they are.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache

import polars as pl

#: What begins a formula, in its usual, full-width and small forms.
STARTS = "=+-@＝＋－＠﹦﹢﹣﹫"

_MARK = "'"


@cache
def _patterns() -> tuple[str, str]:
    """What is marked when it is written, and what is taken for marked when it is read.

    Characters are written out, so that Python and Polars mean the same, whatever Unicode they know.
    """
    # What a spreadsheet may pass over before a formula: spaces, line ends, and what is not seen.
    passed_over = "".join(
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in ("Cc", "Cf", "Zs", "Zl", "Zp")
    )
    formula = rf"(?:[{passed_over}]*[{re.escape(STARTS)}]| *[\t\r\n])"
    return rf"\A{_MARK}*{formula}", rf"\A{_MARK}+{formula}"


def harmless(text: str) -> str:
    """A text as it is written into CSV.

    >>> harmless("=1+1"), harmless("'=1+1"), harmless("1-1")
    ("'=1+1", "''=1+1", '1-1')
    """
    return _MARK + text if re.match(_patterns()[0], text) else text


def meant(text: str) -> str:
    """The text that :func:`harmless` was given.

    >>> meant("'=1+1"), meant("'tis")
    ('=1+1', "'tis")
    """
    return text[len(_MARK) :] if re.match(_patterns()[1], text) else text


def harmless_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """A table with :func:`harmless` texts; other columns stay as they are."""
    to_mark, _ = _patterns()
    return frame.with_columns(
        pl.when(column.str.contains(to_mark))
        .then(pl.concat_str(pl.lit(_MARK), column))
        .otherwise(column)
        .alias(name)
        for name, column in _texts(frame)
    )


def meant_texts(frame: pl.DataFrame) -> pl.DataFrame:
    """A table with the texts that :func:`harmless_texts` was given."""
    _, marked = _patterns()
    return frame.with_columns(
        pl.when(column.str.contains(marked))
        .then(column.str.slice(len(_MARK)))
        .otherwise(column)
        .alias(name)
        for name, column in _texts(frame)
    )


def _texts(frame: pl.DataFrame) -> Iterator[tuple[str, pl.Expr]]:
    return ((name, pl.col(name)) for name, kind in frame.schema.items() if kind == pl.String)
