//! The bytes of the standard benchmark (`docs/reference/benchmark.md`): its matrices from a seed, its entries, its leaves.
//!
//! Each function shares its work among the processor's cores, so that little time is lost between two matrix products.

use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::keccak::keccak_into;
use crate::lanes::{RATE, States, Width, permute_all};
use crate::units::Hash;

/// Bytes of 64 entries: one leaf of the tree over a product.
pub const TILE_BYTES: usize = 256;
/// Bytes of a leaf's or node's hash.
pub const HASH_BYTES: usize = 32;

const ELEMENTS_PER_WORD: usize = 42;
const LINES_AT_ONCE: usize = 8;
const TILES_AT_ONCE: usize = 64;
const NODES_AT_ONCE: usize = 512;
const ENTRIES_AT_ONCE: usize = 1 << 16;

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
        match Width::of_this_machine() {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a processor with either width has the instructions.
            Width::Eight => unsafe { write_words_avx2::<8>(self, start, out, Width::Eight) },
            #[cfg(target_arch = "x86_64")]
            Width::Four => unsafe { write_words_avx2::<4>(self, start, out, Width::Four) },
            width => self.write_words::<1>(start, out, width),
        }
    }

    /// `N` words at once. A message is shorter than a block, so its words are set in place.
    #[inline(always)]
    fn write_words<const N: usize>(&self, start: u32, out: &mut [f32], width: Width) {
        let (lines, words) = (out.len() / self.depth, self.depth.div_ceil(ELEMENTS_PER_WORD));
        let mut places =
            (start..start + lines as u32).flat_map(|line| (0..words as u32).map(move |index| (line, index)));
        let mut targets =
            out.chunks_exact_mut(self.depth).flat_map(|line| line.chunks_mut(ELEMENTS_PER_WORD));
        for _ in 0..(lines * words).div_ceil(N) {
            let mut states = self.seeded::<N>();
            for (lane, (line, index)) in places.by_ref().take(N).enumerate() {
                [states.words[4][lane], states.words[5][lane]] = self.tail(line, index);
            }
            permute_all(&mut states, width);
            for (lane, elements) in targets.by_ref().take(N).enumerate() {
                write_elements(std::array::from_fn(|word| states.words[word][lane]), elements);
            }
        }
    }

    /// States that absorbed what all messages share: the seed, and the last bit of the padding.
    #[inline(always)]
    fn seeded<const N: usize>(&self) -> States<N> {
        let mut states = States::<N>::zero();
        for (word, bytes) in states.words.iter_mut().zip(self.seed.as_chunks::<8>().0) {
            *word = [u64::from_le_bytes(*bytes); N];
        }
        states.words[RATE / 8 - 1] = [0x80 << 56; N];
        states
    }

    /// What follows the seed, and the first bit of the padding.
    #[inline(always)]
    fn tail(&self, line: u32, index: u32) -> [u64; 2] {
        let mut bytes = [0u8; 16];
        bytes[..4].copy_from_slice(&self.product.to_be_bytes());
        bytes[4] = self.side;
        bytes[5..9].copy_from_slice(&line.to_be_bytes());
        bytes[9..13].copy_from_slice(&index.to_be_bytes());
        bytes[13] = 0x01;
        [0, 1].map(|half| u64::from_le_bytes(bytes.as_chunks::<8>().0[half]))
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn write_words_avx2<const N: usize>(factor: &Factor, start: u32, out: &mut [f32], width: Width) {
    factor.write_words::<N>(start, out, width);
}

/// The first elements of a word, given by its hash, lowest bits first: 6 bits each, less 32.
#[inline(always)]
fn write_elements(hash: [u64; 4], out: &mut [f32]) {
    let mut little = [0u8; 40];
    for (bytes, word) in little.as_chunks_mut::<8>().0.iter_mut().zip(hash.into_iter().rev()) {
        *bytes = word.to_be_bytes();
    }
    let mut spread = [0u8; 48];
    for (part, bytes) in spread.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let from = &little[6 * part..6 * part + 8];
        *bytes = eight_elements(u64::from_le_bytes(from.try_into().expect("eight bytes"))).to_le_bytes();
    }
    let spread = spread.first_chunk::<ELEMENTS_PER_WORD>().expect("more than the elements of a word");
    if let Ok(whole) = <&mut [f32; ELEMENTS_PER_WORD]>::try_from(&mut *out) {
        *whole = spread.map(|bits| f32::from(bits) - 32.0);
        return;
    }
    for (element, bits) in out.iter_mut().zip(spread) {
        *element = f32::from(*bits) - 32.0;
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

/// Writes the leaves of rows of entries, `keccak(0x00 ++ tile)` of each 64 entries, as many as `leaves` holds.
///
/// # Panics
/// When `rows` is not as many tiles.
pub fn write_leaves(rows: &[u8], leaves: &mut [Hash]) {
    assert_eq!(rows.len(), leaves.len() * TILE_BYTES, "as many tiles of {TILE_BYTES} bytes as leaves");
    share(leaves, TILES_AT_ONCE, |unit, leaves| {
        let start = unit * TILES_AT_ONCE * TILE_BYTES;
        let mut messages = [[0u8; TILE_BYTES + 1]; TILES_AT_ONCE];
        let tiles = rows[start..start + leaves.len() * TILE_BYTES].as_chunks::<TILE_BYTES>().0;
        for (message, tile) in messages.iter_mut().zip(tiles) {
            message[1..].copy_from_slice(tile);
        }
        keccak_into(messages[..leaves.len()].as_flattened(), TILE_BYTES + 1, leaves);
    });
}

/// Writes all layers of a tree, one after another, above its leaves, which lie at the start of `layers`.
///
/// # Panics
/// When `layers` is not as long as the layers over a power of two of leaves.
pub fn write_layers(layers: &mut [Hash]) {
    assert!(
        (layers.len() + 1).is_power_of_two() && !layers.is_empty(),
        "all layers over a power of two of leaves"
    );
    let mut above = layers;
    let mut count = above.len().div_ceil(2);
    while count > 1 {
        let (below, rest) = above.split_at_mut(count);
        count /= 2;
        share(&mut rest[..count], NODES_AT_ONCE, |unit, nodes| {
            let start = 2 * unit * NODES_AT_ONCE;
            keccak_into(hash_bytes(&below[start..start + 2 * nodes.len()]), 2 * HASH_BYTES, nodes);
        });
        above = rest;
    }
}

fn hash_bytes(hashes: &[Hash]) -> &[u8] {
    // SAFETY: a hash is its bytes and nothing else.
    unsafe { std::slice::from_raw_parts(hashes.as_ptr().cast(), size_of_val(hashes)) }
}

/// Calls `work` with each `unit` items and their place, on all cores: whoever is done takes the next.
fn share<T: Send>(items: &mut [T], unit: usize, work: impl Fn(usize, &mut [T]) + Sync) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = items.len().div_ceil(unit).min(cores);
    let parts = Mutex::new(items.chunks_mut(unit).enumerate());
    let take = || parts.lock().unwrap_or_else(PoisonError::into_inner).next();
    let serve = || {
        while let Some((place, items)) = take() {
            work(place, items);
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(serve);
        }
        serve();
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
    fn every_width_writes_the_same_words() {
        let factor = Factor { seed: [3; 32], product: 1, side: 0, depth: 100 };
        let mut expected = vec![f32::NAN; 900];
        factor.write_words::<1>(70, &mut expected, Width::One);
        let (mut four, mut eight) = (vec![f32::NAN; 900], vec![f32::NAN; 900]);
        factor.write_words::<4>(70, &mut four, Width::One);
        factor.write_lines(70, &mut eight);
        assert_eq!((&four, &eight), (&expected, &expected));
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
            let mut leaves = vec![Hash::default(); tiles];
            write_leaves(&rows, &mut leaves);
            assert_eq!(leaves, expected, "{tiles} tiles");
        }
    }

    #[test]
    fn layers_are_those_of_the_plain_tree() {
        for count in [1, 2, 8, 2048] {
            let leaves: Vec<Hash> = (0..count).map(|i: usize| keccak256(&i.to_le_bytes())).collect();
            let mut layers = leaves.clone();
            layers.resize(2 * count - 1, Hash::default());
            write_layers(&mut layers);
            assert_eq!(hash_bytes(&layers), crate::merkle::layers(hash_bytes(&leaves)), "{count} leaves");
        }
    }
}
