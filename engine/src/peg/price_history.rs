//! What a pool's price was, block by block. The twin of `src/stab3l/peg/price_history.py`.

use super::wide::*;

/// Entries kept.
pub const ENTRIES: usize = 16;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Entry {
    block: u64,
    cumulative: U256,
}

/// Mean deviation over a window, and how many of its blocks the history covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Average {
    /// [wad, signed].
    pub deviation: i128,
    /// Blocks covered.
    pub blocks: u64,
}

/// The last entries, in a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceHistory {
    entries: [Entry; ENTRIES],
    newest: usize,
    length: usize,
}

impl PriceHistory {
    /// The history of a pool that opens in this block.
    pub fn start(block: u64) -> PriceHistory {
        let mut entries = [Entry::default(); ENTRIES];
        entries[0].block = block;
        PriceHistory { entries, newest: 0, length: 1 }
    }

    /// The block of the newest entry.
    pub fn last_block(&self) -> u64 {
        self.entries[self.newest].block
    }

    /// Records the price that held until `block` [wad]; nothing for a second trade in one block.
    pub fn accumulate(&mut self, block: u64, price: u128) {
        let last = self.entries[self.newest];
        if block <= last.block {
            return;
        }
        let cumulative = last.cumulative + product(price, u128::from(block - last.block));
        self.newest = (self.newest + 1) % ENTRIES;
        self.length = (self.length + 1).min(ENTRIES);
        self.entries[self.newest] = Entry { block, cumulative };
    }

    /// Mean deviation from `target` over the last `window` blocks, each block's clamped to +-`clamp` [wad].
    pub fn average_deviation(
        &self,
        block: u64,
        price: u128,
        target: u128,
        clamp: i128,
        window: u64,
    ) -> Average {
        let (mut left, mut until, mut held) = (window, block, price);
        let (mut total, mut covered) = (0i128, 0u64);
        for age in 0..self.length {
            let entry = self.at(age);
            let blocks = (until - entry.block).min(left);
            total += deviation_of(held, target).clamp(-clamp, clamp) * i128::from(blocks);
            covered += blocks;
            left -= blocks;
            if left == 0 || age + 1 == self.length {
                break;
            }
            let before = self.at(age + 1);
            let mean = (entry.cumulative - before.cumulative) / U256::from(entry.block - before.block);
            held = narrow(mean).unwrap_or(u128::MAX);
            until = entry.block;
        }
        let deviation = if covered == 0 { 0 } else { total / i128::from(covered) };
        Average { deviation, blocks: covered }
    }

    fn at(&self, age: usize) -> Entry {
        self.entries[(self.newest + ENTRIES - age) % ENTRIES]
    }
}

/// (price - target) / target [wad], rounded towards zero; beyond 127 bits the largest that fits.
pub fn deviation_of(price: u128, target: u128) -> i128 {
    let distance =
        mul_div_down(price.abs_diff(target), WAD, target).and_then(|ratio| i128::try_from(ratio).ok());
    let distance = distance.unwrap_or(i128::MAX);
    if price >= target { distance } else { -distance }
}
