"""Tables in a text: commas, semicolons or tabs, and the line of every row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

#: Between values that share a cell.
BETWEEN = "|"

LINE_END = re.compile(r"\r\n|\r|\n")


class TextTable:
    """A table with a header; iterate once, over the line of each row and its cells, stripped.

    Parameters
    ----------
    delimiter:
        By default the commonest one of the header.

    Attributes
    ----------
    head:
        The header as it is written.

    Raises
    ------
    csv.Error
        Here or on the way, if it is no table; :attr:`line` is where.
    """

    def __init__(self, text: str, delimiter: str | None = None) -> None:
        head = LINE_END.split(text, maxsplit=1)[0]
        self.head = head.strip()
        delimiter = delimiter or max(",;\t", key=head.count)
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)

    @property
    def line(self) -> int:
        return self._reader.line_num

    def read_header(self) -> list[str]:
        """The names of the columns, in lower case; to be called once, and first."""
        return [cell.strip().lower() for cell in next(self._reader, [])]

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        # The reader's count is right where a quoted cell spans lines; a row starts after it.
        line = self.line + 1
        for row in self._reader:
            yield line, [cell.strip() for cell in row]
            line = self.line + 1


def split_cell(cell: str) -> list[str]:
    """The values of a cell that may hold several.

    >>> split_cell(" SD1.1 | SD1.5 |")
    ['SD1.1', 'SD1.5']
    """
    return [part.strip() for part in cell.split(BETWEEN) if part.strip()]
