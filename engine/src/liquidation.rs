//! Liquidation: an account that does not meet its margin loses its orders, its collateral, then its positions in rounds.

use ethnum::I256;

use crate::account::{INSURANCE, SYSTEM_ACCOUNTS};
use crate::book::Order;
use crate::command::{MarketStatus, Place};
use crate::event::{CloseReason, Events};
use crate::order::{Instructions, OrderTerms, OrderType, SelfTrade, Side, TICKS_MAX, TimeInForce};
use crate::position::Position;
use crate::state::State;
use crate::underlying::UnderlyingTerms;
use crate::units::*;

/// The band of a liquidation's price in a market without one.
const BAND: Ppm = Ppm(100_000);

impl State {
    /// Judges every account that a change of an underlying concerns: users by id, then the insurance fund.
    pub(crate) fn liquidate_exposed(&mut self, underlying: UnderlyingId, events: &mut Events) {
        let exposed = self.positions.exposed(underlying);
        let (funds, users): (Vec<AccountId>, Vec<AccountId>) =
            exposed.into_iter().partition(|account| account.0 < SYSTEM_ACCOUNTS);
        let insurance = funds.into_iter().filter(|account| *account == INSURANCE);
        for account in users.into_iter().chain(insurance) {
            if self.positions.is_exposed(account, underlying) {
                self.judge_account(account, underlying, events);
            }
        }
    }

    fn judge_account(&mut self, account: AccountId, underlying: UnderlyingId, events: &mut Events) {
        let healthy = self.is_healthy(account);
        if !healthy {
            for order in self.orders_of(account, |_| true) {
                self.close(order, CloseReason::Liquidation, events);
            }
        }
        self.convert_collateral(account, events);
        if healthy || self.is_healthy(account) {
            return;
        }
        if self.equity(account) > I256::ZERO {
            self.unwind(account, underlying, events);
        }
        if account != INSURANCE && self.equity(account) <= I256::ZERO {
            self.resolve(account, events);
        }
    }

    /// Repays a debt: from the balance, then with collateral that the insurance fund buys.
    fn convert_collateral(&mut self, account: AccountId, events: &mut Events) {
        self.repay(account);
        if account == INSURANCE {
            return;
        }
        let settlement = self.derivatives.settlement.expect("a settlement asset");
        for (asset, collateral) in self.derivatives.collateral.clone() {
            let available = self.ledger.available(account, asset);
            let affordable = self.ledger.available(INSURANCE, settlement);
            let paid = self.positions.debt(account).min(affordable).min(collateral.value_down(available));
            if paid == Cash(0) {
                continue;
            }
            let least = collateral.amount_up(paid);
            let amount = Cash(least.min(available.0.into()).as_u128());
            self.ledger.debit(account, asset, amount);
            self.ledger.credit(INSURANCE, asset, amount);
            self.ledger.debit(INSURANCE, settlement, paid);
            self.positions.set_debt(account, self.positions.debt(account) - paid);
            events.collateral_converted(account, asset, amount, paid);
        }
    }

    /// Offers a part of each position in the book until the account meets its margin; the rest waits for the next price.
    fn unwind(&mut self, account: AccountId, underlying: UnderlyingId, events: &mut Events) {
        let open = self.positions.open_of(account).filter(|(id, _)| *id == underlying);
        let markets: Vec<MarketId> = open.map(|(_, position)| position.market).collect();
        for market in markets {
            let listed = self.listings.markets()[market.0 as usize];
            if listed.status == MarketStatus::Halted || self.is_expired(&listed) {
                continue;
            }
            let position = self.positions.position(account, market).map(|(_, position)| *position);
            if let Some(position) = position.filter(|position| position.lots != 0) {
                self.offer(&position, underlying, events);
            }
            if self.is_healthy(account) {
                break;
            }
        }
    }

    /// Offers one step of a position at the worst price that its market's band allows.
    fn offer(&mut self, position: &Position, underlying: UnderlyingId, events: &mut Events) {
        let terms = self.derivatives.underlying(underlying).terms;
        let place = self.liquidation_order(position, &terms);
        self.last_order = self.last_order.next();
        let id = self.last_order;
        events.order_accepted(id, &place, place.ticks);
        let place_of = (place.account, place.market, place.side);
        let order = Order::new(id, place_of, place.ticks, place.lots).on_terms(place.terms);
        let mut taker = self.taker((order, place.client_id), false);
        taker.liquidation_fee = Some(terms.liquidation_fee);
        self.work(&mut taker, events);
    }

    fn liquidation_order(&self, position: &Position, terms: &UnderlyingTerms) -> Place {
        let market = &self.listings.markets()[position.market.0 as usize];
        let mark = market.mark_or_zero();
        let band = if market.terms.band == Ppm(0) { BAND } else { market.terms.band };
        let reach = band.of_down(mark).0.max(1);
        let (side, ticks) = if position.lots > 0 {
            (Side::Sell, mark.0.saturating_sub(reach).max(1))
        } else {
            (Side::Buy, (mark.0 + reach).min(TICKS_MAX.0))
        };
        let step = u128::from(position.lots.unsigned_abs()) * u128::from(terms.liquidation_step.0);
        let lots = u64::try_from(step.div_ceil(1_000_000)).expect("at most all lots");
        let (instructions, self_trade) = (Instructions::REDUCE_ONLY, SelfTrade::CancelMaker);
        Place {
            account: position.account,
            market: position.market,
            client_id: ClientId(0),
            expires_at: Nanos(0),
            ticks: Ticks(ticks),
            lots: Lots(lots),
            side,
            order_type: OrderType::Liquidation,
            time_in_force: TimeInForce::ImmediateOrCancel,
            terms: OrderTerms { instructions, self_trade, ..OrderTerms::default() },
            trigger: Ticks(0),
        }
    }
}
