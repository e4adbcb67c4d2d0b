"""Money on its way in or out: how far a deposit or a withdrawal is, out of the index."""

from __future__ import annotations

import msgspec

from stab3l.api.desk import Desk
from stab3l.api.history import DepositDetail, WithdrawalView
from stab3l.api.problems import Problem
from stab3l.watch import pages, queries


async def deposit_detail(desk: Desk, chain_id: int, ordinal: int) -> DepositDetail:
    """A deposit with the input that credited it, the block that sealed it and the batch that posted it.

    Raises `Problem` ``deposit_unknown``.
    """
    row = await desk.history.ask(queries.deposit, chain_id, ordinal)
    if row is None:
        raise Problem("deposit_unknown", f"chain {chain_id} has no deposit {ordinal}", chain_id=chain_id)
    credit = await desk.history.ask(pages.credit, chain_id, ordinal)
    block = await desk.history.ask(pages.block_of, credit.sequence) if credit else None
    batch = await desk.history.ask(pages.batch_of, chain_id, credit.sequence) if credit else None
    return DepositDetail(
        **msgspec.structs.asdict(desk.history.deposit_view(row)),
        owner=row.owner,
        at=str(row.at),
        sequence=str(credit.sequence) if credit else None,
        block=str(block.block) if block else None,
        batch_index=str(batch.batch_index) if batch else None,
        batch_tx="0x" + batch.tx_hash.hex() if batch else None,
    )


async def withdrawal_detail(desk: Desk, number: int) -> WithdrawalView:
    """A withdrawal. Raises `Problem` ``withdrawal_unknown``."""
    row = await desk.history.ask(queries.withdrawal, number) if number < 2**63 else None
    if row is None:
        raise Problem("withdrawal_unknown", f"there is no withdrawal {number}", withdrawal=number)
    return desk.history.withdrawal_view(row)
