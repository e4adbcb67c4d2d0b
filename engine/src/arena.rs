//! Values in one growing block of memory, named by slots that are used again.

use std::ops::{Index, IndexMut};

use crate::prefetch::prefetch;

/// The name of a value in an [`Arena`].
pub type Slot = u32;

/// No slot.
pub const NONE: Slot = Slot::MAX;

/// An arena whose removed slots are used again, last removed first.
#[derive(Clone, Debug)]
pub struct Arena<T> {
    values: Vec<T>,
    free: Vec<Slot>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena { values: Vec::new(), free: Vec::new() }
    }
}

impl<T: Copy> Arena<T> {
    /// Stores a value.
    pub fn insert(&mut self, value: T) -> Slot {
        if let Some(slot) = self.free.pop() {
            self.values[slot as usize] = value;
            return slot;
        }
        let slot = Slot::try_from(self.values.len()).ok().filter(|slot| *slot != NONE);
        self.values.push(value);
        slot.expect("fewer than 2^32 - 1 values at once")
    }

    /// Asks the processor to fetch a value.
    pub fn expect(&self, slot: Slot) {
        if let Some(value) = self.values.get(slot as usize) {
            prefetch(value);
        }
    }

    /// Gives a slot back; its last value.
    pub fn remove(&mut self, slot: Slot) -> T {
        self.free.push(slot);
        self.values[slot as usize]
    }
}

impl<T> Index<Slot> for Arena<T> {
    type Output = T;
    fn index(&self, slot: Slot) -> &T {
        &self.values[slot as usize]
    }
}

impl<T> IndexMut<Slot> for Arena<T> {
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        &mut self.values[slot as usize]
    }
}
