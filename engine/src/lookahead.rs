//! Looking ahead in a batch: the memory of a busy venue is far larger than the processor's caches, so what a record will need
//! is fetched while those before it are applied: first where things are looked up, then the things.
//!
//! All of it is a hint: what is fetched may be wrong, and changes nothing but time.

use crate::command::Records;
use crate::decode::Expected;
use crate::hold::held_asset;
use crate::state::State;

/// How many records before its turn each step looks at a record.
const PLACES_AHEAD: usize = 8;
const THINGS_AHEAD: usize = 4;

/// How far the steps have come in a batch.
pub(crate) struct Lookahead<'a> {
    unread: Records<'a>,
    /// What the last records that were read ask for, by the lower bits of their number.
    hints: [Expected; PLACES_AHEAD],
    read: usize,
}

impl<'a> Lookahead<'a> {
    /// The first steps of `batch`, before its first record.
    pub(crate) fn of(batch: &'a [u8], state: &State) -> Lookahead<'a> {
        let hints = [Expected::Nothing; PLACES_AHEAD];
        let mut ahead = Lookahead { unread: Records::of(batch), hints, read: 0 };
        for _ in 0..PLACES_AHEAD {
            ahead.read(state);
        }
        ahead.hints[..THINGS_AHEAD].iter().for_each(|hint| state.expect_things(hint));
        ahead
    }

    /// Takes both steps by one record, before each of the batch's.
    #[inline]
    pub(crate) fn advance(&mut self, state: &State) {
        state.expect_things(&self.hints[(self.read + THINGS_AHEAD) % PLACES_AHEAD]);
        self.read(state);
    }

    #[inline(always)]
    fn read(&mut self, state: &State) {
        let hint = self.unread.next().map_or(Expected::Nothing, Expected::of);
        state.expect_places(&hint);
        self.hints[self.read % PLACES_AHEAD] = hint;
        self.read += 1;
    }
}

impl State {
    #[inline(always)]
    fn expect_places(&self, hint: &Expected) {
        match *hint {
            Expected::Place { account, client_id, .. } => self.requests.expect(account, client_id),
            Expected::Order(order) => self.books.expect(order),
            Expected::Nothing => {}
        }
    }

    #[inline(always)]
    fn expect_things(&self, hint: &Expected) {
        match *hint {
            Expected::Place { account, market, side, ticks, .. } => {
                self.books.expect_level(market, side, ticks);
                if let Some(market) = self.listings.markets().get(market.0 as usize) {
                    self.ledger.expect_balance(account, held_asset(&market.terms, side));
                }
            }
            Expected::Order(order) => self.books.expect_order(order),
            Expected::Nothing => {}
        }
    }
}
