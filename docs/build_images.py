"""Draw the pictures of the documentation: ``python docs/build_images.py``."""

from __future__ import annotations

import tempfile
from pathlib import Path

import audit
from audit.reports.threshold_plot import write_plot
from audit.sample import concepts_path, shard_paths
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


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    draw_report(IMAGES / "report.png")
    write_plot(without_threshold(), IMAGES / "no-threshold.svg")
