"""Getting transactions mined: local signing, nonces, fees, receipts, and what to do when the node forgets.

One ``Sender`` per key and process; any number of tasks may use it at once. The node's pool is the only memory of
nonces: each is read as ``pending`` under a lock and nothing is stored, so a restart starts from the truth. A
transaction whose fate stays unknown raises ``TransactionLost``; whether to act again is the caller's decision, after
looking at the chain.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import anyio
import structlog

from stab3l.chain.contracts import Contract, rejection
from stab3l.chain.errors import ChainUnavailable, ContractRejected, FundsShort, NodeRejected, TransactionLost
from stab3l.chain.interface import Interface
from stab3l.chain.port import Fees, Receipt, TransactingChain
from stab3l.chain.signer import Signer
from stab3l.chain.transaction import Transaction
from stab3l.clock import monotonic_s

log = structlog.get_logger(__name__)

KNOWN_ALREADY = ("already known", "already imported")
NONCE_TAKEN = ("nonce too low", "replacement transaction underpriced", "could not replace existing")
NO_FUNDS = ("insufficient funds",)
NONCE_ATTEMPTS = 10
FEE_RAISE_PERCENT = 125
"""Nodes replace a waiting transaction only for at least 10 % more; this is safely above."""


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """How patient and how generous a sender is."""

    gas_margin_percent: int = 25
    receipt_timeout_s: int = 90
    poll_s_min: float = 0.05
    poll_s_max: float = 0.5
    doubt_s: float = 1.0
    """How long a transaction stays unmined before the node is asked whether it still has it."""


@dataclass(slots=True)
class _Flight:
    """A transaction on its way: everything needed to send the very same bytes again."""

    to: str | None
    transaction: Transaction
    raw: bytes
    hashes: list[bytes] = field(default_factory=list)


class Sender:
    """Sends one signer's transactions on one chain."""

    def __init__(self, chain: TransactingChain, signer: Signer, policy: SendPolicy | None = None) -> None:
        self.chain = chain
        self.signer = signer
        self.policy = policy or SendPolicy()
        self._lock = anyio.Lock()
        self._flights: dict[int, _Flight] = {}

    async def transact(self, contract: Contract, function: str, *args: Any, value: int = 0) -> Receipt:
        """Calls a contract and waits until the call is mined.

        Raises:
            ContractRejected: it would revert (nothing sent) or did (mined, gas spent); the error is decoded.
            TransactionLost: sent, not seen mined in time.
            ChainUnavailable: the node is away; nothing is known to have been sent.
            FundsShort: the signer cannot pay. NotFound, ArgumentsInvalid: the call does not fit the ABI.
        """
        data = contract.encode(function, args)
        doing = f"{contract.name}.{function}"
        return await self.send(contract.address, data, value=value, interface=contract.interface, doing=doing)

    async def send(
        self,
        to: str | None,
        data: bytes,
        *,
        value: int = 0,
        interface: Interface | None = None,
        doing: str = "the transaction",
    ) -> Receipt:
        """Sends call data (``to`` None: creates a contract) and waits; raises as ``transact`` does."""
        try:
            gas = await self.chain.estimate_gas(self.signer.address, to, data, value)
            flight = await self._take_off(to, data, value, gas * (100 + self.policy.gas_margin_percent) // 100)
        except ContractRejected as error:
            raise _renamed(error, interface, doing) from None
        except NodeRejected as error:
            raise _explained(error, self.signer.address) from None
        try:
            receipt = await self._landing(flight)
        finally:
            if self._flights.get(flight.transaction.nonce) is flight:
                del self._flights[flight.transaction.nonce]
        if not receipt.succeeded:
            raise await self._post_mortem(flight, receipt, interface, doing)
        return receipt

    async def _take_off(self, to: str | None, data: bytes, value: int, gas: int) -> _Flight:
        async with self._lock:
            for attempt in range(NONCE_ATTEMPTS):
                flight = self._signed(await self._next_nonce(), to, data, value, gas, await self.chain.fees())
                if await self._submit(flight):
                    self._flights[flight.transaction.nonce] = flight
                    return flight
                await anyio.sleep(self.policy.poll_s_min * attempt)
        raise ChainUnavailable(
            f"another process keeps taking the nonces of {self.signer.address}", chain_id=self.chain.chain_id
        )

    def _signed(self, nonce: int, to: str | None, data: bytes, value: int, gas: int, fees: Fees) -> _Flight:
        transaction = Transaction(
            chain_id=self.chain.chain_id,
            nonce=nonce,
            tip_max=fees.tip,
            price_max=fees.max,
            gas=gas,
            to=None if to is None else bytes.fromhex(to.removeprefix("0x")),
            value=value,
            data=data,
        )
        signed = self.signer.sign_transaction(transaction)
        return _Flight(to, transaction, signed.raw, [signed.hash])

    async def _next_nonce(self) -> int:
        """The pool's next nonce, after giving back to the node what it forgot. Call under the lock."""
        nonce = await self.chain.transaction_count(self.signer.address, pending=True)
        while (forgotten := self._flights.get(nonce)) is not None:
            self._reprice(forgotten, await self.chain.fees())
            if not await self._submit(forgotten):
                break
            log.info("transaction_sent_again", nonce=nonce, tx_hash=forgotten.hashes[-1].hex())
            nonce += 1
        return nonce

    async def _submit(self, flight: _Flight) -> bool:
        """Whether the node now has these bytes; False when someone else's transaction has the nonce."""
        deadline = monotonic_s() + self.policy.receipt_timeout_s
        while True:
            try:
                await self.chain.send_raw(flight.raw)
                return True
            except NodeRejected as error:
                if _says(error, KNOWN_ALREADY):
                    return True
                if not _says(error, NONCE_TAKEN):
                    raise
                return await self._known(flight)
            except ChainUnavailable:
                # The node may have taken it before it went away. The same bytes can be mined only once, so ask again.
                if monotonic_s() > deadline:
                    raise
                await anyio.sleep(self.policy.poll_s_max)

    async def _landing(self, flight: _Flight) -> Receipt:
        deadline = monotonic_s() + self.policy.receipt_timeout_s
        doubt_at = monotonic_s() + self.policy.doubt_s
        pause = self.policy.poll_s_min
        while monotonic_s() < deadline:
            try:
                if (receipt := await self._receipt(flight)) is not None:
                    return receipt
                if monotonic_s() > doubt_at:
                    await self._doubt(flight)
                    doubt_at = monotonic_s() + self.policy.doubt_s
            except (ChainUnavailable, NodeRejected) as error:
                log.warning("transaction_in_doubt", tx_hash=flight.hashes[-1].hex(), error=str(error))
            await anyio.sleep(pause)
            pause = min(pause * 2, self.policy.poll_s_max)
        raise self._lost(flight, f"was not mined within {self.policy.receipt_timeout_s} s")

    async def _receipt(self, flight: _Flight) -> Receipt | None:
        for tx_hash in flight.hashes:
            if (receipt := await self.chain.receipt(tx_hash)) is not None:
                return receipt
        return None

    async def _doubt(self, flight: _Flight) -> None:
        """Sends again what the node forgot, raises the price of what it cannot mine. Raises ``TransactionLost``."""
        async with self._lock:
            if await self._known(flight):
                if self._reprice(flight, await self.chain.fees()):
                    await self._submit(flight)
                return
            nonce = await self._next_nonce()
            if await self._known(flight) or await self._receipt(flight) is not None:
                return
            held_by_another = nonce >= flight.transaction.nonce
            raise self._lost(flight, "lost its nonce to another" if held_by_another else "was undone with earlier ones")

    async def _known(self, flight: _Flight) -> bool:
        for tx_hash in flight.hashes:
            if await self.chain.knows(tx_hash):
                return True
        return False

    def _reprice(self, flight: _Flight, fees: Fees) -> bool:
        """Signs a dearer version when the base fee has outgrown this one. Both hashes count: either may be mined."""
        waiting = flight.transaction
        if fees.base <= waiting.price_max:
            return False
        flight.transaction = replace(
            waiting,
            tip_max=max(fees.tip, _raised(waiting.tip_max)),
            price_max=max(fees.max, _raised(waiting.price_max)),
        )
        signed = self.signer.sign_transaction(flight.transaction)
        flight.raw = signed.raw
        flight.hashes.append(signed.hash)
        return True

    async def _post_mortem(
        self, flight: _Flight, receipt: Receipt, interface: Interface | None, doing: str
    ) -> ContractRejected:
        """Why a mined transaction reverted, as far as the states around its block can tell."""
        to, data, value = flight.to, flight.transaction.data, flight.transaction.value
        for block in (receipt.block_number, receipt.block_number - 1):
            error = await self.chain.revert_of(self.signer.address, to, data, value, block)
            if error is not None:
                return _renamed(error, interface, doing, tx_hash=receipt.tx_hash.hex(), gas_used=receipt.gas_used)
        return ContractRejected(
            f"{doing} reverted in block {receipt.block_number}",
            error_name="Unknown",
            arguments={},
            tx_hash=receipt.tx_hash.hex(),
            gas_used=receipt.gas_used,
        )

    def _lost(self, flight: _Flight, why: str) -> TransactionLost:
        tx_hash = flight.hashes[-1].hex()
        return TransactionLost(f"transaction 0x{tx_hash} {why}", tx_hash=tx_hash, nonce=flight.transaction.nonce)


def _raised(price: int) -> int:
    return price * FEE_RAISE_PERCENT // 100 + 1


def _renamed(error: ContractRejected, interface: Interface | None, doing: str, **values: object) -> ContractRejected:
    """The same rejection in the words of the contract that was called."""
    data = error.arguments.get("data")
    if error.error_name == "Unknown" and isinstance(data, bytes):
        error = rejection(data, interface, doing)
    message = error.message.replace("the transaction", doing, 1)
    return ContractRejected(message, error_name=error.error_name, arguments=error.arguments, **values)


def _explained(error: NodeRejected, sender: str) -> NodeRejected | FundsShort:
    if _says(error, NO_FUNDS):
        return FundsShort(f"{sender} cannot pay: {error.node_message}", sender=sender)
    return error


def _says(error: NodeRejected, phrases: tuple[str, ...]) -> bool:
    words = error.node_message.lower()
    return any(phrase in words for phrase in phrases)
