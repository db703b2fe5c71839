"""What a page keeps for later: compressed text inside elements that no browser runs or shows."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from importlib.resources import files
from typing import Any

from audit.reports.markup import Html, fill


def resource(name: str) -> str:
    """A file beside this module."""
    return files("audit.reports.page").joinpath(name).read_text("utf-8")


def csp_digest(text: str) -> str:
    """How a content security policy names a script or a style by what it holds."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def json_block(element: str, value: Any) -> Html:
    """Plain values for the page's script."""
    return fill(
        '<script type="application/json" id="$element">$json</script>\n',
        element=element,
        json=safe_json(value),
    )


def safe_json(value: Any) -> Html:
    """JSON that cannot end the script element that it is in."""
    # Not ASCII is written as its number, half a surrogate pair too.
    return Html(json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c"))


def packed_block(element: str, text: str) -> Html:
    """Text as gzip in base64; ``unpack`` of page.js reads it."""
    packer = zlib.compressobj(9, wbits=31)
    packed = packer.compress(text.encode()) + packer.flush()
    return fill(
        '<script type="text/plain" id="$element">$packed</script>\n',
        element=element,
        packed=Html(base64.b64encode(packed).decode()),
    )
