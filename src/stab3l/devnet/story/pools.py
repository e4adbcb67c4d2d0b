"""What the pools need once before the economy lives: sSTB in the vault, tokens for those who trade in them."""

from __future__ import annotations

from typing import Final

from stab3l.chain.sender import Sender
from stab3l.config import PRIMARY_CHAIN_ID
from stab3l.devnet.deployment import LOCAL_COMPUTE_DEPTH, LOCAL_MESH_DEPTH
from stab3l.devnet.faucet import DOLLAR
from stab3l.devnet.peg_flow import ARBITRAGEUR, BOUGHT, SOLD, TRADER, stock
from stab3l.devnet.story.stage import TOKEN, Stage
from stab3l.errors import Rejected
from stab3l.keepers.peg import Desk
from stab3l.peg.reserves import Bucket
from stab3l.units import WAD

TOKENS: Final = (SOLD, BOUGHT)
BOOK_ARBITRAGEUR: Final = "book-arbitrageur"
BOOK_SSTB: Final = 10 * WAD
MAKERS_SSTB: Final = 110 * WAD
"""What the provider keeps for the makers, of whom each quotes on its markets."""
DOLLARS_UNIT: Final = 10**6
INVENTORY: Final = 500_000 * 10**6


async def open_pools(stage: Stage) -> None:
    """The provider lends sSTB to buckets A and B, with which keepers open its pools; traders take local tokens."""
    for config in stage.local.network.chains:
        if "PMMRouter" not in config.contracts:
            continue
        for role in (TRADER, ARBITRAGEUR):
            await stock(_desk(stage, role, config.chain_id), TOKENS, INVENTORY)
    if "ReserveVault" not in stage.local.network.primary.contracts:
        return
    try:
        await _lend(stage)
        await _fund_arbitrage(stage)
    except Rejected as error:
        # The economy lives without a pool of sSTB; whoever watches is told.
        stage.steps.add("pools.refused", reason=error.message)


async def _lend(stage: Stage) -> None:
    """The public pool's depth, then its mesh pool's, each only if the makers still have something to quote."""
    provider = stage.person("provider")
    token = provider.contract(PRIMARY_CHAIN_ID, TOKEN).address
    await provider.approve(PRIMARY_CHAIN_ID, TOKEN, "ReserveVault")
    lent = await provider.events(PRIMARY_CHAIN_ID, "ReserveVault", "Deposited")
    for bucket, depth in ((Bucket.PUBLIC, LOCAL_COMPUTE_DEPTH), (Bucket.STABILISATION, LOCAL_MESH_DEPTH)):
        if any(entry["bucket"] == bucket and entry["token"] == token for entry in lent):
            continue
        if await provider.balance(PRIMARY_CHAIN_ID, TOKEN) < depth + BOOK_SSTB + MAKERS_SSTB:
            stage.steps.add("pools.sstb_scarce", bucket=bucket.name.lower(), wanted=depth)
            return
        receipt = await provider.send(PRIMARY_CHAIN_ID, "ReserveVault", "deposit", bucket, token, depth)
        stage.steps.add("pools.lend", receipt, bucket=bucket.name.lower(), sstb=depth)


async def _fund_arbitrage(stage: Stage) -> None:
    """sSTB and dollars for the one who trades between book and pool: half of the sSTB goes to the exchange."""
    provider, arbitrageur = stage.person("provider"), stage.person(BOOK_ARBITRAGEUR)
    await stock(_desk(stage, BOOK_ARBITRAGEUR, PRIMARY_CHAIN_ID), (BOUGHT,), 100 * DOLLARS_UNIT)
    if await arbitrageur.balance(PRIMARY_CHAIN_ID, TOKEN) == 0:
        await provider.pay(PRIMARY_CHAIN_ID, TOKEN, arbitrageur, BOOK_SSTB)
    if await arbitrageur.balance(PRIMARY_CHAIN_ID, DOLLAR) == 0:
        await stage.give_dollars(arbitrageur, PRIMARY_CHAIN_ID, 100 * DOLLARS_UNIT)
    for name, amount in ((TOKEN, BOOK_SSTB // 2), (DOLLAR, 100 * DOLLARS_UNIT)):
        await arbitrageur.approve(PRIMARY_CHAIN_ID, name, "Custody")
        token = arbitrageur.contract(PRIMARY_CHAIN_ID, name).address
        receipt = await arbitrageur.send(PRIMARY_CHAIN_ID, "Custody", "deposit", token, amount, arbitrageur.address)
        stage.steps.add("deposit", receipt, by=BOOK_ARBITRAGEUR, token=name, amount=amount)


def _desk(stage: Stage, role: str, chain_id: int) -> Desk:
    chain = stage.local.chains[chain_id]
    return Desk(chain, chain.config, Sender(chain, stage.local.signers[role]))
