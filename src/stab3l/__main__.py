"""`python -m stab3l`: the same as the `stab3l` command."""

from __future__ import annotations

from stab3l.cli import main

if __name__ == "__main__":
    main()
