"""``make bench``: time everything, compare with floors and peers, write ``docs/benchmarks.md``.

Each part writes a section of the page and can be run alone: ``python -m benchmarks.by_caption``.
What is simulated rather than timed, whether intervals hold the truth, is in
``benchmarks.coverage``, ``benchmarks.ground_truth``, ``benchmarks.scores`` and
``benchmarks.thresholds``, which write the pages on methods.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

#: Module -> what it needs beside the development tools.
PARTS = {
    "by_caption": (),
    "licenses": (),
    "domains": (),
    "reporting": ("vl_convert",),
    "exploring": ("starlette", "numkong"),
    "vectors": ("faiss", "numkong"),
    "embedding": ("open_clip",),
    "estimating": (),
}


def main() -> int:
    for part, needed in PARTS.items():
        missing = [package for package in needed if find_spec(package) is None]
        if missing:
            print(f"{part}: left out, needs {', '.join(missing)}", file=sys.stderr)
            continue
        subprocess.run([sys.executable, "-m", f"benchmarks.{part}"], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
