"""The reference exchange: docs/reference/engine.md as the simplest program that follows it.

It is written to be read and compared with the page, not to be fast: dicts, lists that are sorted when order matters,
and Python integers that never overflow. Its twin is the Rust crate in ``engine/``; ``tests/stateful`` compares the two
byte for byte, and where they differ the page decides.

For a command, every rule that it breaks is collected, and the answer is the lowest code among them: precedence is not
a matter of the order in which this program happens to look.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from stab3l.audit.reference_state import Asset, Balance, Chain, Market, Order, Remembered, Withdrawal
from stab3l.audit.reference_trees import ZERO_HASH, abi_words, keccak, leaf, merkle_root, payload_hash
from stab3l.engine.wire import (
    AssetRegistered,
    AssetTotals,
    Cancel,
    ChainDeposits,
    CloseReason,
    Command,
    Deposit,
    DepositCredited,
    Event,
    ListMarket,
    Malformed,
    MarketListed,
    MarketStatus,
    MarketStatusSet,
    OrderAccepted,
    OrderClosed,
    Outcome,
    OutcomeCode,
    Place,
    Record,
    RegisterAsset,
    Seal,
    Sealed,
    SetMarketStatus,
    Side,
    TimeInForce,
    Trade,
    Withdraw,
    WithdrawalQueued,
    decode_records,
    encode_events,
)

FEES: Final = 0
SYSTEM_ACCOUNTS: Final = 3
ZERO_ADDRESS: Final = bytes(20)
REQUEST_LIFE_MAX_NS: Final = 86_400 * 10**9
AMOUNT_MAX: Final = 2**127 - 1
TICKS_MAX: Final = 10**12
DECIMALS_MAX: Final = 36
FEE_PPM_MAX: Final = 100_000
LOT_MAX: Final = 10**30
TICK_MAX: Final = 10**18
LOTS_MAX: Final = 10**12


class ReferenceExchange:
    """The whole exchange as plain values. ``apply`` is the only way to change it."""

    def __init__(self) -> None:
        self.now = 0
        self.sequence = 0
        self.block = 0
        self.sealed_through = 0
        self.commands_to_seal = 0
        self.input_hash = ZERO_HASH
        self.output_hash = ZERO_HASH
        self.chains: dict[int, Chain] = {}
        self.assets: list[Asset] = []
        self.markets: list[Market] = []
        self.owners: list[bytes] = [ZERO_ADDRESS] * SYSTEM_ACCOUNTS
        self.balances: dict[tuple[int, int], Balance] = {}
        """In the order of first credit: a pair's position is its leaf in the balances tree."""
        self.withdrawals: list[Withdrawal] = []
        self.withdrawal_leaves: list[bytes] = []
        self.remembered: dict[tuple[int, int], Remembered] = {}
        self.orders = 0
        self.trades = 0
        self.sealed_balances: list[tuple[int, int, int]] = []
        """(account, asset, amount) of each slot when the last block was sealed."""
        self.sealed_balance_leaves: list[bytes] = []
        self.sealed_withdrawals = 0
        self.last_sealed: Sealed | None = None
        self._events: list[Event] = []

    def apply(self, batch: bytes, now: int) -> bytes:
        """Apply every record of a batch at time ``now`` (nanoseconds since 1970) and return the events' bytes."""
        records = decode_records(batch)
        if not records:
            return b""
        self.now = max(self.now, now)
        self._forget_expired()
        self.input_hash = keccak(
            self.input_hash
            + (self.sequence + 1).to_bytes(8, "little")
            + len(records).to_bytes(4, "little")
            + self.now.to_bytes(8, "little")
            + payload_hash(batch)
        )
        self._events = []
        for record in records:
            self._step(record, alone=len(records) == 1)
        data = encode_events(self._events)
        if not isinstance(self._events[-1], Sealed):
            self.output_hash = keccak(self.output_hash + payload_hash(data))
        return data

    def _forget_expired(self) -> None:
        self.remembered = {key: entry for key, entry in self.remembered.items() if entry.expires_at > self.now}

    def _step(self, record: Record, *, alone: bool) -> None:
        self.sequence += 1
        command = record.command
        code = min(self._broken_rules(command, alone=alone), default=OutcomeCode.ACCEPTED)
        outcome_at = len(self._events)
        if code == OutcomeCode.ACCEPTED and not isinstance(command, Malformed):
            made = self._accept(command)
        elif code == OutcomeCode.CLIENT_ID_REUSED and isinstance(command, Place | Withdraw):
            made = self.remembered[command.account, command.client_id].id
        else:
            made = 0
        self._events.insert(outcome_at, Outcome(self.sequence, code, record.kind, made, self.now))
        if not isinstance(command, Seal):
            self.commands_to_seal += 1

    # What each command may not be

    def _broken_rules(self, command: Command | Malformed, *, alone: bool) -> Iterator[OutcomeCode]:
        match command:
            case Malformed():
                yield command.code
            case RegisterAsset():
                yield from self._asset_breaks(command)
            case ListMarket():
                yield from self._listing_breaks(command)
            case SetMarketStatus():
                if command.market >= len(self.markets):
                    yield OutcomeCode.MARKET_UNKNOWN
            case Deposit():
                yield from self._deposit_breaks(command)
            case Place():
                yield from self._place_breaks(command)
            case Cancel():
                yield from self._cancel_breaks(command)
            case Withdraw():
                yield from self._withdrawal_breaks(command)
            case Seal():
                if not alone:
                    yield OutcomeCode.SEAL_NOT_ALONE
                if self.commands_to_seal == 0:
                    yield OutcomeCode.NOTHING_TO_SEAL

    def _asset_breaks(self, new: RegisterAsset) -> Iterator[OutcomeCode]:
        if any((asset.chain_id, asset.token) == (new.chain_id, new.token) for asset in self.assets):
            yield OutcomeCode.ASSET_EXISTS
        if new.decimals > DECIMALS_MAX:
            yield OutcomeCode.DECIMALS_UNSUPPORTED

    def _listing_breaks(self, new: ListMarket) -> Iterator[OutcomeCode]:
        if max(new.base_asset, new.quote_asset) >= len(self.assets):
            yield OutcomeCode.ASSET_UNKNOWN
        if any((market.base, market.quote) == (new.base_asset, new.quote_asset) for market in self.markets):
            yield OutcomeCode.MARKET_EXISTS
        sizes_valid = 0 < new.lot <= LOT_MAX and 0 < new.tick <= TICK_MAX and 0 < new.max_lots <= LOTS_MAX
        fees_valid = max(new.maker_fee_ppm, new.taker_fee_ppm) <= FEE_PPM_MAX
        if new.base_asset == new.quote_asset or not sizes_valid or not fees_valid:
            yield OutcomeCode.MARKET_INVALID

    def _deposit_breaks(self, deposit: Deposit) -> Iterator[OutcomeCode]:
        if deposit.asset >= len(self.assets) or self.assets[deposit.asset].chain_id != deposit.chain_id:
            yield OutcomeCode.ASSET_UNKNOWN
            return
        if deposit.amount == 0:
            yield OutcomeCode.AMOUNT_ZERO
        if self.assets[deposit.asset].credited + deposit.amount > AMOUNT_MAX:
            yield OutcomeCode.AMOUNT_TOO_LARGE
        if deposit.owner == ZERO_ADDRESS:
            yield OutcomeCode.OWNER_ZERO
        count = self.chains[deposit.chain_id].deposit_count
        if deposit.ordinal <= count:
            yield OutcomeCode.DEPOSIT_DUPLICATE
        if deposit.ordinal > count + 1:
            yield OutcomeCode.DEPOSIT_GAP

    def _place_breaks(self, order: Place) -> Iterator[OutcomeCode]:
        yield from self._request_breaks(order)
        if order.market >= len(self.markets):
            yield OutcomeCode.MARKET_UNKNOWN
            return
        market = self.markets[order.market]
        if market.status == MarketStatus.HALTED:
            yield OutcomeCode.MARKET_HALTED
        if order.lots == 0:
            yield OutcomeCode.QUANTITY_ZERO
        if order.lots > market.max_lots:
            yield OutcomeCode.QUANTITY_TOO_LARGE
        if order.ticks == 0:
            yield OutcomeCode.PRICE_ZERO
        if order.ticks > TICKS_MAX:
            yield OutcomeCode.PRICE_TOO_LARGE
        if market.notional(order.lots, order.ticks) > AMOUNT_MAX:
            yield OutcomeCode.NOTIONAL_OVERFLOW
        asset, amount = market.hold(order.side, order.lots, order.ticks)
        if self.balance(order.account, asset).available < amount:
            yield OutcomeCode.FUNDS_SHORT

    def _cancel_breaks(self, cancel: Cancel) -> Iterator[OutcomeCode]:
        if not self._is_user(cancel.account):
            yield OutcomeCode.ACCOUNT_UNKNOWN
        if self._resting(cancel.account, cancel.order) is None:
            yield OutcomeCode.ORDER_UNKNOWN

    def _withdrawal_breaks(self, withdrawal: Withdraw) -> Iterator[OutcomeCode]:
        yield from self._request_breaks(withdrawal)
        if withdrawal.asset >= len(self.assets):
            yield OutcomeCode.ASSET_UNKNOWN
        if withdrawal.amount == 0:
            yield OutcomeCode.AMOUNT_ZERO
        if withdrawal.recipient == ZERO_ADDRESS:
            yield OutcomeCode.RECIPIENT_ZERO
        if self.balance(withdrawal.account, withdrawal.asset).available < withdrawal.amount:
            yield OutcomeCode.FUNDS_SHORT

    def _request_breaks(self, request: Place | Withdraw) -> Iterator[OutcomeCode]:
        if not self._is_user(request.account):
            yield OutcomeCode.ACCOUNT_UNKNOWN
        if request.expires_at <= self.now:
            yield OutcomeCode.REQUEST_EXPIRED
        if request.expires_at > self.now + REQUEST_LIFE_MAX_NS:
            yield OutcomeCode.REQUEST_TOO_FAR
        if request.client_id == 0:
            yield OutcomeCode.CLIENT_ID_ZERO
        if (request.account, request.client_id) in self.remembered:
            yield OutcomeCode.CLIENT_ID_REUSED

    # What each accepted command does; each returns the id for its outcome

    def _accept(self, command: Command) -> int:
        match command:
            case RegisterAsset():
                return self._register_asset(command)
            case ListMarket():
                return self._list_market(command)
            case SetMarketStatus():
                return self._set_market_status(command)
            case Deposit():
                return self._deposit(command)
            case Place():
                return self._place(command)
            case Cancel():
                return self._cancel(command)
            case Withdraw():
                return self._withdraw(command)
            case Seal():
                return self._seal()

    def _register_asset(self, new: RegisterAsset) -> int:
        asset = len(self.assets)
        self.assets.append(Asset(new.chain_id, new.token, new.decimals))
        self.chains.setdefault(new.chain_id, Chain())
        self._emit(AssetRegistered(self.sequence, asset, new.decimals, new.chain_id, new.token))
        return asset

    def _list_market(self, new: ListMarket) -> int:
        fees = (new.maker_fee_ppm, new.taker_fee_ppm)
        market = Market(
            len(self.markets), new.base_asset, new.quote_asset, new.lot, new.tick, *fees, max_lots=new.max_lots
        )
        self.markets.append(market)
        self._emit(
            MarketListed(
                self.sequence, market.id, market.base, market.quote, *fees, market.lot, market.tick, market.max_lots
            )
        )
        return market.id

    def _set_market_status(self, command: SetMarketStatus) -> int:
        self.markets[command.market].status = command.status
        self._emit(MarketStatusSet(self.sequence, command.market, command.status))
        return command.market

    def _deposit(self, deposit: Deposit) -> int:
        if deposit.owner not in self.owners:
            self.owners.append(deposit.owner)
        account = self.owners.index(deposit.owner)
        asset = self.assets[deposit.asset]
        asset.credited += deposit.amount
        self._credit(account, deposit.asset, deposit.amount)
        chain = self.chains[deposit.chain_id]
        chain.deposit_count = deposit.ordinal
        chain.deposit_hash = keccak(
            abi_words(chain.deposit_hash, deposit.ordinal, asset.token, deposit.owner, deposit.amount)
        )
        self._emit(
            DepositCredited(
                self.sequence,
                deposit.chain_id,
                deposit.ordinal,
                account,
                deposit.asset,
                deposit.amount,
                deposit.owner,
            )
        )
        return account

    def _place(self, request: Place) -> int:
        self.orders += 1
        kinds = (request.side, request.order_type, request.time_in_force)
        order = Order(
            self.orders,
            request.account,
            request.client_id,
            request.side,
            request.ticks,
            request.lots,
            request.time_in_force,
        )
        self.remembered[request.account, request.client_id] = Remembered(request.expires_at, order.id)
        market = self.markets[request.market]
        asset, amount = market.hold(order.side, order.lots, order.ticks)
        self._hold(order.account, asset, amount)
        self._emit(
            OrderAccepted(
                self.sequence,
                order.id,
                order.account,
                market.id,
                request.client_id,
                order.ticks,
                order.lots,
                *kinds,
            )
        )
        self._match(market, order)
        if order.lots == 0:
            self._close(market, order, CloseReason.FILLED)
        elif order.time_in_force == TimeInForce.IOC:
            self._close(market, order, CloseReason.IMMEDIATE_REST_CANCELLED)
        else:
            market.resting.append(order)
        return order.id

    def _match(self, market: Market, taker: Order) -> None:
        for maker in market.by_priority(Side.SELL if taker.side == Side.BUY else Side.BUY):
            crosses = maker.ticks <= taker.ticks if taker.side == Side.BUY else maker.ticks >= taker.ticks
            if taker.lots == 0 or not crosses:
                return
            self._fill(market, maker, taker, min(maker.lots, taker.lots))
            if maker.lots == 0:
                market.resting.remove(maker)
                self._close(market, maker, CloseReason.FILLED)

    def _fill(self, market: Market, maker: Order, taker: Order, lots: int) -> None:
        base, quote = lots * market.lot, market.notional(lots, maker.ticks)
        buyer, seller = (taker, maker) if taker.side == Side.BUY else (maker, taker)
        fee_ppm = {maker.id: market.maker_fee_ppm, taker.id: market.taker_fee_ppm}
        base_fee, quote_fee = fee_up(base, fee_ppm[buyer.id]), fee_up(quote, fee_ppm[seller.id])
        self._release(buyer.account, market.quote, market.notional(lots, buyer.ticks))
        self._debit(buyer.account, market.quote, quote)
        self._release(seller.account, market.base, base)
        self._debit(seller.account, market.base, base)
        self._credit(buyer.account, market.base, base - base_fee)
        self._credit(seller.account, market.quote, quote - quote_fee)
        self._credit(FEES, market.base, base_fee)
        self._credit(FEES, market.quote, quote_fee)
        maker.lots -= lots
        taker.lots -= lots
        self.trades += 1
        maker_fee, taker_fee = (quote_fee, base_fee) if taker is buyer else (base_fee, quote_fee)
        self._emit(
            Trade(
                self.sequence,
                self.trades,
                market.id,
                taker.side,
                maker.id,
                taker.id,
                maker.account,
                taker.account,
                maker.ticks,
                lots,
                maker_fee,
                taker_fee,
            )
        )

    def _cancel(self, cancel: Cancel) -> int:
        found = self._resting(cancel.account, cancel.order)
        assert found is not None, "an accepted cancel names a resting order"
        market, order = found
        market.resting.remove(order)
        self._close(market, order, CloseReason.CANCELLED_BY_USER)
        return order.id

    def _close(self, market: Market, order: Order, reason: CloseReason) -> None:
        asset, amount = market.hold(order.side, order.lots, order.ticks)
        self._release(order.account, asset, amount)
        self._emit(OrderClosed(self.sequence, order.id, order.account, market.id, order.lots, reason))

    def _withdraw(self, request: Withdraw) -> int:
        asset = self.assets[request.asset]
        withdrawal = Withdrawal(
            len(self.withdrawals),
            request.account,
            request.asset,
            asset.chain_id,
            asset.token,
            self.owners[request.account],
            request.recipient,
            request.amount,
        )
        self.withdrawals.append(withdrawal)
        self.withdrawal_leaves.append(
            leaf(withdrawal.id, asset.chain_id, asset.token, withdrawal.owner, request.recipient, request.amount)
        )
        self.remembered[request.account, request.client_id] = Remembered(request.expires_at, withdrawal.id)
        asset.withdrawn += request.amount
        self._debit(request.account, request.asset, request.amount)
        self._emit(
            WithdrawalQueued(
                self.sequence,
                withdrawal.id,
                request.account,
                request.asset,
                withdrawal.chain_id,
                withdrawal.amount,
                withdrawal.token,
                withdrawal.owner,
                withdrawal.recipient,
            )
        )
        return withdrawal.id

    def _seal(self) -> int:
        self.block += 1
        self.output_hash = keccak(self.output_hash + payload_hash(b""))
        self.sealed_balances = [(*pair, balance.total) for pair, balance in self.balances.items()]
        self.sealed_balance_leaves = [self._balance_leaf(*slot) for slot in self.sealed_balances]
        self.sealed_withdrawals = len(self.withdrawals)
        roots = merkle_root(self.sealed_balance_leaves), merkle_root(self.withdrawal_leaves)
        counts = len(self.sealed_balances), self.sealed_withdrawals
        self.last_sealed = Sealed(
            self.sequence,
            self.block,
            self.sealed_through + 1,
            self.sequence,
            self.input_hash,
            self.output_hash,
            keccak(abi_words(roots[0], counts[0], roots[1], counts[1])),
            roots[0],
            counts[0],
            roots[1],
            counts[1],
            tuple(
                ChainDeposits(chain_id, chain.deposit_count, chain.deposit_hash)
                for chain_id, chain in sorted(self.chains.items())
            ),
            tuple(
                AssetTotals(i, asset.chain_id, asset.token, asset.credited, asset.withdrawn)
                for i, asset in enumerate(self.assets)
            ),
        )
        self._emit(self.last_sealed)
        self.sealed_through = self.sequence
        self.commands_to_seal = 0
        return self.block

    # Balances

    def _credit(self, account: int, asset: int, amount: int) -> None:
        if amount > 0:
            self.balances.setdefault((account, asset), Balance()).available += amount

    def _debit(self, account: int, asset: int, amount: int) -> None:
        if amount > 0:
            self.balances[account, asset].available -= amount

    def _hold(self, account: int, asset: int, amount: int) -> None:
        self.balances[account, asset].available -= amount
        self.balances[account, asset].held += amount

    def _release(self, account: int, asset: int, amount: int) -> None:
        self._hold(account, asset, -amount)

    # What can be asked

    def balance(self, account: int, asset: int) -> Balance:
        """An account's balance of an asset; zero when it was never credited."""
        return self.balances.get((account, asset), Balance())

    def _balance_leaf(self, account: int, asset: int, amount: int) -> bytes:
        token = self.assets[asset]
        return leaf(self.owners[account], account, token.chain_id, token.token, amount)

    def _is_user(self, account: int) -> bool:
        return SYSTEM_ACCOUNTS <= account < len(self.owners)

    def _resting(self, account: int, order: int) -> tuple[Market, Order] | None:
        for market in self.markets:
            for one in market.resting:
                if (one.account, one.id) == (account, order):
                    return market, one
        return None

    def _emit(self, event: Event) -> None:
        self._events.append(event)


def fee_up(received: int, fee_ppm: int) -> int:
    """The fee on what a side receives, rounded up to a whole base unit."""
    return -(-received * fee_ppm // 10**6)
