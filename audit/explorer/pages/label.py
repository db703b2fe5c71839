"""One sample to label: the picture, the references, and nothing else that would tell an answer."""

from __future__ import annotations

from audit.counts.visual_results import VisualCount
from audit.estimates.prediction_powered import NO, UNSURE, YES
from audit.estimates.prevalence import Estimate
from audit.explorer.labelling import OpenTask, Screen
from audit.explorer.pages.layout import link, name_of, note, page, template
from audit.explorer.pages.samples import framed
from audit.labels.stored import StoredLabels
from audit.reports.label_table import described
from audit.reports.markup import Html, fill, joined, shortened
from audit.reports.tables import estimated

#: What a form sends -> the answer, in the order of the buttons: (answer, word on it, key).
ANSWERS = {"yes": (YES, "Yes", "y"), "no": (NO, "No", "n"), "unsure": (UNSURE, "Unsure", "u")}

_WIDTH, _HEIGHT = 300, 14


def name_page(opened: OpenTask, key: str, name: str, dataset: str) -> Html:
    """Asks who is going to label."""
    body = fill(
        template("who.html"),
        concept=name_of(opened.task.concept),
        action=f"/label/{opened.task.id}/who",
        key=key,
        name=name,
    )
    return page(f"Label {opened.task.concept}", body, dataset=dataset)


def label_page(
    screen: Screen,
    given: dict[int, int],
    standing: Html,
    who: str,
    key: str,
    concept_address: str,
    dataset: str,
) -> Html:
    """One sample to label.

    Parameters
    ----------
    given:
        What this person said so far.
    standing:
        What the labels say so far.
    concept_address:
        Where the concept's tasks are listed.
    """
    task, number = screen.open.task, screen.number
    many = len(task.samples)
    body = fill(
        template("label.html"),
        concept=name_of(task.concept),
        place=f"{number + 1:,} of {many:,}",
        done=len(given),
        many=many,
        progress=f"{len(given):,} of {many:,} labelled by you",
        picture=_picture(screen),
        buttons=_buttons(given.get(number), seen=screen.picture.digest is not None),
        action=f"/label/{task.id}/{number + 1}",
        key=key,
        shown=screen.picture.digest or "",
        moves=_moves(task.id, number, many),
        references=_references(screen),
        standing=standing,
        who=name_of(who),
        other=link(f"/label/{task.id}/who", "Somebody else?"),
        back=link(concept_address, "All of its tasks"),
    )
    return page(f"Label {task.concept}", body, dataset=dataset)


def finished_page(
    opened: OpenTask, standing: Html, who: str, concept_address: str, dataset: str
) -> Html:
    """What is said when a person has labelled all samples."""
    task = opened.task
    body = fill(
        template("finished.html"),
        concept=name_of(task.concept),
        many=f"{len(task.samples):,}",
        who=name_of(who),
        standing=standing,
        again=link(f"/label/{task.id}?n=1", "Look at them again"),
        back=link(concept_address, "All of its tasks"),
    )
    return page(f"Labelled {task.concept}", body, dataset=dataset)


def standing(opened: OpenTask, stored: StoredLabels | None, counted: VisualCount | None) -> Html:
    """How many samples show the concept: without labels, and by the labels so far."""
    rows: list[tuple[str, Estimate]] = []
    population = opened.task.named.population + opened.task.unnamed.population
    if counted is not None:
        rows.append(("Without labels", counted.total))
    if stored is not None:
        rows.append(("By labels", stored.estimate.total))
    if not rows:
        return Html('<p class="soft">No label yet: the first one will tell something.</p>')
    scale = max(*(one.high for _, one in rows), 1.0)
    told = [
        fill(
            '<div><dt>$what</dt><dd><span class="value" data-standing="$what">$value</span>$strip'
            "</dd></div>",
            what=what,
            value=estimated(one, population).plain,
            strip=_strip(one, scale, known=one.leaves_out(population)),
        )
        for what, one in rows
    ]
    remarks = [fill('<p class="soft">$axis</p>', axis=f"Lines from 0 to {round(scale):,} samples.")]
    if stored is not None:
        remarks.append(fill('<p class="soft">$told.</p>', told=described(stored)))
        remarks += [note(one) for one in stored.remarks]
    return joined([fill("<dl>$told</dl>", told=joined(told)), *remarks])


def _strip(estimate: Estimate, scale: float, *, known: bool) -> Html:
    def at(value: float) -> str:
        return f"{min(max(value, 0.0) / scale, 1.0) * (_WIDTH - 8) + 4:.1f}"

    dot = fill('<circle cx="$x" cy="7" r="4"/>', x=at(estimate.value)) if known else Html("")
    return fill(
        '<svg class="strip" viewBox="0 0 $width $height" aria-hidden="true">'
        '<line class="axis" x1="4" x2="$end" y1="7" y2="7"/>'
        '<line class="interval" x1="$low" x2="$high" y1="7" y2="7"/>$dot</svg>',
        width=_WIDTH,
        height=_HEIGHT,
        end=_WIDTH - 4,
        low=at(estimate.low),
        high=at(estimate.high),
        dot=dot,
    )


def _picture(screen: Screen) -> Html:
    if screen.picture.digest is None:
        why = shortened(screen.picture.picture.why_missing or "nobody knows why", 200)
        return fill('<div class="frame large"><p>No picture: $why</p></div>', why=why)
    address = f"/label/{screen.open.task.id}/picture/{screen.number + 1}"
    return framed(address, "The picture to label", unsafe=bool(screen.unsafe), lazy=False)


def _buttons(said: int | None, *, seen: bool) -> Html:
    return joined([
        fill(
            '<button name="answer" value="$value" data-key="$key" aria-pressed="$pressed"$off>$word'
            " <kbd>$key</kbd></button>",
            value=value,
            key=key,
            pressed="true" if said == answer else "false",
            word=word,
            off=Html("" if seen or answer == UNSURE else " disabled"),
        )
        for value, (answer, word, key) in ANSWERS.items()
    ])  # fmt: skip


def _moves(task: str, number: int, many: int) -> Html:
    moves = []
    if number > 0:
        moves.append(link(f"/label/{task}?n={number}", "← Back", id="back", rel="prev"))
    if number + 1 < many:
        moves.append(link(f"/label/{task}?n={number + 2}", "Skip →", id="on", rel="next"))
    return joined(moves)


def _references(screen: Screen) -> Html:
    if screen.why_no_references is not None:
        return fill('<p class="note">$why</p>', why=shortened(screen.why_no_references, 300))
    shown = [
        fill(
            "<li>$picture</li>",
            picture=framed(
                f"/label/{screen.open.task.id}/reference/{number + 1}?is={one.digest[:16]}",
                f"Reference {number + 1}",
                unsafe=False,
                lazy=False,
            ),
        )
        for number, one in enumerate(screen.references)
        if one.digest is not None
    ]
    return fill('<ul class="references">$shown</ul>', shown=joined(shown))
