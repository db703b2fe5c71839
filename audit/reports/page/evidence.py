"""From a figure to the rows behind it: a quiet link, and what it leads to.

Beside a figure stands the word "rows". It leads to an entry in the list of evidence of the same
concept: the file, how many rows, and a query that gives them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from audit.datasets.duckdb_paths import one_path
from audit.errors import StorageError
from audit.reports.markup import Html, fill, joined
from audit.reports.page.words import STATUS_WORDS
from audit.reports.tables import counted, size
from audit.reviews.findings import NAMES

#: Scope of the evidence of the whole dataset.
WHOLE = "all"

_FIGURES = {
    "caption.samples": "Samples whose caption names the concept",
    "caption.excluded": "Samples that name it only inside an excluded phrase",
    "visual.above": "Samples whose image reaches the cut-off",
    "visual.named_and_shown": "Of these, those whose caption names it",
    "visual.shown_not_named": "Of these, those whose caption does not name it",
    "hosts": "Hosts of its samples",
}


@dataclass(frozen=True)
class Evidence:
    """The evidence of one concept, or of the whole dataset.

    Attributes
    ----------
    scope:
        Number of the concept, or :data:`WHOLE`; part of the entries' addresses in the page.
    folder:
        Folder of the files beside the page; None if none was written.
    entries:
        What a report holds under ``evidence``: figure, file, condition, rows.
    """

    scope: int | str
    folder: str | None
    entries: Sequence[Mapping[str, Any]]

    def rows(self, figure: str, value: float | None = None) -> Html:
        """The link beside a figure; nothing where there is no evidence of it.

        It says how many rows it leads to where the figure is another number: an estimate.
        """
        if self.folder is None:
            return Html("")
        for place, entry in enumerate(self.entries):
            if entry["figure"] == figure:
                return fill(
                    ' <a class="rows" href="#rows-$scope-$place" '
                    'aria-label="$rows: $figure">$rows</a>',
                    rows="rows"
                    if value is None or round(value) == entry["rows"]
                    else counted(entry["rows"], "row"),
                    scope=self.scope,
                    place=place,
                    figure=in_words(figure),
                )
        return Html("")

    def listing(self) -> Html:
        """All entries, closed until somebody follows a link or opens it."""
        if self.folder is None or not self.entries:
            return Html("")
        return fill(
            '<details class="evidence"><summary>Evidence: the rows behind $many</summary>'
            "<ol>$entries</ol></details>",
            many=counted(len(self.entries), "figure"),
            entries=joined([self._entry(place, one) for place, one in enumerate(self.entries)]),
        )

    def _entry(self, place: int, entry: Mapping[str, Any]) -> Html:
        return fill(
            '<li id="rows-$scope-$place" tabindex="-1"><p>$figure: $rows of $file</p>'
            '<p class="query"><code>$query</code>'
            '<button type="button" class="copy" hidden>Copy query</button></p></li>',
            scope=self.scope,
            place=place,
            figure=in_words(entry["figure"]),
            rows=counted(entry["rows"], "row"),
            file=file_link(self.folder, entry["file"]),
            query=query(self.folder or "", entry),
        )


def in_words(figure: str) -> str:
    """What a figure of a report is.

    >>> in_words("licenses.missing"), in_words("optouts.mining.denied")
    ('License: neither license nor link says anything', 'Opt-out: mining denied')
    """
    if figure in _FIGURES:
        return _FIGURES[figure]
    part, _, rest = figure.partition(".")
    if part == "licenses" and rest:
        return f"License: {STATUS_WORDS.get(rest) or NAMES.get(rest, rest)}"
    if part == "optouts" and rest:
        use, _, answer = rest.partition(".")
        return f"Opt-out: {use.replace('-', ' ')} {answer}".rstrip()
    return figure


def query(folder: str, entry: Mapping[str, Any]) -> str:
    """DuckDB's SQL for the rows, to be run beside the page."""
    path = f"{folder}/{entry['file']}"
    try:
        told = one_path(path)
    except StorageError:  # a name that DuckDB cannot be told; the link still leads there
        return f"the rows of {path} where {entry['where']}"
    return f"SELECT * FROM {told} WHERE {entry['where']}"


def address(*names: str) -> str:
    """A relative address below the page; never one with a scheme, whatever the names hold."""
    return "./" + quote("/".join(names).removeprefix("./"), safe="/")


def file_link(folder: str | None, name: str) -> Html:
    """A file of the evidence, with its address where there is a folder."""
    if folder is None:
        return fill("<bdi>$name</bdi>", name=name)
    return fill('<a href="$address"><bdi>$name</bdi></a>', address=address(folder, name), name=name)


def evidence_section(evidence: Mapping[str, Any], folder: str | None) -> Html:
    """The files beside the page, and what their columns mean."""
    if folder is None:
        return Html(
            "<p>No evidence files were written with this report, so its figures carry no links to "
            "rows. Make it again with evidence to follow each of them to the samples behind it.</p>"
        )
    files = evidence.get("files") or []
    return fill(
        "<p>Each figure with a small link <i>rows</i> leads to the rows behind it. They lie in "
        "the folder <b><bdi>$folder</bdi></b>, which belongs beside this page; the queries run "
        "in DuckDB, started where the page lies. Whoever wants to know whether a file is still "
        "what this report was made with compares its SHA-256.</p>$files$whole",
        folder=folder,
        files=joined([_file(folder, one) for one in files]),
        whole=Evidence(WHOLE, folder, evidence.get("figures") or []).listing(),
    )


def _file(folder: str, file: Mapping[str, Any]) -> Html:
    columns = [
        fill(
            '<tr><th scope="row"><code>$column</code></th><td><bdi>$meaning</bdi></td></tr>',
            column=one["column"],
            meaning=one["meaning"],
        )
        for one in file.get("columns") or []
    ]
    table = fill(
        '<details class="columns"><summary>Its $many</summary>'
        '<div class="wide" tabindex="0" role="region" aria-label="Columns of $file">'
        '<table><thead><tr><th scope="col">Column</th><th scope="col">Meaning</th></tr></thead>'
        "<tbody>$columns</tbody></table></div></details>",
        many=counted(len(columns), "column"),
        file=file["file"],
        columns=joined(columns),
    )
    return fill(
        '<div class="file"><h4>$link</h4><p><bdi>$what</bdi></p>'
        '<p class="soft">$rows, $bytes. SHA-256 <code class="digest">$sha256</code></p>'
        "$columns</div>",
        link=file_link(folder, file["file"]),
        what=file["what"],
        rows="rows unknown" if file.get("rows") is None else counted(file["rows"], "row"),
        bytes=size(file["bytes"]),
        sha256=file["sha256"],
        columns=table if columns else "",
    )
