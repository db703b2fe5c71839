"""The page as a whole: its frame, its parts in the order of the story, what is kept for later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.datasets.files import written_whole
from audit.reports.markup import Html, fill, joined
from audit.reports.page import concept_table, verdicts, whole_dataset, words
from audit.reports.page.charts import ChartScript
from audit.reports.page.concept_section import concept_section
from audit.reports.page.evidence import WHOLE, Evidence, evidence_section
from audit.reports.page.galleries import Galleries, Pictures, no_pictures
from audit.reports.page.packing import csp_digest, json_block, packed_block, resource, safe_json
from audit.reports.page.summary import moment, summary, title
from audit.reports.tables import counted

#: Concepts up to which the page is plain HTML, whole without any script.
PLAIN_CONCEPTS = 40
#: Rows of the table, and sections, that a page of a longer report shows at a time.
_ROWS, _SECTIONS = 50, 20


@dataclass(frozen=True)
class PageWritten:
    """What was written.

    Attributes
    ----------
    pictures:
        In the page.
    beside:
        Pages of further pictures, beside it.
    left_out:
        Pictures for which there was no place.
    """

    bytes: int
    concepts: int
    pictures: int
    beside: tuple[Path, ...]
    left_out: int


def check_installed() -> None:
    """Refuse, before any work is done, if charts cannot be put into a page.

    Raises
    ------
    MissingPackageError
        If vl-convert is not installed.
    """
    ChartScript()


def write_page(
    report: Mapping[str, Any],
    path: Path,
    pictures: Pictures = no_pictures,
    *,
    blur: bool = False,
) -> PageWritten:
    """Write a report as one HTML file that needs nothing beside it.

    Parameters
    ----------
    report:
        Plain values in the schema ``audit.report/1``.
    pictures:
        Gives the JPEG of a sample in a gallery.
    blur:
        Show every picture blurred at first.

    Raises
    ------
    MissingPackageError
        If vl-convert is not installed.
    StorageError
        If the file, or a page of pictures beside it, cannot be written.
    """
    charts = ChartScript()
    concepts = report["concepts"]
    folder = report["evidence"]["folder"]
    galleries = Galleries.of(path, folder, pictures, blur, len(concepts))
    sections, blocks = _concepts(report, galleries)
    style, script = resource("page.css"), resource("page.js")
    told = [*_before(report), *sections, *_after(report)]
    page = fill(
        resource("page.html"),
        title=title(report),
        lead=_lead(report),
        contents=joined(
            [fill('<li><a href="#$id">$name</a></li>', id=id_, name=name) for id_, name, _ in told]
        ),
        sections=joined([_section(*one) for one in told]),
        blocks=joined([*blocks, charts.block()]),
        version=report["tool_version"],
        style=Html(style),
        style_digest=csp_digest(style),
        script=Html(script),
        script_digest=csp_digest(script),
        charts_digest=charts.digest,
    )
    data = page.encode()
    with written_whole(path) as stream:
        stream.write(data)
    return PageWritten(
        len(data), len(concepts), galleries.embedded, tuple(galleries.written), galleries.left_out
    )


#: Id, title and contents of a part of the page.
_Part = tuple[str, str, Html]


def _section(name: str, heading: str, contents: Html) -> Html:
    return fill(
        '<section aria-labelledby="$id"><h2 id="$id">$heading</h2>$contents</section>\n',
        id=name,
        heading=heading,
        contents=contents,
    )


def _lead(report: Mapping[str, Any]) -> str:
    told = f"Made on {moment(report)}."
    if report["flags"] is not None:
        told += f" {verdicts.tally_in_words(report['flags']['verdicts'])}"
    return told


def _before(report: Mapping[str, Any]) -> Iterator[_Part]:
    yield "audited", "What was audited", summary(report)
    if report["flags"] is not None and report["concepts"]:
        yield "verdicts", "Verdicts", verdicts.verdicts(report)


def _after(report: Mapping[str, Any]) -> Iterator[_Part]:
    evidence = report["evidence"]
    whole = Evidence(WHOLE, evidence["folder"], evidence.get("figures") or [])
    whose = "dataset" if report["question"]["where"] is None else "samples that meet the condition"
    yield "licenses", f"Licenses of the {whose}", whole_dataset.licenses(report["licenses"], whole)
    yield "optouts", "Opt-outs", whole_dataset.optouts(report["optouts"], whole)
    yield "domains", "Where the images are", whole_dataset.domains(report["domains"])
    yield "limits", "Method and limits", _limits(report)
    yield "evidence", "Evidence", _evidence(evidence)


def _limits(report: Mapping[str, Any]) -> Html:
    methods = [
        fill("<li>$what: $method</li>", what=what, method=words.sentence(part["method"]))
        for what, part in (("Captions", report["count"]), ("Images", report["visual"]))
        if part is not None
    ]
    limits = [fill("<li><bdi>$limit</bdi></li>", limit=one) for one in report["limits"]]
    return fill(
        "$methods<h3>What the numbers do not say</h3><ul class=long>$limits</ul>",
        methods=fill(
            "<h3>How it was counted</h3><ul class=long>$methods</ul>", methods=joined(methods)
        )
        if methods
        else "",
        limits=joined(limits),
    )


def _evidence(evidence: Mapping[str, Any]) -> Html:
    left_out = [fill("<p><bdi>$what</bdi></p>", what=one) for one in evidence.get("left_out") or []]
    return joined([evidence_section(evidence, evidence["folder"]), *left_out])


def _concepts(report: Mapping[str, Any], galleries: Galleries) -> tuple[list[_Part], list[Html]]:
    """The table of concepts and their sections; and blocks of what is not shown at first."""
    concepts = report["concepts"]
    if not concepts:
        return [], []
    names = concept_table.columns(concepts)
    distinct_by = (report["count"] or {}).get("distinct_by") or "url"
    made = [
        concept_section(one, report["evidence"]["folder"], galleries, distinct_by)
        for one in concepts
    ]
    is_plain = len(concepts) <= PLAIN_CONCEPTS
    size = len(concepts) if is_plain else _ROWS
    together = len(concepts) if is_plain else _SECTIONS
    rows = [concept_table.row(one, names) for one in concepts]
    keys = {**concept_table.keys(concepts, names), "page": size, "sections": together}
    blocks = [json_block("concept-keys", keys)]
    if not is_plain:
        blocks.append(packed_block("concept-rows", safe_json(rows)))
        blocks += [
            packed_block(f"sections-{number}", joined(made[start : start + together]))
            for number, start in enumerate(range(0, len(made), together))
        ]
    parts = [
        ("concept-list", "Concepts", _table(names, rows[:size], keys["kind"])),
        ("each-concept", "Each concept", _sections(made[:together], len(made), is_plain)),
    ]
    return parts, blocks


def _table(names: Sequence[str], rows: Sequence[Html], kinds: Sequence[str]) -> Html:
    choices = [
        fill('<option value="$kind">$verdict</option>', kind=kind, verdict=verdict)
        for verdict, kind in words.VERDICT_CLASSES.items()
        if kind in kinds
    ]
    return fill(
        '<div class="tools" id="concept-tools" hidden><div><label for="concepts-find">Find by '
        'name, alias or domain</label><input type="search" id="concepts-find"></div>'
        '<div><label for="concepts-kind">Verdict</label><select id="concepts-kind">'
        '<option value="">any</option>$choices</select></div></div>'
        '<div class="wide" tabindex="0" role="region" aria-label="Concepts"><table id="concepts">'
        "<thead>$head</thead><tbody>$rows</tbody></table></div>"
        '<div class="pager" id="concept-pager" hidden>'
        '<button type="button" id="concepts-before">Before</button>'
        '<span id="concepts-shown" role="status"></span>'
        '<button type="button" id="concepts-after">After</button></div>'
        "$more",
        choices=joined(choices),
        head=concept_table.head(names),
        rows=joined(list(rows)),
        more=fill(
            "<noscript><p>Of $many the first are shown: the others need JavaScript.</p></noscript>",
            many=counted(len(kinds), "concept"),
        )
        if len(rows) < len(kinds)
        else "",
    )


def _sections(made: Sequence[Html], of: int, is_plain: bool) -> Html:
    pager = fill(
        '<div class="pager sections-pager" hidden>'
        '<button type="button" class="sections-before">Before</button>'
        '<span class="sections-shown" role="status"></span>'
        '<button type="button" class="sections-after">After</button></div>'
    )
    around = "" if is_plain else pager
    printed = fill(
        '<p class="printed"><b>Of $many only those are printed that the page shows just now. The '
        "report as Markdown or JSON has all.</b></p>"
        "<noscript><p>Of $many the first $first are shown: the others need JavaScript, or the "
        "report as Markdown.</p></noscript>",
        many=counted(of, "concept"),
        first=f"{len(made):,}",
    )
    return fill(
        '$printed$before<div id="sections">$sections</div>$after',
        printed="" if is_plain else printed,
        before=around,
        sections=joined(list(made)),
        after=around,
    )
