"""Questions that join what the chain said with what the exchange said."""

from __future__ import annotations

import pytest
from recorded_exchange import RecordedExchange
from watched_chain import BUYER, CHAIN_ID, PROVIDER, TOKEN, WatchedChain, batch, deposit, payment, requested

from stab3l.engine.wire import Deposit, RegisterAsset, Seal, Withdraw, encode_batch
from stab3l.errors import Invalid
from stab3l.store.database import Database
from stab3l.watch import queries
from stab3l.watch.exchange_feed import ExchangeFeed

pytestmark = pytest.mark.anyio

BUYER_BYTES = bytes.fromhex(BUYER[2:])
TOKEN_BYTES = bytes.fromhex(TOKEN[2:])


async def feed_in(database: Database, exchange: RecordedExchange) -> None:
    await ExchangeFeed(database, exchange).write(exchange.frames)


async def test_a_deposit_goes_from_pending_over_confirmed_to_credited(
    database: Database, watched: WatchedChain
) -> None:
    watched.mine(deposit(1, amount=50))
    watched.mine_empty(5)
    await watched.follow(database)
    [confirmed] = await queries.deposits(database, BUYER)
    exchange = RecordedExchange()
    exchange.apply(encode_batch([RegisterAsset(CHAIN_ID, TOKEN_BYTES, 6)]), 1)
    exchange.apply(encode_batch([Deposit(CHAIN_ID, 1, 0, 0, BUYER_BYTES, 50, bytes(32))]), 2)
    await feed_in(database, exchange)
    [credited] = await queries.deposits(database, BUYER)
    assert (confirmed.state, credited.state) == ("confirmed", "credited")
    assert await queries.deposits(database, PROVIDER) == []


async def test_a_withdrawal_goes_from_queued_over_settled_to_paid(database: Database, watched: WatchedChain) -> None:
    exchange = RecordedExchange()
    exchange.apply(encode_batch([RegisterAsset(CHAIN_ID, TOKEN_BYTES, 6)]), 1)
    exchange.apply(encode_batch([Deposit(CHAIN_ID, 1, 0, 0, BUYER_BYTES, 50, bytes(32))]), 2)
    for client_id in (1, 2):
        exchange.apply(encode_batch([Withdraw(3, 0, client_id, 10**9, 20, BUYER_BYTES)]), 3)
        exchange.apply(encode_batch([Seal()]), 4)
    await feed_in(database, exchange)
    states = []
    for entries in ((), (batch(0, 1),), (payment(0, 20),), (batch(1, 2),)):
        watched.mine(*entries)
        await watched.follow(database)
        states.append([w.state for w in await queries.withdrawals(database, BUYER)])
    assert states == [["queued", "queued"], ["queued", "settled"], ["queued", "paid"], ["settled", "paid"]]
    [_, paid] = await queries.withdrawals(database)
    assert (paid.withdrawal, paid.amount, paid.token, paid.recipient) == (0, 20, TOKEN, BUYER)
    assert paid.paid_tx is not None
    assert [b.withdrawals_count for b in await queries.exchange_blocks(database)] == [2, 1]


async def test_newest_comes_first_and_limits_hold(database: Database, watched: WatchedChain) -> None:
    for number in range(1, 6):
        watched.mine(deposit(number), requested(number, number), batch(number - 1, number))
    await watched.follow(database)
    assert [d.ordinal for d in await queries.deposits(database, limit=2)] == [5, 4]
    assert [r.redemption_id for r in await queries.redemptions(database, limit=3)] == [5, 4, 3]
    assert [r.redemption_id for r in await queries.redemptions(database, 1, provider=PROVIDER)] == [5]
    assert await queries.redemptions(database, buyer=PROVIDER) == []
    assert [b.exchange_block for b in await queries.batches(database, 2, chain_id=CHAIN_ID)] == [5, 4]
    assert await queries.batches(database, chain_id=138) == []
    events = await queries.chain_events(database, limit=3)
    assert [(e.block_number, e.event) for e in events] == [
        (5, "BatchSettled"),
        (5, "RedemptionRequested"),
        (5, "Deposited"),
    ]
    assert events[2].args["amount"] == "5"
    assert events[2].args["depositHash"] == "0x" + "07" * 32


async def test_an_address_may_be_written_in_any_case(database: Database, watched: WatchedChain) -> None:
    watched.mine(deposit(1))
    await watched.follow(database)
    assert len(await queries.deposits(database, BUYER.lower())) == 1


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_a_limit_out_of_range_is_refused(database: Database, limit: int) -> None:
    with pytest.raises(Invalid, match="limit"):
        await queries.claims(database, limit)


async def test_what_is_no_address_is_refused(database: Database) -> None:
    with pytest.raises(Invalid, match="not an address"):
        await queries.deposits(database, "0x12")
    with pytest.raises(Invalid, match="not an address"):
        await queries.provider(database, "")


async def test_an_empty_read_model_answers_with_nothing(database: Database, watched: WatchedChain) -> None:
    assert await queries.chain_heads(database) == []
    assert await queries.provider(database, PROVIDER) is None
    assert await queries.supply(database) == []
    assert await queries.stakes(database, PROVIDER) == []
    await watched.indexer(database).start()
    [head] = await queries.chain_heads(database)
    assert (head.chain_id, head.number, head.confirmations) == (CHAIN_ID, None, 3)
