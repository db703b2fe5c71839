"""Vectors: counting and finding the stored embeddings that resemble given ones.

``codes``            int8 codes whose error is bounded
``exact``            exact counts and matches, proven from the codes
"""
