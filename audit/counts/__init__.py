"""Counts: what `audit count` composes.

===================  ==================================================================
module               what it holds
===================  ==================================================================
``by_caption``       counting concepts by caption
``scan``             reading the captions of a dataset, the cheapest way
``distinct``         matches that differ in their URL or hash
``examples``         a uniform draw of matches, as the source has them
``accidental``       one-word names that may mean something else
``results``          what a count answers
``saved``            answers kept with their dataset
===================  ==================================================================
"""
