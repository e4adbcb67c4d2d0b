"""A chain that is a list of blocks, to be mined, cut and grown again by a test; it judges whoever follows chains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from stab3l.chain.address import checksum
from stab3l.chain.contracts import Contract
from stab3l.chain.encoding import encode
from stab3l.chain.errors import BlockUnknown, ChainUnavailable
from stab3l.chain.interface import Event
from stab3l.chain.port import BlockRef, Log, Receipt
from stab3l.hashing import keccak256

BLOCK_SECONDS = 2
GENESIS_TIME = 1_700_000_000


class FakeChain:
    """`stab3l.chain.port.Chain` in memory. Blocks of different branches have different hashes."""

    def __init__(self, chain_id: int) -> None:
        self.chain_id = chain_id
        self.away = False
        self.before_read: Callable[[str], None] = lambda _: None
        """Called with the method's name before each read: a test's chance to move the chain under the reader."""
        self._branch = 0
        self._blocks = [BlockRef(0, keccak256(b"genesis%d" % chain_id), bytes(32), GENESIS_TIME)]
        self._logs: dict[bytes, list[Log]] = {}
        self._views: dict[tuple[str, str], Callable[..., Any]] = {}
        self._balances: dict[str, int] = {}

    def mine(self, *logs: tuple[Contract, str, Mapping[str, Any]]) -> BlockRef:
        """Adds a block with these events, each in a transaction of its own."""
        parent = self._blocks[-1]
        number = parent.number + 1
        block_hash = keccak256(parent.hash + self._branch.to_bytes(8, "big"))
        block = BlockRef(number, block_hash, parent.hash, GENESIS_TIME + number * BLOCK_SECONDS)
        self._blocks.append(block)
        self._logs[block_hash] = [self._log(block, place, *entry) for place, entry in enumerate(logs)]
        return block

    def cut(self, number: int) -> None:
        """Forgets every block above ``number``; what is mined next is another branch."""
        del self._blocks[number + 1 :]
        self._branch += 1

    def answer(self, contract: Contract, function: str, view: Callable[..., Any]) -> None:
        """Has a view function answer with what ``view(*args)`` returns or raises."""
        self._views[contract.address, function] = view

    def endow(self, address: str, wei: int) -> None:
        """Sets a native balance."""
        self._balances[str(checksum(address))] = wei

    async def head(self) -> BlockRef:
        """The newest block."""
        self._reading("head")
        return self._blocks[-1]

    async def block(self, number: int) -> BlockRef:
        """The block at this height."""
        self._reading("block")
        if not 0 <= number < len(self._blocks):
            raise BlockUnknown(f"there is no block {number}", chain_id=self.chain_id, number=number)
        return self._blocks[number]

    async def blocks(self, numbers: Sequence[int]) -> list[BlockRef]:
        """Several blocks."""
        return [await self.block(number) for number in numbers]

    async def logs(self, addresses: Sequence[str], from_block: int, to_block: int) -> list[Log]:
        """Logs of these contracts in the closed range."""
        self._reading("logs")
        span = self._blocks[from_block : to_block + 1]
        return [entry for block in span for entry in self._logs.get(block.hash, []) if entry.address in addresses]

    async def call(self, contract: Contract, function: str, *args: Any, block: int | bytes | None = None) -> Any:
        """What the test gave as the answer; the block is not looked at."""
        self._reading("call")
        return self._views[contract.address, function](*args)

    async def balance(self, address: str) -> int:
        """Native balance."""
        self._reading("balance")
        return self._balances.get(str(checksum(address)), 0)

    async def receipt(self, tx_hash: bytes) -> Receipt | None:
        """A receipt for every transaction that left a log."""
        self._reading("receipt")
        for block in self._blocks:
            logs = tuple(entry for entry in self._logs.get(block.hash, []) if entry.tx_hash == tx_hash)
            if logs:
                return Receipt(tx_hash, block.number, block.hash, True, 21_000, logs)
        return None

    def _reading(self, what: str) -> None:
        self.before_read(what)
        if self.away:
            raise ChainUnavailable("the chain is away", chain_id=self.chain_id)

    def _log(self, block: BlockRef, place: int, contract: Contract, name: str, args: Mapping[str, Any]) -> Log:
        event = next(e for e in contract.interface.events.values() if e.name == name)
        tx_hash = keccak256(block.hash + place.to_bytes(8, "big"))
        topics = (event.topic, *(_word(kind, args[field]) for field, kind in _pairs(event)))
        data = event.body.encode([args[field] for field in event.body.names], name)
        return Log(contract.address, topics, data, block.number, block.hash, tx_hash, place)


def _pairs(event: Event) -> list[tuple[str, str]]:
    return list(zip(event.topics.names, event.topics.types, strict=True))


def _word(kind: str, value: Any) -> bytes:
    return bytes(encode([kind], [value]))
