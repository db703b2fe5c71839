"""Estimates: values with intervals, from what was observed and what is known of the errors.

``intervals``        of proportions
``prevalence``       how many of some samples show a concept, from an erring classifier
``falling``          how many of the images above a cut-off may be others, by how scores fall off
"""
