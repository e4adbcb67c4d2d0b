"""The `stab3l` command. stdout is data, stderr is talk; an error is one line and an exit status."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of the `stab3l` script. Ctrl-C ends it with status 130, also while it is still being loaded."""
    try:
        from stab3l.cli.app import run

        run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    _leave()


def _leave() -> None:
    """Ends with status 0 and leaves the interpreter whole: a native thread that outlives the event loop (the HTTP
    server's, gRPC's) and asks a half-dismantled interpreter for its lock aborts the process.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
