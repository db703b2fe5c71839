"""The process that listens: on this machine alone, unless somebody says otherwise."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from audit.api.opened import Opened
from audit.errors import MissingPackageError, UsageError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from audit.explorer.desk import DeskSettings

LOOPBACK = "127.0.0.1"
#: Requests at once; more are told to come back.
_MOST_REQUESTS = 100
_END_SECONDS = 3
_EVERY_ADDRESS = ("", "0.0.0.0", "::")


def check_installed() -> None:
    """Refuse, before anything is opened, if no server is installed.

    Raises
    ------
    MissingPackageError
        If Starlette or uvicorn are missing.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise MissingPackageError.of("The explorer", "serve", error) from error


def serve(
    opened: Opened,
    settings: DeskSettings,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    usual_name: str = "unknown",
    on_ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Show a dataset in a browser until the process is interrupted.

    Parameters
    ----------
    port:
        0 for one that is free.
    usual_name:
        Whom labels are from, until somebody says another name.
    on_ready:
        Called with the address, token included, once it answers.

    Raises
    ------
    MissingPackageError
        If Starlette or uvicorn are missing.
    UsageError
        If nothing can listen there, or ``host`` stands for every address.
    """
    check_installed()
    import uvicorn

    from audit.explorer.gate import Keys

    keys = Keys()
    with (
        _listening(host, port) as listener,
        _application(opened, settings, keys, host, listener.getsockname()[1], usual_name) as app,
    ):
        shown = f"[{host}]" if ":" in host else host
        address = f"http://{shown}:{listener.getsockname()[1]}/?token={keys.token}"
        config = uvicorn.Config(
            app,
            log_level="error",
            access_log=False,
            lifespan="off",
            server_header=False,
            limit_concurrency=_MOST_REQUESTS,
            timeout_graceful_shutdown=_END_SECONDS,
        )
        _end_in_order_when_terminated()
        with contextlib.suppress(KeyboardInterrupt):
            # The socket listens already: whoever reads the address can ask at once.
            on_ready(address)
            uvicorn.Server(config).run(sockets=[listener])


def _end_in_order_when_terminated() -> None:
    """What is kept for pages is cleared away, too, when a service manager ends the process."""

    def end(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, end)


@contextlib.contextmanager
def _application(
    opened: Opened,
    settings: DeskSettings,
    keys: object,
    host: str,
    port: int,
    usual_name: str,
) -> Iterator[ASGIApp]:
    from audit.explorer.app import Explorer
    from audit.explorer.desk import Desk
    from audit.explorer.gate import Gate, Keys, allowed_hosts
    from audit.explorer.pages.layout import refusal

    assert isinstance(keys, Keys)
    with contextlib.closing(Desk(opened, settings)) as desk:
        app = Explorer(desk, keys, usual_name).app()
        yield Gate(app, keys, allowed_hosts(host, port), port, refusal)


def _listening(host: str, port: int) -> socket.socket:
    if host in _EVERY_ADDRESS:
        raise UsageError(
            f"{host or 'An empty address'} stands for every address of this machine, and requests "
            "must name the one that they are for.",
            hint="Give --host the address by which others reach this machine.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        told = getattr(error, "strerror", None) or str(error)
        raise UsageError(
            f"Nothing can listen on {host}, port {port} ({told}).",
            hint="Choose another --port, or leave it out for one that is free.",
        ) from error
