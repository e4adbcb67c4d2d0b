"""What to credit: pure decisions over what the chain and the engine say (docs/reference/engine.md, Deposit)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from stab3l.chain.contracts import DecodedLog
from stab3l.chain.errors import Reorganised
from stab3l.engine.wire import Deposit
from stab3l.exchange.gateway_client import Deposits
from stab3l.hashing import keccak256
from stab3l.keepers.errors import HistoriesDisagree

TokenKey = tuple[int, bytes]

DEPOSITS_PER_ROUND: Final = 2_000
WORD: Final = 32


@dataclass(frozen=True, slots=True)
class SeenDeposit:
    """A ``Deposited`` event."""

    ordinal: int
    owner: bytes
    token: bytes
    amount: int
    deposit_hash: bytes
    tx_hash: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class CreditPlan:
    """Commands to submit in this order. ``blocked``: the deposit behind them whose token is no asset."""

    commands: tuple[Deposit, ...]
    blocked: SeenDeposit | None = None


def seen_deposit(decoded: DecodedLog) -> SeenDeposit:
    """A ``Deposited`` event from its decoded log."""
    args = decoded.args
    return SeenDeposit(
        ordinal=args["ordinal"],
        owner=address_bytes(args["owner"]),
        token=address_bytes(args["token"]),
        amount=args["amount"],
        deposit_hash=args["depositHash"],
        tx_hash=decoded.log.tx_hash,
        log_index=decoded.log.log_index,
    )


def address_bytes(address: str) -> bytes:
    """20 bytes of a hex address."""
    return bytes.fromhex(address.removeprefix("0x"))


def deposit_hash(previous: bytes, ordinal: int, token: bytes, owner: bytes, amount: int) -> bytes:
    """The next link: ``keccak(abi.encode(previous, ordinal, token, owner, amount))``."""
    words = (ordinal.to_bytes(WORD, "big"), token.rjust(WORD, b"\0"), owner.rjust(WORD, b"\0"))
    return keccak256(previous + b"".join(words) + amount.to_bytes(WORD, "big"))


def check_credited(chain_id: int, credited: Deposits, on_chain: bytes | None) -> None:
    """Holds the credited history against the chain's hash at its last ordinal (None: the chain has fewer deposits).

    Raises:
        HistoriesDisagree: they differ: a reorganisation went deeper than the confirmation depth.
    """
    if credited.count == 0 or on_chain == credited.deposit_hash:
        return
    found = "nothing" if on_chain is None else f"0x{on_chain.hex()}"
    message = (
        f"chain {chain_id}: deposit {credited.count} was credited with hash 0x{credited.deposit_hash.hex()}, "
        f"the chain has {found}; crediting is halted"
    )
    raise HistoriesDisagree(
        message, chain_id=chain_id, ordinal=credited.count, credited=credited.deposit_hash, found=on_chain
    )


def last_of_round(credited: int, on_chain: int) -> int:
    """The last ordinal that one round credits."""
    return min(on_chain, credited + DEPOSITS_PER_ROUND)


def plan_credits(
    chain_id: int,
    credited: Deposits,
    found: Sequence[SeenDeposit],
    last: int,
    last_hash: bytes,
    assets: Mapping[TokenKey, int],
) -> CreditPlan:
    """Commands for the ordinals after ``credited`` up to ``last``, whose hash the contract gives as ``last_hash``.

    Raises:
        Reorganised: the events do not continue the credited history to that hash: they were read across a
            reorganisation. Read again.
    """
    ordered = sorted((d for d in found if credited.count < d.ordinal <= last), key=lambda d: d.ordinal)
    _check_chain(chain_id, credited, ordered, last, last_hash)
    commands: list[Deposit] = []
    for deposit in ordered:
        asset = assets.get((chain_id, deposit.token))
        if asset is None:
            return CreditPlan(tuple(commands), deposit)
        commands.append(
            Deposit(chain_id, deposit.ordinal, asset, deposit.log_index, deposit.owner, deposit.amount, deposit.tx_hash)
        )
    return CreditPlan(tuple(commands))


def _check_chain(chain_id: int, credited: Deposits, found: Sequence[SeenDeposit], last: int, last_hash: bytes) -> None:
    link, ordinal = credited.deposit_hash, credited.count
    for deposit in found:
        link, ordinal = deposit_hash(link, ordinal + 1, deposit.token, deposit.owner, deposit.amount), ordinal + 1
        if deposit.ordinal != ordinal or deposit.deposit_hash != link:
            break
    else:
        if (ordinal, link) == (last, last_hash):
            return
    message = f"chain {chain_id}: the deposits after {credited.count} do not lead to the contract's hash at {last}"
    raise Reorganised(message, chain_id=chain_id, number=last)
