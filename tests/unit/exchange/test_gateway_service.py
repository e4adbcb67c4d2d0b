"""Batches, roles, questions and bad input over real gRPC, with the native engine behind it."""

from __future__ import annotations

import asyncio

import grpc
import grpc.aio
import pytest
from exchange_setting import RICH, Setting, codes, send
from gateway_process import GatewayProcess

from stab3l.engine.wire import (
    Cancel,
    OrderAccepted,
    OutcomeCode,
    Seal,
    Sealed,
    Side,
    Trade,
    decode_events,
    encode,
    encode_batch,
)
from stab3l.errors import Invalid, NotFound, Unauthorised
from stab3l.exchange.connection import method_path
from stab3l.exchange.gateway_client import (
    BATCH_BYTES_MAX,
    BatchRefused,
    GatewayClient,
    GatewayUnavailable,
    SubmissionUnknown,
    Submitted,
)
from stab3l.exchange.limits import MESSAGE_BYTES_MAX
from stab3l.exchange.messages import pb
from stab3l.testing.trading_desk import BASE, LISTING, LOT, MARKET, QUOTE, owner

pytestmark = pytest.mark.anyio


async def raw_submit(gateway: GatewayProcess, token: str, *batches: bytes) -> list[object]:
    """Batches as a client without this package's checks would send them."""
    async with grpc.aio.insecure_channel(gateway.address, options=[("grpc.max_send_message_length", -1)]) as channel:
        submit = channel.stream_stream(
            method_path("Submit"), pb.Batch.SerializeToString, response_deserializer=pb.Applied.FromString
        )
        requests = (pb.Batch(tag=tag, commands=batch) for tag, batch in enumerate(batches))
        return [applied async for applied in submit(requests, metadata=(("authorization", f"Bearer {token}"),))]


async def test_orders_trade_and_the_state_says_so(trader: GatewayClient, setting: Setting) -> None:
    before, _ = await trader.balances(setting.accounts[0])
    resting, taking = setting.order(0, Side.SELL, 5, 10), setting.order(1, Side.BUY, 2, 11)
    events = await send(trader, resting, taking)
    assert [(e.lots, e.ticks) for e in events if isinstance(e, Trade)] == [(2, 10)]
    book = await trader.book(MARKET, 1)
    assert (book.bids, book.asks) == ((), ((10, 3),))
    (order,) = [order for order in await trader.open_orders(setting.accounts[0]) if order.ticks == 10]
    assert (order.lots, order.side, order.client_id) == (3, Side.SELL, resting.client_id)
    assert await trader.order(order.id) == order
    assert await trader.account_of(owner(0)) == setting.accounts[0]
    base, _ = await trader.balances(setting.accounts[0])
    assert (base.asset, base.available, base.held) == (BASE, before.available - 5 * LOT, before.held + 3 * LOT)


async def test_what_is_unknown_is_none_or_empty(trader: GatewayClient, setting: Setting) -> None:
    assert await trader.account_of(owner(99)) is None
    assert await trader.balances(99) == ()
    assert await trader.open_orders(99) == ()
    assert await trader.order(99) is None
    assert await trader.withdrawal(99) is None
    assert await trader.withdrawal_proof(99) is None
    assert (await trader.chain_deposits(7)).count == 0
    with pytest.raises(NotFound):
        await trader.book(99, 1)
    with pytest.raises(Invalid):
        await trader.book(MARKET, 0)
    with pytest.raises(Invalid):
        await trader.account_of(b"short")


async def test_a_sealed_withdrawal_is_proved(fresh_gateway: GatewayProcess) -> None:
    async with fresh_gateway.operator() as operator:
        setting = await Setting.made(operator)
        await send(
            operator, setting.withdrawal(0, QUOTE, 7, b"\x0b" * 20), setting.withdrawal(1, BASE, 9, b"\x0c" * 20)
        )
        assert await operator.withdrawal_proof(0) is None
        assert await operator.sealed() is None
        (sealed,) = [event for event in await send(operator, Seal()) if isinstance(event, Sealed)]
        assert await operator.sealed() == sealed
        assert [w.amount for w in await operator.withdrawals(0)] == [7, 9]
        proof = await operator.withdrawal_proof(1)
        assert proof is not None
        assert (proof.index, proof.amount, proof.root, proof.block) == (1, 9, sealed.withdrawals_root, 1)
        balance = await operator.balance_proof(setting.accounts[0], QUOTE)
        assert balance is not None
        assert (balance.amount, balance.root) == (RICH - 7, sealed.balances_root)
        total = (await operator.totals())[QUOTE]
        assert (total.credited, total.withdrawn, total.owned) == (2 * RICH, 7, 2 * RICH - 7)


async def test_batches_of_one_client_are_sequenced_in_its_order(trader: GatewayClient, setting: Setting) -> None:
    batches = [encode_batch([setting.order(0, Side.SELL, 1, 100)]) for _ in range(300)]
    answers = await asyncio.gather(*(trader.submit(batch) for batch in batches))
    firsts = [answer.first_sequence for answer in answers]
    assert firsts == list(range(firsts[0], firsts[0] + 300))
    accepted = [e for answer in answers for e in decode_events(answer.events) if isinstance(e, OrderAccepted)]
    assert [event.client_id for event in accepted] == sorted(event.client_id for event in accepted)


