"""References: images (or words) that say what a concept looks like, and the cut-off they imply.

``reference_set``    references, embedded; copies dropped, others' images named
``cutoffs``          the score from which an image shows the concept, calibrated
``doubts``           what speaks against the references of a cut-off, in words
``background``       what images score that do not show the concept
``tail``             how scores of images that do not show it fall off
``contamination``    images of the concept in the background, told from others
``sensitivity``      how many images of the concept the references find
``published``        fixed cut-offs of the literature, with their warnings
"""
