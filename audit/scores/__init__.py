"""Imitation scores: how much generated images resemble the images of their concept.

``score``       scores from vectors, in both modes
``pools``       equal pools, drawn again and again
``nearest``     the nearest training images, for the published rule
``spread``      how much a score varies with what was drawn
``vectors``     vectors of images by concept and prompt
``folders``     such vectors from folders of embeddings or images; ``layout``: which is which
``training``    such vectors of a dataset's samples that name a concept
``counts``      counts of training images, from a table
``files``       all of it from paths, as the command line has them
``results``     what scoring answers; ``remarks``: what speaks against it
``synthetic``   vectors with as much imitation in them as is wanted
"""

from __future__ import annotations

from audit.scores.counts import TrainingCount
from audit.scores.files import score_files
from audit.scores.results import ConceptScore, ScoreResult, ScoreSettings
from audit.scores.score import score_concepts
from audit.scores.vectors import ConceptVectors

__all__ = [
    "ConceptScore",
    "ConceptVectors",
    "ScoreResult",
    "ScoreSettings",
    "TrainingCount",
    "score_concepts",
    "score_files",
]
