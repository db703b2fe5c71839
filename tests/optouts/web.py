"""A site on loopback that says, or does, to each path what its test wants."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False


class Site:
    """Answers by a table: path -> (status, headers, body), or a function that writes the answer.

    What is not in the table is an image without any signal; robots.txt and tdmrep.json are 404.
    """

    def __init__(self, **pages):
        self.pages = {"/robots.txt": (404, {}, b""), "/.well-known/tdmrep.json": (404, {}, b"")}
        self.requests = []  #: (method, path, time)
        self.agents = set()
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                site._handle(self)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, *arguments):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _handle(self, request):
        with self._lock:
            self.requests.append((request.command, request.path, time.monotonic()))
            self.agents.add(request.headers["User-Agent"])
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            page = self.pages.get(request.path, (200, {"Content-Type": "image/png"}, b"\x89PNG"))
            with contextlib.suppress(OSError):
                page(request) if callable(page) else send(request, *page)
        finally:
            with self._lock:
                self._at_once -= 1
            request.close_connection = True

    def count(self, path):
        return sum(1 for _, asked, _ in self.requests if asked == path)

    def close(self):
        self._server.shutdown()
        self._server.server_close()


def send(request, status, headers, body):
    request.send_response(status)
    for name, value in headers.items():
        for one in value if isinstance(value, list) else [value]:
            request.send_header(name, one)
    if "Content-Length" not in headers:
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


def drip(request):
    """Headers that come a byte at a time, without end."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
    while True:
        request.wfile.write(b"a")
        time.sleep(0.05)


def silent(request):
    """No answer at all, for as long as the other side waits."""
    request.connection.settimeout(20)
    with contextlib.suppress(OSError):
        request.connection.recv(1)


def endless(request):
    """A body without length that never ends."""
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
    while True:
        request.wfile.write(b"x" * 65536)


def slow_body(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        request.wfile.write(b"x")
        time.sleep(0.05)


def garbage(request):
    request.wfile.write(b"\x00\xff not HTTP at all\r\n\r\n")


def many_headers(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 5000 + b"\r\n")


def cut_off(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nUser-agent: *\r\n")
    request.connection.shutdown(socket.SHUT_RDWR)


def hang_up(request):
    request.connection.shutdown(socket.SHUT_RDWR)
