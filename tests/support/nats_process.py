"""A real nats-server with JetStream in a folder of the test's own, that a test can kill and start again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from gateway_process import free_port

SERVER = shutil.which("nats-server", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")

needs_nats = pytest.mark.skipif(
    SERVER is None, reason="no nats-server: `make nats-server` fetches it where apt or Go can be used"
)


@dataclass
class NatsProcess:
    """``nats-server`` on a free loopback port."""

    folder: Path
    max_payload: int = 8 * 1024 * 1024
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> NatsProcess:
        assert SERVER is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "nats.conf"
        listen = f"listen: 127.0.0.1:{self.port}\nmax_payload: {self.max_payload}\n"
        config.write_text(f"{listen}jetstream {{ store_dir: '{self.folder}' }}\n")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([SERVER, "-c", str(config)], stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(20)

    def __enter__(self) -> NatsProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
