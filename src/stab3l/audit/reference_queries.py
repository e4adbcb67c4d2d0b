"""What can be asked of the reference exchange: the queries of ``stab3l._engine.Engine``, with the same rows."""

from __future__ import annotations

from stab3l.audit.reference_book import Market, Order
from stab3l.audit.reference_derivatives import Instrument, Underlying
from stab3l.audit.reference_exchange import ReferenceExchange
from stab3l.audit.reference_limits import PPM, up
from stab3l.audit.reference_liquidation import healthy
from stab3l.audit.reference_margin import (
    MOVES,
    changes,
    equity,
    free,
    initial_total,
    maintenance,
    maintenance_total,
    positions_in,
    reserves,
)
from stab3l.audit.reference_positions import debt_of
from stab3l.audit.reference_state import INSURANCE, SYSTEM_ACCOUNTS
from stab3l.audit.reference_trees import ZERO_HASH, merkle_proof
from stab3l.engine.wire import Sealed, Side, encode_event

AssetRow = tuple[int, int, bytes, int, int, int]
MarketRow = tuple[int, int, int, int, int, int, int, int, int, int, int, int]
LevelRow = tuple[int, int, int]
OrderRow = tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int]
ProtectionRow = tuple[int, int, int, int, int, int, int]
MarginRow = tuple[int, int, int, int, int, int, list[tuple[int, int, int, list[int]]]]
WithdrawalRow = tuple[int, int, int, bytes, bytes, bytes, int]


