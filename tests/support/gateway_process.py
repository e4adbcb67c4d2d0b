"""A real gateway process with the native engine, that a test can kill and start again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from stab3l.config import ChainConfig, MarketConfig, Network
from stab3l.exchange.gateway_client import GatewayClient, operator_client, trader_client

ROOT = Path(__file__).parent.parent.parent
START_WITHIN_S = 60


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_network(
    home: Path, gateway: str, chains: tuple[ChainConfig, ...] = (), markets: tuple[MarketConfig, ...] = ()
) -> Network:
    """A network description with this gateway; what no test here uses leads nowhere."""
    nowhere = "http://127.0.0.1:1"
    network = Network(
        chains=chains,
        markets=markets,
        gateway=gateway,
        api_url=nowhere,
        verifier_urls=(),
        provider_url=nowhere,
        database_url="sqlite://",
    )
    home.mkdir(parents=True, exist_ok=True)
    (home / "network.json").write_text(network.model_dump_json())
    return network


@dataclass
class GatewayProcess:
    """``stab3l exchange serve`` on a free port, logging to ``<home>/gateway.log``."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    chains: tuple[ChainConfig, ...] = ()
    markets: tuple[MarketConfig, ...] = ()
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    preexec: str = ""

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> GatewayProcess:
        if not (self.home / "network.json").exists():
            write_network(self.home, self.address, self.chains, self.markets)
        self.launch()
        return self.wait_until_it_listens()

    def wait_until_it_listens(self) -> GatewayProcess:
        """Returns when the launched process takes connections."""
        deadline = time.monotonic() + START_WITHIN_S
        while time.monotonic() < deadline and self.process is not None and self.process.poll() is None:
            if self.listens():
                return self
            time.sleep(0.05)
        raise AssertionError(f"the gateway did not start:\n{self.log()}")

    def launch(self) -> None:
        """Starts the process without waiting for it to listen."""
        command = [sys.executable, "-m", "stab3l", "exchange", "serve", "--home", str(self.home)]
        if self.preexec:
            command = ["bash", "-c", f'{self.preexec}; exec "$@"', "bash", *command]
        with (self.home / "gateway.log").open("ab") as log:
            environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **self.environment}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def log(self) -> str:
        return (self.home / "gateway.log").read_text()

    def kill(self) -> None:
        """As ``kill -9`` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def stop(self) -> int:
        """Asks it to stop; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def operator(self) -> GatewayClient:
        return operator_client(self.home, self.address)

    def trader(self) -> GatewayClient:
        return trader_client(self.home, self.address)

    def __enter__(self) -> GatewayProcess:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
