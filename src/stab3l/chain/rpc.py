"""A real chain behind JSON-RPC (Ethereum execution API)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Self, TypeVar

import stamina

from stab3l.chain.address import checksum
from stab3l.chain.contracts import Contract, rejection
from stab3l.chain.errors import BlockUnknown, ChainMismatch, ChainUnavailable, ContractRejected, NodeRejected
from stab3l.chain.interface import Interface
from stab3l.chain.jsonrpc import JsonRpc
from stab3l.chain.port import BlockRef, Fees, Log, Receipt
from stab3l.config import ChainConfig

T = TypeVar("T")

HEADERS_PER_REQUEST = 100
TIP_WHEN_NODE_HAS_NO_OPINION_WEI = 1_000_000_000
REVERT_CODES = (3, -32000)
"""3 is the execution API's code for a revert; some nodes give -32000 with the data."""


class RpcChain:
    """One chain reached over HTTP; use it as an async context manager.

    Reads are retried with backoff for ``retry_s`` seconds while the node is away, then raise ``ChainUnavailable``.
    The node's chain id is checked before the first answer is believed (``ChainMismatch``).
    """

    def __init__(self, config: ChainConfig, *, timeout_s: int = 10, retry_s: int = 5) -> None:
        self.config = config
        self._rpc = JsonRpc(config.rpc_url, timeout_s=timeout_s)
        self._identified = False
        self._retry = stamina.AsyncRetryingCaller(
            attempts=None if retry_s else 1, timeout=retry_s or None, wait_initial=0.05, wait_max=1, wait_jitter=0.05
        ).on(ChainUnavailable)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._rpc.close()

    @property
    def chain_id(self) -> int:
        """EIP-155 id, from the configuration; the node was or will be held to it."""
        return self.config.chain_id

    async def request(self, method: str, *params: Any) -> Any:
        """Any method of the node, retried while the node is away; so only for what may be asked twice."""
        return await self._reading(lambda: self._rpc.request(method, *params))

    async def head(self) -> BlockRef:
        """The newest block."""
        return _block(await self.request("eth_getBlockByNumber", "latest", False))

    async def block(self, number: int) -> BlockRef:
        """The block at this height. Raises ``BlockUnknown``."""
        return (await self.blocks([number]))[0]

    async def blocks(self, numbers: Sequence[int]) -> list[BlockRef]:
        """Several blocks, batched. Raises ``BlockUnknown`` when one is not there."""
        found: list[BlockRef] = []
        for start in range(0, len(numbers), HEADERS_PER_REQUEST):
            found += await self._headers(numbers[start : start + HEADERS_PER_REQUEST])
        return found

    async def logs(self, addresses: Sequence[str], from_block: int, to_block: int) -> list[Log]:
        """Logs in the closed range; a range that the node finds too large is halved."""
        if from_block > to_block or not addresses:
            return []
        query = {"address": list(addresses), "fromBlock": hex(from_block), "toBlock": hex(to_block)}
        try:
            return [_log(entry) for entry in await self.request("eth_getLogs", query)]
        except NodeRejected:
            if from_block == to_block:
                raise
        middle = (from_block + to_block) // 2
        return [*await self.logs(addresses, from_block, middle), *await self.logs(addresses, middle + 1, to_block)]

    async def call(self, contract: Contract, function: str, *args: Any, block: int | bytes | None = None) -> Any:
        """Result of a view function. Raises ``ContractRejected``, ``NotFound``, ``ArgumentsInvalid``."""
        transaction = {"to": contract.address, "data": _hex(contract.encode(function, args))}
        doing = f"{contract.name}.{function}"
        data = await self._executing(contract.interface, doing, "eth_call", transaction, _at(block))
        return contract.decode(function, args, bytes.fromhex(data[2:]))

    async def balance(self, address: str) -> int:
        """Native balance in wei."""
        return int(await self.request("eth_getBalance", address, "latest"), 16)

    async def code(self, address: str) -> bytes:
        """Deployed bytecode; empty where nothing is deployed."""
        return bytes.fromhex((await self.request("eth_getCode", address, "latest"))[2:])

    async def receipt(self, tx_hash: bytes) -> Receipt | None:
        """Receipt of a mined transaction; None while it is not mined."""
        found = await self.request("eth_getTransactionReceipt", _hex(tx_hash))
        return _receipt(found) if found else None

    async def transaction_count(self, address: str, *, pending: bool) -> int:
        """Next nonce by mined transactions, or also by those waiting in the pool."""
        return int(await self.request("eth_getTransactionCount", address, "pending" if pending else "latest"), 16)

    async def fees(self) -> Fees:
        """Current prices; a node without an opinion on tips is given 1 gwei."""
        head = await self.request("eth_getBlockByNumber", "latest", False)
        try:
            tip = int(await self.request("eth_maxPriorityFeePerGas"), 16)
        except NodeRejected:
            tip = TIP_WHEN_NODE_HAS_NO_OPINION_WEI
        return Fees(int(head.get("baseFeePerGas") or "0x0", 16), tip)

    async def estimate_gas(self, sender: str, to: str | None, data: bytes, value: int) -> int:
        """Gas that the transaction needs now. Raises ``ContractRejected`` when it would revert."""
        found = await self._executing(None, "the transaction", "eth_estimateGas", _transaction(sender, to, data, value))
        return int(found, 16)

    async def send_raw(self, raw: bytes) -> None:
        """Hands a signed transaction to the node, once. Raises ``NodeRejected``, ``ChainUnavailable``."""
        await self._identify()
        await self._rpc.request("eth_sendRawTransaction", _hex(raw))

    async def knows(self, tx_hash: bytes) -> bool:
        """Whether the node has this transaction, mined or waiting."""
        return await self.request("eth_getTransactionByHash", _hex(tx_hash)) is not None

    async def revert_of(
        self, sender: str, to: str | None, data: bytes, value: int, block: int
    ) -> ContractRejected | None:
        """Why the transaction reverts at the state of ``block``; None when there it does not."""
        try:
            transaction = _transaction(sender, to, data, value)
            await self._executing(None, "the transaction", "eth_call", transaction, hex(block))
        except ContractRejected as error:
            return error
        return None

    async def _headers(self, numbers: Sequence[int]) -> list[BlockRef]:
        params = [(hex(number), False) for number in numbers]
        answers = await self._reading(lambda: self._rpc.batch("eth_getBlockByNumber", params))
        for number, answer in zip(numbers, answers, strict=True):
            if answer is None:
                place = {"chain_id": self.chain_id, "number": number}
                raise BlockUnknown(f"chain {self.chain_id} has no block {number}", **place)
        return [_block(answer) for answer in answers]

    async def _reading(self, read: Callable[[], Awaitable[T]]) -> T:
        async def attempt() -> T:
            await self._identify()
            return await read()

        return await self._retry(attempt)

    async def _identify(self) -> None:
        if self._identified:
            return
        found = int(await self._rpc.request("eth_chainId"), 16)
        if found != self.chain_id:
            raise ChainMismatch(
                f"{self.config.rpc_url} serves chain {found}, not {self.chain_id}", expected=self.chain_id, found=found
            )
        self._identified = True

    async def _executing(self, source: Interface | None, doing: str, method: str, *params: Any) -> str:
        try:
            return str(await self.request(method, *params))
        except NodeRejected as error:
            reverted = _revert_data(error)
            if reverted is None:
                raise
            raise rejection(reverted, source, doing) from None


