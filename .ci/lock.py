"""Write the installed versions to ``.ci/constraints.txt``, one ``name==version`` a line."""

from __future__ import annotations

from importlib.metadata import distributions
from pathlib import Path

HEADER = """\
# Versions that the tests are known to pass with. `make lock` writes this from the environment.
"""
SKIPPED = {"concept-audit", "pip", "setuptools", "wheel"}


def main() -> None:
    pins = {
        dist.metadata["Name"].lower().replace("_", "-"): dist.version for dist in distributions()
    }
    lines = [f"{name}=={pins[name]}\n" for name in sorted(pins) if name not in SKIPPED]
    Path(__file__).with_name("constraints.txt").write_text(HEADER + "".join(lines))


if __name__ == "__main__":
    main()
