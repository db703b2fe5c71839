"""The steps from images to counts that the command line and the Python interface share."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from audit import visual
from audit.concepts import Concept
from audit.counts.matching import VisualSettings
from audit.encoders.thumbnail import ThumbnailEncoder
from audit.errors import UsageError
from audit.sample import references_path

pytest.importorskip("PIL", reason="needs pillow: pip install 'concept-audit[visual]'")

CONCEPT = Concept("gramastar")


@pytest.fixture
def settings_of(monkeypatch):
    """The settings that matching gets, by which of the two ways it is asked."""

    def call(ask, **options):
        seen = []
        note = lambda dataset, index, sought, settings, *rest, **more: seen.append(settings)  # noqa: E731
        monkeypatch.setattr(visual, "count_by_image", note)
        monkeypatch.setattr(visual, "draw_sheet", note)
        monkeypatch.setattr(visual, "with_labels", lambda result, dataset: result)
        encoder = ThumbnailEncoder()
        index = SimpleNamespace(info=encoder.info)
        ask(None, index, encoder, options)
        return seen[0]

    return call


def count(dataset, index, encoder, options):
    visual.count_shown(
        dataset, index, [CONCEPT], VisualSettings(seed=7),
        references=references_path(), encoder=encoder, **options,
    )  # fmt: skip


def draw(dataset, index, encoder, options):
    visual.draw_label_sheet(
        dataset, index, CONCEPT, VisualSettings(seed=7), 10,
        references=references_path(), encoder=encoder, **options,
    )  # fmt: skip


@pytest.mark.parametrize("ask", [count, draw])
def test_matching_runs_where_it_is_told_to(settings_of, ask):
    assert settings_of(ask, device="cuda:1").device == "cuda:1"
    assert settings_of(ask).device == "auto"
    assert settings_of(ask, device="cpu").seed == 7


def test_samples_to_label_are_not_drawn_by_an_approximate_search():
    encoder = ThumbnailEncoder()
    index = SimpleNamespace(info=encoder.info)
    with pytest.raises(UsageError, match="exact search only"):
        visual.draw_label_sheet(
            None, index, CONCEPT, VisualSettings(approximate=True), 10,
            references=references_path(), encoder=encoder,
        )  # fmt: skip
