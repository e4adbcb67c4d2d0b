//! The bytes of the standard benchmark (`docs/reference/benchmark.md`): its matrices from a seed, its entries, its leaves.
//!
//! Each function shares its work among the processor's cores, so that little time is lost between two matrix products.

use std::thread;

use crate::keccak::keccak_many;
use crate::units::Hash;

/// Bytes of 64 entries: one leaf of the tree over a product.
pub const TILE_BYTES: usize = 256;

const ELEMENTS_PER_WORD: usize = 42;
const MESSAGE_BYTES: usize = 45;
const LINES_AT_ONCE: usize = 8;
const TILES_AT_ONCE: usize = 64;
const ENTRIES_AT_ONCE: usize = 1 << 14;

/// The lines of one factor of one product.
#[derive(Clone, Copy, Debug)]
pub struct Factor {
    /// The claim's seed.
    pub seed: [u8; 32],
    /// Which product.
    pub product: u32,
    /// 0: rows of A. 1: columns of B.
    pub side: u8,
    /// Elements of a line.
    pub depth: usize,
}

impl Factor {
    /// Writes line `start` and those after it, as many as `out` holds.
    ///
    /// # Panics
    /// When `out` is not whole lines.
    pub fn write_lines(&self, start: u32, out: &mut [f32]) {
        assert!(self.depth > 0 && out.len().is_multiple_of(self.depth), "lines of {}", self.depth);
        share(out, LINES_AT_ONCE * self.depth, |unit, lines| {
            self.write_some(start + (unit * LINES_AT_ONCE) as u32, lines);
        });
    }

    fn write_some(&self, start: u32, out: &mut [f32]) {
        let words = self.depth.div_ceil(ELEMENTS_PER_WORD);
        let hashes = keccak_many(&self.messages(start, out.len() / self.depth, words), MESSAGE_BYTES);
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the instructions.
            return unsafe { write_words_avx2(&hashes, words, self.depth, out) };
        }
        write_words(&hashes, words, self.depth, out);
    }

    fn messages(&self, start: u32, lines: usize, words: usize) -> Vec<u8> {
        let mut messages = Vec::with_capacity(lines * words * MESSAGE_BYTES);
        for line in 0..lines {
            for index in 0..words {
                messages.extend_from_slice(&self.seed);
                messages.extend_from_slice(&self.product.to_be_bytes());
                messages.push(self.side);
                messages.extend_from_slice(&(start + line as u32).to_be_bytes());
                messages.extend_from_slice(&(index as u32).to_be_bytes());
            }
        }
        messages
    }
}

