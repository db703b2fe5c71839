"""Concepts and concept lists."""

from audit.concepts.concept import DOMAINS, MAX_NAME_LENGTH, Concept
from audit.concepts.lists import FORMATS, read_concepts

__all__ = ["DOMAINS", "FORMATS", "MAX_NAME_LENGTH", "Concept", "read_concepts"]
