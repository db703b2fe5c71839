"""Showing results: rendering knows how numbers look, never how they are made."""
