"""Training-data provenance and frequency auditing for image-text datasets."""

__version__ = "0.1.0"