def _revert_data(error: NodeRejected) -> bytes | None:
    if error.node_code not in REVERT_CODES or "revert" not in error.node_message.lower():
        return None
    data = error.data.get("data") if isinstance(error.data, dict) else error.data
    return bytes.fromhex(data[2:]) if isinstance(data, str) and data.startswith("0x") else b""


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _at(block: int | bytes | None) -> Any:
    if block is None:
        return "latest"
    return {"blockHash": _hex(block)} if isinstance(block, bytes) else hex(block)


def _transaction(sender: str, to: str | None, data: bytes, value: int) -> dict[str, str]:
    return {"from": sender, "data": _hex(data), "value": hex(value)} | ({"to": to} if to else {})


def _block(found: dict[str, Any]) -> BlockRef:
    return BlockRef(
        int(found["number"], 16),
        bytes.fromhex(found["hash"][2:]),
        bytes.fromhex(found["parentHash"][2:]),
        int(found["timestamp"], 16),
    )


def _log(found: dict[str, Any]) -> Log:
    return Log(
        checksum(found["address"]),
        tuple(bytes.fromhex(topic[2:]) for topic in found["topics"]),
        bytes.fromhex(found["data"][2:]),
        int(found["blockNumber"], 16),
        bytes.fromhex(found["blockHash"][2:]),
        bytes.fromhex(found["transactionHash"][2:]),
        int(found["logIndex"], 16),
    )


def _receipt(found: dict[str, Any]) -> Receipt:
    created = found.get("contractAddress")
    return Receipt(
        bytes.fromhex(found["transactionHash"][2:]),
        int(found["blockNumber"], 16),
        bytes.fromhex(found["blockHash"][2:]),
        int(found["status"], 16) == 1,
        int(found["gasUsed"], 16),
        tuple(_log(entry) for entry in found["logs"]),
        checksum(created) if created else None,
    )
