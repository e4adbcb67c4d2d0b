"""Reads against a real node, and a node that lies, breaks or goes away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from threading import Thread
from typing import Any

import anyio
import pytest
from chain_anvil import CHAIN_ID, Anvil, free_port

from stab3l.chain.contracts import Contract
from stab3l.chain.errors import (
    BlockUnknown,
    ChainMismatch,
    ChainUnavailable,
    ContractRejected,
    NodeRejected,
    NotLocal,
)
from stab3l.chain.local import require_local
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.config import ChainConfig

pytestmark = [pytest.mark.anyio, pytest.mark.chain]


async def test_blocks_are_linked_by_their_parents_hash(anvil: Anvil, chain: RpcChain) -> None:
    anvil.ask("anvil_mine", hex(250))
    blocks = await chain.blocks(range(251))
    assert [b.number for b in blocks] == list(range(251))
    assert all(child.parent_hash == parent.hash for parent, child in pairwise(blocks))
    assert await chain.head() == blocks[-1]


async def test_a_block_that_is_not_there_is_named(chain: RpcChain) -> None:
    with pytest.raises(BlockUnknown) as caught:
        await chain.block(99)
    assert caught.value.values == {"chain_id": CHAIN_ID, "number": 99}


async def test_a_call_sees_the_state_of_the_block_asked_for(sender: Sender, manager: Contract, chain: RpcChain) -> None:
    other = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
    granted = await sender.transact(manager, "grantRole", 7, other, 0)
    assert (await chain.call(manager, "hasRole", 7, other)).isMember
    assert not (await chain.call(manager, "hasRole", 7, other, block=granted.block_number - 1)).isMember
    assert (await chain.call(manager, "hasRole", 7, other, block=granted.block_hash)).isMember
    assert await chain.call(manager, "getRoleGuardian", 7) == 0


async def test_a_call_that_reverts_carries_the_decoded_error(manager: Contract, chain: RpcChain) -> None:
    with pytest.raises(ContractRejected) as caught:
        await chain.call(manager, "setRoleAdmin", 0, 1)
    assert caught.value.error_name == "AccessManagerUnauthorizedAccount"
    assert set(caught.value.arguments) == {"msgsender", "roleId"}


async def test_logs_come_in_chain_order_and_only_from_the_contracts_asked(
    sender: Sender, manager: Contract, chain: RpcChain
) -> None:
    for role in (5, 6, 7):
        await sender.transact(manager, "labelRole", role, "label")
    head = await chain.head()
    logs = await chain.logs([manager.address], 2, head.number)
    assert [int.from_bytes(entry.topics[1], "big") for entry in logs] == [5, 6, 7]
    assert await chain.logs(["0x" + "11" * 20], 0, head.number) == []
    assert await chain.logs([manager.address], head.number + 1, head.number) == []


async def test_a_receipt_is_none_until_the_transaction_is_mined(chain: RpcChain) -> None:
    assert await chain.receipt(b"\x01" * 32) is None


async def test_a_node_of_another_chain_is_not_believed(anvil: Anvil) -> None:
    async with RpcChain(anvil.config().model_copy(update={"chain_id": 1})) as chain:
        with pytest.raises(ChainMismatch) as caught:
            await chain.head()
    assert caught.value.values == {"expected": 1, "found": CHAIN_ID}


async def test_a_node_that_is_away_is_unavailable_and_one_that_comes_back_in_time_is_not(anvil: Anvil) -> None:
    config = anvil.config()
    anvil.kill()
    async with RpcChain(config, retry_s=0) as hurried:
        with pytest.raises(ChainUnavailable) as caught:
            await hurried.head()
        assert caught.value.retry_after_s > 0
    async with RpcChain(config, retry_s=20) as patient, anyio.create_task_group() as tasks:
        tasks.start_soon(anyio.to_thread.run_sync, anvil.start)
        assert (await patient.head()).number == 0


async def test_only_a_loopback_anvil_counts_as_local(chain: RpcChain) -> None:
    await require_local(chain)
    far = chain.config.model_copy(update={"rpc_url": "http://example.org:8545"})
    async with RpcChain(far) as elsewhere:
        with pytest.raises(NotLocal):
            await require_local(elsewhere)


class OddNode:
    """A node whose every answer is given by the test: method -> body."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {"eth_chainId": {"result": hex(CHAIN_ID)}}
        self.asked: list[str] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["content-length"])))
                method = request[0]["method"] if isinstance(request, list) else request["method"]
                node.asked.append(method)
                answer = node.answers[method]
                body = (
                    answer if isinstance(answer, bytes) else json.dumps({"jsonrpc": "2.0", "id": 1, **answer}).encode()
                )
                self.send_response(503 if answer == b"away" else 200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Silent."""

        self.server = HTTPServer(("127.0.0.1", free_port()), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def config(self) -> ChainConfig:
        url = f"http://127.0.0.1:{self.server.server_port}"
        return Anvil().config().model_copy(update={"rpc_url": url})


@pytest.fixture
def odd_node() -> Iterator[OddNode]:
    node = OddNode()
    yield node
    node.server.shutdown()
    node.server.server_close()


@pytest.mark.parametrize("answer", [b"away", b"<html>", b"[]", b"{}", b'"x"', {"error": "words"}])
async def test_an_answer_that_is_not_json_rpc_counts_as_away(odd_node: OddNode, answer: Any) -> None:
    odd_node.answers["eth_getBalance"] = answer
    async with RpcChain(odd_node.config, retry_s=0) as chain:
        with pytest.raises(ChainUnavailable):
            await chain.balance("0x" + "11" * 20)


async def test_a_node_that_refuses_is_not_asked_again(odd_node: OddNode) -> None:
    odd_node.answers["eth_getBalance"] = {"error": {"code": -32602, "message": "bad params", "data": "x"}}
    async with RpcChain(odd_node.config) as chain:
        with pytest.raises(NodeRejected) as caught:
            await chain.balance("0x" + "11" * 20)
    assert (caught.value.node_code, caught.value.node_message, caught.value.data) == (-32602, "bad params", "x")
    assert odd_node.asked.count("eth_getBalance") == 1


async def test_a_log_range_that_the_node_finds_too_large_is_halved(odd_node: OddNode) -> None:
    odd_node.answers["eth_getLogs"] = {"error": {"code": -32005, "message": "query returned too many results"}}
    async with RpcChain(odd_node.config) as chain:
        with pytest.raises(NodeRejected):
            await chain.logs(["0x" + "11" * 20], 0, 7)
    assert odd_node.asked.count("eth_getLogs") == 4


async def test_a_node_other_than_anvil_is_not_local(odd_node: OddNode) -> None:
    odd_node.answers["web3_clientVersion"] = {"result": "Geth/v1.14"}
    async with RpcChain(odd_node.config) as chain:
        with pytest.raises(NotLocal, match="Geth"):
            await require_local(chain)


async def test_a_node_without_an_opinion_on_tips_is_given_one(odd_node: OddNode) -> None:
    odd_node.answers["eth_maxPriorityFeePerGas"] = {"error": {"code": -32601, "message": "method not found"}}
    odd_node.answers["eth_getBlockByNumber"] = {"result": {"baseFeePerGas": "0x7"}}
    async with RpcChain(odd_node.config) as chain:
        fees = await chain.fees()
    assert (fees.base, fees.tip, fees.max) == (7, 10**9, 10**9 + 14)
