"""Many calls at a time against a chain: one transaction for all of a block, and the answers read afterwards."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from chain_anvil import Anvil, deploy

from stab3l.chain.contracts import Contract, decode_log
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender

BLOCKS_AT_ONCE = 500
QUESTIONS_AT_ONCE = 100
GAS = 15_000_000
GAS_PRICE = 10**9

Check = Callable[[Any, int], None]
"""What the answer must be; the block is the second argument."""


@dataclass(frozen=True)
class Call:
    """One call. ``refused``: it must revert; ``check``: what its answer must be."""

    contract: Contract
    function: str
    args: tuple[Any, ...]
    check: Check | None = None
    refused: bool = False

    @property
    def encoded(self) -> tuple[str, bytes]:
        return self.contract.address, self.contract.encode(self.function, self.args)

    def judge(self, ok: bool, data: bytes, block: int) -> None:
        """Raises AssertionError for another answer than expected."""
        assert ok is not self.refused, (self.contract.name, self.function, self.args, data.hex())
        if ok and self.check is not None:
            self.check(self.contract.decode(self.function, self.args, data), block)


@dataclass
class CallBatch:
    """Whoever acts in the batch is the contract `CallBatch` itself: it owns pools and rights."""

    anvil: Anvil
    chain: RpcChain
    contract: Contract
    account: str
    _pending: list[list[Call]] = field(default_factory=list)
    _begun: int = 0

    @classmethod
    async def open(cls, anvil: Anvil, chain: RpcChain, sender: Sender) -> CallBatch:
        contract = await deploy(sender, "CallBatch")
        account = str((await chain.request("eth_accounts"))[0])
        return cls(anvil, chain, contract, account)

    async def ask(self, calls: Sequence[Call]) -> None:
        """Questions that change nothing, judged at once."""
        for begin in range(0, len(calls), QUESTIONS_AT_ONCE):
            some = calls[begin : begin + QUESTIONS_AT_ONCE]
            answers = await self.chain.call(self.contract, "run", [call.encoded for call in some])
            for call, (ok, data) in zip(some, answers, strict=True):
                call.judge(ok, data, 0)

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """What happens inside is undone afterwards: the node hashes all of its state in every block."""
        before = await self.chain.request("evm_snapshot")
        yield
        await self.chain.request("evm_revert", before)

    async def begin(self) -> int:
        """From here on blocks are made by `act` and `wait` alone; the number of the newest one."""
        await self.chain.request("evm_setAutomine", False)
        self._begun = (await self.chain.head()).number
        return self._begun

    async def act(self, calls: list[Call], *, gas_price: int = GAS_PRICE) -> None:
        """One transaction in a block of its own."""
        data = self.contract.encode("run", ([call.encoded for call in calls],))
        await self.chain.request(
            "eth_sendTransaction",
            {
                "from": self.account,
                "to": self.contract.address,
                "data": "0x" + data.hex(),
                "gas": hex(GAS),
                "gasPrice": hex(gas_price),
            },
        )
        await self.chain.request("anvil_mine", hex(1))
        self._pending.append(calls)

    async def wait(self, blocks: int) -> None:
        """Blocks in which nothing happens."""
        await self.chain.request("anvil_mine", hex(blocks))

    async def judge(self) -> None:
        """Holds every answer since `begin` against what was expected; then blocks come by themselves again."""
        head = (await self.chain.head()).number
        found = []
        for start in range(self._begun + 1, head + 1, BLOCKS_AT_ONCE):
            found += await self.chain.logs([self.contract.address], start, min(start + BLOCKS_AT_ONCE - 1, head))
        assert len(found) == len(self._pending), "a transaction ran out of gas or was not mined"
        for log, calls in zip(found, self._pending, strict=True):
            event = decode_log(self.contract, log)
            assert event is not None
            for call, (ok, data) in zip(calls, event.args["answers"], strict=True):
                call.judge(ok, data, log.block_number)
        self._pending.clear()
        await self.chain.request("evm_setAutomine", True)
