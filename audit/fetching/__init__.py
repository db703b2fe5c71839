"""Fetching images from where a dataset says they are, through img2dataset.

``fetch``            the whole of it: what is wanted, what is left, one run, the report
``selection``        which samples; random samples
``inputs``           their URLs, read at the source, in blocks
``record``           what was selected, and how far it is
``run``              one run: left over, not planned yet, tried again
``process``          the downloading process, seen from outside
``worker``           the downloading process itself; runs img2dataset
``guard``            public addresses only; limits on answers
``reasons``          why images were not fetched; **add a reason here**
``outcomes``         what became of every sample
``report``           what a fetch answers
"""