/// The lines that `words` hashes each make.
#[inline(always)]
fn write_words(hashes: &[Hash], words: usize, depth: usize, out: &mut [f32]) {
    for (line, hashes) in out.chunks_exact_mut(depth).zip(hashes.chunks_exact(words)) {
        for (elements, hash) in line.chunks_mut(ELEMENTS_PER_WORD).zip(hashes) {
            write_elements(hash, elements);
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn write_words_avx2(hashes: &[Hash], words: usize, depth: usize, out: &mut [f32]) {
    write_words(hashes, words, depth, out);
}

/// The first elements of a word, lowest bits first: 6 bits each, less 32.
#[inline(always)]
fn write_elements(word: &Hash, out: &mut [f32]) {
    let mut little = [0u8; 40];
    little[..32].copy_from_slice(&word.0);
    little[..32].reverse();
    let mut spread = [0u8; 48];
    for (part, bytes) in spread.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let from = &little[6 * part..6 * part + 8];
        *bytes = eight_elements(u64::from_le_bytes(from.try_into().expect("eight bytes"))).to_le_bytes();
    }
    for (element, bits) in out.iter_mut().zip(spread) {
        *element = f32::from(bits) - 32.0;
    }
}

/// The low 48 bits in eight bytes of 6 bits each.
#[inline(always)]
fn eight_elements(bits: u64) -> u64 {
    let halves = (bits & 0x0000_0000_00ff_ffff) | ((bits & 0x0000_ffff_ff00_0000) << 8);
    let quarters = (halves & 0x0000_0fff_0000_0fff) | ((halves & 0x00ff_f000_00ff_f000) << 4);
    (quarters & 0x003f_003f_003f_003f) | ((quarters & 0x0fc0_0fc0_0fc0_0fc0) << 2)
}

/// Turns whole numbers that are held as float32 (given by their bits) into big-endian int32, in place.
pub fn floats_to_entries(words: &mut [u32]) {
    share(words, ENTRIES_AT_ONCE, |_, part| {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has the instructions.
            return unsafe { convert_avx2(part) };
        }
        convert(part);
    });
}

#[inline(always)]
fn convert(words: &mut [u32]) {
    for word in words {
        *word = (f32::from_bits(*word) as i32 as u32).to_be();
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn convert_avx2(words: &mut [u32]) {
    convert(words);
}

/// The leaves of rows of entries: `keccak(0x00 ++ tile)` of each 64 entries.
///
/// # Panics
/// When `rows` is not whole tiles.
pub fn tile_leaves(rows: &[u8]) -> Vec<Hash> {
    assert!(rows.len().is_multiple_of(TILE_BYTES), "tiles of {TILE_BYTES} bytes");
    let mut leaves = vec![Hash::default(); rows.len() / TILE_BYTES];
    share(&mut leaves, TILES_AT_ONCE, |unit, leaves| {
        let start = unit * TILES_AT_ONCE * TILE_BYTES;
        let mut messages = Vec::with_capacity(leaves.len() * (TILE_BYTES + 1));
        for tile in rows[start..start + leaves.len() * TILE_BYTES].as_chunks::<TILE_BYTES>().0 {
            messages.push(0);
            messages.extend_from_slice(tile);
        }
        leaves.copy_from_slice(&keccak_many(&messages, TILE_BYTES + 1));
    });
    leaves
}

/// Calls `work` with each `unit` items and their place, on all cores.
fn share<T: Send>(items: &mut [T], unit: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let units_each = items.len().div_ceil(unit).div_ceil(cores).max(1);
    let part = |number: usize, items: &mut [T]| {
        for (index, items) in items.chunks_mut(unit).enumerate() {
            work(number * units_each + index, items);
        }
    };
    thread::scope(|scope| {
        let mut parts = items.chunks_mut(units_each * unit).enumerate();
        let own = parts.next();
        for (number, items) in parts {
            let part = &part;
            scope.spawn(move || part(number, items));
        }
        if let Some((number, items)) = own {
            part(number, items);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keccak::keccak256;

    /// The page's formula, bit by bit.
    fn element(factor: &Factor, line: u32, k: usize) -> f32 {
        let mut message = factor.seed.to_vec();
        message.extend(factor.product.to_be_bytes());
        message.push(factor.side);
        message.extend(line.to_be_bytes());
        message.extend(((k / 42) as u32).to_be_bytes());
        let word = keccak256(&message).0;
        let bit = |at: usize| f32::from(word[31 - at / 8] >> (at % 8) & 1);
        (0..6).map(|i| bit(6 * (k % 42) + i) * (1 << i) as f32).sum::<f32>() - 32.0
    }

    #[test]
    fn every_element_of_every_line_is_what_the_page_says() {
        for (depth, lines) in [(1, 3), (42, 1), (43, 17), (100, 40)] {
            let factor = Factor { seed: [7; 32], product: 5, side: 1, depth };
            let mut out = vec![f32::NAN; depth * lines];
            factor.write_lines(1_000, &mut out);
            for (at, found) in out.iter().enumerate() {
                let (line, k) = (1_000 + (at / depth) as u32, at % depth);
                assert_eq!(*found, element(&factor, line, k), "line {line}, element {k} of {depth}");
            }
        }
    }

    #[test]
    fn floats_become_big_endian_integers() {
        let numbers: Vec<i32> =
            (0..40_000).map(|i| (i - 20_000) * 838).chain([1 << 24, -(1 << 24), 0]).collect();
        let mut words: Vec<u32> = numbers.iter().map(|number| (*number as f32).to_bits()).collect();
        floats_to_entries(&mut words);
        for (word, number) in words.iter().zip(&numbers) {
            assert_eq!(word.to_ne_bytes(), number.to_be_bytes());
        }
    }

    #[test]
    fn leaves_are_hashes_of_a_zero_byte_and_the_tile() {
        for tiles in [0, 1, 9, 64, 65, 300] {
            let rows: Vec<u8> = (0..tiles * TILE_BYTES).map(|i| (i * 31 / 7) as u8).collect();
            let expected: Vec<Hash> =
                rows.chunks(TILE_BYTES).map(|tile| keccak256(&[&[0], tile].concat())).collect();
            assert_eq!(tile_leaves(&rows), expected, "{tiles} tiles");
        }
    }
}
