"""The process that downloads: ``python -m audit.fetching.worker SETTINGS``.

It composes img2dataset's own downloader, writer and resizer; only here is img2dataset imported.
Inputs are named on standard input, a JSON list ``[shard, path]`` a line, and downloaded by worker
processes as they come; the line ``"end"`` ends it. img2dataset deletes an input when it is done.
Should standard input end without that line, whoever asked is gone, and so is this at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
import urllib.request
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from audit.fetching.guard import AnswerLimits, limited_opener, refuse_private_addresses

#: Digits of a shard in names of files, as img2dataset has them by default.
SHARD_DIGITS = 5
#: Columns that img2dataset carries through from its input to its output.
CARRIED = ("audit_shard", "audit_row")

_ROBOTS_DIRECTIVES = {"noai", "noimageai", "noindex", "noimageindex"}


@dataclass(frozen=True)
class DownloadSettings:
    """What the downloading process needs to know."""

    output: str  #: folder
    captions: bool  #: whether the inputs have captions
    image_size: int | None  #: longest side; None to keep the bytes as they came
    shard_size: int
    workers: int
    threads: int
    timeout: float
    total_seconds: float
    max_bytes: int
    allow_private: bool
    user_agent_token: str
    honour_opt_out: bool

    def to_text(self) -> str:
        return json.dumps(asdict(self))


class KeptAsIs:
    """Stands in for img2dataset's resizer: the bytes stay what they were, if they are an image.

    img2dataset can leave bytes alone only by not looking at them, and then takes any error page
    for an image; or it decodes, and re-encodes all that is not JPEG.
    """

    def __call__(self, img_stream: Any, blurring_bbox_list: Any = None) -> tuple[Any, ...]:
        import cv2
        import numpy as np

        content = img_stream.read()
        try:
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
        except cv2.error as error:
            return None, None, None, None, None, str(error)
        if image is None:
            return None, None, None, None, None, "Image decoding error"
        height, width = image.shape[:2]
        return content, width, height, width, height, None


def _downloader(settings: DownloadSettings) -> Any:
    from img2dataset.downloader import Downloader
    from img2dataset.resizer import Resizer
    from img2dataset.writer import WebDatasetSampleWriter

    resizer: Any = KeptAsIs()
    if settings.image_size is not None:
        resizer = Resizer(settings.image_size, "keep_ratio_largest", resize_only_if_bigger=True)
    return Downloader(
        sample_writer_class=WebDatasetSampleWriter,
        resizer=resizer,
        thread_count=settings.threads,
        save_caption=settings.captions,
        extract_exif=True,
        output_folder=settings.output,
        column_list=[*CARRIED, *(["caption"] if settings.captions else []), "url"],
        timeout=settings.timeout,
        number_sample_per_shard=settings.shard_size,
        oom_shard_count=SHARD_DIGITS,
        compute_hash="sha256",
        verify_hash_type=None,
        encode_format="jpg",
        retries=0,  # it would ask again for what is gone, and for what is opted out
        user_agent_token=settings.user_agent_token,
        disallowed_header_directives=_ROBOTS_DIRECTIVES if settings.honour_opt_out else None,
    )


_work: Any = None


def _start_worker(settings: DownloadSettings, parent: int) -> None:
    global _work

    def leave_with_parent() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=leave_with_parent, daemon=True).start()
    _work = _downloader(settings)
    limits = AnswerLimits(settings.max_bytes, settings.total_seconds)
    urllib.request.install_opener(limited_opener(limits, proxies=settings.allow_private))
    if not settings.allow_private:
        refuse_private_addresses()


def _download(shard: int, path: str) -> None:
    _work((shard, path))


def _stop_all() -> None:
    """End this process and its workers at once; they are a process group of their own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def _stop_if_broken(future: Future[None]) -> None:
    error = future.exception()
    if error is not None:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        _stop_all()


def main() -> None:
    settings = DownloadSettings(**json.loads(sys.argv[1]))
    arguments = (settings, os.getpid())
    with ProcessPoolExecutor(
        settings.workers, get_context("spawn"), _start_worker, arguments
    ) as pool:
        for line in sys.stdin:
            message = json.loads(line)
            if message == "end":
                break
            pool.submit(_download, *message).add_done_callback(_stop_if_broken)
        else:
            _stop_all()


if __name__ == "__main__":
    main()
