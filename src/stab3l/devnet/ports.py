"""Which port belongs to what, and a clear line when one is taken."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import psutil

from stab3l.errors import Invalid, Unavailable

CHAIN_NAMES = {412346: "primary", 138: "chain-138", 651940: "chain-651940"}
BLOCK_SECONDS = {412346: 1, 138: 2, 651940: 2}
VERIFIERS = 3
PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class Ports:
    """All loopback ports of one local network."""

    chains: dict[int, int]
    gateway: int
    api: int
    provider: int
    verifiers: tuple[int, ...]

    def all(self) -> dict[str, int]:
        """Service name -> port."""
        return {
            **{CHAIN_NAMES[chain_id]: port for chain_id, port in self.chains.items()},
            "exchange": self.gateway,
            "api": self.api,
            "provider": self.provider,
            **{f"verifier-{index}": port for index, port in enumerate(self.verifiers)},
        }


def fixed_ports(base: int, api: int) -> Ports:
    """The ports of `stab3l up`: consecutive from `base`, and the API where people look for it.

    Raises:
        Invalid: a number is no port, or two services would share one.
    """
    ports = Ports(
        chains={chain_id: base + index for index, chain_id in enumerate(CHAIN_NAMES)},
        gateway=base + 5,
        api=api,
        provider=base + 6,
        verifiers=tuple(base + 7 + index for index in range(VERIFIERS)),
    )
    owners: dict[int, str] = {}
    for name, port in ports.all().items():
        if not 0 < port <= PORT_MAX:
            raise Invalid(f"{port} ({name}) is no port: they go from 1 to {PORT_MAX}", port=port, service=name)
        if port in owners:
            raise Invalid(f"port {port} would be used by {owners[port]} and {name}: choose others", port=port)
        owners[port] = name
    return ports


def free_ports() -> Ports:
    """Ports that nobody uses now, for a network that lives beside others (`stab3l demo`)."""
    sockets = [socket.socket() for _ in range(len(CHAIN_NAMES) + 3 + VERIFIERS)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        numbers = [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
    chains = dict(zip(CHAIN_NAMES, numbers, strict=False))
    gateway, api, provider, *verifiers = numbers[len(chains) :]
    return Ports(chains, gateway, api, provider, tuple(verifiers))


def require_free(ports: Ports) -> None:
    """Checks every port before anything starts.

    Raises:
        Unavailable: naming the first taken port, its holder when it can be seen, and the way out.
    """
    for name, port in ports.all().items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                holder = _holder(port)
                raise Unavailable(
                    f"port {port} ({name}) is taken{holder}: stop that, or choose others (--base-port, --api-port)",
                    port=port,
                    service=name,
                ) from None


def _holder(port: int) -> str:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid and connection.status == "LISTEN":
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return ""
    return ""
