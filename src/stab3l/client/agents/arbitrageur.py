"""Arbitrage between the order book and the public pool of sSTB: sells where sSTB is dear and buys where it is cheap.

Each side is traded from an inventory of its own: sSTB and cUSDC on the chain, sSTB and USDC on the exchange. The pool's
leg comes first and reverts unless it pays what was computed; the book's leg is immediate-or-cancel.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Counter, Gauge, start_http_server

from stab3l.chain.contracts import Contract, contract, contract_at
from stab3l.chain.errors import ContractRejected
from stab3l.chain.pools import state_of, terms_of
from stab3l.chain.rpc import RpcChain
from stab3l.chain.sender import Sender
from stab3l.chain.signer import Signer
from stab3l.client.agents.desk import Holdings, TradingDesk, repeat
from stab3l.config import load_network
from stab3l.keepers.settings import KeeperSettings
from stab3l.peg.pool import State, Terms, sell_base, sell_quote
from stab3l.units import PARTS_PER_MILLION, Lots, Ticks, mul_div_up

POOL: Final = "PMMPool sSTB/cUSDC"
PAUSE_S: Final = 3.0
DEADLINE_S: Final = 120
APPROVAL: Final = 2**255
PROFIT_PPM: Final = 500
"""Of the book's notional: what a trade must earn after all fees. A dollar of each side is taken as a dollar."""

LOOKS: Final = Counter(
    "stab3l_book_arbitrage_looks", "Looks at book and pool: nothing, would, refused (by the pool), traded", ["outcome"]
)
TRADED: Final = Counter("stab3l_book_arbitrage_lots", "Lots sent to the book, by its side", ["side"])
HELD: Final = Gauge("stab3l_book_arbitrage_held", "Inventory: lots and base units", ["where", "token"])

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Book:
    """The best prices [quote units per lot], the lot [base units] and the taker fee."""

    bid: int | None
    ask: int | None
    lot: int
    fee_ppm: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """On the exchange in lots and quote units, on the chain in base units of each token."""

    book_lots: int
    book_quote: int
    pool_base: int
    pool_quote: int


@dataclass(frozen=True, slots=True)
class Deal:
    """``buys_book``: buy on the book and sell to the pool; else the other way. ``sold`` to the pool for ``paid``."""

    buys_book: bool
    lots: int
    sold: int
    paid: int


def decide(terms: Terms, state: State, book: Book, held: Inventory) -> Deal | None:
    """The larger deal that pays, of lots that halve from the most that the inventory allows; None without one."""
    return _book_to_pool(terms, state, book, held) or _pool_to_book(terms, state, book, held)


