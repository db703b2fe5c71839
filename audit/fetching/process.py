"""Our side of the downloading process: start it, feed it, watch it, end it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from audit.errors import AuditError
from audit.fetching.worker import DownloadSettings

_LOG_LINES = 8
_PATIENCE_SECONDS = 5.0
#: Beyond this, decoding an image takes gigabytes.
_MAX_PIXELS = 1 << 27

#: Nothing but the images may be asked of the network.
_ENVIRONMENT = {
    "NO_ALBUMENTATIONS_UPDATE": "1",
    "WANDB_MODE": "disabled",
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(_MAX_PIXELS),
    "PYTHONUNBUFFERED": "1",
}


class DownloadProcess:
    """Downloads inputs in a process of its own, with worker processes below it.

    The process leads a group and a session of its own: Ctrl-C reaches only us, and ending the
    group ends all of them.
    """

    def __init__(self, settings: DownloadSettings, log: Path) -> None:
        self._log = log
        self._waiting: dict[Path, int] = {}
        with open(log, "ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "audit.fetching.worker", settings.to_text()],
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=stream,
                text=True,
                env={**os.environ, **_ENVIRONMENT},
                start_new_session=True,
            )

    def close(self) -> None:
        """End the process, at once if it is not done."""
        for sign in (signal.SIGTERM, signal.SIGKILL) if self.running else ():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_PATIENCE_SECONDS)
                break
        with contextlib.suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()

    @property
    def waiting(self) -> int:
        """Inputs that are not done."""
        return len(self._waiting)

    def submit(self, shard: int, path: Path, rows: int) -> None:
        """Have one input downloaded into the output shard of that number."""
        self._waiting[path] = rows
        self._tell([shard, str(path)])

    def finish(self) -> None:
        """There will be no more inputs."""
        self._tell("end")
        assert self._process.stdin
        self._process.stdin.close()

    def finished_rows(self) -> int:
        """Samples of the inputs that were done since the last call.

        Raises
        ------
        AuditError
            If the process ended although there was more to do.
        """
        running = self._process.poll() is None
        done = [path for path in self._waiting if not path.exists()]
        rows = sum(self._waiting.pop(path) for path in done)
        if not running and self._process.returncode:
            raise self._ended()
        return rows

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def _tell(self, message: object) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._ended() from error

    def _ended(self) -> AuditError:
        lines = self._log.read_text(errors="replace").strip().splitlines()[-_LOG_LINES:]
        said = "\n".join(f"  {line}" for line in lines) or "  nothing"
        return AuditError(
            f"The downloading process ended unexpectedly. It said:\n{said}",
            hint=f"All of it is in {self._log}. If memory ran out, use fewer --workers. The same "
            "command goes on from there.",
        )
