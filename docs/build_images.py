"""Draw the pictures of the documentation: ``python docs/build_images.py``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

import audit
from audit.labels.task import LabelTask, tasks_of
from audit.reports.threshold_plot import write_plot
from audit.sample import concepts_path, pictures_path, references_path, shard_paths
from audit.thresholds import synthetic
from audit.thresholds.estimate import estimate_threshold
from audit.thresholds.results import ThresholdEstimate

IMAGES = Path(__file__).parent / "images"


def without_threshold() -> ThresholdEstimate:
    """Scores on a straight line in log count, and what both voices say of them."""
    return estimate_threshold(synthetic.line(synthetic.count_grid(400, spread=2.8), seed=3))


def draw_report(path: Path) -> None:
    """The top of the sample's report, as a browser shows it."""
    from tests.browser.browsing import chromium, visit

    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch) / "home"
        audit.ingest(shard_paths()[0].parent, name="sample", home=home)
        report = audit.open("sample", home).report(
            concept_list=concepts_path(),
            yardstick=audit.Yardstick(model="SD1.5"),
            command="audit report --concepts artists.toml --model SD1.5 -o report.html",
        )
        page = Path(scratch) / "report.html"
        report.write(page)
        with chromium() as browser, visit(browser, page.as_uri(), size=(1100, 860)) as seen:
            seen.page.locator("#verdicts").scroll_into_view_if_needed()
            seen.page.wait_for_selector("#chart-counts[data-drawn=done]")
            seen.page.evaluate("document.getElementById('verdicts').scrollIntoView()")
            seen.page.screenshot(path=str(path))


@contextmanager
def explorer(home: str) -> Iterator[str]:
    """The address of an explorer of the small pictures."""
    audit.ingest(pictures_path(), name="pictures", home=home)
    opened = audit.open("pictures", home)
    opened.embed(pictures_path(), encoder="hog")
    opened.index()
    server = subprocess.Popen(
        [sys.executable, "-m", "audit", "serve", "--references", str(references_path())],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "AUDIT_HOME": home},
    )  # fmt: skip
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)


def draw_explorer(path: Path, labelled: int = 40) -> None:
    """A sample to label after some were, as a browser shows it."""
    from tests.browser.browsing import chromium, visit

    with (
        tempfile.TemporaryDirectory() as home,
        explorer(home) as address,
        chromium() as browser,
        visit(browser, address, size=(1100, 700)) as seen,
    ):
        page, server = seen.page, address.partition("/?")[0]
        page.goto(f"{server}/concept?name=gramastar&view=image")
        page.wait_for_selector("#count")
        page.goto(f"{server}/concept?name=gramastar&view=label")
        page.click("form.card button.main")
        page.wait_for_selector("#who")
        page.fill("#who", "A. Curator")
        page.keyboard.press("Enter")
        for number, shows in enumerate(_truth(home)[:labelled], 1):
            page.wait_for_selector(f"main:has(#place:text-matches('^{number} of')) #keys")
            page.keyboard.press("y" if shows else "n")
        page.wait_for_selector(f"#place:text-matches('^{labelled + 1} of')")
        page.locator("img").evaluate_all("all => Promise.all(all.map(one => one.decode()))")
        page.screenshot(path=str(path))


def _truth(home: str) -> list[bool]:
    """Whether the samples to label show gramastars: these are all of one contributor."""
    (task,) = tasks_of(audit.open("pictures", home).dataset)
    creators = pq.read_table(pictures_path(), columns=["creator"])["creator"].to_pylist()
    samples = LabelTask.read(task).samples
    return [creators[sample.row] == "codifiedivining" for sample in samples]


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    draw_report(IMAGES / "report.png")
    draw_explorer(IMAGES / "explorer.png")
    write_plot(without_threshold(), IMAGES / "no-threshold.svg")