class ReferenceQueries:
    """Read-only questions to ``exchange``; each answers as the method of that name in ``src/stab3l/_engine.pyi``."""

    def __init__(self, exchange: ReferenceExchange) -> None:
        self.exchange = exchange

    def assets(self) -> list[AssetRow]:
        """(asset, chain id, token, decimals, credited, withdrawn) of each asset."""
        return [
            (i, one.chain_id, one.token, one.decimals, one.credited, one.withdrawn)
            for i, one in enumerate(self.exchange.assets)
        ]

    def markets(self) -> list[MarketRow]:
        """(market, base, quote, lot, tick, maker fee, taker fee, max lots, status, band, mark, kind); rates in ppm."""
        return [
            (
                one.id,
                one.base,
                one.quote,
                one.lot,
                one.tick,
                one.maker_fee_ppm,
                one.taker_fee_ppm,
                one.max_lots,
                int(one.status),
                one.band_ppm,
                one.mark,
                int(one.instrument.kind) if isinstance(one.instrument, Instrument) else 0,
            )
            for one in self.exchange.markets
        ]

    def account_of(self, owner: bytes) -> int | None:
        """The account of an owner's address; none for the zero address."""
        return self.exchange.accounts.get(owner)

    def owner_of(self, account: int) -> bytes | None:
        """An account's owner."""
        return self.exchange.owners[account] if account < len(self.exchange.owners) else None

    def balances(self, account: int) -> list[tuple[int, int, int]]:
        """(asset, available, held) of each of an account's balances, by asset."""
        pairs = sorted(pair for pair in self.exchange.balances if pair[0] == account)
        return [(pair[1], self.exchange.balances[pair].available, self.exchange.balances[pair].held) for pair in pairs]

    def totals(self, asset: int) -> tuple[int, int, int]:
        """(credited, withdrawn, what all accounts own) of an asset; of the settlement asset less all entries."""
        one = self.exchange.assets[asset]
        owned = sum(balance.total for pair, balance in self.exchange.balances.items() if pair[1] == asset)
        if asset == self.exchange.settlement_asset:
            owned -= sum(position.entry for position in self.exchange.positions.values())
        return one.credited, one.withdrawn, owned

    def book(self, market: int, depth: int) -> tuple[list[LevelRow], list[LevelRow]]:
        """(ticks, lots, number of orders) of each price level, best first: the bids and the asks."""
        one = self.exchange.markets[market]
        return _levels(one, Side.BUY)[:depth], _levels(one, Side.SELL)[:depth]

    def open_orders(self, account: int) -> list[OrderRow]:
        """The rows of an account's resting and waiting orders, by order."""
        return [_order_row(order) for order in self.exchange.own_orders(account)]

    def order(self, order: int) -> OrderRow | None:
        """One resting or waiting order."""
        one = self.exchange.open.get(order)
        return _order_row(one) if one else None

    def schedule(self, account: int) -> int:
        """When all of an account's orders die, nanoseconds since 1970; 0: they do not."""
        return self.exchange.schedules.get(account, 0)

    def protections(self, account: int) -> list[ProtectionRow]:
        """(market, window, max lots, frozen, window start, counted, frozen until) of an account's, by market."""
        return [
            (market, one.window, one.max_lots, one.frozen, one.window_start, one.counted, one.frozen_until)
            for (owner, market), one in sorted(self.exchange.protections.items(), key=lambda item: item[0])
            if owner == account
        ]

    def settlement_asset(self) -> int | None:
        """The asset that derivatives are settled in; none before the first underlying."""
        return self.exchange.settlement_asset

    def positions(self, account: int) -> list[tuple[int, int, int]]:
        """(market, lots, entry) of each of an account's positions, by market; the debt is that of market 2^32 - 1."""
        held = self.exchange.holdings.get(account, {})
        return [(market, one.lots, one.entry) for market, one in sorted(held.items())]

    def margin(self, account: int) -> MarginRow:
        """(equity, initial, maintenance, reserves, free, debt, portfolios) of an account."""
        at = self.exchange
        return (
            equity(at, account),
            initial_total(at, account),
            maintenance_total(at, account),
            reserves(at, account),
            free(at, account),
            debt_of(at, account),
            [self._portfolio(account, one) for one in at.underlyings if positions_in(at, account, one)],
        )

    def _portfolio(self, account: int, underlying: Underlying) -> tuple[int, int, int, list[int]]:
        least = maintenance(self.exchange, account, underlying)
        gains = [0] * len(MOVES)
        for market, lots in positions_in(self.exchange, account, underlying):
            for j, change in enumerate(changes(market)):
                gains[j] += lots * change * market.tick
        return underlying.id, up(least * underlying.initial_ppm, PPM), least, gains

    def due(self) -> tuple[int, int, int, int | None]:
        """(first order's end, first scheduled cancel, first expiry, its market); 0: none."""
        at = self.exchange
        ends = [order.good_till for order in at.open.values() if order.good_till]
        expiries = [
            (one.expiry, market.id)
            for market in at.markets
            if isinstance(one := market.instrument, Instrument) and not one.settled and one.underlying.index
        ]
        expiry, market = min(expiries, default=(0, None))
        return min(ends, default=0), min(at.schedules.values(), default=0), expiry, market

    def unhealthy(self, first: int, count: int) -> tuple[list[tuple[int, int]], int | None]:
        """((account, underlying) pairs that a new index price would liquidate, where to go on)."""
        exposed = sorted(
            account
            for account, held in self.exchange.holdings.items()
            if account >= first and (debt_of(self.exchange, account) or any(one.lots for one in held.values()))
        )
        found = [(account, one) for account in exposed[:count] for one in self._to_price(account)]
        return found, exposed[count] if count < len(exposed) else None

    def _to_price(self, account: int) -> list[int]:
        at = self.exchange
        debt = debt_of(at, account) and account >= SYSTEM_ACCOUNTS
        if (account < SYSTEM_ACCOUNTS and account != INSURANCE) or (healthy(at, account) and not debt):
            return []
        held = [one.id for one in at.underlyings if positions_in(at, account, one)]
        return held or [one.id for one in at.underlyings if one.index and debt][:1]

    def underlyings(self) -> list[tuple[int, bytes, int, int, int, int, int, int, int, int, int, int]]:
        """Each underlying's terms, its index, when it was set and when it was first set."""
        return [
            (
                one.id,
                one.name,
                one.tick,
                one.range_ppm,
                one.basis_ppm,
                one.initial_ppm,
                one.short_option_ppm,
                one.liquidation_fee_ppm,
                one.liquidation_step_ppm,
                one.index,
                one.index_at,
                one.first_at,
            )
            for one in self.exchange.underlyings
        ]

    def instruments(self) -> list[tuple[int, int, int, int, int, int, int, int, int, int]]:
        """(market, underlying, kind, expiry, strike, twap sum, last trade, settled, settlement ticks, interest)."""
        return [
            (
                market.id,
                one.underlying.id,
                int(one.kind),
                one.expiry,
                one.strike,
                one.twap_sum,
                one.last_trade,
                int(one.settled),
                one.settlement_ticks,
                sum(max(held[market.id].lots, 0) for held in self.exchange.holdings.values() if market.id in held),
            )
            for market in self.exchange.markets
            if isinstance(one := market.instrument, Instrument)
        ]

    def option_marks(self, market: int) -> tuple[int, list[int]] | None:
        """(mark, values) as they were given for an option."""
        one = self.exchange.markets[market].instrument if market < len(self.exchange.markets) else None
        if not isinstance(one, Instrument) or not one.given:
            return None
        return one.given_mark, list(one.values)

    def collateral(self) -> list[tuple[int, int, int]]:
        """(asset, haircut ppm, price) of each collateral, by asset."""
        return [(asset, *terms) for asset, terms in sorted(self.exchange.collateral.items())]

    def position_proof(self, account: int, market: int) -> tuple[int, int, int, list[bytes]] | None:
        """(leaf index, lots, entry, siblings) of a position in the last sealed block; none if it has no leaf there."""
        for index, one in enumerate(self.exchange.sealed_positions):
            if one[:2] == (account, market):
                return index, one[2], one[3], merkle_proof(self.exchange.sealed_position_leaves, index)
        return None

    def chain_deposits(self, chain_id: int) -> tuple[int, bytes]:
        """(count, hash) of a chain's deposits."""
        chain = self.exchange.chains.get(chain_id)
        return (chain.deposit_count, chain.deposit_hash) if chain else (0, ZERO_HASH)

    def withdrawal(self, withdrawal: int) -> WithdrawalRow | None:
        """(account, asset, chain id, token, owner, recipient, amount) of a withdrawal."""
        if withdrawal >= len(self.exchange.withdrawals):
            return None
        one = self.exchange.withdrawals[withdrawal]
        return one.account, one.asset, one.chain_id, one.token, one.owner, one.recipient, one.amount

    def sealed(self) -> bytes | None:
        """The last `sealed` event's record."""
        last: Sealed | None = self.exchange.last_sealed
        return encode_event(last) if last else None

    def balance_proof(self, account: int, asset: int) -> tuple[int, int, list[bytes]] | None:
        """(leaf index, amount, siblings) of a pair in the last sealed block; none if it has no leaf there."""
        for index, slot in enumerate(self.exchange.sealed_balances):
            if slot[:2] == (account, asset):
                return index, slot[2], merkle_proof(self.exchange.sealed_balance_leaves, index)
        return None

    def withdrawal_proof(self, withdrawal: int) -> list[bytes] | None:
        """Siblings of a withdrawal's leaf in the last sealed block; none if it is not sealed yet."""
        sealed = self.exchange.withdrawal_leaves[: self.exchange.sealed_withdrawals]
        return merkle_proof(sealed, withdrawal) if withdrawal < len(sealed) else None


def _levels(market: Market, side: Side) -> list[LevelRow]:
    levels: dict[int, tuple[int, int]] = {}
    for order in market.queues[side]:
        lots, count = levels.get(order.ticks, (0, 0))
        levels[order.ticks] = lots + order.lots, count + 1
    return [(ticks, *level) for ticks, level in levels.items()]


def _order_row(order: Order) -> OrderRow:
    return (
        order.id,
        order.account,
        order.market.id,
        order.client_id,
        order.ticks,
        order.lots,
        int(order.side),
        int(order.order_type),
        int(order.time_in_force),
        order.instructions,
        int(order.self_trade),
        order.label,
        order.good_till,
        order.trigger_ticks,
    )
