"""Of its own chapter: the provider stakes and becomes a sink; its agent then shows what it can do."""

from __future__ import annotations

from stab3l.chain.flows import Flows
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.client.flow import TASK_TYPE
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.devnet.story.pools import MAKERS_SSTB
from stab3l.devnet.story.stage import TOKEN, Stage
from stab3l.flow.constants import MIN_SINK_STAKE
from stab3l.provider.sink import join

BUYER_DOLLARS = 1_000 * 10**6


async def become_a_sink(stage: Stage) -> None:
    """Of the sSTB that it has just unlocked; the buyer gets dollars for its stream."""
    network, provider = stage.local.network, stage.person("provider")
    await stage.give_dollars(stage.person("buyer"), PRIMARY_CHAIN_ID, BUYER_DOLLARS)
    if await provider.balance(PRIMARY_CHAIN_ID, TOKEN) < MIN_SINK_STAKE + MAKERS_SSTB:
        stage.steps.add("flow.join", skipped="this machine proved too little for the least stake")
        return
    async with RpcChain(network.primary) as chain:
        flows = Flows(chain, network.primary)
        await join(flows, Sender(chain, provider.signer), MIN_SINK_STAKE)
    await stage.settled(PRIMARY_CHAIN_ID)
    stage.steps.add("flow.join", task_type=TASK_TYPE, stake=MIN_SINK_STAKE)
