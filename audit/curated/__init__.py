"""Files that curators write by hand, whatever is in them.

:mod:`~audit.curated.text` reads them, :mod:`~audit.curated.tables` and
:mod:`~audit.curated.toml_places` keep the line of everything in them, and
:mod:`~audit.curated.problems` tells all mistakes of a file at once, each with its line.
"""
