"""Vectors: counting and finding the stored embeddings that resemble given ones.

``codes``            int8 codes whose error is bounded
``exact``            exact counts and matches, proven from the codes
``index``, ``build``   the codes of a dataset's embeddings: opened, and made
``links``            which samples an image belongs to
"""
