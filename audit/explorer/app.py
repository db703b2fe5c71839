"""Addresses of the explorer, and what answers them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from audit.errors import AuditError, UsageError
from audit.explorer.answers import CaptionAnswer, ImageAnswer
from audit.explorer.desk import DRAWN, MOST_DRAWN, Desk
from audit.explorer.gate import Keys
from audit.explorer.jobs import Job
from audit.explorer.labelling import Labelling, OpenTask
from audit.explorer.matches import PAGE
from audit.explorer.pages import concept as concept_pages
from audit.explorer.pages import label as label_pages
from audit.explorer.pages.layout import STATIC, static
from audit.explorer.pages.start import start_page
from audit.explorer.pictures import SMALL
from audit.explorer.questions import Question, read_question
from audit.explorer.replies import jpeg, kept, not_there, refused, threaded, told_as_it_comes
from audit.explorer.samples import ShownSample, of_images, of_matches
from audit.labels.export import LabelSheet
from audit.reports.markup import Html

#: A page for a browser without script waits so long for a job before it says how far it is.
_WAIT_SECONDS = 20.0
_LONGEST_NAME = 80
_MOST_SEED = 2**31 - 1


class Explorer:
    """Makes the pages. What takes time happens in threads, so that nobody waits for another.

    Parameters
    ----------
    usual_name:
        Whom labels are taken for to be from, until somebody says another name.
    """

    def __init__(self, desk: Desk, keys: Keys, usual_name: str) -> None:
        self._desk, self._keys, self._usual_name = desk, keys, usual_name
        self._labelling = Labelling(desk)
        #: Browser -> who uses it.
        self._names: dict[str, str] = {}

    def app(self) -> Starlette:
        """The application, without the gate before it."""
        get, post = ["GET"], ["POST"]
        return Starlette(
            routes=[
                Route("/", threaded(self.start), methods=get),
                Route("/concept", threaded(self.concept), methods=get),
                Route("/events", self.events, methods=get),
                Route("/draw", threaded(self.draw), methods=post),
                Route("/drawing", threaded(self.drawing), methods=get),
                Route("/drawing/events", self.drawing_events, methods=get),
                Route("/label/{task}", threaded(self.label), methods=get),
                Route("/label/{task}/who", threaded(self.who), methods=[*get, *post]),
                Route("/label/{task}/picture/{number:int}", threaded(self.shown), methods=get),
                Route("/label/{task}/reference/{number:int}", threaded(self.shown), methods=get),
                Route("/label/{task}/{number:int}", threaded(self.answer), methods=post),
                Route("/picture/{part:int}/{image:int}", threaded(self.picture), methods=get),
                Route("/static/{name}", threaded(self.static), methods=get),
            ],
            exception_handlers={HTTPException: not_there, AuditError: refused},  # type: ignore[dict-item]
        )

    # The dataset

    def start(self, request: Request) -> Response:
        desk = self._desk
        why_not = desk.why_no_images
        if why_not is None:
            index = desk.index
            images = [("Vectors", f"{len(index):,}"), ("Encoder", index.info.id)]
        else:
            images = [("None at hand", why_not)]
        page = start_page(
            desk.dataset, desk.overview, desk.concepts, images, self._labelling.tasks()
        )
        return HTMLResponse(page)

    # A concept

    def concept(self, request: Request) -> Response:
        question = read_question(request.query_params, self._desk.concepts)
        if question.view == "label":
            return self._page(question, self._label_view(question, request))
        job = self._job(question, request)
        if "wait" in request.query_params:
            job.ended.wait(_WAIT_SECONDS)
        if not job.ended.is_set():
            content = concept_pages.awaited(job, question.address("/events"))
            return self._page(question, content, refresh=f"{question.address()}&wait=1")
        if job.state == "stopped":
            return self._page(question, concept_pages.stopped(question))
        if job.error is not None:
            self._desk.jobs.forget(job.key)
            return self._page(question, concept_pages.failed(job.error))
        if isinstance(job.answer, CaptionAnswer):
            return self._page(question, self._caption_view(question, job.answer))
        return self._page(question, self._image_view(question, job.answer))

    def _page(self, question: Question, content: Html, refresh: str | None = None) -> Response:
        name = self._desk.dataset.name
        return HTMLResponse(concept_pages.concept_page(question, name, content, refresh=refresh))

    def _job(self, question: Question, request: Request) -> Job:
        owner = request.scope["session"]
        if question.view == "image":
            return self._desk.count_images(question, owner)
        return self._desk.count_captions(question, owner)

    def _caption_view(self, question: Question, answer: CaptionAnswer) -> Html:
        if answer.matches is None:
            return concept_pages.caption_view(question, answer, None, (), None)
        facets = answer.matches.facets(question.choices)
        _check_page(question, facets.chosen)
        matches = answer.matches.page(question.choices, question.page)
        samples = of_matches(self._desk.dataset, matches, answer.count.phrases.phrases)
        return concept_pages.caption_view(
            question, answer, facets, self._with_places(samples), self._desk.why_no_pictures
        )

    def _with_places(self, samples: list[ShownSample]) -> list[ShownSample]:
        pictures = self._desk.pictures
        if pictures is None or self._desk.why_no_pictures is not None:
            return samples
        places = pictures.places([one.ref for one in samples])
        pictures.expect(places.values(), SMALL)
        return [replace(one, place=places.get(one.ref)) for one in samples]

    def _image_view(self, question: Question, answer: ImageAnswer) -> Html:
        _check_page(question, len(answer.count.scored))
        samples = of_images(self._desk.dataset, answer, question.page)
        pictures = self._desk.pictures
        if pictures is not None:
            pictures.expect([one.place for one in samples if one.place is not None], SMALL)
        return concept_pages.image_view(question, answer, samples)

    def _label_view(self, question: Question, request: Request) -> Html:
        why_not = self._desk.why_no_images
        if why_not is None:
            try:
                self._desk.references_of(question.concept)
            except AuditError as error:
                why_not = f"{error.message} {error.hint or ''}".strip()
        return concept_pages.label_view(
            question,
            self._labelling.tasks(question.concept),
            why_not,
            self._form_key(request),
            DRAWN,
        )

    async def events(self, request: Request) -> Response:
        """How far a count is, as it comes."""
        question = read_question(request.query_params, self._desk.concepts)
        job = await run_in_threadpool(self._job, question, request)
        return told_as_it_comes(request, job)

    # Labelling

    def draw(self, request: Request) -> Response:
        form = request.scope["form"]
        question = self._drawn_question(form)
        samples = _number(form.get("samples", ""), 1, MOST_DRAWN, "Samples")
        seed = _number(form.get("seed", ""), 0, _MOST_SEED, "The seed")
        self._desk.draw(question, samples, seed)
        asked = urlencode({"samples": samples, "seed": seed})
        return RedirectResponse(f"{question.address('/drawing')}&{asked}", 303)

    def _drawn_question(self, asked: Any) -> Question:
        told = {name: asked[name] for name in ("listed", "name") if asked.get(name)}
        if "listed" in told:
            told.pop("name", None)
        told |= {name: asked.get(name, "") for name in ("aliases", "exclusions")}
        return read_question({**told, "view": "label"}, self._desk.concepts)

    def drawing(self, request: Request) -> Response:
        question, job = self._draw_job(request)
        if job is None:
            return RedirectResponse(question.address(), 303)
        if "wait" in request.query_params:
            job.ended.wait(_WAIT_SECONDS)
        if not job.ended.is_set():
            asked = request.url.query.replace("&wait=1", "")
            content = concept_pages.awaited(job, f"/drawing/events?{asked}")
            return self._page(question, content, refresh=f"/drawing?{asked}&wait=1")
        if isinstance(job.answer, LabelSheet):
            return RedirectResponse(f"/label/{job.answer.task.id}", 303)
        self._desk.jobs.forget(job.key)
        problem = job.error or UsageError("Drawing was stopped.", hint="Draw again.")
        return self._page(question, concept_pages.failed(problem))

    async def drawing_events(self, request: Request) -> Response:
        _, job = await run_in_threadpool(self._draw_job, request)
        if job is None:
            raise UsageError("Nothing is being drawn.", hint="Draw samples.")
        return told_as_it_comes(request, job)

    def _draw_job(self, request: Request) -> tuple[Question, Job | None]:
        asked = request.query_params
        question = self._drawn_question(asked)
        samples = _number(asked.get("samples", ""), 1, MOST_DRAWN, "Samples")
        seed = _number(asked.get("seed", ""), 0, _MOST_SEED, "The seed")
        key = self._desk.draw_key(question.concept, samples, seed)
        return question, self._desk.jobs.get(key)

    def label(self, request: Request) -> Response:
        opened = self._task(request)
        who = self._name(request)
        if who is None:
            return HTMLResponse(self._name_page(opened, request))
        asked = request.query_params.get("n")
        many = len(opened.task.samples)
        if asked is None:
            number = opened.first_open(who)
        else:
            number = _number(asked, 1, many, "The sample") - 1
        if number is None:
            return HTMLResponse(
                label_pages.finished_page(
                    opened, self._standing(opened), who, self._tasks_address(opened),
                    self._desk.dataset.name,
                )
            )  # fmt: skip
        screen = self._labelling.screen(opened, number)
        return HTMLResponse(
            label_pages.label_page(
                screen, opened.answers_of(who), self._standing(opened), who,
                self._form_key(request), self._tasks_address(opened), self._desk.dataset.name,
            )
        )  # fmt: skip

    def _standing(self, opened: OpenTask) -> Html:
        counted = self._labelling.counted(opened.task)
        return label_pages.standing(opened, opened.stored, counted)

    def _tasks_address(self, opened: OpenTask) -> str:
        return self._labelling.question(opened.task).address()

    def who(self, request: Request) -> Response:
        opened = self._task(request)
        if request.method == "POST":
            name = " ".join(request.scope["form"].get("who", "").split())
            if not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
                raise UsageError(
                    "That is no name to put beside labels.",
                    hint=f"A name has 1 to {_LONGEST_NAME} characters that can be seen.",
                )
            self._names[request.scope["session"]] = name
            return RedirectResponse(f"/label/{opened.task.id}", 303)
        return HTMLResponse(self._name_page(opened, request))

    def _name_page(self, opened: OpenTask, request: Request) -> Html:
        name = self._name(request) or self._usual_name
        return label_pages.name_page(opened, self._form_key(request), name, self._desk.dataset.name)

    def answer(self, request: Request) -> Response:
        """Save a label, and go on to the next sample that this person did not label."""
        opened, form = self._task(request), request.scope["form"]
        who = self._name(request)
        if who is None:
            return RedirectResponse(f"/label/{opened.task.id}", 303)
        said = label_pages.ANSWERS.get(form.get("answer", ""))
        if said is None:
            raise UsageError("That is no answer.", hint="Say yes, no or unsure.")
        number = request.path_params["number"] - 1
        screen = self._labelling.screen(opened, number)
        self._labelling.save(screen, said[0], who, form.get("shown", ""))
        following = opened.first_open(who, number)
        where = "" if following is None else f"?n={following + 1}"
        return RedirectResponse(f"/label/{opened.task.id}{where}", 303)

    def _task(self, request: Request) -> OpenTask:
        return self._labelling.find(request.path_params["task"])

    def _name(self, request: Request) -> str | None:
        return self._names.get(request.scope["session"])

    def _form_key(self, request: Request) -> str:
        return self._keys.form_key(request.scope["session"])

    # Pictures and files

    def shown(self, request: Request) -> Response:
        """The picture of a sample to label, or a reference beside it."""
        opened, number = self._task(request), request.path_params["number"] - 1
        if "/reference/" not in request.url.path:
            return jpeg(self._labelling.picture(opened, number))
        # Beside every sample: else they would flicker from one to the next.
        return kept(request, jpeg(self._labelling.reference(opened, number)))

    def picture(self, request: Request) -> Response:
        pictures = self._desk.pictures
        place = request.path_params["part"], request.path_params["image"]
        if pictures is None or not pictures.shows(place):
            raise HTTPException(404)
        return jpeg(pictures.of(place, SMALL).picture)

    def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in STATIC:
            raise HTTPException(404)
        return kept(request, Response(static(name), media_type=STATIC[name]))


def _check_page(question: Question, many: int) -> None:
    """Refuse a page behind the last."""
    last = max(-(-many // PAGE), 1)
    if question.page > last:
        raise UsageError(
            f"There is no page {question.page:,}: what was chosen fills {last:,}.",
            hint=f"Go to {question.on_page(last).address()}",
        )


def _number(text: str, low: int, high: int, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12 and low <= int(text) <= high):
        raise UsageError(f"{what}: no number from {low:,} to {high:,}.")
    return int(text)
