"""The agents' decisions, and their loops against a market."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress

import pytest
from api_venue import SYMBOL, Venue
from hypothesis import given
from hypothesis import strategies as st
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from stab3l.chain.signer import Signer
from stab3l.client import ApiUnavailable, AsyncClient, RetryPolicy, asynchronous
from stab3l.client.agents.desk import Holdings, OpenOrder, TradingDesk
from stab3l.client.agents.maker import (
    Maker,
    MakerPolicy,
    Quote,
    affordable,
    changes,
    quotes,
    reference_down,
    skew_ticks,
)
from stab3l.client.agents.trader import Trader, TraderPolicy, decide
from stab3l.units import Lots, Ticks

pytestmark = pytest.mark.anyio
POLICY = MakerPolicy()
LADDERS = st.builds(quotes, st.integers(1, 10**6).map(Ticks), st.integers(0, 10**9), st.just(POLICY))


@given(LADDERS)
def test_a_ladder_never_crosses_itself(ladder: list[Quote]) -> None:
    bids, asks = ([quote.ticks for quote in ladder if quote.buys is side] for side in (True, False))
    assert all(ticks > 0 for ticks in bids + asks)
    assert not bids or not asks or max(bids) < min(asks)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_a_fuller_maker_never_quotes_higher(one: int, other: int) -> None:
    less, more = sorted((one, other))
    assert POLICY.skew_ticks_max >= skew_ticks(less, POLICY) >= skew_ticks(more, POLICY) >= -POLICY.skew_ticks_max


def test_the_reference_follows_trades_slowly_and_stays_near_par() -> None:
    assert reference_down(Ticks(600), None, POLICY) == 600
    assert reference_down(Ticks(600), Ticks(640), POLICY) == 610


def test_a_quote_that_still_rests_is_left_alone() -> None:
    wanted = quotes(Ticks(600), POLICY.inventory_lots_target, POLICY)
    resting = [OpenOrder(n, quote.buys, quote.ticks, quote.lots) for n, quote in enumerate(wanted)]
    assert changes(wanted, resting) == ([], [])
    worn = [*resting[1:], OpenOrder(99, True, Ticks(1), Lots(5)), OpenOrder(98, True, wanted[0].ticks, Lots(1))]
    cancels, missing = changes(wanted, worn)
    assert ({order.order_id for order in cancels}, missing) == ({98, 99}, [wanted[0]])


@given(LADDERS, st.integers(0, 10**5), st.integers(0, 10**9))
def test_what_is_quoted_is_covered(ladder: list[Quote], base: int, quote_units: int) -> None:
    covered = affordable(ladder, Holdings(base, base, quote_units), tick=1)
    assert sum(quote.lots for quote in covered if not quote.buys) <= base
    assert sum(quote.lots * quote.ticks for quote in covered if quote.buys) <= quote_units


@given(st.integers(0, 2**32), st.integers(0, 20_000), st.integers(0, 10**9))
def test_a_trader_never_wants_what_it_cannot_pay(seed: int, base: int, quote_units: int) -> None:
    holdings = Holdings(base, base, quote_units)
    taking = decide((Ticks(590), Ticks(610)), holdings, 1, TraderPolicy(), random.Random(seed))
    if taking is not None:
        assert taking.lots <= (quote_units // taking.ticks if taking.buys else base)


def test_a_trader_waits_for_a_book() -> None:
    assert decide((None, None), Holdings(5, 5, 5), 1, TraderPolicy(), random.Random(0)) is None


def desk_of(venue: Venue, signer: Signer) -> TradingDesk:
    """A desk whose REST client talks to the venue."""
    return TradingDesk(AsyncClient("http://api", signer, transport=venue.transport, clock=venue.clock), SYMBOL)


async def test_a_maker_fills_an_empty_book_and_a_restarted_one_changes_nothing(venue: Venue) -> None:
    await Maker(desk_of(venue, venue.maker), POLICY).step()
    book = (await venue.client.get(f"/v1/markets/{SYMBOL}/book")).json()
    assert (len(book["bids"]), len(book["asks"])) == (POLICY.levels, POLICY.levels)
    placed = venue.gateway.exchange.orders
    await Maker(desk_of(venue, venue.maker), POLICY).step()
    assert venue.gateway.exchange.orders == placed


async def test_maker_and_trader_make_a_market_that_stays_solvent(venue: Venue) -> None:
    maker = Maker(desk_of(venue, venue.maker), POLICY)
    trader = Trader(desk_of(venue, venue.trader), TraderPolicy(), random.Random(5))
    for _ in range(25):
        await maker.step()
        await trader.step()
    exchange = venue.gateway.exchange
    assert exchange.trades >= 10
    for asset, listed in enumerate(exchange.assets):
        total = sum(balance.total for (_, of), balance in exchange.balances.items() if of == asset)
        assert total == listed.credited - listed.withdrawn


async def test_a_client_says_when_nobody_answers() -> None:
    async with AsyncClient("http://127.0.0.1:1", retries=RetryPolicy(1)) as client:
        with pytest.raises(ApiUnavailable):
            await client.status()


async def test_a_stream_that_nobody_reads_ends_instead_of_growing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asynchronous, "MESSAGES_MAX", 3)
    ended = asyncio.Event()

    async def talk(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            for number in range(10):
                await connection.send(f'{{"type": "update", "channel": "status", "number": {number}}}')
        await connection.wait_closed()
        ended.set()

    async with serve(talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with AsyncClient(f"http://127.0.0.1:{port}").stream() as stream:
            async with asyncio.timeout(60):
                await ended.wait()
            messages = stream.messages()
            assert [(await anext(messages))["number"] for _ in range(3)] == [0, 1, 2]
            with pytest.raises(ApiUnavailable):
                await anext(messages)
