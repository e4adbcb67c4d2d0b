"""What a chain is to the rest of the system: two Protocols and the values that cross them.

``Chain`` reads; ``TransactingChain`` also carries signed transactions. ``stab3l.chain.rpc.RpcChain`` is both for a real
node, ``stab3l.testing.chain.FakeChain`` is the first for tests. Hashes are 32 ``bytes``, addresses checksummed ``str``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from stab3l.chain.contracts import Contract
    from stab3l.chain.errors import ContractRejected


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block as others refer to it. ``timestamp``: unix seconds."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class Log:
    """One contract log, undecoded."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction. ``contract_address`` is set when it created a contract."""

    tx_hash: bytes
    block_number: int
    block_hash: bytes
    succeeded: bool
    gas_used: int
    logs: tuple[Log, ...]
    contract_address: str | None = None


@dataclass(frozen=True, slots=True)
class Fees:
    """EIP-1559 prices, wei per gas."""

    base: int
    tip: int

    @property
    def max(self) -> int:
        """Ceiling that still holds after the base fee has doubled (about six full blocks)."""
        return 2 * self.base + self.tip


class Chain(Protocol):
    """Reads of one chain.

    Every method raises ``ChainUnavailable`` while the node does not answer; ``call`` raises ``ContractRejected`` when
    the contract reverts; ``block`` and ``blocks`` raise ``BlockUnknown`` for a block that is not there.
    """

    @property
    def chain_id(self) -> int:
        """EIP-155 id."""
        ...

    async def head(self) -> BlockRef:
        """The newest block."""
        ...

    async def block(self, number: int) -> BlockRef:
        """The block at this height."""
        ...

    async def blocks(self, numbers: Sequence[int]) -> list[BlockRef]:
        """Several blocks in one round trip, in the order asked."""
        ...

    async def logs(self, addresses: Sequence[str], from_block: int, to_block: int) -> list[Log]:
        """Logs of these contracts in the closed range, in chain order."""
        ...

    async def call(self, contract: Contract, function: str, *args: Any, block: int | bytes | None = None) -> Any:
        """Result of a view function at a block (number or hash; None: the newest).

        One output comes bare, several as a named tuple; structs are named tuples, addresses checksummed.
        """
        ...

    async def balance(self, address: str) -> int:
        """Native balance in wei."""
        ...

    async def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Receipt of a mined transaction; None while it is not mined."""
        ...


class TransactingChain(Chain, Protocol):
    """What a sender needs beyond reads."""

    async def transaction_count(self, address: str, *, pending: bool) -> int:
        """Next nonce by mined transactions, or also by those waiting in the node's pool."""
        ...

    async def fees(self) -> Fees:
        """Current prices."""
        ...

    async def estimate_gas(self, sender: str, to: str | None, data: bytes, value: int) -> int:
        """Gas that the transaction needs now. Raises ``ContractRejected`` when it would revert."""
        ...

    async def send_raw(self, raw: bytes) -> None:
        """Hands a signed transaction to the node, once. Raises ``NodeRejected`` with the node's words."""
        ...

    async def knows(self, tx_hash: bytes) -> bool:
        """Whether the node has this transaction, mined or waiting."""
        ...

    async def revert_of(
        self, sender: str, to: str | None, data: bytes, value: int, block: int
    ) -> ContractRejected | None:
        """Why the transaction reverts at the state of ``block``; None when there it does not."""
        ...
