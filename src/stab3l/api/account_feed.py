"""What an account hears of itself: orders, fills, money in and out, and its balances after each change."""

from __future__ import annotations

import asyncio
from typing import Any, Final

import structlog

from stab3l.api.answers import BalanceView, OrderView
from stab3l.api.catalogue import Catalogue
from stab3l.api.derivative_views import PositionView, position_view
from stab3l.api.exchange import Exchange
from stab3l.api.feed import Feed
from stab3l.api.fills import fill_view, fills_of
from stab3l.api.live_messages import AccountEvent, AccountMessage
from stab3l.api.market_views import known_view, resting_view
from stab3l.api.outbox import Outbox
from stab3l.api.problems import Problem
from stab3l.api.topics import Topic
from stab3l.chain.address import checksum
from stab3l.engine.wire import (
    CancelScheduled,
    DepositCredited,
    Event,
    OrderAccepted,
    OrderAmended,
    OrderClosed,
    OrderReduced,
    OrderTriggered,
    PositionSettled,
    ProtectionSet,
    ProtectionTriggered,
    Trade,
    WithdrawalQueued,
)
from stab3l.errors import Stab3lError

PAUSE_S: Final = 0.05
RETRY_S: Final = 1
_ORDERS: Final = (OrderAccepted, OrderAmended, OrderClosed, OrderReduced, OrderTriggered)
_log = structlog.get_logger(__name__)


class AccountFeed:
    """The topics of accounts that somebody listens to, by the engine's account."""

    def __init__(self, exchange: Exchange, catalogue: Catalogue, feed: Feed) -> None:
        self._exchange = exchange
        self._catalogue = catalogue
        self._feed = feed
        self._topics: dict[int, Topic] = {}
        self._held: dict[int, set[str]] = {}
        """Markets in which an account had a position when it was last told."""
        self._touched: set[int] = set()
        self._wake = asyncio.Event()

    async def topic(self, owner: bytes) -> Topic:
        """The topic of an address's account; its ``seq`` is the sequencer's. Raises `Problem` ``account_unknown``."""
        account = await self._catalogue.account(owner)
        if account is None:
            raise Problem("account_unknown", f"{checksum(owner)} has no account", account=checksum(owner))
        await self._catalogue.markets()
        self._topics = {number: topic for number, topic in self._topics.items() if topic.wanted or number == account}
        if account not in self._topics:
            self._topics[account] = Topic("account", str(checksum(owner)), self._feed.sequence)
        return self._topics[account]

    def leave(self, outbox: Outbox) -> None:
        """Ends a client's subscriptions."""
        for topic in self._topics.values():
            topic.leave(outbox)

    async def snapshot(self, owner: bytes, seq: int) -> AccountMessage:
        """The account as it stands, at ``seq`` or later."""
        account = await self._catalogue.account(owner)
        assert account is not None
        orders: list[OrderView] = []
        for one in await self._exchange.open_orders(account):
            market = await self._catalogue.market_of(one.market)
            orders.append(resting_view(market, one, self._feed.order(one.id)))
        balances = await self._balances(account)
        positions = await self._positions(account)
        told = (str(checksum(owner)), str(seq), None, balances, orders, positions)
        return AccountMessage("account", "snapshot", *told)

    def hear(self, events: list[Event], at: int) -> None:
        """Tells accounts what a frame did to them."""
        if not self._topics:
            return
        told: dict[int, list[AccountEvent]] = {}
        for event in events:
            for account, heard in self._heard(event, at):
                told.setdefault(account, []).append(heard)
        for account, heard_events in told.items():
            topic = self._topics[account]
            if topic.wanted:
                self._publish(topic, events[-1].sequence, heard_events)
                self._touched.add(account)
        if self._touched:
            self._wake.set()

    async def run(self) -> None:
        """Tells balances that changed, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            touched, self._touched = self._touched, set()
            try:
                for account in touched & self._topics.keys():
                    await self._tell_balances(account)
                await asyncio.sleep(PAUSE_S)
            except Stab3lError as error:
                _log.warning("balances_untold", error=error.message)
                self._touched |= touched
                self._wake.set()
                await asyncio.sleep(RETRY_S)

    async def _tell_balances(self, account: int) -> None:
        balances = await self._balances(account)
        topic, seq = self._topics[account], self._feed.sequence
        told = [AccountEvent("balance", str(seq), "0", one) for one in balances]
        positions = await self._positions(account)
        held = {one.market for one in positions}
        gone = [{"market": market, "quantity": "0"} for market in self._held.get(account, set()) - held]
        self._held[account] = held
        told += [AccountEvent("position", str(seq), "0", one) for one in (*positions, *gone)]
        self._publish(topic, max(seq, topic.seq), told)

    def _publish(self, topic: Topic, seq: int, events: list[AccountEvent]) -> None:
        def message(own: str, before: str) -> AccountMessage:
            return AccountMessage("account", "update", topic.name, own, before, events=events)

        topic.publish(seq, message)

    async def _positions(self, account: int) -> list[PositionView]:
        found = await self._exchange.positions(account)
        views = [position_view(await self._catalogue.market_of(one.market), one) for one in found]
        self._held.setdefault(account, {one.market for one in views})
        return views

    async def _balances(self, account: int) -> list[BalanceView]:
        views = []
        for one in await self._exchange.balances(account):
            named = await self._catalogue.asset(one.asset)
            decimals = named.asset.decimals
            views.append(BalanceView(one.asset, named.symbol, decimals, str(one.available), str(one.held)))
        return views

    def _heard(self, event: Event, at: int) -> list[tuple[int, AccountEvent]]:
        """Who hears what of an event, among those that listen."""
        match event:
            case Trade():
                market = self._catalogue.known_market(event.market)
                parties = {event.taker_account, event.maker_account} & self._topics.keys()
                if market is None:
                    return []
                return [
                    (account, _event("fill", event.sequence, at, fill_view(market, fill)))
                    for account in parties
                    for fill in fills_of(event, account, at)
                ]
            case _ if isinstance(event, _ORDERS):
                known = self._feed.order(event.order)
                market = self._catalogue.known_market(event.market)
                if event.account not in self._topics or known is None or market is None:
                    return []
                return [(event.account, _event("order", event.sequence, at, known_view(market, known)))]
            case DepositCredited() | WithdrawalQueued():
                kind = "deposit" if isinstance(event, DepositCredited) else "withdrawal"
                number = event.ordinal if isinstance(event, DepositCredited) else event.withdrawal
                body = {
                    "asset": event.asset,
                    "amount": str(event.amount),
                    "id": str(number),
                    "chain_id": event.chain_id,
                }
                return self._for(event.account, _event(kind, event.sequence, at, body))
            case CancelScheduled():
                return self._for(event.account, _event("cancel_schedule", event.sequence, at, {"at": str(event.at)}))
            case ProtectionSet() | ProtectionTriggered():
                until = str(event.frozen_until) if isinstance(event, ProtectionTriggered) else None
                body = {"market": event.market, "frozen_until": until}
                return self._for(event.account, _event("protection", event.sequence, at, body))
            case PositionSettled():
                body = {"market": event.market, "lots": str(event.lots), "realised": str(event.realised)}
                return self._for(event.account, _event("position", event.sequence, at, body))
            case _:
                return []

    def _for(self, account: int, event: AccountEvent) -> list[tuple[int, AccountEvent]]:
        return [(account, event)] if account in self._topics else []


def _event(kind: Any, sequence: int, at: int, body: Any) -> AccountEvent:
    return AccountEvent(kind, str(sequence), str(at), body)
