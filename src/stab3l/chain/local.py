"""The guard before anything that only a local test chain may be asked: faucets, time travel, impersonation."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from stab3l.chain.errors import NotLocal
from stab3l.chain.rpc import RpcChain


async def require_local(chain: RpcChain) -> None:
    """Passes only for an anvil node on a loopback address.

    Raises:
        NotLocal: the address leaves this machine, or another client answers.
        ChainUnavailable: nothing answers.
    """
    url = chain.config.rpc_url
    if not _is_loopback(urlsplit(url).hostname or ""):
        raise NotLocal(f"{url} is not on this machine", url=url, client="")
    client = str(await chain.request("web3_clientVersion"))
    if not client.lower().startswith("anvil/"):
        raise NotLocal(f"{url} is {client}, not anvil", url=url, client=client)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