def _book_to_pool(terms: Terms, state: State, book: Book, held: Inventory) -> Deal | None:
    if book.ask is None:
        return None
    lots = min(held.book_quote // book.ask, held.pool_base // book.lot)
    while lots > 0:
        cost = lots * book.ask
        paid = sell_base(terms, state, lots * book.lot).paid
        # The fee of a purchase is taken in sSTB.
        if paid >= cost + mul_div_up(cost, book.fee_ppm + PROFIT_PPM, PARTS_PER_MILLION):
            return Deal(True, lots, lots * book.lot, paid)
        lots //= 2
    return None


def _pool_to_book(terms: Terms, state: State, book: Book, held: Inventory) -> Deal | None:
    if book.bid is None:
        return None
    lots = min(held.book_lots, held.pool_quote // book.bid)
    while lots > 0:
        proceeds = lots * book.bid
        spent = proceeds - mul_div_up(proceeds, book.fee_ppm + PROFIT_PPM, PARTS_PER_MILLION)
        if spent > 0 and (paid := sell_quote(terms, state, spent).paid) >= lots * book.lot:
            return Deal(False, lots, spent, paid)
        lots //= 2
    return None


class BookArbitrageur:
    """The loop around the decision. ``dry_run``: decide and tell, send nothing."""

    def __init__(self, desk: TradingDesk, chain: RpcChain, sender: Sender, *, dry_run: bool = False) -> None:
        self._desk, self._chain, self._sender, self._dry_run = desk, chain, sender, dry_run
        self._pool = contract(chain.config, POOL)
        self._router = contract(chain.config, "PMMRouter")

    async def step(self) -> None:
        """Looks, decides, trades the pool and then the book."""
        try:
            terms, state = await self._chain.call(self._pool, "terms"), await self._chain.call(self._pool, "state")
        except ContractRejected:
            return  # not open yet
        tokens = [await self._token(name) for name in ("baseToken", "quoteToken")]
        market, (bid, ask) = (await self._desk.listed()).view, await self._desk.best()
        tick = int(market.tick)
        book = Book(
            None if bid is None else bid * tick, None if ask is None else ask * tick, int(market.lot),
            market.taker_fee_ppm,
        )  # fmt: skip
        held = await self._inventory(await self._desk.holdings(), tokens)
        deal = decide(terms_of(terms), state_of(state), book, held)
        if deal is None:
            outcome = "nothing"
        elif self._dry_run:
            outcome = "would"
            _log.info("would_arbitrage", buys_book=deal.buys_book, lots=deal.lots, sold=deal.sold, paid=deal.paid)
        elif await self._trade_pool(deal, tokens[0 if deal.buys_book else 1]):
            outcome = "traded"
            await self._trade_book(deal, bid, ask)
        else:
            outcome = "refused"
        LOOKS.labels(outcome).inc()

    async def _token(self, name: str) -> Contract:
        return contract_at(self._chain.chain_id, "LocalToken", await self._chain.call(self._pool, name))

    async def _inventory(self, holdings: Holdings, tokens: list[Contract]) -> Inventory:
        base, quote = [int(await self._chain.call(token, "balanceOf", self._sender.signer.address)) for token in tokens]
        held = Inventory(holdings.base_lots_available, holdings.quote_available, base, quote)
        for where, token, amount in (
            ("book", "base", held.book_lots), ("book", "quote", held.book_quote), ("pool", "base", base),
            ("pool", "quote", quote),
        ):  # fmt: skip
            HELD.labels(where, token).set(amount)
        return held

    async def _trade_pool(self, deal: Deal, token: Contract) -> bool:
        me, router = self._sender.signer.address, self._router.address
        if await self._chain.call(token, "allowance", me, router) < deal.sold:
            await self._sender.transact(token, "approve", router, APPROVAL)
        deadline = (await self._chain.head()).timestamp + DEADLINE_S
        way = ([self._pool.address], token.address, deal.sold, deal.paid, me, deadline)
        try:
            await self._sender.transact(self._router, "swap", *way)
        except ContractRejected as error:
            _log.info("pool_refused", reason=error.message)
            return False
        return True

    async def _trade_book(self, deal: Deal, bid: Ticks | None, ask: Ticks | None) -> None:
        ticks = ask if deal.buys_book else bid
        if ticks is not None:
            await self._desk.place(buys=deal.buys_book, ticks=ticks, lots=Lots(deal.lots), immediate=True)
            TRADED.labels("buy" if deal.buys_book else "sell").inc(deal.lots)
        _log.info("arbitraged", buys_book=deal.buys_book, lots=deal.lots, sold=deal.sold, paid=deal.paid)


async def serve(home: Path, role: str, symbol: str, pause_s: float = PAUSE_S, *, dry_run: bool = False) -> None:
    """Trades with the key of ``role``, until cancelled. ``dry_run``: decide and tell, send nothing.

    Metrics at ``STAB3L_KEEPER_METRICS_PORT``, as of every keeper.
    """
    network, signer = load_network(home), Signer.load(home, role)
    if port := KeeperSettings().metrics_port:
        start_http_server(port, "127.0.0.1")
    async with AsyncExitStack() as stack:
        chain = await stack.enter_async_context(RpcChain(network.primary))
        desk = await TradingDesk.open(home, role, stack, symbol)
        await repeat(BookArbitrageur(desk, chain, Sender(chain, signer), dry_run=dry_run).step, pause_s)
