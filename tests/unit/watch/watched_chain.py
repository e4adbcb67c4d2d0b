"""A fake chain that speaks for the system's contracts, and the tables as plain values to compare."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from stab3l.chain.contracts import Contract, contract
from stab3l.chain.port import BlockRef
from stab3l.config import ChainConfig
from stab3l.store.database import Database
from stab3l.store.tables import FACTS, VERSIONED, blocks, chains
from stab3l.testing.chain import FakeChain
from stab3l.watch.indexer import ChainIndexer, IndexerPolicy
from stab3l.watch.projection import NOBODY, WATCHED

CHAIN_ID = 412346
CONFIRMATIONS = 3
PROVIDER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
BUYER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"

Entry = tuple[str, str, dict[str, Any]]


class WatchedChain:
    """A fake chain on which every watched contract stands."""

    def __init__(self) -> None:
        self.fake = FakeChain(CHAIN_ID)
        self.config = ChainConfig(
            chain_id=CHAIN_ID,
            name="primary",
            rpc_url="http://127.0.0.1:1",
            confirmations=CONFIRMATIONS,
            block_seconds=2,
            deploy_block=0,
            contracts={name: f"0x{place:040x}" for place, name in enumerate(WATCHED, 1)},
        )

    def indexer(self, database: Database, policy: IndexerPolicy | None = None) -> ChainIndexer:
        return ChainIndexer(database, self.fake, self.config, policy)

    async def follow(self, database: Database, policy: IndexerPolicy | None = None) -> None:
        """A fresh indexer catches up: what a restarted process does."""
        indexer = self.indexer(database, policy)
        await indexer.start()
        await indexer.catch_up()

    def contract(self, name: str) -> Contract:
        return contract(self.config, name)

    def mine(self, *entries: Entry) -> BlockRef:
        return self.fake.mine(*((self.contract(name), event, args) for name, event, args in entries))

    def mine_empty(self, count: int) -> None:
        for _ in range(count):
            self.mine()


def deposit(ordinal: int, amount: int = 5, owner: str = BUYER) -> Entry:
    return "Custody", "Deposited", {
        "ordinal": ordinal,
        "owner": owner,
        "token": TOKEN,
        "amount": amount,
        "depositHash": b"\x07" * 32,
    }  # fmt: skip


def batch(index: int, exchange_block: int) -> Entry:
    return "Custody", "BatchSettled", {
        "index": index,
        "firstInput": 1,
        "lastInput": 2,
        "block_": exchange_block,
        "stateRoot": b"\x01" * 32,
        "inputHash": b"\x02" * 32,
        "outputHash": b"\x03" * 32,
    }  # fmt: skip


def payment(withdrawal: int, amount: int = 5) -> Entry:
    who = {"owner": BUYER, "recipient": BUYER}
    return "Custody", "Withdrawn", {"id": withdrawal, **who, "token": TOKEN, "amount": amount}


def transfer(token: str, amount: int, sender: str = NOBODY, recipient: str = NOBODY) -> Entry:
    return token, "Transfer", {"from": sender, "to": recipient, "value": amount}


def registered() -> Entry:
    args = {"provider": PROVIDER, "method": 3, "stakePeriodSeconds": 7 * 86_400}
    return "ComputeUnitVerifier", "ProviderRegistered", args


def challenge(claim_id: int) -> Entry:
    shape = {"computeClass": 2, "rows": 512, "depth": 512, "products": 8}
    when = {"seedBlock": 5, "deadlineBlock": 15}
    return "ComputeUnitVerifier", "ChallengeOpened", {"claimId": claim_id, "provider": PROVIDER, **shape, **when}


def committed(claim_id: int) -> Entry:
    hashes = {"seed": b"\x0a" * 32, "root": b"\x0b" * 32}
    args = {"claimId": claim_id, "provider": PROVIDER, **hashes, "commitBlock": 9, "operationsPerSecond": 10**12}
    return "ComputeUnitVerifier", "RootCommitted", args


def proven(claim_id: int, cu_value: int) -> Entry:
    return "ComputeUnitVerifier", "ClaimProven", {"claimId": claim_id, "provider": PROVIDER, "cuValue": cu_value}


def minted(claim_id: int, amount: int) -> tuple[Entry, ...]:
    """All that one mint says."""
    staked = {"stakeId": claim_id, "provider": PROVIDER, "amount": amount, "unlocksAt": 1_800_000_000}
    return (
        transfer("CUToken", amount, recipient=PROVIDER),
        transfer("sSTBToken", amount, recipient=PROVIDER),
        transfer("CUToken", amount, sender=PROVIDER),
        transfer("sSTBToken", amount, sender=PROVIDER, recipient=BUYER),
        ("ProviderStaking", "Staked", staked),
        ("CollateralManager", "ObligationChanged", {"provider": PROVIDER, "outstanding": amount}),
        ("MintingAgent", "Minted", {"claimId": claim_id, "provider": PROVIDER, "amount": amount, "stakeId": claim_id}),
    )


def requested(redemption_id: int, amount: int) -> Entry:
    job = {"tier": 0, "jobHash": b"\x0c" * 32, "jobUri": "file:job", "deadline": 1_700_090_000}
    args = {"id": redemption_id, "buyer": BUYER, "provider": PROVIDER, "amount": amount, **job}
    return "Redemption", "RedemptionRequested", args


async def content(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that the chains gave, sorted."""
    async with database.read() as connection:
        tables = (chains, blocks, *FACTS, *VERSIONED)
        return {t.name: sorted(map(repr, (await connection.execute(sa.select(t))).all())) for t in tables}  # type: ignore[misc]
