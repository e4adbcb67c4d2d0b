"""What a browser must know of the network to reach its chains and contracts: ``GET /v1/network``."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from stab3l.api.endpoints import Call, Nothing, Routes
from stab3l.config import PRIMARY_CHAIN_ID, Network

NETWORK: Final = Routes("Network")
KEPT_S: Final = 10
_LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:\d+)?/?")


class NetworkChain(msgspec.Struct, frozen=True):
    """A chain as a browser reaches it. ``rpc_url``: null unless it answers on this machine's loopback."""

    chain_id: int
    name: str
    rpc_url: str | None
    block_seconds: int
    confirmations: int
    contracts: dict[str, str]


class NetworkView(msgspec.Struct, frozen=True):
    """Chains and contracts. ``development``: the local network, all of whose chains answer on loopback."""

    primary_chain_id: int
    development: bool
    provider_url: str | None
    chains: list[NetworkChain]


@NETWORK.get("/v1/network", cache_s=KEPT_S)
async def network(call: Call[Nothing, Nothing]) -> NetworkView:
    """Chains, their contracts, and where a browser on this machine reaches them."""
    described = call.desk.network
    chains = [
        NetworkChain(
            chain.chain_id,
            chain.name,
            loopback(chain.rpc_url),
            chain.block_seconds,
            chain.confirmations,
            chain.contracts,
        )
        for chain in described.chains
    ]
    return NetworkView(
        primary_chain_id=PRIMARY_CHAIN_ID,
        development=all(chain.rpc_url is not None for chain in chains),
        provider_url=loopback(described.provider_url),
        chains=chains,
    )


def reached_by_browsers(described: Network) -> list[str]:
    """Where the console's page may send requests beside its own server: nodes, and a provider on loopback."""
    provider = loopback(described.provider_url)
    return [*(chain.rpc_url for chain in described.chains), *([] if provider is None else [provider])]


def loopback(url: str) -> str | None:
    """The address without a slash at its end, if it is on this machine's loopback: no other is told to browsers."""
    return url.rstrip("/") if _LOOPBACK.fullmatch(url) else None
