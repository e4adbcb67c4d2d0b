//! The escrow's queue: what came first leaves first. The twin of `src/stab3l/flow/fifo.py`, of what the pool streams in.

/// Entries that one drain may touch.
const ENTRIES_AT_ONCE: usize = 64;

/// A buffer. Amounts are wei.
#[derive(Clone, Debug, Default)]
pub struct Fifo {
    level: u128,
    entries: Vec<u128>,
    head: usize,
}

impl Fifo {
    /// What it holds.
    pub fn level(&self) -> u128 {
        self.level
    }

    /// Takes in what the pool has streamed.
    pub fn absorb(&mut self, amount: u128) {
        match self.entries[self.head..].last_mut() {
            Some(last) => *last += amount,
            None if amount > 0 => self.entries.push(amount),
            None => {}
        }
        self.level += amount;
    }

    /// What one drain can give at most.
    pub fn reachable(&self) -> u128 {
        self.entries[self.head..].iter().take(ENTRIES_AT_ONCE).sum()
    }

    /// Gives `amount`, at most what is reachable, oldest first.
    pub fn drain(&mut self, mut amount: u128) {
        self.level -= amount;
        while amount > 0 {
            let entry = &mut self.entries[self.head];
            let taken = amount.min(*entry);
            *entry -= taken;
            amount -= taken;
            if *entry == 0 {
                self.head += 1;
            }
        }
    }
}
