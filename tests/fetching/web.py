"""A small web of good, broken, slow, huge, redirecting and opted-out images, on loopback."""

from __future__ import annotations

import contextlib
import struct
import threading
import time
import zlib
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def png(width=6, height=4, noise=0):
    """A valid PNG of one grey, different for every ``noise``."""

    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\0" + bytes([noise % 256]) * width * 3 for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    note = b"note\0" + str(noise).encode()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tEXt", note)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False


class Web:
    """Serves every path by its first word; counts the requests for each path."""

    def __init__(self):
        self.requests = Counter()
        self.agents = set()
        self.down = True  #: whether /flaky/ fails
        self.pause = 0.0  #: before every answer
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                web.requests[self.path] += 1
                web.agents.add(self.headers["User-Agent"])
                time.sleep(web.pause)
                kind = self.path.split("/")[1]
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    getattr(web, f"_{kind}")(self)

            def log_message(self, *arguments):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def _send(self, request, body, status=200, length=None, **headers):
        request.send_response(status)
        headers.setdefault("Content_Type", "image/png")
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(body) if length is None else length))
        request.end_headers()
        request.wfile.write(body)

    def _good(self, request):
        self._send(request, png(noise=int(request.path.split("/")[2].split("?")[0])))

    def _garbage(self, request):
        self._send(request, b"\xff\xd8\xff\xe0" + bytes(range(256)))

    def _truncated(self, request):
        self._send(request, png()[:45])

    def _cut(self, request):
        self._send(request, png()[:45], length=len(png()))

    def _page(self, request):
        self._send(request, b"<html>parked</html>", Content_Type="image/jpeg")

    def _missing(self, request):
        self._send(request, b"", 404)

    def _secret(self, request):
        self._send(request, b"", 403)

    def _failing(self, request):
        self._send(request, b"", 500)

    def _flaky(self, request):
        self._send(request, png(), 503 if self.down else 200)

    def _huge(self, request):
        self._send(request, b"x" * 300_000)

    def _liar(self, request):
        """Says nothing about its length, and does not end."""
        request.send_response(200)
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"x" * 10_000)

    def _drip(self, request):
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b"x")
            request.wfile.flush()
            time.sleep(0.1)

    def _header(self, request):
        """Never comes to an end of its headers."""
        for letter in "HTTP/1.0 200 OK" + "x" * 100:
            request.wfile.write(letter.encode())
            request.wfile.flush()
            time.sleep(0.1)

    def _silent(self, request):
        time.sleep(4)

    def _noai(self, request):
        self._send(request, png(), X_Robots_Tag="noai")

    def _scoped(self, request):
        agent = request.path.split("/")[2]
        self._send(request, png(), X_Robots_Tag=f"{agent}: noimageai")

    def _loop(self, request):
        self._send(request, b"", 302, Location=request.path)

    def _moved(self, request):
        self._send(request, b"", 301, Location="/good/7")

    def _to(self, request):
        """Redirects to whatever follows."""
        self._send(request, b"", 302, Location=request.path.removeprefix("/to/"))
