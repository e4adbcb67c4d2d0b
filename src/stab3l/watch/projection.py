"""What each contract event means for the read model: one small function per event.

Amounts and states come from the events alone, so the same log always gives the same rows.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from stab3l.chain.contracts import DecodedLog
from stab3l.errors import Corrupt
from stab3l.store.history import Position, current, put
from stab3l.store.tables import (
    batches,
    chain_events,
    claims,
    deposits,
    mints,
    payments,
    providers,
    redemptions,
    stakes,
    supplies,
)
from stab3l.store.transaction import Transaction

TOKENS = ("CUToken", "sSTBToken", "rSTBToken")
WATCHED = (
    "ComputeUnitVerifier",
    "MintingAgent",
    "ProviderStaking",
    "RewardsDistributor",
    "CollateralManager",
    "Redemption",
    "Custody",
    *TOKENS,
)
"""Contracts whose logs are followed, where a chain has them."""

NOBODY = "0x0000000000000000000000000000000000000000"
NEW_PROVIDER: Mapping[str, Any] = {
    "method": 0,
    "stake_period_s": 0,
    "collateral": 0,
    "outstanding": 0,
    "staked": 0,
    "rewards_claimed": 0,
    "liquidation": "none",
    "grace_until": 0,
}
NEW_SUPPLY: Mapping[str, Any] = {"minted": 0, "burned": 0}

Args = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """The read model as one log may change it."""

    connection: Transaction
    at: Position
    time: int
    log: DecodedLog

    async def add(self, table: sa.Table, **columns: Any) -> None:
        """A fact."""
        row = {**self.at.columns(), "tx_hash": self.log.log.tx_hash, "at": self.time, **columns}
        await self.connection.execute(sa.insert(table).values(row))

    async def put(self, table: sa.Table, key: Args, row: Args) -> None:
        """A first version, complete."""
        await put(self.connection, table, self.at, key, row)

    async def change(
        self, table: sa.Table, key: Args, changes: Callable[[dict[str, Any]], Args], new: Args | None
    ) -> None:
        """The next version; ``new`` is what stands before the first event, None when there must have been one."""
        before = await current(self.connection, table, self.at.chain_id, key)
        if before is None:
            if new is None:
                raise Corrupt(f"{self.log.event} about an unknown {table.name} row {dict(key)}", **self.at.columns())
            before = dict(new)
        await put(self.connection, table, self.at, key, {**before, **changes(before)})

    async def provider(self, provider: str, changes: Callable[[dict[str, Any]], Args]) -> None:
        """The next version of a provider."""
        await self.change(providers, {"provider": provider}, changes, NEW_PROVIDER)

    async def claim(self, claim_id: int, **changes: Any) -> None:
        """The next version of a claim."""
        await self.change(claims, {"claim_id": claim_id}, lambda _: changes, None)

    async def redemption(self, redemption_id: int, **changes: Any) -> None:
        """The next version of a redemption."""
        await self.change(redemptions, {"redemption_id": redemption_id}, lambda _: changes, None)


async def project(connection: Transaction, chain_id: int, log: DecodedLog, time: int) -> None:
    """Writes a log of a block of this ``time``, and what follows from it.

    Raises:
        Corrupt: it speaks of something that never was.
    """
    if not _worth_keeping(log):
        return
    said = {name: _storable(value) for name, value in log.args.items()}
    rows = Rows(connection, Position(chain_id, log.log.block_number, log.log.log_index), time, log)
    await rows.add(
        chain_events,
        block_hash=log.log.block_hash,
        contract=log.contract,
        event=log.event,
        args={name: _json(value) for name, value in said.items()},
    )
    handler = _HANDLERS.get((log.contract, log.event))
    if handler is not None:
        await handler(rows, said)


def _worth_keeping(log: DecodedLog) -> bool:
    if log.contract not in TOKENS:
        return True
    return log.event == "Transfer" and NOBODY in (log.args["from"], log.args["to"])


def _storable(value: Any) -> Any:
    """PostgreSQL's text holds no zero character, and anyone may write one into a contract."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _json(value: Any) -> Any:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, bytes):
        return "0x" + value.hex()
    return str(value) if isinstance(value, int) else [_json(v) for v in value]


async def _provider_registered(rows: Rows, a: Args) -> None:
    await rows.provider(a["provider"], lambda _: {"method": a["method"], "stake_period_s": a["stakePeriodSeconds"]})


async def _challenge_opened(rows: Rows, a: Args) -> None:
    row = {
        "provider": a["provider"],
        "state": "open",
        "compute_class": a["computeClass"],
        "rows": a["rows"],
        "depth": a["depth"],
        "products": a["products"],
        "seed_block": a["seedBlock"],
        "deadline_block": a["deadlineBlock"],
        "root": None,
        "operations_per_second": 0,
        "cu_value": 0,
    }
    await rows.put(claims, {"claim_id": a["claimId"]}, row)


async def _root_committed(rows: Rows, a: Args) -> None:
    rate = a["operationsPerSecond"]
    await rows.claim(a["claimId"], state="committed", root=a["root"], operations_per_second=rate)


async def _claim_proven(rows: Rows, a: Args) -> None:
    await rows.claim(a["claimId"], state="proven", cu_value=a["cuValue"])


async def _minted(rows: Rows, a: Args) -> None:
    columns = {"claim_id": a["claimId"], "provider": a["provider"], "amount": a["amount"], "stake_id": a["stakeId"]}
    await rows.add(mints, **columns)
    await rows.claim(a["claimId"], state="minted")


