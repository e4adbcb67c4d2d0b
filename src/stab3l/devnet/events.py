"""All events of one kind that a contract of the network ever emitted; for small local chains."""

from __future__ import annotations

from typing import Any

from stab3l.chain.contracts import contract, decode_log
from stab3l.chain.rpc import RpcChain
from stab3l.config import Network


async def events(network: Network, chain: RpcChain, name: str, event: str) -> list[dict[str, Any]]:
    """Arguments of each event, with its ``block`` number and ``tx`` hash, oldest first."""
    config = network.chain(chain.chain_id)
    source = contract(config, name)
    head = await chain.head()
    logs = await chain.logs([source.address], config.deploy_block, head.number)
    decoded = [decode_log(source, log) for log in logs]
    return [
        {**d.args, "block": d.log.block_number, "tx": d.log.tx_hash}
        for d in decoded
        if d is not None and d.event == event
    ]