async def test_the_same_request_twice_acts_once(trader: GatewayClient, setting: Setting) -> None:
    order = setting.order(0, Side.SELL, 1, 100)
    assert await codes(trader, order) == [OutcomeCode.ACCEPTED]
    assert await codes(trader, order) == [OutcomeCode.CLIENT_ID_REUSED]


async def test_a_trader_may_only_trade(trader: GatewayClient, operator: GatewayClient, setting: Setting) -> None:
    before = (await operator.status()).sequence
    for command in (*LISTING, Seal()):
        with pytest.raises(BatchRefused) as refused:
            await trader.submit(encode(command))
        assert refused.value.values["reason"] == "kind_forbidden"
    assert (await operator.status()).sequence == before
    assert await codes(operator, LISTING[0]) == [OutcomeCode.ASSET_EXISTS]


async def test_a_refused_batch_leaves_the_stream_open(trader: GatewayClient, setting: Setting) -> None:
    order = encode_batch([setting.order(0, Side.SELL, 1, 100)])
    answers = await asyncio.gather(
        trader.submit(order), trader.submit(encode(Seal())), trader.submit(order), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [Submitted, BatchRefused, Submitted]


async def test_malformed_records_are_answered_not_dropped(trader: GatewayClient, setting: Setting) -> None:
    batch = encode(Cancel(setting.accounts[0], 10**9)) + b"\xff\xff\x00\x00\x08\x00\x00\x00" + b"\x05\x00\x00"
    answer = await trader.submit(batch)
    found = [event.code for event in decode_events(answer.events)]
    assert found == [OutcomeCode.ORDER_UNKNOWN, OutcomeCode.KIND_UNKNOWN, OutcomeCode.MALFORMED]


async def test_an_empty_batch_is_nothing(trader: GatewayClient, setting: Setting) -> None:
    before = await trader.status()
    assert await trader.submit(b"") == Submitted(0, b"")
    assert (await trader.status()).sequence == before.sequence


async def test_an_oversized_batch_is_refused_before_it_is_sent(trader: GatewayClient) -> None:
    with pytest.raises(BatchRefused) as refused:
        await trader.submit(bytes(BATCH_BYTES_MAX + 1))
    assert refused.value.values["reason"] == "batch_too_large"


async def test_an_oversized_batch_is_refused_by_the_gateway_too(gateway: GatewayProcess, setting: Setting) -> None:
    token = (gateway.home / "keys" / "gateway-token").read_text()
    order = encode_batch([setting.order(0, Side.SELL, 1, 100)])
    large, small = await raw_submit(gateway, token, bytes(BATCH_BYTES_MAX + 1), order)
    assert large.refused.code == "batch_too_large"  # type: ignore[attr-defined]
    assert small.HasField("applied")  # type: ignore[attr-defined]
    with pytest.raises(grpc.aio.AioRpcError) as cut:
        await raw_submit(gateway, token, bytes(MESSAGE_BYTES_MAX + 1))
    assert cut.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_a_message_that_is_no_batch_ends_only_its_own_stream(gateway: GatewayProcess, setting: Setting) -> None:
    token = (gateway.home / "keys" / "gateway-token").read_text()
    async with grpc.aio.insecure_channel(gateway.address) as channel:
        submit = channel.stream_stream(method_path("Submit"))
        call = submit(iter([b"\xff\xff\xff"]), metadata=(("authorization", f"Bearer {token}"),))
        with pytest.raises(grpc.aio.AioRpcError):
            _ = [answer async for answer in call]
    async with gateway.trader() as other:
        assert await codes(other, setting.order(0, Side.SELL, 1, 100)) == [OutcomeCode.ACCEPTED]


@pytest.mark.parametrize("token", ["", "wrong", "x" * 43])
async def test_a_stranger_learns_and_does_nothing(gateway: GatewayProcess, token: str) -> None:
    async with GatewayClient(gateway.address, token) as stranger:
        with pytest.raises(Unauthorised):
            await stranger.status()
        # gRPC may lose the refusal when it is quicker than the batch's own writing.
        with pytest.raises((Unauthorised, SubmissionUnknown)):
            await stranger.submit(encode(Seal()))
        with pytest.raises(Unauthorised):
            await anext(stranger.outputs(1))


async def test_nobody_answering_is_unavailable() -> None:
    async with GatewayClient("127.0.0.1:1", "x" * 43, connect_timeout_s=1) as client:
        with pytest.raises(GatewayUnavailable):
            await client.submit(encode(Seal()))
        with pytest.raises(GatewayUnavailable):
            await client.status()


async def test_a_caller_that_gives_up_disturbs_nobody(trader: GatewayClient, setting: Setting) -> None:
    batches = [encode_batch([setting.order(0, Side.SELL, 1, 100)]) for _ in range(20)]
    tasks = [asyncio.create_task(trader.submit(batch)) for batch in batches]
    await asyncio.sleep(0)
    for task in tasks[::2]:
        task.cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers[1::2]] == [Submitted] * 10
    assert await codes(trader, setting.order(0, Side.SELL, 1, 100)) == [OutcomeCode.ACCEPTED]
