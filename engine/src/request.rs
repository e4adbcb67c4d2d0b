//! The memory of client ids, by which a repeated request is answered instead of done twice.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::units::*;

/// How far in the future a request may expire.
pub const LIFETIME_MAX: Nanos = Nanos(86_400 * 1_000_000_000);
const NANOS_PER_BUCKET: u64 = 1_000_000_000;

/// What an accepted request made, and until when its client id is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Remembered {
    pub expires_at: Nanos,
    pub id: u64,
}

type Key = (AccountId, ClientId);

/// The client ids that are taken.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    taken: FxHashMap<Key, Remembered>,
    /// The keys by the second in which they expire, to drop them without a search.
    expiring: BTreeMap<u64, Vec<Key>>,
}

impl Requests {
    /// The rules that `place` and `withdraw` share.
    pub fn check(
        &self,
        account: AccountId,
        client: ClientId,
        expires_at: Nanos,
        now: Nanos,
    ) -> Result<(), Refusal> {
        refuse_if(expires_at <= now, Outcome::RequestExpired)?;
        refuse_if(expires_at.0 > now.0.saturating_add(LIFETIME_MAX.0), Outcome::RequestTooFar)?;
        refuse_if(client == ClientId(0), Outcome::ClientIdZero)?;
        match self.taken.get(&(account, client)) {
            Some(made) if made.expires_at > now => {
                Err(Refusal { outcome: Outcome::ClientIdReused, id: made.id })
            }
            _ => Ok(()),
        }
    }

    /// Takes a client id.
    pub fn remember(&mut self, account: AccountId, client: ClientId, made: Remembered) {
        self.taken.insert((account, client), made);
        self.expiring.entry(made.expires_at.0 / NANOS_PER_BUCKET).or_default().push((account, client));
    }

    /// Frees the memory of ids that expired in a second before this one, at most `most` of them at once, so that no command
    /// waits for a whole second's ids; [`Requests::check`] judges by the nanosecond and needs none of it.
    pub fn forget_expired(&mut self, now: Nanos, most: usize) {
        let this_second = now.0 / NANOS_PER_BUCKET;
        let mut left = most;
        while left > 0
            && let Some(mut entry) = self.expiring.first_entry().filter(|entry| *entry.key() < this_second)
        {
            let second = *entry.key();
            let kept = entry.get().len().saturating_sub(left);
            for key in entry.get_mut().drain(kept..) {
                left -= 1;
                // A client id may have been taken again, to expire later.
                if self.taken.get(&key).is_some_and(|made| made.expires_at.0 / NANOS_PER_BUCKET == second) {
                    self.taken.remove(&key);
                }
            }
            if kept == 0 {
                entry.remove();
            }
        }
    }

    /// The ids that are taken at `now`, by account and client id.
    pub fn live(&self, now: Nanos) -> Vec<(Key, Remembered)> {
        let keys = self.expiring.values().flatten();
        // An id that was taken twice in one second is listed twice, and may be freed once.
        let made = keys.filter_map(|key| self.taken.get(key).map(|made| (*key, *made)));
        let mut live: Vec<(Key, Remembered)> = made.filter(|(_, made)| made.expires_at > now).collect();
        live.sort_unstable_by_key(|(key, _)| *key);
        live.dedup();
        live
    }
}
