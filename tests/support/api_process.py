"""A real API process that a test can kill and start again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from gateway_process import ROOT, free_port


@dataclass
class ApiProcess:
    """``stab3l api serve`` on a free port, logging to ``<home>/api.log``."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "stab3l", "api", "serve", "--home", str(self.home), "--port", str(self.port)]
        with (self.home / "api.log").open("ab") as log:
            environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)
