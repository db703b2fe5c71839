"""Vectors: counting and finding the stored embeddings that resemble given ones.

``codes``                          int8 codes whose error is bounded
``exact``                          exact counts and matches, proven from the codes
``index``, ``build``               the index of a dataset's embeddings: opened, and made
``plan``, ``coding``, ``places``   what making it takes; a part's codes; where it is
``links``, ``join``, ``images``    which samples an image belongs to
``searching``                      an index that is asked several times, on whatever there is
``gpu``                            the same exact answers from a device of torch
``approximate``                    most matches, where a scan takes too long, and what is missing
``inverted_lists``, ``runs``       what that needs: made, run by run
``training``                       how many lists, on which sample
``list_choice``, ``pairs``         what that needs: where to look, exact scores
"""
