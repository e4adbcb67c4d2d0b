//! Scheduled cancels: the time at which all of an account's orders die unless the account moves it.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use crate::book::Order;
use crate::command::ScheduleCancel;
use crate::event::{CloseReason, Events};
use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::request::Remembered;
use crate::state::State;
use crate::units::*;

/// The scheduled cancels of all accounts.
#[derive(Clone, Debug, Default)]
pub struct Schedules {
    at: FxHashMap<AccountId, Nanos>,
    by_time: BTreeSet<(Nanos, AccountId)>,
    /// The first time of all, so that an order's maker need not be looked up while nothing is due.
    first: Option<Nanos>,
}

impl Schedules {
    /// When an account's orders die; 0: not by a schedule.
    pub fn at(&self, account: AccountId) -> Nanos {
        self.at.get(&account).copied().unwrap_or_default()
    }

    /// Whether an account's time has come.
    pub fn is_due(&self, account: AccountId, now: Nanos) -> bool {
        self.first.is_some_and(|first| first <= now) && self.at.get(&account).is_some_and(|at| *at <= now)
    }

    /// Sets an account's time; 0 clears it.
    pub fn set(&mut self, account: AccountId, at: Nanos) {
        if let Some(before) = self.at.remove(&account) {
            self.by_time.remove(&(before, account));
        }
        if at != Nanos(0) {
            self.at.insert(account, at);
            self.by_time.insert((at, account));
        }
        self.first = self.by_time.first().map(|(at, _)| *at);
    }

    /// The account whose time came first, if one has.
    pub fn first_due(&self, now: Nanos) -> Option<AccountId> {
        self.by_time.first().filter(|(at, _)| *at <= now).map(|(_, account)| *account)
    }

    /// The first time of all.
    pub fn first(&self) -> Option<Nanos> {
        self.first
    }

    /// All schedules by account.
    pub fn by_account(&self) -> Vec<(AccountId, Nanos)> {
        let mut all: Vec<_> = self.by_time.iter().map(|(at, account)| (*account, *at)).collect();
        all.sort_unstable();
        all
    }
}

impl State {
    /// Why an order can no longer trade; `None` while it is live.
    pub(crate) fn why_dead(&self, order: &Order) -> Option<CloseReason> {
        if order.terms.is_expired(self.now) {
            return Some(CloseReason::Expired);
        }
        self.schedules.is_due(order.account, self.now).then_some(CloseReason::Scheduled)
    }

    /// Judges a scheduled cancel. One that is due stands until a sweep, so that nobody revives dead orders.
    pub(crate) fn check_schedule(&self, schedule: &ScheduleCancel) -> Result<(), Refusal> {
        let ScheduleCancel { account, client_id, expires_at, at } = *schedule;
        refuse_if(!self.ledger.is_user(account), Outcome::AccountUnknown)?;
        self.requests.check(account, client_id, expires_at, self.now)?;
        let past = at != Nanos(0) && at <= self.now;
        refuse_if(past || self.schedules.is_due(account, self.now), Outcome::TimePast)
    }

    /// Sets a scheduled cancel that was judged.
    pub(crate) fn schedule(&mut self, schedule: &ScheduleCancel, kind: u16, events: &mut Events) {
        let ScheduleCancel { account, client_id, expires_at, at } = *schedule;
        self.schedules.set(account, at);
        let id = u64::from(account.0);
        self.requests.remember(account, client_id, Remembered { expires_at, id });
        events.outcome(Outcome::Accepted, kind, id, self.now);
        events.cancel_scheduled(account, at);
    }
}
