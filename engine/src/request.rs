//! The memory of client ids, by which a repeated request is answered instead of done twice.
//!
//! An id is taken until its request expires. The table is cut into many shards that sweep out what has expired, and grow, one
//! by one when they fill up, so that no command waits for all of it.

use std::hash::{BuildHasher, RandomState};

use crate::outcome::{Outcome, Refusal, refuse_if};
use crate::prefetch::{prefetch, prefetch_at};
use crate::units::*;

/// How far in the future a request may expire.
pub const LIFETIME_MAX: Nanos = Nanos(86_400 * 1_000_000_000);
/// Few enough that the ends of all shards' entries, which every new id writes to one of, stay in the caches and their pages in the
/// processor's table of pages; so many that one shard's growth takes microseconds.
const SHARDS: usize = 256;
const SMALLEST_SHARD: usize = 32;

/// What an accepted request made, and until when its client id is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Remembered {
    pub expires_at: Nanos,
    pub id: u64,
}

type Key = (AccountId, ClientId);

/// A client id that is taken: half a cache line.
#[derive(Clone, Copy, Debug)]
struct Entry {
    client: ClientId,
    expires_at: Nanos,
    id: u64,
    account: AccountId,
}

impl Entry {
    fn is_of(&self, (account, client): Key) -> bool {
        self.account == account && self.client == client
    }
    fn made(&self) -> Remembered {
        Remembered { expires_at: self.expires_at, id: self.id }
    }
}

/// A place that was never used.
const UNUSED: u32 = 0;
/// The lower bits of a used place: the number of its entry, plus one. The upper ones are a byte of the hash.
const NUMBER: u32 = (1 << 24) - 1;

/// The byte of a key's hash by which nearly every place of another key is passed over without a look at its entry.
fn tag_of(hash: u64) -> u32 {
    ((hash >> 56) as u32) << 24
}

/// Open addressing, linear probing; the number of places is a power of two. Entries stand in the order in which they came, so
/// that what is written lies together, and a new id is told from all that are taken by the places alone: these stay in the
/// processor's caches when the entries have long outgrown them.
#[derive(Clone, Debug, Default)]
struct Shard {
    places: Box<[u32]>,
    entries: Vec<Entry>,
}

impl Shard {
    fn entry(&self, place: u32) -> &Entry {
        &self.entries[(place & NUMBER) as usize - 1]
    }

    #[inline]
    fn get(&self, hash: u64, key: Key) -> Option<&Entry> {
        if self.places.is_empty() {
            return None;
        }
        let place = self.places[self.place(hash, key)];
        (place != UNUSED).then(|| self.entry(place))
    }

