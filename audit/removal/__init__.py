"""Removal: is a work in a dataset, and out of every number with it.

===================  ==================================================================
module               what it holds
===================  ==================================================================
``wanted``           what is looked for: URLs, captions, hashes, images, …
``addresses``        spellings of a URL that mean the same work
``hashes``           hash columns, by value and by distance
``scans``            one part searched for one kind of thing
``pictures``         an image against the fetched and indexed images of a dataset
``listed``           samples that a file names
``finding``          all of it together: `audit lookup`
``found``            what a search answers, and what could not be searched
``removing``         from what was found to a removal, with numbers before and after
``export``           what was removed, or what is left, as a filter for other tools
``listing``          the removals of a dataset
===================  ==================================================================
"""
