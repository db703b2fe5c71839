"""What goes back to a browser: pictures, progress as it comes, refusals."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse

from audit.errors import AuditError
from audit.explorer.gate import KEPT
from audit.explorer.jobs import Job
from audit.explorer.pages.concept import progress_line
from audit.explorer.pages.layout import refusal
from audit.reports.pictures import Picture

_TOLD_EVERY = 0.2

Handler = Callable[[Request], Response]


def threaded(handler: Handler) -> Callable[[Request], Any]:
    """In a thread of its own, so that nobody else waits for it."""

    async def answered(request: Request) -> Response:
        return await run_in_threadpool(handler, request)

    return answered


def told_as_it_comes(request: Request, job: Job) -> Response:
    """How far a job is, until it ends or nobody listens any more."""

    async def lines() -> AsyncIterator[str]:
        last = ""
        while not await request.is_disconnected():
            ended = job.ended.is_set()
            told = json.dumps({"ended": True} if ended else _told(job))
            if told != last:
                yield f"data: {told}\n\n"
                last = told
            if ended:
                return
            await asyncio.sleep(_TOLD_EVERY)

    return StreamingResponse(lines(), media_type="text/event-stream")


def _told(job: Job) -> dict[str, Any]:
    progress = job.progress
    running = "Counting …" if progress.matches is None else f"{progress.matches:,} so far"
    return {
        "ended": False,
        "running": running,
        "what": progress.what,
        "numbers": progress_line(job),
        "share": progress.share,
    }


def jpeg(picture: Picture) -> Response:
    """A picture; 404 if there is none."""
    if picture.thumbnail is None:
        raise HTTPException(404)
    return Response(picture.thumbnail, media_type="image/jpeg")


def kept(request: Request, response: Response) -> Response:
    """Lets the browser keep what it asked for by its content, until the server ends or changes."""
    if "is" in request.query_params:
        response.headers["cache-control"] = KEPT
    return response


def not_there(request: Request, error: HTTPException) -> Response:
    """The page of an address that has none."""
    told = {
        404: ("There is nothing at this address.", "Begin at the first page: /"),
        405: ("Nothing here can be asked in that way.", "Open a page."),
    }.get(error.status_code, (str(error.detail), "Begin at the first page: /"))
    return HTMLResponse(refusal(error.status_code, *told), error.status_code, headers=error.headers)


def refused(request: Request, error: AuditError) -> Response:
    """The page that says what is wrong with what was asked."""
    return HTMLResponse(refusal(400, error.message, error.hint or ""), 400)
