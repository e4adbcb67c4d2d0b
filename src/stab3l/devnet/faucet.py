"""Coin for gas and test dollars for anybody's key, on a local network and nowhere else."""

from __future__ import annotations

from typing import Final

from stab3l.chain.contracts import contract
from stab3l.chain.local import require_local
from stab3l.chain.port import Receipt
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.config import ChainConfig
from stab3l.units import BaseUnits

DOLLAR: Final = "LocalDollar"
DOLLAR_UNITS: Final = 10**6
GAS_WEI: Final = 10**19


async def fill_up(config: ChainConfig, signer: Signer, dollars: BaseUnits) -> Receipt:
    """Sets the key's coin for gas to ten, and gives it ``dollars`` base units of the local dollar.

    Raises:
        NotLocal: the node is not anvil on this machine's loopback.
        ChainUnavailable: it does not answer.
    """
    async with RpcChain(config) as chain:
        await require_local(chain)
        await chain.request("anvil_setBalance", signer.address, hex(GAS_WEI))
        return await Sender(chain, signer).transact(contract(config, DOLLAR), "faucet", signer.address, dollars)
