"""Counts: what `audit count` composes.

===================  ==================================================================
module               what it holds
===================  ==================================================================
``by_caption``       counting concepts by caption
``distinct``         matches that differ in their URL or hash
``examples``         a uniform draw of matches, as the source has them
``tally``            counting one part, which every way of running a count shares
``accidental``       one-word names that may mean something else
``results``          what a count by caption answers
``by_image``         counting concepts by what images show, in two strata
``matching``         cut-offs, and the samples near and above them
``named``            which samples name a concept
``scene``            which samples have an image, and a background; ``draws``: how chosen
``scored``           samples by how much their image resembles the references
``seen``             which samples of a stratum were looked at, and how they were chosen
``strata``           from what was seen of a stratum to an estimate
``copies``           the same file, or nearly the same picture, again
``visual_results``   what a count by image answers
``sheet_groups``     which of the scored samples a person should look at
``saved``            answers kept with their dataset
===================  ==================================================================
"""
