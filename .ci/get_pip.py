"""Install pip into the running environment from PyPI, where Python came without ensurepip."""

from __future__ import annotations

import hashlib
import json
import os
import re
import runpy
import sys
import tempfile
from pathlib import Path
from urllib.parse import urljoin
from urllib.request import Request, urlopen

INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"
_WHEEL = re.compile(r"pip-(\d+(?:\.\d+)*)-py3-none-any\.whl")


def main() -> None:
    request = Request(INDEX, headers={"Accept": "application/vnd.pypi.simple.v1+json"})
    with urlopen(request, timeout=60) as answer:
        files = json.load(answer)["files"]
    versions = {}
    for file in files:
        name = _WHEEL.fullmatch(file["filename"])
        if name and not file.get("yanked"):
            versions[tuple(map(int, name[1].split(".")))] = file
    newest = versions[max(versions)]
    with urlopen(urljoin(INDEX, newest["url"]), timeout=60) as answer:
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != newest["hashes"]["sha256"]:
        sys.exit(f"{newest['url']}: the download is not what the index announces.")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / newest["filename"]
        path.write_bytes(wheel)
        sys.path.insert(0, str(path))
        sys.argv = ["pip", "install", "--quiet", "--no-index", str(path)]
        runpy.run_module("pip", run_name="__main__")


if __name__ == "__main__":
    main()
