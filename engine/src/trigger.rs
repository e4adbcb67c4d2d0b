//! Triggers of one market and direction: which waiting order, the lowest id first, does a mark make active?
//!
//! A tournament tree over the orders in the order of their ids: each node holds the trigger below it that a mark reaches
//! first. So finding, adding and removing cost a logarithm, however many orders wait or would be triggered at once.

use crate::order::{Direction, TICKS_MAX};
use crate::units::*;

const EMPTY: u64 = u64::MAX;
const LEAVES_MIN: usize = 16;

/// The waiting triggers of one direction.
#[derive(Clone, Debug)]
pub struct Triggers {
    direction: Direction,
    /// The order at each leaf, rising; leaves of orders that left stay empty until the tree is built again.
    ids: Vec<OrderId>,
    /// Node `n` is over `2n` and `2n + 1`; the second half are the leaves.
    nodes: Vec<u64>,
    waiting: usize,
}

impl Triggers {
    /// No trigger yet.
    pub fn new(direction: Direction) -> Triggers {
        Triggers { direction, ids: Vec::new(), nodes: vec![EMPTY; 2 * LEAVES_MIN], waiting: 0 }
    }

    /// How far a price is from the end at which a mark reaches everything: the lower, the sooner it is reached.
    fn distance(&self, ticks: Ticks) -> u64 {
        match self.direction {
            Direction::AtOrAbove => ticks.0,
            Direction::AtOrBelow => TICKS_MAX.0 - ticks.0,
        }
    }

    fn leaves(&self) -> usize {
        self.nodes.len() / 2
    }

    /// Adds an order whose id is above all before it.
    pub fn push(&mut self, id: OrderId, trigger: Ticks) {
        debug_assert!(self.ids.last().is_none_or(|last| *last < id));
        if self.ids.len() == self.leaves() {
            self.rebuild();
        }
        self.ids.push(id);
        self.set(self.ids.len() - 1, self.distance(trigger));
        self.waiting += 1;
    }

    /// Takes an order out.
    pub fn remove(&mut self, id: OrderId) {
        let leaf = self.ids.binary_search(&id).expect("a waiting order has a leaf");
        self.set(leaf, EMPTY);
        self.waiting -= 1;
    }

    fn set(&mut self, leaf: usize, distance: u64) {
        let mut node = self.leaves() + leaf;
        self.nodes[node] = distance;
        while node > 1 {
            node /= 2;
            self.nodes[node] = self.nodes[2 * node].min(self.nodes[2 * node + 1]);
        }
    }

    /// Drops the empty leaves and makes room for as many orders again.
    fn rebuild(&mut self) {
        let leaves = self.leaves();
        let kept: Vec<(OrderId, u64)> = self
            .ids
            .iter()
            .zip(&self.nodes[leaves..])
            .filter(|(_, distance)| **distance != EMPTY)
            .map(|(id, distance)| (*id, *distance))
            .collect();
        let leaves = (2 * kept.len()).next_power_of_two().max(LEAVES_MIN);
        self.nodes = vec![EMPTY; 2 * leaves];
        self.ids = kept.iter().map(|(id, _)| *id).collect();
        for (leaf, (_, distance)) in kept.iter().enumerate() {
            self.nodes[leaves + leaf] = *distance;
        }
        for node in (1..leaves).rev() {
            self.nodes[node] = self.nodes[2 * node].min(self.nodes[2 * node + 1]);
        }
    }

    /// The lowest id of those that `mark` makes active.
    pub fn first_reached(&self, mark: Ticks) -> Option<OrderId> {
        let reach = self.distance(mark);
        if self.nodes[1] > reach {
            return None;
        }
        let mut node = 1;
        while node < self.leaves() {
            node = if self.nodes[2 * node] <= reach { 2 * node } else { 2 * node + 1 };
        }
        Some(self.ids[node - self.leaves()])
    }

    /// The orders that wait, by rising id.
    pub fn ids(&self) -> impl Iterator<Item = OrderId> {
        let leaves = self.nodes[self.leaves()..].iter();
        self.ids.iter().zip(leaves).filter(|(_, distance)| **distance != EMPTY).map(|(id, _)| *id)
    }

    /// How many wait.
    pub fn count(&self) -> usize {
        self.waiting
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn the_lowest_reached_id_is_found_whatever_came_and_went(
            steps in prop::collection::vec((1..40u64, any::<bool>(), any::<prop::sample::Index>()), 1..200),
            below in any::<bool>(),
        ) {
            let direction = if below { Direction::AtOrBelow } else { Direction::AtOrAbove };
            let (mut triggers, mut model) = (Triggers::new(direction), BTreeMap::new());
            for (number, (ticks, leaves, which)) in steps.iter().enumerate() {
                let id = OrderId(number as u64 + 1);
                triggers.push(id, Ticks(*ticks));
                model.insert(id, Ticks(*ticks));
                if *leaves {
                    let gone = *model.keys().nth(which.index(model.len())).unwrap();
                    model.remove(&gone);
                    triggers.remove(gone);
                }
                for mark in (0..42).map(Ticks) {
                    let first = model.iter().find(|(_, trigger)| direction.holds(mark, **trigger));
                    prop_assert_eq!(triggers.first_reached(mark), first.map(|(id, _)| *id));
                }
                prop_assert!(triggers.ids().eq(model.keys().copied()));
                prop_assert_eq!(triggers.count(), model.len());
            }
        }
    }
}
