"""Imitation thresholds: how many images of a concept it takes until a model imitates it."""
