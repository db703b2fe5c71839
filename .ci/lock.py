"""Resolve the dependencies anew; write ``name==version`` lines to ``.ci/constraints.txt``.

Nothing is installed. Runs on the oldest Python that is supported, because newer ones get versions
that it cannot install.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = """\
# Versions that `make` installs. They resolve on CPython 3.11-3.13, Linux and macOS.
# To refresh: make clean && make lock PYTHON=python3.11 && make test-visual
"""
#: Needed on one platform only: a resolution on another does not see them.
ELSEWHERE = ("appnope", "standard-imghdr")  # macOS, by ipykernel; Python 3.13, by img2dataset
#: Raised by hand, both at once, to the newest pair of which CPU builds are at hand.
HELD = ("torch==2.13.0", "torchvision==0.28.0")
#: What torch needs of CUDA differs by platform; it says itself in which versions.
CUDA = ("cuda-", "nvidia-", "triton")


def main() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    python = "python" + project["requires-python"].removeprefix(">=")
    if "python{}.{}".format(*sys.version_info) != python:
        sys.exit(f"The lock is made on {python}: make clean && make lock PYTHON={python}")
    pins = resolve(f"{ROOT}[test-visual]", *ELSEWHERE, *HELD)
    del pins[canonical(project["name"])]
    lines = [f"{name}=={pins[name]}\n" for name in sorted(pins) if not name.startswith(CUDA)]
    Path(__file__).with_name("constraints.txt").write_text(HEADER + "".join(lines))


def resolve(*requirements: str) -> dict[str, str]:
    """The versions that pip would install into an empty environment."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    options = ["--dry-run", "--ignore-installed", "--report", "-", "--only-binary", "dlib-bin"]
    done = subprocess.run(
        [*pip, *options, *requirements], stdout=subprocess.PIPE, text=True, check=True
    )
    chosen = [item["metadata"] for item in json.loads(done.stdout)["install"]]
    # "2.13.0+cpu" is a build of 2.13.0; the pin allows any.
    return {canonical(one["name"]): one["version"].partition("+")[0] for one in chosen}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
