//! Values in one growing block of memory, named by slots that are used again.

use std::ops::{Index, IndexMut};

use crate::prefetch::prefetch_at;

/// The name of a value in an [`Arena`].
pub type Slot = u32;

/// No slot.
pub const NONE: Slot = Slot::MAX;

/// A value that begins with a cache line, so that it lies in as few of them as it can.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Aligned<T>(T);

/// An arena whose removed slots are used again, last removed first.
#[derive(Clone, Debug)]
pub struct Arena<T> {
    values: Vec<Aligned<T>>,
    free: Vec<Slot>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Arena { values: Vec::new(), free: Vec::new() }
    }
}

impl<T: Copy> Arena<T> {
    /// Stores a value.
    #[inline]
    pub fn insert(&mut self, value: T) -> Slot {
        if let Some(slot) = self.free.pop() {
            self.values[slot as usize] = Aligned(value);
            return slot;
        }
        let slot = Slot::try_from(self.values.len()).ok().filter(|slot| *slot != NONE);
        self.values.push(Aligned(value));
        slot.expect("fewer than 2^32 - 1 values at once")
    }

    /// Asks the processor to fetch the first cache line of a value, if the slot has one.
    #[inline]
    pub fn expect(&self, slot: Slot) {
        if let Some(value) = self.values.get(slot as usize) {
            prefetch_at(value);
        }
    }

    /// The value of a slot, if it ever had one.
    #[inline]
    pub fn get(&self, slot: Slot) -> Option<&T> {
        self.values.get(slot as usize).map(|value| &value.0)
    }

    /// Gives a slot back; its last value.
    #[inline]
    pub fn remove(&mut self, slot: Slot) -> T {
        self.free.push(slot);
        self.values[slot as usize].0
    }
}

impl<T> Index<Slot> for Arena<T> {
    type Output = T;
    #[inline]
    fn index(&self, slot: Slot) -> &T {
        &self.values[slot as usize].0
    }
}

impl<T> IndexMut<Slot> for Arena<T> {
    #[inline]
    fn index_mut(&mut self, slot: Slot) -> &mut T {
        &mut self.values[slot as usize].0
    }
}
