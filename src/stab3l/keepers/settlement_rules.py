"""What to seal, post and pay: pure decisions (DESIGN section 7; contracts/src/interfaces/ICustody.sol)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from stab3l.engine.wire import Sealed
from stab3l.exchange.gateway_client import Status, Total, Withdrawal
from stab3l.keepers.deposit_rules import address_bytes
from stab3l.keepers.errors import NotConserved, SettlementDiverged

RETRY_S_FIRST: Final = 2
RETRY_S_MAX: Final = 300
ZERO_HASH: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class LastBatch:
    """What the chain says of its last batch; all zero before the first."""

    index: int
    last_input: int
    block: int
    state_root: bytes


def needs_seal(status: Status, refused_at: int) -> bool:
    """Whether commands came since the last seal. ``refused_at``: the last seal that had nothing to close."""
    return status.sequence > max(status.sealed_sequence, refused_at)


def check_conserved(totals: Sequence[Total]) -> None:
    """Of every asset accounts own what was credited and not withdrawn. Raises `NotConserved`."""
    for total in totals:
        if total.owned != total.credited - total.withdrawn:
            message = (
                f"accounts own {total.owned} of asset {total.asset}, {total.credited} came and {total.withdrawn} went"
            )
            values = {"owned": total.owned, "credited": total.credited, "withdrawn": total.withdrawn}
            raise NotConserved(message, asset=total.asset, **values)


def needs_batch(chain_id: int, sealed: Sealed, last: LastBatch) -> bool:
    """Whether the sealed block is still to be posted on a chain.

    Raises:
        SettlementDiverged: the chain is ahead, or holds another state for the same inputs.
    """
    if last.last_input < sealed.last_input:
        return True
    if (last.last_input, last.block, last.state_root) == (sealed.last_input, sealed.block, sealed.state_root):
        return False
    message = (
        f"chain {chain_id} has batch {last.index} up to input {last.last_input} (block {last.block}), "
        f"this engine sealed block {sealed.block} up to input {sealed.last_input}"
    )
    raise SettlementDiverged(
        message, chain_id=chain_id, posted=last.state_root.hex(), sealed=sealed.state_root.hex(), index=last.index
    )


def check_nothing_posted(chain_id: int, last: LastBatch) -> None:
    """For an engine that has sealed nothing. Raises `SettlementDiverged` when the chain holds a batch all the same."""
    if last.index:
        message = f"chain {chain_id} has batch {last.index}, this engine has sealed nothing: is its journal lost?"
        raise SettlementDiverged(message, chain_id=chain_id, posted=last.state_root.hex(), sealed="", index=last.index)


def batch_of(sealed: Sealed, chain_id: int, last_input: int, tokens: Sequence[str]) -> Mapping[str, Any]:
    """The constant-size batch after ``last_input``, with a total for each of Custody's ``tokens`` in its order."""
    deposits = {chain.chain_id: (chain.deposit_count, chain.deposit_hash) for chain in sealed.chains}
    totals = {a.token: (a.credited, a.withdrawn) for a in sealed.assets if a.chain_id == chain_id}
    deposit_count, deposit_hash = deposits.get(chain_id, (0, ZERO_HASH))
    return {
        "firstInput": last_input + 1,
        "lastInput": sealed.last_input,
        "block_": sealed.block,
        "depositCount": deposit_count,
        "depositHash": deposit_hash,
        "inputHash": sealed.input_hash,
        "outputHash": sealed.output_hash,
        "balancesRoot": sealed.balances_root,
        "balancesCount": sealed.balances_count,
        "withdrawalsRoot": sealed.withdrawals_root,
        "withdrawalsCount": sealed.withdrawals_count,
        "positionsRoot": sealed.positions_root,
        "positionsCount": sealed.positions_count,
        "totals": [_total(token, *totals.get(address_bytes(token), (0, 0))) for token in tokens],
    }


def payment_of(withdrawal: Withdrawal) -> Mapping[str, Any]:
    """A withdrawal as Custody takes it."""
    return {
        "id": withdrawal.id,
        "chainId": withdrawal.chain_id,
        "token": "0x" + withdrawal.token.hex(),
        "owner": "0x" + withdrawal.owner.hex(),
        "recipient": "0x" + withdrawal.recipient.hex(),
        "amount": withdrawal.amount,
    }


def retry_after_s(failures: int) -> int:
    """Seconds until a refused payment is tried again: doubled each time, at most five minutes."""
    return min(RETRY_S_FIRST << min(failures - 1, 16), RETRY_S_MAX)


def _total(token: str, credited: int, withdrawn: int) -> Mapping[str, Any]:
    return {"token": token, "credited": credited, "withdrawn": withdrawn}
