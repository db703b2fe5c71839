"""Estimates: values with intervals, from what was observed and what is known of the errors.

``intervals``           of proportions
``rates``               shares of which something is known: from trials, or only between bounds
``prevalence``          how many of some samples show a concept, from an erring classifier
``dead_links``          the same, whatever the images showed that nobody can look at any more
``recall``              how many of a concept's images an approximate search finds
``prediction_powered``  the same from people's labels of a few and a machine's scores of all
``falling``             how many of the images above a cut-off may be others, by how scores fall off
"""
