"""`audit serve`: a dataset looked at in a browser, on this machine.

``questions``   what a browser may ask about: a concept, and choices among its matches
``jobs``        long work: one at a time, watched while it runs, stopped when nobody waits
``answers``     counting, as the commands count
``matches``     a concept's matches on the disk: facets and pages of them
``samples``     what is shown of single samples
``pictures``    small pictures, made anew
``desk``        the dataset with all that is known of it, for as long as the server runs
``labelling``   labelling tasks, one sample at a time
``gate``        who may ask, and how
``app``         addresses and what answers them
``replies``     what goes back
``server``      the process that listens

HTML is in ``pages`` and the folders beside it.
"""
