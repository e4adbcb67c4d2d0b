"""What the pools need once before the economy lives: sSTB in the vault, tokens for those who trade in them."""

from __future__ import annotations

from typing import Final

from stab3l.chain.sender import Sender
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.devnet.deployment import LOCAL_COMPUTE_DEPTH
from stab3l.devnet.peg_flow import ARBITRAGEUR, BOUGHT, SOLD, TRADER, stock
from stab3l.devnet.story.stage import TOKEN, Stage
from stab3l.keepers.peg import Desk
from stab3l.peg.reserves import Bucket

TOKENS: Final = (SOLD, BOUGHT)
INVENTORY: Final = 500_000 * 10**6


async def open_pools(stage: Stage) -> None:
    """The provider lends sSTB to buckets A and B, with which keepers open its pools; traders take local tokens."""
    for config in stage.local.network.chains:
        if "PMMRouter" not in config.contracts:
            continue
        for role in (TRADER, ARBITRAGEUR):
            await stock(_desk(stage, role, config.chain_id), TOKENS, INVENTORY)
    await _lend(stage)


async def _lend(stage: Stage) -> None:
    provider = stage.person("provider")
    if await provider.balance(PRIMARY_CHAIN_ID, TOKEN) < 3 * LOCAL_COMPUTE_DEPTH:
        stage.steps.add("pools.sstb_scarce", wanted=LOCAL_COMPUTE_DEPTH)
        return
    token = provider.contract(PRIMARY_CHAIN_ID, TOKEN).address
    await provider.approve(PRIMARY_CHAIN_ID, TOKEN, "ReserveVault")
    lent = await provider.events(PRIMARY_CHAIN_ID, "ReserveVault", "Deposited")
    for bucket in (Bucket.PUBLIC, Bucket.STABILISATION):
        if any(entry["bucket"] == bucket and entry["token"] == token for entry in lent):
            continue
        receipt = await provider.send(PRIMARY_CHAIN_ID, "ReserveVault", "deposit", bucket, token, LOCAL_COMPUTE_DEPTH)
        stage.steps.add("pools.lend", receipt, bucket=bucket.name.lower(), sstb=LOCAL_COMPUTE_DEPTH)


def _desk(stage: Stage, role: str, chain_id: int) -> Desk:
    chain = stage.local.chains[chain_id]
    return Desk(chain, chain.config, Sender(chain, stage.local.signers[role]))
