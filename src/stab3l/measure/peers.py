"""Peers in Python that are measured beside the product, each in an environment of its own in the user's cache."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

from stab3l.errors import Unavailable

TIMEOUT_S: Final = 600
Say = Callable[[str], None]


def python_of(name: str, requirements: tuple[str, ...], say: Say) -> Path:
    """The interpreter of the peer's own environment; made once, in the user's cache."""
    if not requirements:
        return Path(sys.executable)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "stab3l" / "peers" / "-".join((name, requirements[0].split("==")[1]))
    python, done = folder / "bin" / "python", folder / ".done"
    if not done.exists():
        say(f"installing {requirements[0]}")
        command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
        try:
            venv.create(folder, clear=True, with_pip=True)
            subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S)
        except (OSError, subprocess.SubprocessError) as error:
            detail = getattr(error, "stderr", "") or str(error)
            raise Unavailable(f"cannot install {requirements[0]}: {detail.strip()[-300:]}", peer=name) from error
        done.touch()
    return python