async def _staked(rows: Rows, a: Args) -> None:
    row = {"provider": a["provider"], "amount": a["amount"], "unlocks_at": a["unlocksAt"], "unstaked": False}
    await rows.put(stakes, {"stake_id": a["stakeId"]}, row)
    await rows.provider(a["provider"], lambda before: {"staked": before["staked"] + a["amount"]})


async def _unstaked(rows: Rows, a: Args) -> None:
    await rows.change(stakes, {"stake_id": a["stakeId"]}, lambda _: {"unstaked": True}, None)
    await rows.provider(a["provider"], lambda before: {"staked": before["staked"] - a["amount"]})


async def _reward_claimed(rows: Rows, a: Args) -> None:
    await rows.provider(a["provider"], lambda before: {"rewards_claimed": before["rewards_claimed"] + a["amount"]})


async def _collateral_changed(rows: Rows, a: Args) -> None:
    await rows.provider(a["provider"], lambda _: {"collateral": a["collateral"]})


async def _collateral_seized(rows: Rows, a: Args) -> None:
    await rows.provider(a["provider"], lambda before: {"collateral": before["collateral"] - a["amount"]})


async def _obligation_changed(rows: Rows, a: Args) -> None:
    await rows.provider(a["provider"], lambda _: {"outstanding": a["outstanding"]})


async def _liquidation_started(rows: Rows, a: Args) -> None:
    await rows.provider(a["provider"], lambda _: {"liquidation": "grace", "grace_until": a["graceUntil"]})


async def _liquidation_cured(rows: Rows, a: Args) -> None:
    await rows.provider(a["provider"], lambda _: {"liquidation": "none", "grace_until": 0})


async def _liquidated(rows: Rows, a: Args) -> None:
    await rows.provider(a["provider"], lambda _: {"liquidation": "liquidated"})


async def _redemption_requested(rows: Rows, a: Args) -> None:
    row = {
        "state": "requested",
        "buyer": a["buyer"],
        "provider": a["provider"],
        "amount": a["amount"],
        "tier": a["tier"],
        "deadline": a["deadline"],
        "job_hash": a["jobHash"],
        "job_uri": a["jobUri"],
        "result_hash": None,
        "result_uri": "",
        "work_done": 0,
        "collateral_paid": 0,
    }
    await rows.put(redemptions, {"redemption_id": a["id"]}, row)


async def _delivered(rows: Rows, a: Args) -> None:
    result = {"result_hash": a["resultHash"], "result_uri": a["resultUri"], "work_done": a["workDone"]}
    await rows.redemption(a["id"], state="delivered", **result)


async def _disputed(rows: Rows, a: Args) -> None:
    await rows.redemption(a["id"], state="disputed")


async def _settled(rows: Rows, a: Args) -> None:
    await rows.redemption(a["id"], state="settled")


async def _compensated(rows: Rows, a: Args) -> None:
    await rows.redemption(a["id"], state="compensated", collateral_paid=a["collateralPaid"])


async def _deposited(rows: Rows, a: Args) -> None:
    await rows.add(deposits, ordinal=a["ordinal"], owner=a["owner"], token=a["token"], amount=a["amount"])


async def _batch_settled(rows: Rows, a: Args) -> None:
    await rows.add(
        batches,
        batch_index=a["index"],
        first_input=a["firstInput"],
        last_input=a["lastInput"],
        exchange_block=a["block_"],
        state_root=a["stateRoot"],
        input_hash=a["inputHash"],
        output_hash=a["outputHash"],
    )


async def _withdrawn(rows: Rows, a: Args) -> None:
    who = {"owner": a["owner"], "recipient": a["recipient"]}
    await rows.add(payments, withdrawal=a["id"], token=a["token"], amount=a["amount"], **who)


async def _supply_moved(rows: Rows, a: Args) -> None:
    def moved(before: dict[str, Any]) -> Args:
        return {
            "minted": before["minted"] + (a["value"] if a["from"] == NOBODY else 0),
            "burned": before["burned"] + (a["value"] if a["to"] == NOBODY else 0),
        }

    await rows.change(supplies, {"token": rows.log.contract}, moved, NEW_SUPPLY)


_HANDLERS: Mapping[tuple[str, str], Callable[[Rows, Args], Awaitable[None]]] = {
    ("ComputeUnitVerifier", "ProviderRegistered"): _provider_registered,
    ("ComputeUnitVerifier", "ChallengeOpened"): _challenge_opened,
    ("ComputeUnitVerifier", "RootCommitted"): _root_committed,
    ("ComputeUnitVerifier", "ClaimProven"): _claim_proven,
    ("MintingAgent", "Minted"): _minted,
    ("ProviderStaking", "Staked"): _staked,
    ("ProviderStaking", "Unstaked"): _unstaked,
    ("RewardsDistributor", "RewardClaimed"): _reward_claimed,
    ("CollateralManager", "CollateralDeposited"): _collateral_changed,
    ("CollateralManager", "CollateralWithdrawn"): _collateral_changed,
    ("CollateralManager", "CollateralSeized"): _collateral_seized,
    ("CollateralManager", "ObligationChanged"): _obligation_changed,
    ("CollateralManager", "LiquidationStarted"): _liquidation_started,
    ("CollateralManager", "LiquidationCured"): _liquidation_cured,
    ("CollateralManager", "Liquidated"): _liquidated,
    ("Redemption", "RedemptionRequested"): _redemption_requested,
    ("Redemption", "Delivered"): _delivered,
    ("Redemption", "Disputed"): _disputed,
    ("Redemption", "Settled"): _settled,
    ("Redemption", "Compensated"): _compensated,
    ("Custody", "Deposited"): _deposited,
    ("Custody", "BatchSettled"): _batch_settled,
    ("Custody", "Withdrawn"): _withdrawn,
    **{(token, "Transfer"): _supply_moved for token in TOKENS},
}
