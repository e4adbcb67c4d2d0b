"""The `stab3l` command. stdout is data, stderr is talk; an error is one line and an exit status."""

from __future__ import annotations

from stab3l.cli.app import main

__all__ = ["main"]
