"""Runs a program with stab3l among ccxt's exchanges: ``python -m stab3l.client.ccxt bot.py``, or ``-m MODULE``."""

from __future__ import annotations

import runpy
import sys

from stab3l.client.ccxt import register
from stab3l.errors import Invalid


def main(arguments: list[str]) -> None:
    """The program with its own arguments. Raises `Invalid` without one."""
    register()
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    elif arguments:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")
    else:
        raise Invalid("say which program to run: a file, or -m and a module")


if __name__ == "__main__":
    main(sys.argv[1:])
