"""The `stab3l` command. stdout is data, stderr is talk; an error is one line and an exit status."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the `stab3l` script. Ctrl-C ends it with status 130, also while it is still being loaded."""
    try:
        from stab3l.cli.app import run

        run(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
