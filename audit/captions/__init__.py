"""Captions: pure functions on text, no files. Datasets are folded with them, counts matched.

===================  ==================================================================
module               what it holds
===================  ==================================================================
``folding``          the one normalisation of captions and names
``phrases``          what is searched for a concept
``kernel``           thousands of phrases in a column of captions, in one pass
``matcher``          which captions name which concepts: aliases united, exclusions out
``highlight``        where a name stands in a caption as it was written
===================  ==================================================================
"""