    /// The place for a key: its own, or the first on the way that was never used.
    #[inline]
    fn place(&self, hash: u64, key: Key) -> usize {
        let (mask, tag) = (self.places.len() - 1, tag_of(hash));
        let mut at = hash as usize & mask;
        loop {
            let place = self.places[at];
            if place == UNUSED || ((place ^ tag) <= NUMBER && self.entry(place).is_of(key)) {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    #[inline]
    fn put(&mut self, hash: u64, entry: Entry) {
        let at = self.place(hash, (entry.account, entry.client));
        match self.places[at] {
            UNUSED => {
                self.entries.push(entry);
                self.places[at] = tag_of(hash) | self.entries.len() as u32;
            }
            place => self.entries[(place & NUMBER) as usize - 1] = entry,
        }
    }

    /// Whether one more entry would leave less than a quarter of the places free.
    #[inline]
    fn is_full(&self) -> bool {
        (self.entries.len() + 1) * 4 > self.places.len() * 3
    }

    /// Drops what is expired, and makes so many places that no more than half of them are taken.
    #[cold]
    #[inline(never)]
    fn make_room(&mut self, now: Nanos, hash_of: impl Fn(Key) -> u64) {
        self.entries.retain(|entry| entry.expires_at > now);
        let length = ((self.entries.len() + 1) * 2).next_power_of_two().max(SMALLEST_SHARD);
        assert!(length <= NUMBER as usize, "fewer client ids at once");
        let room = length * 3 / 4;
        self.entries.shrink_to(room);
        self.entries.reserve_exact(room - self.entries.len());
        self.places = vec![UNUSED; length].into();
        let mask = length - 1;
        for (entry, number) in self.entries.iter().zip(1..) {
            let hash = hash_of((entry.account, entry.client));
            let mut at = hash as usize & mask;
            while self.places[at] != UNUSED {
                at = (at + 1) & mask;
            }
            self.places[at] = tag_of(hash) | number;
        }
    }
}

/// The client ids that are taken.
#[derive(Clone, Debug)]
pub struct Requests {
    shards: Box<[Shard]>,
    now: Nanos,
    /// Drawn anew by every process, so that nobody can choose ids that fall into one place. No output depends on it.
    seeds: [u64; 2],
}

impl Default for Requests {
    fn default() -> Self {
        let random = RandomState::new();
        let seeds = [random.hash_one(0), random.hash_one(1) | 1 << 63];
        Requests { shards: vec![Shard::default(); SHARDS].into(), now: Nanos(0), seeds }
    }
}

fn hash_of(seeds: [u64; 2], (account, client): Key) -> u64 {
    let product = u128::from(client.0 ^ seeds[0]) * u128::from(u64::from(account.0) ^ seeds[1]);
    (product >> 64) as u64 ^ product as u64
}

/// The shard comes from the upper bits, the place in it from the lower ones.
fn shard_of(hash: u64) -> usize {
    (hash >> 32) as usize % SHARDS
}

impl Requests {
    /// The rules that `place` and `withdraw` share.
    #[inline]
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
        let hash = hash_of(self.seeds, (account, client));
        match self.shards[shard_of(hash)].get(hash, (account, client)) {
            Some(made) if made.expires_at > now => {
                Err(Refusal { outcome: Outcome::ClientIdReused, id: made.id })
            }
            _ => Ok(()),
        }
    }

    /// Says what time it is; what has expired by now may be swept out.
    pub fn advance(&mut self, now: Nanos) {
        self.now = now;
    }

    /// Takes a client id.
    #[inline]
    pub fn remember(&mut self, account: AccountId, client: ClientId, made: Remembered) {
        let (seeds, now) = (self.seeds, self.now);
        let hash = hash_of(seeds, (account, client));
        let shard = &mut self.shards[shard_of(hash)];
        if shard.is_full() {
            shard.make_room(now, |key| hash_of(seeds, key));
        }
        shard.put(hash, Entry { client, expires_at: made.expires_at, id: made.id, account });
    }

    /// Asks the processor to fetch where a client id would stand, and where it will be written.
    #[inline]
    pub fn expect(&self, account: AccountId, client: ClientId) {
        let hash = hash_of(self.seeds, (account, client));
        let shard = &self.shards[shard_of(hash)];
        if let Some(mask) = shard.places.len().checked_sub(1) {
            prefetch(&shard.places[hash as usize & mask]);
            prefetch_at(shard.entries.as_ptr_range().end);
        }
    }

    /// The ids that are taken at `now`, by account and client id.
    pub fn live(&self, now: Nanos) -> Vec<(Key, Remembered)> {
        let entries = self.shards.iter().flat_map(|shard| shard.entries.iter());
        let live = entries.filter(|entry| entry.expires_at > now);
        let mut live: Vec<(Key, Remembered)> =
            live.map(|entry| ((entry.account, entry.client), entry.made())).collect();
        live.sort_unstable_by_key(|(key, _)| *key);
        live
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The same memory as a map from which every expired id is removed at once.
    #[derive(Default)]
    struct Plain(BTreeMap<Key, Remembered>);

    impl Plain {
        fn check(&mut self, key: Key, now: Nanos) -> Option<u64> {
            self.0.retain(|_, made| made.expires_at > now);
            self.0.get(&key).map(|made| made.id)
        }
    }

    #[test]
    fn ids_are_taken_until_they_expire_and_then_free_again() {
        let (mut requests, mut plain) = (Requests::default(), Plain::default());
        let (mut random, mut now) = (1u64, Nanos(10));
        for id in 0..40_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let key = (AccountId((random >> 40) as u32 % 3), ClientId(1 + (random >> 50) % 900));
            let expires_at = Nanos(now.0 + 1 + (random >> 20) % 700);
            let answer = requests.check(key.0, key.1, expires_at, now);
            match plain.check(key, now) {
                Some(taken_by) => {
                    assert_eq!(answer, Err(Refusal { outcome: Outcome::ClientIdReused, id: taken_by }));
                }
                None => {
                    assert_eq!(answer, Ok(()));
                    let made = Remembered { expires_at, id };
                    requests.advance(now);
                    requests.remember(key.0, key.1, made);
                    plain.0.insert(key, made);
                }
            }
            now = Nanos(now.0 + (random >> 10) % 3);
        }
        let expected: Vec<(Key, Remembered)> =
            plain.0.into_iter().filter(|(_, made)| made.expires_at > now).collect();
        assert_eq!(requests.live(now), expected);
    }

    #[test]
    fn what_expired_makes_room_for_what_comes() {
        let mut requests = Requests::default();
        for id in 1..=400_000u64 {
            let made = Remembered { expires_at: Nanos(id + 100), id };
            requests.advance(Nanos(id));
            requests.remember(AccountId(3), ClientId(id), made);
        }
        let places: usize = requests.shards.iter().map(|shard| shard.places.len()).sum();
        assert!(places <= 4 * SHARDS * SMALLEST_SHARD, "{places} places for 100 live ids");
        assert_eq!(requests.live(Nanos(400_000)).len(), 100);
    }
}
