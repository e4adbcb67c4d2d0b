//! Where an order stands, by its id.
//!
//! Ids are dense, and most questions are about young orders: a ring that is indexed by the lower bits of the id answers them
//! with one read. An order whose place a younger one takes moves to a hash map.

use rustc_hash::FxHashMap;

use crate::arena::Slot;
use crate::prefetch::prefetch;
use crate::units::OrderId;

const RING: usize = 1 << 20;
const SHARDS: usize = 1024;

/// The slot of each order. The ring holds slots only; whoever holds the orders says which id stands in a slot.
#[derive(Clone, Debug)]
pub struct OrderIndex {
    /// A slot plus one, 0 where nothing stands: zeros that were never written cost no memory.
    ring: Vec<u32>,
    /// In shards, so that no insertion waits for the growth of all of it.
    overtaken: Vec<FxHashMap<OrderId, Slot>>,
    count: usize,
}

impl Default for OrderIndex {
    fn default() -> Self {
        OrderIndex { ring: vec![0; RING], overtaken: vec![FxHashMap::default(); SHARDS], count: 0 }
    }
}

fn place_of(id: OrderId) -> usize {
    id.0 as usize % RING
}

fn shard_of(id: OrderId) -> usize {
    id.0 as usize % SHARDS
}

impl OrderIndex {
    /// How many orders there are.
    pub fn count(&self) -> usize {
        self.count
    }

    fn in_ring(&self, id: OrderId, id_in: impl Fn(Slot) -> OrderId) -> Option<Slot> {
        self.ring[place_of(id)].checked_sub(1).filter(|slot| id_in(*slot) == id)
    }

    /// The slot of an order.
    #[inline]
    pub fn get(&self, id: OrderId, id_in: impl Fn(Slot) -> OrderId) -> Option<Slot> {
        self.in_ring(id, id_in).or_else(|| self.overtaken[shard_of(id)].get(&id).copied())
    }

    /// Adds an order that is not there.
    #[inline]
    pub fn insert(&mut self, id: OrderId, slot: Slot, id_in: impl Fn(Slot) -> OrderId) {
        self.count += 1;
        let before = std::mem::replace(&mut self.ring[place_of(id)], slot + 1);
        if let Some(older) = before.checked_sub(1) {
            let id = id_in(older);
            self.overtaken[shard_of(id)].insert(id, older);
        }
    }

    /// Forgets an order; the slot it had.
    #[inline]
    pub fn remove(&mut self, id: OrderId, id_in: impl Fn(Slot) -> OrderId) -> Option<Slot> {
        let slot = match self.in_ring(id, id_in) {
            Some(slot) => {
                self.ring[place_of(id)] = 0;
                slot
            }
            None => self.overtaken[shard_of(id)].remove(&id)?,
        };
        self.count -= 1;
        Some(slot)
    }

    /// Where an order stands if it is a recent one; otherwise where another one stands, or nothing does any more.
    #[inline]
    pub fn recent(&self, id: OrderId) -> Option<Slot> {
        self.ring[place_of(id)].checked_sub(1)
    }

    /// Asks the processor to fetch what [`OrderIndex::get`] reads first.
    #[inline]
    pub fn expect(&self, id: OrderId) {
        prefetch(&self.ring[place_of(id)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_found_before_and_after_they_are_overtaken() {
        let turn = RING as u64;
        let ids = [1, 2, turn, turn + 1, 2 * turn + 1, 5, u64::MAX].map(OrderId);
        let id_in = |slot: Slot| ids[slot as usize];
        let mut index = OrderIndex::default();
        for (id, slot) in ids.iter().zip(0..) {
            index.insert(*id, slot, id_in);
        }
        assert_eq!(index.count(), ids.len());
        for (id, slot) in ids.iter().zip(0..) {
            assert_eq!(index.get(*id, id_in), Some(slot), "order {id}");
        }
        assert_eq!(index.get(OrderId(3 * turn + 1), id_in), None);
        for (id, slot) in ids.iter().zip(0..) {
            assert_eq!(index.remove(*id, id_in), Some(slot));
            assert_eq!((index.get(*id, id_in), index.remove(*id, id_in)), (None, None));
        }
        assert_eq!(index.count(), 0);
    }
}
