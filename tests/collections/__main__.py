"""Build and embed the collections: ``python -m tests.collections``; again for what is missing."""

from __future__ import annotations

import sys
import time

from tests.collections.embedded import BUILDERS, embedded
from tests.collections.packages import UnavailableError, cache
from tests.collections.pictures import read


def _tell(share: float) -> None:
    if sys.stderr.isatty():
        print(f"  embedded {share:.0%}", end="\r", file=sys.stderr)


def main() -> int:
    print(f"into {cache()}")
    failed = 0
    for name, make in BUILDERS.items():
        started = time.monotonic()
        try:
            folder = make()
            print(f"{name}: {len(read(folder)):,} pictures, {time.monotonic() - started:.0f} s")
            started = time.monotonic()
            made = embedded(name, _tell)
        except UnavailableError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = 1
        else:
            seconds = time.monotonic() - started
            print(f"{name}: {len(made.embeddings):,} vectors, {seconds:.0f} s")
    return failed


if __name__ == "__main__":
    sys.exit(main())
